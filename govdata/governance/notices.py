"""What departments and the bureau are told when a night is closed: problems found, and problems that are over.

One notice per owner and kind; in it one message per root cause, with the number of rows, the query that lists them and
who uses the table further on. A root cause is a column that did not come, an unknown code, a way of writing; else the
rule. The log says what happened, and ``Notified`` how far it was told, so nothing is told twice and nothing is lost
when a run dies in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Literal

from govdata.deployment import Deployment
from govdata.governance import closing
from govdata.governance import log as journal
from govdata.governance.evidence import REJECTED
from govdata.governance.log import Event
from govdata.governance.orders import Order, State
from govdata.publish import layers
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.manifest import Manifest

Kind = Literal["found", "resolved"]
FOUND: dict[str, str] = {"ISSUE": "新发现", "REOPEN": "重新出现"}
RESOLVED: dict[str, str] = {"VERIFY": "已解决"}


class Notified(Manifest):
    """The last event of the log that was told of."""

    seq: int

    @staticmethod
    def path(deployment: Deployment) -> Path:
        return deployment.governance / "notified.json"


@dataclass(frozen=True)
class Notice:
    """``messages``: Chinese, one per root cause; no record's value."""

    kind: Kind
    owner: str
    date: Date
    messages: tuple[str, ...]


def pending(registry: Registry, deployment: Deployment, date: Date) -> tuple[list[Notice], int]:
    """What is still to be told, and the number of the event up to which that goes (for ``tell``). Where it is not known
    how far was told, only the events of ``date`` are."""
    events = journal.read(deployment)
    known = layers.read(Notified, Notified.path(deployment))
    new = [event for event in events if (event.date == date if known is None else event.seq > known.seq)]
    state = closing.state_of(deployment, events)
    made = [*_notices("found", FOUND, new, state, registry), *_notices("resolved", RESOLVED, new, state, registry)]
    return made, max((event.seq for event in events), default=0)


def told(deployment: Deployment, seq: int) -> None:
    """All up to the event ``seq`` was told."""
    files.put_manifest(Notified(seq=seq), Notified.path(deployment))


def _notices(
    kind: Kind,
    kinds: dict[str, str],
    events: Sequence[Event],
    state: State,
    registry: Registry,
) -> list[Notice]:
    causes: dict[tuple[str, str, str, str], dict[str, tuple[Event, Order]]] = {}
    for event in events:
        order = state.orders.get(event.order or "")
        if event.kind in kinds and order is not None and _still(kind, order):
            cause = (order.department, order.dataset, event.kind, _cause(order))
            causes.setdefault(cause, {})[order.number] = (event, order)
    by_owner: dict[str, list[tuple[int, Date, str]]] = {}
    for (owner, _, event_kind, _), alike in causes.items():
        orders = [order for _, order in alike.values()]
        rows = sum(len(order.items) if kind == "resolved" else len(order.open) for order in orders)
        day = max(event.date for event, _ in alike.values())
        message = _message(kinds[event_kind], orders, rows, day, registry, resolved=kind == "resolved")
        by_owner.setdefault(owner, []).append((rows, day, message))
    return [
        Notice(
            kind=kind,
            owner=owner,
            date=max(day for _, day, _ in lines),
            messages=tuple(message for _, _, message in sorted(lines, key=lambda line: -line[0])),
        )
        for owner, lines in sorted(by_owner.items())
    ]


def _still(kind: Kind, order: Order) -> bool:
    """An order that was issued and closed, or closed and opened again, before anybody was told is told as it is now."""
    return order.is_open if kind == "found" else not order.is_open


def _cause(order: Order) -> str:
    """A column that did not come is one cause, whatever number of rules says so; an unknown code or a way of writing is
    one by itself."""
    if order.cause == "column":
        return f"column {order.facts['column']}"
    return f"{order.scope} {order.rule_id} {order.cause}"


def _message(state: str, orders: Sequence[Order], rows: int, day: Date, registry: Registry, *, resolved: bool) -> str:
    first = orders[0]
    facts = first.facts
    said = f"（{facts['said']}）" if facts.get("said") else ""
    more = f"等 {len(orders)} 条规则" if len(orders) > 1 else ""
    numbers = "、".join(sorted(order.number for order in orders))
    title = registry.datasets[first.dataset].title if first.dataset in registry.datasets else first.dataset
    told = f"{state}：{title}（{first.dataset}）：{facts['message']}{said}{more}，{rows:,} 条。工单 {numbers}。"
    if resolved:
        mended, gone = (sum(len(getattr(order, name)) for order in orders) for name in ("mended", "vanished"))
        released = sum(len(order.released) for order in orders)
        more = f"标准修改后复审放行 {released:,} 条。" if released else ""
        return told + f"后来的交付证明：已修正 {mended:,} 条，已消失 {gone:,} 条。{more}"
    users = downstream(registry, first.dataset)
    using = f"使用这张表的：{'、'.join(users)}。" if users else ""
    return told + f"截止 {max(order.due for order in orders)}。{using}查询：{_query(orders, day)}"


def _query(orders: Sequence[Order], day: Date) -> str:
    rules = ", ".join(f"'{name}'" for name in sorted({order.rule_id for order in orders}))
    own = f"dataset = '{orders[0].dataset}'"
    if orders[0].rule_id == REJECTED:
        return f"SELECT * FROM governance.rejected WHERE {own} AND date = DATE '{day}'"
    return f"SELECT * FROM governance.findings WHERE {own} AND date = DATE '{day}' AND rule_id IN ({rules})"


def downstream(registry: Registry, dataset: str) -> list[str]:
    """Who uses the table further on: tables made of it, and tables that are checked against it, with their holders."""
    made = [name for name in registry.derived if dataset in registry.inputs(name)]
    checked = [rule.dataset for rule in registry.cross if rule.spec.table == dataset and rule.dataset != dataset]
    return [
        f"{known.title}（{known.owner}）"
        for name in dict.fromkeys((*made, *checked))
        for known in (registry.datasets[name],)
    ]
