"""Deliveries of which nothing could be read end with exit 3, an alert and a line in the books, and change nothing that
is published."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pytest

from govdata.operations import alerts
from tests.conftest import Finished, govdata
from tests.masters.conftest import Small, contract, small
from tests.zygote import Zygote

__all__ = ["small"]

DELTA = "{property: delivery, value: {mode: delta, key: [id], snapshot_files: ['*全量*']}}"
GOOD, RAGGED, FIXED, WIDE, AFTER = (Date(2026, 11, day) for day in range(16, 21))

DELIVERIES: dict[Date, tuple[str, str]] = {
    GOOD: ("全量.csv", "id,name,place\n" + "".join(f"A{n},甲,190101\n" for n in range(1, 21))),
    RAGGED: ("增量.csv", "id,name,place\n" + "".join(f"A{n},乙,190101,多,余\n" for n in range(1, 31))),
    FIXED: ("增量.txt", "id    name      place     \n" + "".join(f"A{n:<4}丙\n" for n in range(10, 40))),
    WIDE: (
        "增量.csv",
        ",".join(["id", "name", "place", *(f"c{n}" for n in range(20_016))])
        + "\n"
        + "".join(",".join([f"A{n}", "丁", "190101", *["1"] * 20_013]) + "\n" for n in range(1, 31)),
    ),
    AFTER: ("增量.csv", "id,name,place\nA1,戊,190101\n"),
}


@pytest.fixture
def ran(small: Small, zygote: Zygote, tmp_path: Path) -> Finished:
    columns = {"id": "key", "name": "words", "place": "place"}
    small.write("datasets/people.odcs.yaml", contract("people", "公安", columns, "id", DELTA))
    (small.deployment.standards / "datasets" / "births.odcs.yaml").unlink()
    for date, (name, text) in DELIVERIES.items():
        folder = small.deployment.delivery("people", date)
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    return govdata(zygote, small.deployment, "run", outside=tmp_path / "outside")


@pytest.mark.slow
def test_an_unreadable_delta_is_blocked_told_and_counted(ran: Finished, small: Small) -> None:
    assert ran.code == 3, ran.output + ran.errors
    told = {alert.date: alert for alert in alerts.alerts(small.deployment)}
    assert sorted(told) == [str(date) for date in (RAGGED, FIXED, WIDE)], ran.output
    assert all(alert.kind in ("blocked", "check_failed") and alert.reasons for alert in told.values())
    assert not any(value in ran.output + ran.errors + str(told) for value in ("乙", "丙", "丁"))
    # What could be read before and after is published, and nothing of the three.
    assert small.ask("SELECT name, count(*) FROM published.people GROUP BY ALL ORDER BY ALL") == [("戊", 1), ("甲", 19)]
    books = dict(small.ask("SELECT date, published FROM governance.reconciliation WHERE dataset = 'people'"))
    assert {date: books[date] for date in (GOOD, RAGGED, FIXED, WIDE, AFTER)} == {
        GOOD: 20,
        RAGGED: None,
        FIXED: None,
        WIDE: None,
        AFTER: 20,
    }
