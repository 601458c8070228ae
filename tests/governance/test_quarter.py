"""A simulated quarter: sixty nights of a register whose clerks mend most of what they are told, break some of it again,
reply wrongly.

The simulation keeps its own truth: per record, on which night it was wrong, and nothing else. What became of orders and
items is counted from that truth in plain Python and must be what the log says, order by order and item by item."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from functools import cached_property
from pathlib import Path

import pytest

from govdata import governance, standards
from govdata.deployment import Deployment
from govdata.governance import replies, tables, workbook
from govdata.governance.calendar import Calendar
from govdata.governance.orders import CLOSED, OPEN, item_id
from govdata.sample.nights import FAULTS, Night, dates, keys, quarter, simulate
from govdata.standards.model import Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret
from tests.governance.conftest import SETTINGS, City, settings

NIGHTS, PEOPLE = 60, 120
CITY_NIGHTS = int(os.environ.get("GOVDATA_QUARTER_NIGHTS", "20"))
"""A night of two registers under the committed standards costs four CPU seconds; the whole quarter is asked for."""
WRONG_PLACE, WRONG_KEY = "place.code_set", "id.shape"


def line(person: int, night: Night) -> str:
    key = f"错{person}" if person in night.wrong[WRONG_KEY] else f"P{person}"
    place = "888888" if person in night.wrong[WRONG_PLACE] else "190101"
    return f"{key},甲{person},19{person % 90 + 10}-01-01,{place}"


@dataclass
class Expected:
    """What the truth makes of one rule: the orders in the order of their issue, each with its items and how often it
    was reopened."""

    orders: list[dict[int, str]] = field(default_factory=list)  # record → open, mended, vanished
    reopened: list[int] = field(default_factory=list)

    def night(self, wrong: frozenset[int], gone: frozenset[int]) -> None:
        was_open = [any(state == "open" for state in order.values()) for order in self.orders]
        for order in self.orders:
            for person, state in order.items():
                if person in wrong:
                    order[person] = "open"
                elif state == "open":
                    order[person] = "vanished" if person in gone else "mended"
        for number, order in enumerate(self.orders):
            if not was_open[number] and any(state == "open" for state in order.values()):
                self.reopened[number] += 1
        # The first order of the rule that was open when the night began takes new records; one that is only now
        # reopened does not.
        new = {person for person in wrong if not any(person in order for order in self.orders)}
        joined = next((number for number, is_open in enumerate(was_open) if is_open), None)
        if new and joined is None:
            self.orders.append(dict.fromkeys(new, "open"))
            self.reopened.append(0)
        elif new and joined is not None:
            self.orders[joined].update(dict.fromkeys(new, "open"))


@pytest.mark.slow
def test_orders_open_close_and_reopen_as_the_truth_says(city: City) -> None:
    settings(city, SETTINGS.replace("min_rows: 5", "min_rows: 1000"))
    truth, chance = simulate(7, NIGHTS, PEOPLE, [WRONG_PLACE, WRONG_KEY]), random.Random(8)
    expected = {WRONG_PLACE: Expected(), WRONG_KEY: Expected()}
    closed_by_reply = 0
    for night in range(NIGHTS):
        present = [person for person in range(PEOPLE) if person not in truth[night].gone]
        city.judged("people", city.day(night), [line(person, truth[night]) for person in present])
        made = governance.close_night(city.registry, city.deployment, city.day(night))
        for rule, known in expected.items():
            known.night(truth[night].wrong[rule], truth[night].gone)
        if night % 3 and night != NIGHTS - 1:
            continue
        state = city.state
        for rule, known in expected.items():
            orders = [order for order in state.orders.values() if order.rule_id == rule]
            found = [
                sorted(["open"] * len(order.open) + ["mended"] * len(order.mended) + ["vanished"] * len(order.vanished))
                for order in orders
            ]
            assert found == [sorted(order.values()) for order in known.orders], f"night {night}, {rule}"
            assert [order.reopened for order in orders] == known.reopened, f"night {night}, {rule}"
            assert all((order.state in OPEN) == bool(order.open) for order in orders), f"night {night}, {rule}"
        assert made.open == sum(order.is_open for order in state.orders.values())
        closed_by_reply += reply(city, night, chance)
    assert closed_by_reply == 0
    assert sum(sum(known.reopened) for known in expected.values()) >= 5, "the truth was meant to reopen orders"
    figures(city, expected)


def reply(city: City, night: int, chance: random.Random) -> int:
    """On some days the clerk says that all is mended, which is not true; returns how many orders that closed."""
    if chance.random() > 0.3:
        return 0
    before = {number for number, order in city.state.orders.items() if order.state == CLOSED}
    for order in list(city.state.orders.values()):
        if order.is_open:
            city.say("REPLY", order.number, night, reply="1", effect="claim")
            city.say("ACCEPT", order.number, night)
    governance.judge_night(city.registry, city.deployment, city.day(night))
    return len({number for number, order in city.state.orders.items() if order.state == CLOSED} - before)


def figures(city: City, expected: dict[str, Expected]) -> None:
    """The department's figures summed over the months, against the truth."""
    rows = tables.replay(city.deployment, Calendar())["department_performance"].to_pylist()
    orders = [order for known in expected.values() for order in known.orders]
    states = [state for order in orders for state in order.values()]
    reopened = [count for known in expected.values() for count in known.reopened]
    assert {row["department"] for row in rows} == {"公安"}
    assert sum(row["issued"] for row in rows) == len(orders)
    assert sum(row["items"] for row in rows) == len(states)
    assert sum(row["resolved_items"] for row in rows) == sum(state != "open" for state in states)
    assert sum(row["open"] for row in rows) == sum("open" in order.values() for order in orders)
    assert sum(row["reopened"] for row in rows) == sum(count > 0 for count in reopened)


class Steady(City):
    """Its standards stay as they are: reading the committed ones takes a second."""

    @cached_property
    def registry(self) -> Registry:  # type: ignore[override]
        return standards.load(self.deployment.standards)


@pytest.mark.slow
def test_the_sample_city_s_quarter_item_by_item(tmp_path: Path, repository: Path) -> None:
    """Two registers of a small city, one delivered whole and one as changes, under the committed standards; what the log says of each record is the truth's,
    night by night."""
    city, datasets = Steady(Deployment(tmp_path)), ("population", "legal_person")
    shutil.copytree(repository / "standards", city.deployment.standards)
    truth = quarter(100, 3, tmp_path, CITY_NIGHTS, datasets)
    expected = {(dataset, rule): Expected() for dataset in datasets for rule in FAULTS[dataset]}
    identity = {dataset: digests(city.deployment, keys(dataset, 100, 3, CITY_NIGHTS)) for dataset in datasets}
    chance = random.Random(4)
    for number, day in enumerate(dates(CITY_NIGHTS)):
        for dataset, nights in truth.items():
            if city.deployment.delivery(dataset, day).is_dir():
                city.taken(dataset, day)
            for rule in FAULTS[dataset]:
                expected[dataset, rule].night(nights[number].wrong[rule], nights[number].gone)
        governance.judge_night(city.registry, city.deployment, day)
        if number % 20 != 19:
            continue
        state = city.state
        assert {(order.dataset, order.rule_id) for order in state.orders.values()} <= expected.keys()
        for (dataset, rule), known in expected.items():
            orders = [order for order in state.orders.values() if (order.dataset, order.rule_id) == (dataset, rule)]
            told = [{**dict.fromkeys(order.open, "open"), **dict.fromkeys(order.mended, "mended"),
                     **dict.fromkeys(order.vanished, "vanished")} for order in orders]  # fmt: skip
            names = [item_id((dataset, "delivery", rule, digest)) for digest in identity[dataset]]
            assert told == [{names[record]: each for record, each in order.items()} for order in known.orders]
            assert [order.reopened for order in orders] == known.reopened
            assert all(order.is_open == bool(order.open) for order in orders)
        assert reply_on(city, day, chance) == 0
    rows = tables.replay(city.deployment, Calendar())["department_performance"].to_pylist()
    for dataset in datasets:
        owner = city.registry.datasets[dataset].owner
        orders = [each for (name, _), known in expected.items() if name == dataset for each in known.orders]
        states = [state for each in orders for state in each.values()]
        figures = [row for row in rows if row["department"] == owner]
        assert sum(row["issued"] for row in figures) == len(orders) >= 1
        assert sum(row["items"] for row in figures) == len(states)
        assert sum(row["resolved_items"] for row in figures) == sum(state != "open" for state in states)
        assert sum(row["open"] for row in figures) == sum("open" in each.values() for each in orders)


def digests(deployment: Deployment, keys: Sequence[str]) -> list[str]:
    """The digest under which each record is known in the log."""
    connection = sql.connect()
    keyed(connection, secret(deployment))
    return [connection.execute("SELECT mac('k' || $1)", [key]).fetchall()[0][0] for key in keys]


def reply_on(city: City, day: Date, chance: random.Random) -> int:
    """Clerks say of some open orders that all is mended, which it is not; returns how many orders that closed."""
    number = (day - city.day(0)).days
    before = {name for name, order in city.state.orders.items() if order.state == CLOSED}
    for order in list(city.state.orders.values()):
        if order.is_open and chance.random() < 0.5:
            city.say("REPLY", order.number, number, reply="1", effect="claim")
            city.say("ACCEPT", order.number, number)
    governance.judge_night(city.registry, city.deployment, day)
    return len({name for name, order in city.state.orders.items() if order.state == CLOSED} - before)


@pytest.mark.slow
def test_the_workbook_of_a_bad_night_is_small_and_quick(city: City) -> None:
    import time

    city.night(0, [f"P{n},甲{n},1990-01-01,{700000 + n}" for n in range(20_000)])
    began = time.process_time()
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    assert time.process_time() - began < 10 and path.stat().st_size < 5_000_000
    (more,) = path.parent.glob("*.csv")
    assert len(more.read_text(encoding="utf-8-sig").splitlines()) == 18_001
    assert replies.receive(city.registry, city.deployment, more, on=city.day(1)).empty == 18_000
