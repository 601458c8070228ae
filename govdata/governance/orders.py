"""Work orders 问题数据工单: the fold of the log into orders and their states.

An order gathers the items of one department × dataset × rule × root cause. Events move its state (table ``_STEPS``);
whether it may be closed, only the evidence says: VERIFY counts where no item is open, whoever wrote the line. A reply
closes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.errors import GovdataError
from govdata.governance.items import MENDED, RELEASED, VANISHED
from govdata.governance.log import KIND_NAMES, Event

if TYPE_CHECKING:
    import pyarrow as pa

ISSUED, IN_HAND, REPLIED, WAITING, RETURNED, CLOSED, REOPENED, SUSPENDED, VOID = 10, 20, 30, 40, 50, 60, 70, 80, 90
STATE_NAMES = {
    ISSUED: "待签收",
    IN_HAND: "处理中",
    REPLIED: "已反馈",
    WAITING: "待验证",
    RETURNED: "退回",
    CLOSED: "办结",
    REOPENED: "重开",
    SUSPENDED: "挂起",
    VOID: "作废",
}
PRIORITY_NAMES = {1: "普通", 2: "紧急", 3: "非常紧急"}
WORKED = {ISSUED, IN_HAND, REPLIED, WAITING, RETURNED, REOPENED}
OPEN = WORKED | {SUSPENDED}
_ANY = OPEN | {CLOSED}

_STEPS: dict[str, tuple[set[int], int | None]] = {
    # event → states it is possible in, the state it leads to (None: as before)
    "SIGN": ({ISSUED, RETURNED, REOPENED}, IN_HAND),
    "REPLY": (WORKED, REPLIED),
    "REFUSE": (WORKED, None),
    "ACCEPT": ({REPLIED}, WAITING),
    "RETURN": ({REPLIED, WAITING}, RETURNED),
    "FAILAGAIN": ({WAITING}, IN_HAND),
    "TRANSFER": (OPEN, ISSUED),
    "REMIND": (OPEN, None),
    "ESCALATE": (OPEN, None),
    "EXTEND": (OPEN, None),
    "OVERDUE": (WORKED, None),
    "SUSPEND": (WORKED, SUSPENDED),
    "RESUME": ({SUSPENDED}, None),
    "VERIFY": (OPEN, CLOSED),
    "REOPEN": ({CLOSED}, REOPENED),
    "WAIVE": (_ANY, None),
    "EXPIRE": (_ANY, None),
    "VOID": (OPEN, VOID),
    "ADD": (OPEN, None),
}
NEED_REASON = {"RETURN", "REFUSE", "EXTEND", "SUSPEND", "WAIVE", "VOID"}
NEED_DATE = {"EXTEND", "SUSPEND", "WAIVE"}

Item = tuple[str, str, str, str]
"""dataset, scope, rule and identity of the record."""


@dataclass
class Order:
    """One order as the log has it so far. ``items``: its items, each with the number of the event it began in;
    ``open``: those whose record fails still; ``waived``: item → last day of the waiver that holds; ``waivers``: all
    that were ever granted."""

    number: str
    department: str
    owner: str  # the department that the order was first issued to
    dataset: str
    scope: str
    rule_id: str
    cause: str
    issued: Date
    due: Date
    sign_due: Date
    facts: dict[str, Any]
    state: int = ISSUED
    before_suspension: int = ISSUED
    suspended_on: Date | None = None
    suspended_until: Date | None = None
    items: dict[str, Item] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    mended: dict[str, Date] = field(default_factory=dict)
    vanished: dict[str, Date] = field(default_factory=dict)
    released: dict[str, Date] = field(default_factory=dict)
    item_due: dict[str, Date] = field(default_factory=dict)
    waived: dict[str, Date] = field(default_factory=dict)
    waivers: list[tuple[str, Event]] = field(default_factory=list)
    replies: dict[str, Event] = field(default_factory=dict)
    signed: Date | None = None
    replied: Date | None = None
    closed: Date | None = None
    ever_closed: bool = False
    reopened: int = 0
    reminded: int = 0
    extended: int = 0
    overdue: bool = False
    waiting_since: int = 0  # number of the event by which the order began to wait for a delivery

    def to_mend(self, on: Date) -> set[str]:
        """Items whose record fails still and for which no waiver holds on that day."""
        return {item for item in self.open if self.waived.get(item, Date.min) < on}

    def ended(self, state: str) -> dict[str, Date]:
        """Items that ended so, each with the date of the evidence."""
        return {MENDED: self.mended, VANISHED: self.vanished, RELEASED: self.released}[state]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass
class State:
    """What the log says in all. ``of_item``: item → order number; ``unissued``: runs of items that no order has yet;
    ``seen``: item → number of the last event in which its record failed."""

    orders: dict[str, Order] = field(default_factory=dict)
    of_item: dict[Item, str] = field(default_factory=dict)
    unissued: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[Item, int] = field(default_factory=dict)

    def find(self, number: str) -> Order:
        """Raises ``GovdataError`` where there is no such order."""
        try:
            return self.orders[number]
        except KeyError:
            raise GovdataError(f"没有编号为 {number} 的工单；govdata orders list 列出全部工单") from None


def item_id(item: Item) -> str:
    """What a person calls an item of an order: from the record's digest, which is opaque already. With a letter first,
    since a spreadsheet takes 123456e78901 for a number."""
    return f"R{item[3][:12]}"


def refusal(order: Order, event: Event) -> str | None:
    """Why the event is not possible with the order as it is, Chinese; None where it is."""
    states, _ = _STEPS[event.kind]
    name = KIND_NAMES[event.kind]
    if order.state not in states:
        return f"工单 {order.number} 现在是“{STATE_NAMES[order.state]}”，不能{name}"
    if event.kind in NEED_REASON and not (event.reason or "").strip():
        return f"{name}要写明理由"
    if event.kind in NEED_DATE and event.until is None:
        return f"{name}要写明到哪一天"
    if event.kind == "VERIFY" and order.to_mend(event.date):
        return f"工单 {order.number} 还有未整改的条目，不能办结"
    if event.kind == "TRANSFER" and not event.department:
        return "转派要写明转给哪个部门"
    unknown = [name for name in event.items if name not in order.items]
    if unknown:
        return f"条目 {unknown[0]} 不属于工单 {order.number}"
    return None


def fold(events: Sequence[Event], runs: pa.Table) -> State:
    """Orders, and which items belong to which, from the log's lines and the runs of ``items.runs``. Pure: the same
    lines give the same."""
    state = State()
    begins, ends = _by_event(runs)
    state.seen = {_item(run): run["seen"] for begun in begins.values() for run in begun}
    by_evidence: dict[int, list[Event]] = {}
    for event in events:
        if event.kind in ("ISSUE", "ADD"):
            by_evidence.setdefault(event.facts["evidence"], []).append(event)
    for event in events:
        if event.kind == "EVIDENCE":
            _end(state, ends.get(event.seq, ()), event.date)
            _begin(state, begins.get(event.seq, ()), by_evidence.get(event.seq, ()), event)
        elif event.kind == "ISSUE":
            _order(state, event)
        elif event.order in state.orders:
            _apply(state.orders[event.order], event)
    return state


def _by_event(runs: pa.Table) -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[dict[str, Any]]]]:
    begins: dict[int, list[dict[str, Any]]] = {}
    ends: dict[int, list[dict[str, Any]]] = {}
    for run in runs.select(
        ["dataset", "scope", "rule_id", "identity", "begun", "seen", "ended", "state", "cause", "shape"]
    ).to_pylist():
        begins.setdefault(run["begun"], []).append(run)
        if run["ended"] is not None:
            ends.setdefault(run["ended"], []).append(run)
    return begins, ends


def _item(run: dict[str, Any]) -> Item:
    return (run["dataset"], run["scope"], run["rule_id"], run["identity"])


def _end(state: State, runs: Iterable[dict[str, Any]], date: Date) -> None:
    for run in runs:
        number = state.of_item.get(_item(run))
        if number is None:
            continue
        order, name = state.orders[number], item_id(_item(run))
        order.open.discard(name)
        order.ended(run["state"])[name] = date


def _begin(state: State, runs: Iterable[dict[str, Any]], issues: Iterable[Event], evidence: Event) -> None:
    """A record that failed before is its order's again; a new one belongs to the order that this evidence made or added
    to."""
    issued = {(event.facts["rule_id"], event.facts["cause"]): event for event in issues}
    for run in runs:
        item = _item(run)
        number = state.of_item.get(item)
        issue = issued.get((run["rule_id"], run["cause"]))
        if number is None and issue is None:
            state.unissued.append(run)
            continue
        if number is None:
            assert issue is not None and issue.order is not None
            if issue.kind == "ISSUE" and issue.order not in state.orders:
                _order(state, issue)
            number = state.of_item[item] = issue.order
            order = state.orders[number]
            order.items[item_id(item)] = item
            order.item_due[item_id(item)] = issue.until or order.due
        order, name = state.orders[number], item_id(item)
        order.open.add(name)
        for known in (order.mended, order.vanished, order.released):
            known.pop(name, None)


def _order(state: State, event: Event) -> None:
    assert event.order is not None and event.department is not None and event.until is not None
    if event.order in state.orders:
        return
    facts = dict(event.facts)
    state.orders[event.order] = Order(
        event.order,
        event.department,
        event.department,
        facts["dataset"],
        facts["scope"],
        facts["rule_id"],
        facts["cause"],
        event.date,
        event.until,
        Date.fromisoformat(facts["sign_due"]),
        facts,
    )


def _apply(order: Order, event: Event) -> None:
    """Moves the order on; a line that is not possible then (written by hand) moves nothing."""
    if event.kind not in _STEPS or refusal(order, event) is not None:
        return
    _, then = _STEPS[event.kind]
    if event.kind in _DETAILS:
        _DETAILS[event.kind](order, event)
    order.state = order.state if then is None else then


def _sign(order: Order, event: Event) -> None:
    order.signed = order.signed or event.date


def _reply(order: Order, event: Event) -> None:
    order.signed = order.signed or event.date
    order.replied = order.replied or event.date
    for name in event.items or order.items:
        order.replies[name] = event


def _accept(order: Order, event: Event) -> None:
    order.waiting_since = event.seq


def _transfer(order: Order, event: Event) -> None:
    order.sign_due = Date.fromisoformat(event.facts.get("sign_due", order.sign_due.isoformat()))
    order.department = event.department or order.department
    order.signed = order.replied = None
    order.due = event.until or order.due
    order.overdue = False


def _remind(order: Order, event: Event) -> None:
    order.reminded += 1


def _extend(order: Order, event: Event) -> None:
    order.due = event.until or order.due
    order.item_due = dict.fromkeys(order.item_due, order.due)
    order.extended += 1
    order.overdue = False


def _overdue(order: Order, event: Event) -> None:
    order.overdue = True


def _suspend(order: Order, event: Event) -> None:
    order.before_suspension, order.suspended_on, order.suspended_until = order.state, event.date, event.until


def _resume(order: Order, event: Event) -> None:
    order.state, order.suspended_until = order.before_suspension, None
    if event.until is not None:
        order.due = event.until


def _verify(order: Order, event: Event) -> None:
    order.closed, order.ever_closed, order.overdue = event.date, True, False


def _reopen(order: Order, event: Event) -> None:
    order.closed = order.replied = None
    order.reopened += 1
    order.due = event.until or order.due
    order.item_due.update(dict.fromkeys(order.open, order.due))


def _waive(order: Order, event: Event) -> None:
    assert event.until is not None
    names = event.items or tuple(sorted(order.open))
    order.waived.update(dict.fromkeys(names, event.until))
    order.waivers += [(name, event) for name in names]


def _expire(order: Order, event: Event) -> None:
    for name in event.items:
        order.waived.pop(name, None)


_DETAILS = {
    "SIGN": _sign,
    "REPLY": _reply,
    "ACCEPT": _accept,
    "TRANSFER": _transfer,
    "REMIND": _remind,
    "EXTEND": _extend,
    "OVERDUE": _overdue,
    "SUSPEND": _suspend,
    "RESUME": _resume,
    "VERIFY": _verify,
    "REOPEN": _reopen,
    "WAIVE": _waive,
    "EXPIRE": _expire,
}
