"""Rows as data stewards meet them, one cell of each in question, with what an expert accepts: ``stewards/<dataset>.csv``.

``case`` says what stands in the column ``cell``; ``accept`` the fates that are right: R repaired to ``right``, A accepted as
delivered, N published empty, F published with a warning, Q held back. What is unusual but lawful accepts only A. Rows are
wholes: an id agrees with its birth date and its sex."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from govdata.standards import Registry
from tests.content.conftest import Row, Standardise

FOLDER = Path(__file__).parent / "stewards"
ASKED = ("case", "cell", "accept", "right")
OVER_ROWS = "cross-row"
"""Cases of two rows, which the rules over several rows judge (``tests/masters/test_cross_rules.py``)."""
OTHERWISE = {
    ("population", "registered_date", "42435"): "X",  # a day of the 1900 system too: only the workbook could say
    ("population", "name", "阿依古丽 买买提明"): "F",  # a space may part two persons: told, not closed
    ("population", "name", "黄测试"): "F",  # a test word in most registers
    ("population", "ethnicity", "57"): "F",  # in use, but of no edition of GB/T 3304: told
    ("population", "ethnicity", "81"): "F",
    ("population", "ethnicity", "97"): "F",
    ("population", "ethnicity", "98"): "F",
    (
        "marriage",
        "registration_date",
        "1998-05-20",
    ): "F",  # its number is an old one: told, so that the new one is asked for
}
"""Where we judge otherwise than the expert, and how."""


def fate(column: str, raw: str, value: str, row: Mapping[str, Any]) -> str:
    """One of the letters of ``accept``, or X: published as another value without a word."""
    if row["failed_rules"]:
        return "Q"
    if row["_warnings"]:
        return "F"
    if not column:
        return "A"
    published = row[column]
    if published is None:
        return "N" if raw else "A"
    if str(published) == raw:
        return "A"
    return "R" if str(published) == value or _same(published, value or raw) else "X"


def _same(published: object, text: str) -> bool:
    """Numbers are equal however they are written."""
    try:
        return float(str(published)) == float(text)
    except ValueError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("dataset", sorted(path.stem for path in FOLDER.glob("*.csv")))
def test_every_case_ends_as_an_expert_accepts(registry: Registry, standardise: Standardise, dataset: str) -> None:
    with open(FOLDER / f"{dataset}.csv", encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))
    rows: list[Row] = [{name: cell or None for name, cell in case.items() if name not in ASKED} for case in cases]
    found = {row["_source_row"]: row for row in standardise(dataset, rows)}
    wrong = []
    for number, case in enumerate(cases):
        raw = case[case["cell"]] if case["cell"] else ""
        ended = fate(case["cell"], raw, case["right"], found[number])
        accept = OTHERWISE.get((dataset, case["cell"], raw), case["accept"])
        some_repair = ended == "X" and "R" in accept and not case["right"]  # the expert wrote no value down
        unchanged = ended == "A" and "R" in accept and case["right"] == raw
        if not (ended in accept or some_repair or unchanged or case["case"].startswith(OVER_ROWS)):
            wrong.append((case["case"], case["cell"], raw, ended, accept))
    assert wrong == []
