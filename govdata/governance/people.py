"""What people do to orders: checked against how the order stands, then added to the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import timedelta

from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError
from govdata.governance import log as journal
from govdata.governance.closing import calendar_of, resumed, state_of
from govdata.governance.log import Event, Kind
from govdata.governance.orders import Order, refusal
from govdata.standards.model import Registry


def act(
    registry: Registry,
    deployment: Deployment,
    number: str,
    kind: Kind,
    actor: str,
    *,
    on: Date | None = None,
    reason: str | None = None,
    until: Date | None = None,
    department: str | None = None,
    items: Sequence[str] = (),
) -> Event:
    """Add what ``actor`` does to the order ``number`` on the day ``on`` (default: today). Raises ``GovdataError`` where
    it is not possible with the order as it is, or where a reason, a date or a known department is missing."""
    day = on or beijing_today()
    if not actor.strip():
        raise GovdataError("要写明办理人")
    with journal.writing(deployment) as log:
        order = state_of(deployment, log.events).find(number)
        event = Event(
            date=day,
            kind=kind,
            actor=actor,
            order=number,
            reason=reason,
            until=until,
            department=department,
            items=tuple(items),
        )
        event = _completed(event, order, registry)
        if (why := refusal(order, event)) is not None:
            raise GovdataError(why)
        (added,) = log.append([event])
        return added


def _completed(event: Event, order: Order, registry: Registry) -> Event:
    """With the dates that the settings say where the person said none."""
    settings, calendar, day = registry.workorders, calendar_of(registry), event.date
    if event.kind == "WAIVE" and event.until is None:
        return event.model_copy(update={"until": day + timedelta(days=settings.waiver_days)})
    if event.kind == "RESUME":
        return event.model_copy(update={"until": resumed(order, calendar, day)})
    if event.kind == "TRANSFER" and event.department:
        known = departments(registry)
        if event.department not in known:
            raise GovdataError(f"没有部门“{event.department}”；已知的有：{'、'.join(sorted(known))}")
        sign = calendar.after(day, settings.limit("sign", day).days)
        due = calendar.after(day, settings.limit("handle", day).days)
        return event.model_copy(update={"until": due, "facts": {"sign_due": sign.isoformat()}})
    if event.kind in ("EXTEND", "SUSPEND", "WAIVE") and event.until is not None and event.until < day:
        raise GovdataError("日期不能早于今天")
    return event


def departments(registry: Registry) -> set[str]:
    """Departments that an order may be given to: those declared, and those that answer for a dataset or a rule."""
    owners = {dataset.owner for dataset in registry.datasets.values()} | {rule.owner for rule in registry.cross}
    return owners | set(registry.workorders.departments)
