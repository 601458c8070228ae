"""A simulated quarter: sixty nights of a register whose clerks mend most of what they are told, break some of it again,
reply wrongly.

The simulation keeps its own truth: per record, on which night it was wrong, and nothing else. What became of orders and
items is counted from that truth in plain Python and must be what the log says, order by order and item by item."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from govdata import governance
from govdata.governance import replies, tables, workbook
from govdata.governance.calendar import Calendar
from govdata.governance.orders import CLOSED, OPEN
from tests.governance.conftest import SETTINGS, City, settings

NIGHTS, PEOPLE = 60, 120
WRONG_PLACE, WRONG_KEY = "place.code_set", "id.shape"


@dataclass
class Truth:
    """``wrong[n]``: rule → records wrong on night n; ``gone[n]``: records not delivered."""

    wrong: list[dict[str, frozenset[int]]] = field(default_factory=list)
    gone: list[frozenset[int]] = field(default_factory=list)


def simulate(seed: int) -> Truth:
    """Each night a few records go wrong; of those wrong, some are mended, some vanish; mended ones sometimes go wrong
    again."""
    chance, truth = random.Random(seed), Truth()
    wrong: dict[str, set[int]] = {WRONG_PLACE: set(), WRONG_KEY: set()}
    once: dict[str, set[int]] = {rule: set() for rule in wrong}
    gone: set[int] = set()
    for _ in range(NIGHTS):
        for rule, known in wrong.items():
            known -= {person for person in sorted(known) if chance.random() < 0.35}
            fresh = {chance.randrange(PEOPLE) for _ in range(chance.choice((0, 0, 0, 1, 2)))}
            again = {person for person in sorted(once[rule]) if chance.random() < 0.02}
            known |= (fresh | again) - gone
            once[rule] |= known
        if chance.random() < 0.1:
            left = chance.randrange(PEOPLE)
            gone.add(left)
            for known in wrong.values():
                known.discard(left)
        truth.wrong.append({rule: frozenset(known) for rule, known in wrong.items()})
        truth.gone.append(frozenset(gone))
    return truth


def line(person: int, night: int, truth: Truth) -> str:
    key = f"错{person}" if person in truth.wrong[night][WRONG_KEY] else f"P{person}"
    place = "888888" if person in truth.wrong[night][WRONG_PLACE] else "190101"
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
    truth, chance = simulate(7), random.Random(8)
    expected = {WRONG_PLACE: Expected(), WRONG_KEY: Expected()}
    closed_by_reply = 0
    for night in range(NIGHTS):
        present = [person for person in range(PEOPLE) if person not in truth.gone[night]]
        city.judged("people", city.day(night), [line(person, night, truth) for person in present])
        made = governance.close_night(city.registry, city.deployment, city.day(night))
        for rule, known in expected.items():
            known.night(truth.wrong[night][rule], truth.gone[night])
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
