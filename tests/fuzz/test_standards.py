"""Fuzzing of the declared standards.

Whatever an editor, or somebody who means harm, writes into YAML and CSV: ``load`` tells of it with file and message or
the folder is sound; nothing else is raised, nothing outside of the folder is read, and it takes no time. About 15
seconds for 1,400 folders.
"""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from govdata.standards import StandardsError, load

from ..standards.conftest import Folder

YAML = (
    "!!python/object/apply:os.system ['true']",
    "!!python/name:os.system",
    "&a [*a]",
    "*unknown",
    "{<<: *x}",
    "[]",
    "{}",
    "~",
    "1e400",
    ".nan",
    "0x1F",
    "2026-02-30",
    "2026-01-01T00:00:00Z",
    "true",
    "- x",
    "'",
    '"',
    "|\n  x",
    "? [a]",
    "%YAML 9.9",
    "---",
    "\t",
    "../../../etc/passwd",
    "/etc/passwd",
    "'; DROP TABLE x; --'",
    '"x\' OR 1=1"',
    "{{7*7}}",
    "(a+)+$",
    "[[[",
    "(?=a)",
    "a{1,99999}",
    "\\",
    "\x00",
    "\u2028",
    "🙂",
    "-1",
    "99999999999999999999",
    "x" * 3000,
    "[" * 200,
    "a: b: c",
    "!!binary aGk=",
    "!!set {a}",
    "CAST(x AS INT)",
    "read_csv('/etc/passwd')",
    "(SELECT 1)",
    "value = value; DELETE",
)


def _spoil(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            place = lines[at].find(":")
            lines[at] = (lines[at][: place + 1] if place >= 0 else "") + " " + chance.choice(YAML)
        case 1:
            words = list(re.finditer(r"[\w\u4e00-\u9fff.]+", lines[at]))
            if words:
                word = chance.choice(words)
                lines[at] = lines[at][: word.start()] + chance.choice(YAML) + lines[at][word.end() :]
        case 2:
            del lines[at]
        case 3:
            lines.insert(at, lines[chance.randrange(len(lines))])
        case 4:
            lines[at] = "  " + lines[at] if chance.random() < 0.5 else lines[at].lstrip()
        case _:
            column = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:column] + chance.choice(YAML) + lines[at][column:]
    return "\n".join(lines)


def check(folder: Folder) -> None:
    begun = time.process_time()
    try:
        load(folder.root)
    except StandardsError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message and problem.file and not problem.file.startswith(("/", ".."))
            assert re.search(r"[\u4e00-\u9fff]", problem.message), "a reason in Chinese"
            assert "root:" not in problem.message, "a file outside of the folder was read"
    assert time.process_time() - begun < 5


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "standards")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_written_into_the_standards(folder: Folder, seed: int) -> None:
    chance = random.Random(seed)
    files = sorted(
        path.relative_to(folder.root).as_posix() for path in folder.root.rglob("*") if path.suffix in (".yaml", ".csv")
    )
    for _ in range(700):
        file = chance.choice(files)
        whole = folder.read(file)
        text = whole
        for _ in range(chance.choice((1, 1, 3))):
            text = _spoil(text, chance)
        folder.write(
            file, text.encode("utf-8", "surrogatepass") if chance.random() < 0.9 else text.encode("gb18030", "replace")
        )
        try:
            check(folder)
        except BaseException:
            kept = Path(__file__).parent / "cases" / "new"
            kept.mkdir(exist_ok=True)
            (kept / f"standards-{seed}-{file.replace('/', '-')}").write_text(
                text, encoding="utf-8", errors="surrogatepass"
            )
            raise
        finally:
            folder.write(file, whole)


def test_a_bomb_of_aliases(folder: Folder) -> None:
    """Nine levels of nine aliases each would be 387 million values."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for inner, outer in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{outer}: &{outer} [{', '.join([f'*{inner}'] * 9)}]\n"
    file = next(path.relative_to(folder.root).as_posix() for path in folder.root.rglob("*.yaml"))
    folder.write(file, bomb)
    check(folder)
    assert folder.problems()
