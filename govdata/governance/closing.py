"""The night's work on orders: take the evidence, issue, close and reopen what it asks for, and let the clock speak.

Everything that follows is put into the log as events, so that nothing but the log is needed to know how things stand.
Doing it again adds nothing: what the log says already is not said twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date

from govdata.deployment import Deployment
from govdata.governance import evidence, issuing, items
from govdata.governance import log as journal
from govdata.governance.calendar import Calendar
from govdata.governance.log import ENGINE, Event, Log
from govdata.governance.orders import CLOSED, SUSPENDED, WAITING, WORKED, Order, State, fold
from govdata.standards.model import Registry
from govdata.storage import files


@dataclass(frozen=True)
class Closed:
    """What a night did: events by kind, and how many orders are open and overdue at its end."""

    date: Date
    events: Mapping[str, int]
    open: int
    overdue: int


def calendar_of(registry: Registry) -> Calendar:
    return Calendar(registry.working_days)


def state_of(deployment: Deployment, events: list[Event] | None = None) -> State:
    """How things stand by the log alone."""
    known = journal.read(deployment) if events is None else events
    return fold(known, items.runs(deployment, known))


def judge_night(registry: Registry, deployment: Deployment, date: Date) -> Closed:
    """Bring the log up to ``date``: the evidence of every delivery judged for it, and all that follows."""
    with journal.writing(deployment) as log:
        before = len(log.events)
        for judged in evidence.pending(registry, deployment, date, log.events):
            # Another run of the same date may be writing the very files that are read here.
            with files.locked(deployment.stage_lock(judged.dataset.name)):
                evidence.record(judged, registry, deployment, log)
        state = settle(log, registry, date)
        made = Counter(str(event.kind) for event in log.events[before:])
    open_orders = [order for order in state.orders.values() if order.is_open]
    return Closed(date, dict(made), len(open_orders), sum(order.overdue for order in open_orders))


def settle(log: Log, registry: Registry, date: Date) -> State:
    """Issue what has no order yet, then add what follows for every order as of ``date``; returns how things stand after
    it."""
    calendar = calendar_of(registry)
    runs = items.runs(log.deployment, log.events)
    state = fold(log.events, runs)
    if issued := issuing.events(state, log.events, registry, calendar):
        log.append(issued)
        state = fold(log.events, runs)
    while due := [
        event for order in state.orders.values() for event in _consequence(order, state, registry, calendar, date)
    ]:
        log.append(due)
        state = fold(log.events, runs)
    return state


def _consequence(order: Order, state: State, registry: Registry, calendar: Calendar, date: Date) -> Iterator[Event]:
    """The next thing that follows for the order, if any; one at a time, since each changes what the others see."""

    def event(kind: str, **said: object) -> Event:
        return Event.model_validate({"date": date, "kind": kind, "actor": ENGINE, "order": order.number, **said})

    to_mend = order.to_mend(date)
    ended = tuple(sorted(name for name, until in order.waived.items() if until < date))
    if ended:
        yield event("EXPIRE", items=ended)
    elif order.state == SUSPENDED and order.suspended_until is not None and order.suspended_until < date:
        yield event("RESUME", reason="挂起期满", until=resumed(order, calendar, date))
    elif order.is_open and not is_declared(order, registry):
        yield event("VOID", reason="规则已从标准中撤销")
    elif order.is_open and order.items and not to_mend:
        yield event("VERIFY", reason=_verified(order))
    elif order.state == CLOSED and to_mend:
        handle = registry.workorders.limit("handle", date)
        yield event(
            "REOPEN",
            reason=f"{len(to_mend)} 条记录再次不合格，或豁免到期后仍不合格",
            until=calendar.after(date, handle.days),
        )
    elif order.state == WAITING and any(state.seen[order.items[name]] > order.waiting_since for name in to_mend):
        yield event("FAILAGAIN", reason="后来的交付里仍不合格")
    elif order.state in WORKED and not order.overdue and order.due < date:
        yield event("OVERDUE")


def resumed(order: Order, calendar: Calendar, date: Date) -> Date:
    """The due date after a suspension: as many working days are left as when it began."""
    began = order.suspended_on or date
    return calendar.after(date, calendar.between(began, order.due))


def is_declared(order: Order, registry: Registry) -> bool:
    return issuing.told(registry, order.dataset, order.scope, order.rule_id) is not None


def _verified(order: Order) -> str:
    parts = [f"已修正 {len(order.mended)} 条", f"已消失 {len(order.vanished)} 条"]
    if order.released:
        parts.append(f"复审放行 {len(order.released)} 条")
    if waived := len(order.open & order.waived.keys()):
        parts.append(f"豁免 {waived} 条")
    return "，".join(parts)
