"""Moments and days as databases and programs write them: one moment each, or told, and never another."""

from __future__ import annotations

import pytest

from tests.content.conftest import Standardise
from tests.content.test_rules import SOUND

MOMENTS = {
    "2026-11-18 08:00:00": [
        "2026-11-18 08:00:00", "2026-11-18 08:00:00+08", "2026-11-18 08:00:00.0", "2026-11-18 上午8:00:00",
        "2026-11-18-08.00.00.000000", "2026-11-18T00:00:00.000+0000", "2026-11-18T00:00:00.000+00:00",
        "2026-11-18T00:00:00Z", "2026-11-18T08:00", "2026-11-18T08:00:00+0800", "2026-11-18T08:00:00.123456",
        "2026.11.18 08:00:00", "2026/11/18 8:00", "20261118080000", "2026年11月18日 8时0分", "46344.3333333333",
        "1794960000000", "18-11月-2026 08:00:00", "Nov 18, 2026 8:00:00 AM", "Wed Nov 18 08:00:00 CST 2026",
    ],
    "2026-11-18 20:00:00": ["2026-11-18 8:00:00 PM"],
    "2026-11-19 00:00:00": ["2026-11-18 24:00:00"],
    "2026-11-18 00:00:00": ["二〇二六年十一月十八日"],
    None: [
        "18-11月-26", "18-11月-26 08.00.00.000000 上午", "18-NOV-26", "11/18/2026 08:00:00", "18/11/2026 08:00",
        "/Date(1794960000000)/", "1794960000", "2026-11-18 08:00:00 +0800 CST",
    ],
}  # fmt: skip
"""``updated_at``; None: published empty with a warning (two digits of a year, day or month first, seconds undeclared)."""
DAYS = {
    "1990-03-07": [
        "19900307", "1990-03-07T00:00:00.000+08:00", "1990-03-06T16:00:00.000+00:00", "Mar 7, 1990 12:00:00 AM",
        "Wed Mar 07 00:00:00 CST 1990", "1990/3/7 0:00:00", "19900307000000", "199003070000", "1990-03-07 00:00:00.0",
        "1990年3月7日", "32939", "636739200000", "1990-03-07 00:00:00+08", "1990.03.07", "1990-03-07 星期三",
    ],
    None: ["07-3月-90", "07-MAR-90", "03/07/1990", "07/03/1990", "90-03-07"],
}  # fmt: skip
"""``birth_date``, which is required; None: held back."""


@pytest.mark.parametrize(("column", "spelled"), [("updated_at", MOMENTS), ("birth_date", DAYS)])
def test_a_spelling_means_one_time_or_is_told(
    standardise: Standardise, column: str, spelled: dict[str | None, list[str]]
) -> None:
    asked = [(cell, wanted) for wanted, cells in spelled.items() for cell in cells]
    places = [{"residence_address": f"示例市东湖区第{number}处"} for number in range(len(asked))]
    rows = [SOUND["population"] | place | {column: cell} for place, (cell, _) in zip(places, asked, strict=True)]
    found = []
    for row in standardise("population", rows):
        told = f"{column}.type" in {*(row["failed_rules"] or ()), *(row["_warnings"] or ())}
        value = None if row[column] is None else str(row[column])
        assert told == (value is None)
        found.append((asked[row["_source_row"]][0], value))
    assert found == asked
