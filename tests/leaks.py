"""Does a value of a record stand where no value may stand? Values come from the raw rows; the places are named by the
caller."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

from govdata.deployment import Deployment

ID_COLUMNS = (
    "citizen_id",
    "legal_rep_id",
    "male_id",
    "female_id",
    "mother_id",
    "father_id",
    "child_id",
    "uscc",
    "phone",
    "student_no",
)
NAME_COLUMNS = ("name", "legal_rep_name", "male_name", "female_name", "mother_name", "father_name", "child_name")

_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_NUMBERS = re.compile(r"[0-9A-Z]{11,19}")
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·]{3,}")


def values(deployment: Deployment) -> tuple[set[str], set[str], set[str]]:
    """(numbers of 11 to 19 characters, names of persons of 3 or 4 characters, longer names) as they were delivered."""
    numbers: set[str] = set()
    names: set[str] = set()
    with duckdb.connect() as connection:
        for dataset in (deployment.data / "lake" / "raw").iterdir():
            files = [str(path) for path in dataset.rglob("*.parquet")]
            if not files:
                continue
            rows = connection.from_parquet(files, union_by_name=True)
            for column in rows.columns:
                if column in ID_COLUMNS + NAME_COLUMNS:
                    found = {row[0].strip() for row in rows.select(f'"{column}"').distinct().fetchall() if row[0]}
                    (numbers if column in ID_COLUMNS else names).update(found)
    numbers = {number for number in numbers if _NUMBERS.fullmatch(number)}
    return numbers, {name for name in names if 3 <= len(name) <= 4}, {name for name in names if len(name) > 4}


def leaked(deployment: Deployment, places: Iterable[Path], texts: Iterable[str]) -> set[str]:
    """Values of ``deployment`` that stand in a file under ``places``, in the name of one, or in ``texts``."""
    numbers, short, long = values(deployment)
    assert len(numbers) > 100 and len(short) > 50, "nothing to look for"
    found: set[str] = set()
    for text in [*texts, *_contents(places)]:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        # Rare characters are escaped in two halves.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for run in _NUMBERS.findall(text):
            # A number may stand inside a longer run of digits.
            found.update(
                part
                for size in (11, 15, 18, 19)
                for i in range(len(run) - size + 1)
                if (part := run[i : i + size]) in numbers
            )
        for run in _CHINESE.findall(text):
            found.update(
                part for size in (3, 4) for i in range(len(run) - size + 1) if (part := run[i : i + size]) in short
            )
            found.update(name for name in long if name in run)
    return found


def _contents(places: Iterable[Path]) -> Iterable[str]:
    for place in places:
        for path in place.rglob("*"):
            yield path.name
            if path.is_file():
                yield path.read_bytes().decode("utf-8", errors="replace")
