"""A delta is never published over a date that was delivered and that nobody has dealt with."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.errors import GateBlocked, Waiting
from govdata.publish import layers, record_refusal
from tests.publish.nights import City, person

DAY = [Date(2026, 3, day) for day in range(1, 7)]
NAMES = "SELECT right(citizen_id, 2), name FROM published.people ORDER BY ALL"


def land(city: City, date: Date, name: str = "增量.csv") -> None:
    """A file in the delivery folder; what it holds does not matter here."""
    folder = city.deployment.delivery("people", date)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x", encoding="utf-8")


@pytest.fixture
def begun(city: City) -> City:
    """The whole of day 0 is published; days 1 to 3 are delivered."""
    for date in DAY[:4]:
        land(city, date)
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    return city


def test_it_waits_says_what_to_do_and_heals(begun: City) -> None:
    second, third = (
        begun.deliver("people", DAY[2], [person(1, "二", "U")]),
        begun.deliver("people", DAY[3], [person(2, "三", "U")]),
    )
    with pytest.raises(Waiting, match=f"先处理 {DAY[1]}：.*govdata run --date {DAY[1]} --dataset people"):
        begun.publish(second)
    with pytest.raises(Waiting, match=f"{DAY[1]}、{DAY[2]} 有交付"):  # what waits has not been dealt with either
        begun.publish(third)
    assert not (begun.deployment.snapshot("people", DAY[2]) / "layer.json").exists()
    begun.night("people", DAY[1], [person(1, "一", "U"), person(2, "一")])
    with pytest.raises(Waiting, match=f"先处理 {DAY[2]}"):
        begun.publish(third)
    begun.publish(second)
    begun.publish(third)
    begun.rebuild()
    assert begun.query(NAMES) == [("01", "二"), ("02", "三")]
    assert begun.query("SELECT published FROM governance.reconciliation ORDER BY date") == [(1,), (2,), (2,), (2,)]


def test_what_was_judged_or_refused_does_not_hold_later_ones_back(begun: City) -> None:
    blocked = begun.deliver("people", DAY[1], [person(2)], outcomes=begun.outcomes("people", failing="parity"))
    with pytest.raises(GateBlocked):
        begun.publish(blocked)
    record_refusal("people", DAY[2], begun.deployment)
    begun.night("people", DAY[3], [person(1, "三", "U")])
    assert begun.query(NAMES) == [("01", "三")]
    lines = begun.query("SELECT delivered, published FROM governance.reconciliation ORDER BY date")
    assert lines == [(3, 1), (3, None), (None, None), (3, 1)]


def test_a_refused_second_delivery_leaves_the_line_of_the_first(begun: City) -> None:
    record_refusal("people", DAY[0], begun.deployment)
    assert layers.was_published(begun.deployment, "people", DAY[0])


def test_what_was_not_delivered_is_no_gap(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVDATA_FIRST_DATE", DAY[1].isoformat())
    for date, name in ((DAY[0], "早于首日.csv"), (DAY[2], ".未传完.csv"), (DAY[3], "增量.csv.part")):
        land(city, date, name)
    city.deployment.delivery("people", DAY[4]).mkdir(parents=True)
    city.publish(city.deliver("people", DAY[1], [person(1)], mode="snapshot"))
    assert city.publish(city.deliver("people", DAY[5], [person(2)])).rows == 2


def test_a_whole_waits_for_nothing_and_closes_the_gap(begun: City) -> None:
    begun.night("people", DAY[2], [person(7)], mode="snapshot")
    begun.night("people", DAY[3], [person(8)])
    assert begun.query(NAMES) == [("07", "张三"), ("08", "张三")]
