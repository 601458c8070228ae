"""Fuzzing of delimited text, in the process and on tiny files: about 60 seconds of one core for 20,000 files."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from govdata.ingest.headers import Headers

from ..ingest.conftest import PEOPLE
from .accounting import account
from .mutation import HEADER, HOSTILE, injure, table, write

CASES = Path(__file__).parent / "cases"
HEADERS = Headers(PEOPLE)
ROUNDS = 8
FILES = 2250


def spoilt(chance: random.Random) -> bytes:
    rows, delimiter, end, encoding = table(chance)
    data = "".join(write([HEADER, *rows], delimiter, end, quote_all=chance.random() < 0.2)).encode(encoding)
    for _ in range(chance.choice((1, 1, 2, 5, 12))):
        data = injure(data, chance)
    return data


def check(path: Path, data: bytes, chance: random.Random) -> None:
    path.write_bytes(data)
    try:
        account(path, HEADERS if chance.random() < 0.7 else None)
    except BaseException:
        keep(data)
        raise


def keep(data: bytes) -> None:
    """A file that broke the rule, to be looked at and put among the cases."""
    (CASES / "new").mkdir(exist_ok=True)
    (CASES / "new" / f"{hashlib.sha256(data).hexdigest()[:12]}.txt").write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whatever_is_done_to_a_text_file(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(FILES):
        check(tmp_path / "a.csv", spoilt(chance), chance)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_an_injury_costs_its_own_line(tmp_path: Path, seed: int) -> None:
    """One record's line is spoilt; every other record is read exactly, or the file is refused as a whole."""
    chance = random.Random(1000 + seed)
    for _ in range(1000):
        rows, delimiter, end, _ = table(chance)
        if len(rows) < 12:
            continue
        lines = write([HEADER, *rows], delimiter, end, quote_all=chance.random() < 0.2)
        hurt = chance.randrange(1, len(lines))
        broken = injure(lines[hurt].rstrip("\r\n").encode(), chance) + end.encode()
        data = b"".join(line.encode() if number != hurt else broken for number, line in enumerate(lines))
        path = tmp_path / "a.csv"
        path.write_bytes(data)
        read = account(path, HEADERS)
        if read is None:
            continue
        found = {tuple((cell or "").strip() for cell in record) for record in read[0].records.values()}
        lost = [n for n, row in enumerate(rows, 1) if n != hurt and tuple(row) not in found]
        if lost:
            keep(data)
        assert not lost, (hurt, lost)


@pytest.mark.slow
def test_hostile_text_in_every_place(tmp_path: Path) -> None:
    """As header, as value, in the title above and in the line below the table."""
    for text in HOSTILE:
        for delimiter in (",", "|", "||"):
            for place in range(5):
                header, row = [*HEADER, "附加"], ["19010119900101000X", "庚某", "路", "注", "x"]
                above = text + "\n" if place == 0 else ""
                below = text + "\n" if place == 1 else ""
                header[4] = text if place == 2 else header[4]
                row[4] = text if place == 3 else row[4]
                row[0] = text if place == 4 else row[0]
                data = above + "".join(write([header, row], delimiter, "\n")) + below
                path = tmp_path / "a.csv"
                path.write_bytes(data.encode("utf-8", "surrogatepass"))
                read = account(path, HEADERS)
                assert read is not None
                if place == 3 and "\n" not in text:
                    assert [record[4] for record in read[0].records.values()] == [text]
