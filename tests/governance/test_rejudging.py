"""What is held back and judged again joins its own date, as if the date had been worked off by the new standards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from govdata import governance, publish
from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.governance import rejudging
from govdata.governance.orders import CLOSED
from tests.governance.conftest import City
from tests.masters.conftest import ELEMENTS, PLACES, contract

PLACE = "place.code_set"
MORE = PLACES + "999999,新区,,190100,2000,,,\n"
COLUMNS = {"id": "key", "name": "words", "born": "day", "place": "place"}
HEADER = "id,name,born,place\n"
DELTA = "{property: delivery, value: {mode: delta, key: [id], snapshot_files: '*全量*'}}"
FIRST = HEADER + (
    "A1,甲,1990-1-1,190101\n"
    "A2,乙,1991-01-01,999999\n"  # released
    "A2,乙,1991-01-01,999999\n"  # the same once more
    "A3,丙,1992/1/1,999999\n"  # released, with a repaired cell
    "错4,丁,1993-01-01,999999\n"  # fails another rule besides
    "A5,戊,1994-01-01,888888\n"  # not in the code set now either
    "A6,己,1995-01-01,190101\n"
    "A6,己,1995-01-02,190102\n"  # one key, two records
)
SECOND = HEADER + "A3,丙,1992-01-01,190102\nA7,庚,1996-01-01,999999\nA5,戊,1994-01-01,190101\n"
TABLES = {
    "published": "SELECT * FROM published.people ORDER BY _row_id",
    "published then": "SELECT * FROM published.people_at(DATE '2026-03-02') ORDER BY _row_id",
    "quarantine": "SELECT * EXCLUDE (failed_rules), list_sort(failed_rules) FROM quarantine.people ORDER BY _row_id",
    "rule_results": "SELECT * FROM governance.rule_results ORDER BY ALL",
    "reconciliation": "SELECT * FROM governance.reconciliation ORDER BY ALL",
    "findings": "SELECT * FROM governance.findings ORDER BY ALL",
    "repairs": "SELECT * FROM governance.repairs ORDER BY ALL",
    "repair_counts": "SELECT * FROM governance.repair_counts ORDER BY ALL",
    "repair_steps": "SELECT * FROM governance.repair_steps ORDER BY ALL",
    "duplicates": "SELECT * FROM governance.duplicates ORDER BY ALL",
}


def held_back(city: City, origin: str | None = None) -> City:
    """A code that is not in the code set holds its row back."""
    city.write("elements/all.yaml", ELEMENTS.replace("dimension: conformity, severity: warning", CODE_ERROR))
    city.write("datasets/people.odcs.yaml", contract("people", "公安", COLUMNS, "id", *([origin] if origin else [])))
    return city


CODE_ERROR = "dimension: conformity, severity: error, empties: false"


def told(city: City) -> dict[str, list[tuple[Any, ...]]]:
    publish.rebuild_catalogue(city.deployment, city.registry)
    return {name: city.ask(query) for name, query in TABLES.items()}


def rebuilt(city: City, deliveries: dict[int, str], folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The same deliveries in a deployment that had today's standards from the beginning."""
    other = City(Deployment(folder))
    shutil.copytree(city.deployment.standards, other.deployment.standards)
    for day, text in deliveries.items():
        other.deliver("people", other.day(day), text)
    return told(other)


@pytest.mark.slow
@pytest.mark.parametrize("origin", [None, DELTA], ids=["whole", "delta"])
def test_the_result_is_that_of_a_full_rebuild_row_for_row(city: City, tmp_path: Path, origin: str | None) -> None:
    held_back(city, origin and origin.replace(", snapshot_files: '*全量*'", ""))
    deliveries = {0: FIRST, 1: SECOND}
    for day, text in deliveries.items():
        city.deliver("people", city.day(day), text)
    kept = {path: path.read_bytes() for path in city.deployment.published.glob("people/*/*.parquet")}

    city.write("codes/places.csv", MORE)
    dry = governance.rejudge(city.registry, city.deployment, city.day(1), dry_run=True)
    before = {path: path.stat().st_mtime_ns for path in city.deployment.data.rglob("*.json")}
    made = governance.rejudge(city.registry, city.deployment, city.day(1))

    assert made == dry and all(path in before for path in before)
    assert [(each.date, each.judged, each.released, each.duplicates, each.held) for each in made] == [
        (city.day(0), 6, 2, 0, 4),
        (city.day(1), 1, 1, 0, 0),
    ]
    now = told(city)
    assert now == rebuilt(city, deliveries, tmp_path / "other")
    assert next(row[3] for row in now["published"] if row[0] == "A3") == "190102", "the newer version stays"
    assert all(path.read_bytes() == content for path, content in kept.items() if path.exists())
    assert governance.rejudge(city.registry, city.deployment, city.day(1)) == []
    released = city.ask(
        "SELECT date, released_on, reason, failed_before, standards_before <> standards_hash, _source_row "
        "FROM governance.releases ORDER BY ALL"
    )
    assert released == [
        (city.day(0), city.day(1), "standards", [PLACE], True, 3),
        (city.day(0), city.day(1), "standards", [PLACE], True, 5),
        (city.day(1), city.day(1), "standards", [PLACE], True, 3),
    ]


def delivered(city: City, *deliveries: str) -> None:
    held_back(city)
    for day, text in enumerate(deliveries):
        city.deliver("people", city.day(day), text)
        governance.judge_night(city.registry, city.deployment, city.day(day))


def test_an_order_closes_by_the_release_and_the_department_gets_no_credit(city: City) -> None:
    delivered(city, HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", MORE)
    governance.rejudge(city.registry, city.deployment, city.day(3))
    governance.judge_night(city.registry, city.deployment, city.day(3))
    order = city.order(PLACE)
    assert (order.state, len(order.released), order.mended) == (CLOSED, 1, {})
    assert governance.judge_night(city.registry, city.deployment, city.day(3)).events == {}


def test_a_release_of_an_older_delivery_ends_its_item_and_says_nothing_of_what_came_since(city: City) -> None:
    held_back(city, DELTA.replace(", snapshot_files: '*全量*'", ""))
    first = HEADER + "A2,乙,1991-01-01,999999\nA3,丙,1992-01-01,999999\nA4,丁,1993-01-01,888888\n"
    for day, text in enumerate([first, HEADER + "A3,丙,1992-01-01,888888\nA4,丁,1993-01-01,190101\n"]):
        city.deliver("people", city.day(day), text)
        governance.judge_night(city.registry, city.deployment, city.day(day))
    city.write("codes/places.csv", MORE)
    governance.rejudge(city.registry, city.deployment, city.day(3))
    for _ in range(2):
        governance.judge_night(city.registry, city.deployment, city.day(3))
    order = city.order(PLACE)
    assert (len(order.items), len(order.released), len(order.mended), len(order.open)) == (3, 1, 1, 1)
    assert [event.facts["releases"] for event in city.events if event.kind == "EVIDENCE"] == [False, False, True]


@pytest.mark.slow
def test_a_waived_row_is_published_with_the_rule_beside_it_until_the_waiver_ends(city: City) -> None:
    text = HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n错3,丙,1992-01-01,999999\n"
    delivered(city, text)
    number = city.order(PLACE).number
    city.say("WAIVE", number, 0, reason="确有此地", until=city.day(5))
    (made,) = governance.rejudge(city.registry, city.deployment, city.day(1))
    assert (made.released, made.by_waiver, made.held) == (1, 1, 1)  # the other row's key is wrong besides
    assert city.ask("SELECT id, place, _warnings FROM published.people ORDER BY id") == [
        ("A1", "190101", None),
        ("A2", "999999", [PLACE]),
    ]
    assert city.ask("SELECT reason, failed_before FROM governance.releases") == [("waiver", [PLACE])]
    assert city.ask(f"SELECT failed FROM governance.rule_results WHERE rule_id = '{PLACE}'") == [(2,)]
    assert governance.rejudge(city.registry, city.deployment, city.day(2)) == []
    governance.judge_night(city.registry, city.deployment, city.day(2))
    assert len(city.order(PLACE).open) == 2, "a waiver is no proof"

    city.deliver("people", city.day(6), text.replace("甲", "申"))
    assert governance.rejudge(city.registry, city.deployment, city.day(6)) == []
    assert city.ask("SELECT id FROM published.people ORDER BY id") == [("A1",)]


def test_a_waiver_lets_no_row_through_whose_key_is_wrong(city: City) -> None:
    delivered(city, HEADER + "错3,丙,1992-01-01,190101\n")
    city.say("WAIVE", city.order("id.shape").number, 0, reason="就是这样", until=city.day(5))
    assert governance.rejudge(city.registry, city.deployment, city.day(1)) == []


def test_a_row_whose_key_becomes_that_of_a_published_row_stays_held_back(city: City) -> None:
    delivered(city, HEADER + "A1,甲,1990-01-01,190101\na1,乙,1991-01-01,190101\na2,丙,1992-01-01,190101\n")
    elements = (city.deployment.standards / "elements/all.yaml").read_text(encoding="utf-8")
    city.write("elements/all.yaml", elements.replace("normalise: [strip], sensitivity: {level: 1}, rules", UPPER, 1))
    (made,) = governance.rejudge(city.registry, city.deployment, city.day(1))
    assert (made.released, made.held) == (1, 1)
    assert city.ask("SELECT id, name FROM published.people ORDER BY id") == [("A1", "甲"), ("A2", "丙")]
    assert city.ask("SELECT id, failed_rules FROM quarantine.people") == [("A1", ["primary_key_unique"])]
    assert city.ask(LEDGER) == [(4, "a2", "A2")]


UPPER = "normalise: [strip, uppercase], sensitivity: {level: 1}, rules"
LEDGER = "SELECT _source_row, before, after FROM governance.repairs WHERE _source_row = 4"


def test_what_cannot_be_judged_in_part_is_told_and_left_alone(city: City) -> None:
    held_back(city)
    city.judged("people", city.day(0), ["A2,乙,1991-01-01,999999"], published=False)
    city.deliver("people", city.day(1), HEADER + "A2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", MORE)
    more = contract("people", "公安", {**COLUMNS, "note": "words"}, "id")
    city.write("datasets/people.odcs.yaml", more)
    blocked, changed = governance.rejudge(city.registry, city.deployment, city.day(1))
    assert (blocked.problem, changed.problem) == (
        "这一天的交付没有发布，要整日重做：govdata run --date 2026-03-02 --dataset people",
        "合同的列已改变，要整日重做：govdata run --date 2026-03-03 --dataset people",
    )
    assert city.ask("SELECT count(*) FROM published.people") == [(0,)]


def test_a_change_that_touches_no_row_is_looked_at_once(city: City) -> None:
    delivered(city, HEADER + "A2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", PLACES + "777777,别区,,190100,2000,,,\n")
    kept = StandardizedBatch.read(StandardizedBatch.path(city.deployment, "people", city.day(0)))
    (made,) = governance.rejudge(city.registry, city.deployment, city.day(1))
    assert (made.judged, made.released, made.held) == (1, 0, 1)
    assert governance.rejudge(city.registry, city.deployment, city.day(2)) == []
    assert StandardizedBatch.read(StandardizedBatch.path(city.deployment, "people", city.day(0))) == kept


@pytest.mark.slow
@pytest.mark.parametrize("step", ["put_manifest 1", "put_manifest 2", "publish", "replace"])
def test_a_death_between_any_two_steps_is_made_good_by_the_next_run(
    city: City, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    delivered(city, HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", MORE)

    class Died(BaseException):
        pass

    calls: list[object] = []

    def die(real: Any, at: int) -> Any:
        def called(*given: Any, **named: Any) -> Any:
            calls.append(given)
            if len(calls) >= at:
                raise Died
            return real(*given, **named)

        return called

    name, _, at = step.partition(" ")
    place = {"put_manifest": rejudging.files, "publish": rejudging.publish, "replace": rejudging.os}[name]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, die(getattr(place, name), int(at or 1)))
        with pytest.raises(Died):
            governance.rejudge(city.registry, city.deployment, city.day(1))
    governance.rejudge(city.registry, city.deployment, city.day(1))
    assert city.ask("SELECT id FROM published.people ORDER BY id") == [("A1",), ("A2",)]
    assert city.ask("SELECT delivered, quarantined, clean, published FROM governance.reconciliation") == [(2, 0, 2, 2)]
    assert city.ask("SELECT count(*) FROM governance.releases") == [(1,)]
