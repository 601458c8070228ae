"""The regression guard on a repository of two revisions whose command burns a stated number of CPU seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare import Pair, main, verdict

BURN = "import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@localhost")
    return subprocess.run(
        ["git", "-C", str(repository), *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Tags: ``cheap``, ``dear`` (three times the work), ``broken`` (the command fails)."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for tag, program in (
        ("cheap", BURN.format(seconds=0.2)),
        ("dear", BURN.format(seconds=0.6)),
        ("broken", "raise SystemExit('out of order')"),
    ):
        (folder / "work.py").write_text(program, encoding="utf-8")
        git(folder, "add", "work.py")
        git(folder, "commit", "--quiet", "-m", tag)
        git(folder, "tag", tag)
    return folder


def compare(repository: Path, base: str, head: str) -> int:
    return main(
        [
            base,
            head,
            "--pairs",
            "3",
            "--threshold",
            "1.5",
            "--repository",
            str(repository),
            "--command",
            f"{sys.executable} work.py",
        ]
    )


@pytest.mark.slow
def test_a_dearer_revision_exits_1(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(repository, "cheap", "dear") == 1
    assert "DEARER" in capsys.readouterr().out


@pytest.mark.slow
def test_a_cheaper_revision_exits_0(repository: Path) -> None:
    assert compare(repository, "dear", "cheap") == 0


def test_a_run_that_fails_exits_2_and_says_why(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(repository, "cheap", "broken") == 2
    assert "out of order" in capsys.readouterr().err


def test_an_unknown_revision_exits_2(repository: Path) -> None:
    assert compare(repository, "cheap", "nowhere") == 2


def test_no_worktree_is_left_behind(repository: Path) -> None:
    compare(repository, "cheap", "broken")
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_the_verdict_is_the_median_of_the_pairs_and_not_of_one_bad_moment() -> None:
    noisy = [Pair(1.0, 1.0, 0, 0), Pair(1.0, 1.05, 0, 0), Pair(1.0, 9.0, 0, 0)]
    assert verdict(noisy, 1.10) == (1.05, False)
    assert verdict([Pair(1.0, 1.2, 0, 0)] * 3, 1.10) == (1.2, True)
