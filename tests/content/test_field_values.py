"""Cells that data stewards meet, judged before they were tried: what becomes of each stands in ``field_values.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.content.conftest import Row, Standardise
from tests.content.test_rules import KEY_RULE, SOUND

GROUPS = yaml.safe_load((Path(__file__).parent / "field_values.yaml").read_text(encoding="utf-8"))

FREE = {
    "population": ("residence_address", "household_address"),
    "legal_person": ("address", "business_scope"),
    "marriage": ("office_name", "female_name"),
    "education": ("school_name", "name"),
    "birth": ("institution_name", "birth_place"),
    "house": ("address", "owner_name"),
}
"""Columns that no rule holds against another, so that equal cells do not make equal rows."""
NAMES = ("name", "female_name", "owner_name")


def cells(dataset: str) -> Iterator[tuple[str, str, Row, str]]:
    """Column, cell, its row, and what should become of the cell."""
    for group in GROUPS:
        if group["dataset"] != dataset:
            continue
        column = group["column"]
        for fate, written in group["cells"].items():
            for cell in written:
                yield column, cell, SOUND[dataset] | group.get("row", {}) | {column: cell}, fate


@pytest.mark.slow
@pytest.mark.parametrize("dataset", FREE)
def test_what_becomes_of_a_cell(dataset: str, standardise: Standardise) -> None:
    """One pass a dataset: hundreds of rows cost no more than one."""
    asked = list(cells(dataset))
    rows = []
    for number, (column, _, row, _) in enumerate(asked):
        free = next(name for name in FREE[dataset] if name != column)
        rows.append({**row, free: "赵" + chr(0x4E00 + number) if free in NAMES else f"示例市东湖区第{number}处"})
    found = {}
    for row in standardise(dataset, rows):
        column, cell, _, _ = asked[row["_source_row"]]
        withheld, value = set(row["failed_rules"] or ()) - {KEY_RULE}, row[column]
        published = "empty" if value is None else str(value)
        fate = "withheld" if withheld else "told" if row["_warnings"] else published
        found[row["_source_row"]] = (column, cell, fate)

    assert list(found.values()) == [(column, cell, fate) for column, cell, _, fate in asked]
