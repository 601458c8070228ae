"""Every event in every state: what is possible, and where it leads. The table is the order's life as it was designed;
the program has its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from govdata import governance
from govdata.errors import GovdataError
from govdata.governance import items
from govdata.governance.log import KIND_NAMES, Event
from govdata.governance.orders import (
    CLOSED,
    IN_HAND,
    ISSUED,
    REOPENED,
    REPLIED,
    RETURNED,
    STATE_NAMES,
    SUSPENDED,
    VOID,
    WAITING,
    Order,
    fold,
)
from tests.governance.conftest import City
from tests.governance.test_closing import BAD_PLACE, GOOD, PLACE

WAIVE, VERIFY, REOPEN = {"kind": "WAIVE"}, {"kind": "VERIFY"}, {"kind": "REOPEN"}
REPLY = {"kind": "REPLY", "reply": "1", "effect": "claim"}
WAYS: dict[int, list[dict[str, Any]]] = {
    ISSUED: [],
    IN_HAND: [{"kind": "SIGN"}],
    REPLIED: [REPLY],
    WAITING: [REPLY, {"kind": "ACCEPT"}],
    RETURNED: [REPLY, {"kind": "RETURN"}],
    SUSPENDED: [{"kind": "SUSPEND"}],
    CLOSED: [WAIVE, VERIFY],
    REOPENED: [WAIVE, VERIFY, REOPEN],
    VOID: [{"kind": "VOID"}],
}
"""How an order of one failing item comes into each state."""

OPEN = {ISSUED, IN_HAND, REPLIED, WAITING, RETURNED, REOPENED}
ALL = OPEN | {SUSPENDED}
LEADS: dict[str, dict[int, int]] = {
    "SIGN": dict.fromkeys((ISSUED, RETURNED, REOPENED), IN_HAND),
    "REPLY": dict.fromkeys(OPEN, REPLIED),
    "ACCEPT": {REPLIED: WAITING},
    "RETURN": dict.fromkeys((REPLIED, WAITING), RETURNED),
    "REFUSE": {state: state for state in OPEN},
    "FAILAGAIN": {WAITING: IN_HAND},
    "TRANSFER": dict.fromkeys(ALL, ISSUED),
    "REMIND": {state: state for state in ALL},
    "ESCALATE": {state: state for state in ALL},
    "EXTEND": {state: state for state in ALL},
    "OVERDUE": {state: state for state in OPEN},
    "SUSPEND": dict.fromkeys(OPEN, SUSPENDED),
    "RESUME": {SUSPENDED: ISSUED},  # where it stood before
    "VERIFY": {},  # its item fails still and nothing waives it; of one that is waived see test_closing
    "REOPEN": {CLOSED: REOPENED},
    "WAIVE": {state: state for state in ALL | {CLOSED}},
    "EXPIRE": {state: state for state in ALL | {CLOSED}},
    "VOID": dict.fromkeys(ALL, VOID),
}
NO_STEP = {"EVIDENCE", "ISSUE", "ADD", "RECEIVE", "SUGGEST"}


class Life:
    """The log of one order, and what further lines would make of it."""

    def __init__(self, city: City) -> None:
        city.night(0, [*GOOD, BAD_PLACE])
        self.city, self.events = city, city.events
        self.runs = items.runs(city.deployment, self.events)
        self.number = city.order(PLACE).number

    def after(self, *lines: dict[str, Any]) -> Order:
        day = self.city.day(1)
        more = [
            Event.model_validate(
                {
                    "seq": len(self.events) + at,
                    "date": day,
                    "actor": "张三",
                    "order": self.number,
                    "reason": "因为",
                    "until": day + timedelta(days=9),
                    "department": "卫健" if line["kind"] == "TRANSFER" else None,
                    **line,
                }
            )
            for at, line in enumerate(lines, 1)
        ]
        return fold([*self.events, *more], self.runs).orders[self.number]


@pytest.fixture
def life(city: City) -> Life:
    return Life(city)


def test_every_event_in_every_state(life: Life) -> None:
    assert set(LEADS) | NO_STEP == set(KIND_NAMES) and set(WAYS) == set(STATE_NAMES)
    for state, way in WAYS.items():
        assert life.after(*way).state == state
        for kind, leads in LEADS.items():
            if kind == "VERIFY" and any(line["kind"] == "WAIVE" for line in way):
                continue
            line = REPLY if kind == "REPLY" else {"kind": kind}
            assert life.after(*way, line).state == leads.get(state, state), (STATE_NAMES[state], kind)


@pytest.mark.parametrize("kind", ["RETURN", "REFUSE", "EXTEND", "SUSPEND", "WAIVE", "VOID"])
def test_what_needs_a_reason_moves_nothing_without_one(life: Life, kind: str) -> None:
    way = WAYS[REPLIED]
    assert vars(life.after(*way, {"kind": kind, "reason": " "})) == vars(life.after(*way))


@pytest.mark.parametrize("kind", ["EXTEND", "SUSPEND", "WAIVE"])
def test_what_needs_a_date_moves_nothing_without_one(life: Life, kind: str) -> None:
    assert vars(life.after({"kind": kind, "until": None})) == vars(life.after())


def test_an_item_of_another_order_moves_nothing(life: Life) -> None:
    assert vars(life.after({"kind": "WAIVE", "items": ("R000000000000",)})) == vars(life.after())


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("ACCEPT", {}, "现在是“待签收”，不能复核通过"),
        ("VERIFY", {}, "还有未整改的条目，不能办结"),
        ("SUSPEND", {"until": True}, "挂起要写明理由"),
        ("EXTEND", {"reason": "要多些时间"}, "延期要写明到哪一天"),
        ("TRANSFER", {}, "转派要写明转给哪个部门"),
        ("VOID", {"reason": " "}, "作废要写明理由"),
        ("REMIND", {"actor": " "}, "要写明办理人"),
    ],
)
def test_a_person_is_told_what_is_not_possible(city: City, kind: Any, said: dict[str, Any], told: str) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    before = city.events
    given = {**said, **({"until": city.day(9)} if "until" in said else {})}
    with pytest.raises(GovdataError, match=told):
        governance.act(
            city.registry,
            city.deployment,
            city.order(PLACE).number,
            kind,
            given.pop("actor", "张三"),
            on=city.day(1),
            **given,
        )
    assert city.events == before
