"""Figures per department and month of issue. Orders and items are counted apart; void orders are in no rate; a rate
without a denominator is empty (不适用)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from statistics import mean, median
from typing import Any

from govdata.governance.calendar import Calendar
from govdata.governance.orders import CLOSED, VOID, Order


def performance(orders: Iterable[Order], calendar: Calendar, date: Date) -> list[dict[str, Any]]:
    """Rows of ``governance.department_performance`` as of ``date``; formulas in the columns' comments."""
    groups: dict[tuple[str, str], list[Order]] = {}
    for order in orders:
        groups.setdefault((order.department, f"{order.issued:%Y-%m}"), []).append(order)
    return [
        {"department": department, "month": month, **_figures(known, calendar, date)}
        for (department, month), known in sorted(groups.items())
    ]


def _figures(known: Sequence[Order], calendar: Calendar, date: Date) -> dict[str, Any]:
    orders = [order for order in known if order.state != VOID]
    past = [order for order in orders if order.due < date]
    closed = [order for order in orders if order.state == CLOSED]
    ever = [order for order in orders if order.ever_closed]
    still = [order for order in orders if order.is_open]
    items = [(order, name) for order in orders for name in order.items if is_counted(order, name, date)]
    due = [(order, name) for order, name in items if order.item_due[name] < date]
    days = [calendar.between(order.issued, order.closed) for order in closed if order.closed is not None]
    signed = sum(order.signed is not None and order.signed <= order.sign_due for order in orders)
    replied = sum(min(order.replied or Date.max, order.closed or Date.max) <= order.due for order in past)
    resolved = sum(ended(order, name) is not None for order, name in items)
    in_time = sum((ended(order, name) or Date.max) <= order.item_due[name] for order, name in due)
    overdue = sum(order.due < date for order in still)
    reopened = sum(order.reopened > 0 for order in ever)
    return {
        "issued": len(orders),
        "void": len(known) - len(orders),
        "signed_in_time": signed,
        "sign_rate": _rate(signed, len(orders)),
        "reply_due": len(past),
        "replied_in_time": replied,
        "reply_rate": _rate(replied, len(past)),
        "items": len(items),
        "resolved_items": resolved,
        "mend_rate": _rate(resolved, len(items)),
        "items_due": len(due),
        "resolved_in_time": in_time,
        "in_time_rate": _rate(in_time, len(due)),
        "closed": len(closed),
        "close_rate": _rate(len(closed), len(orders)),
        "ever_closed": len(ever),
        "reopened": reopened,
        "reopen_rate": _rate(reopened, len(ever)),
        "open": len(still),
        "overdue": overdue,
        "overdue_rate": _rate(overdue, len(still)),
        "mean_days": float(mean(days)) if days else None,
        "median_days": float(median(days)) if days else None,
    }


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def ended(order: Order, name: str) -> Date | None:
    """When the data proved the item mended or gone, or it was released; None while its record fails."""
    return order.mended.get(name) or order.vanished.get(name) or order.released.get(name)


def is_counted(order: Order, name: str, date: Date) -> bool:
    """Whether the item is the department's to mend: neither waived nor released by a change of standards."""
    return name not in order.released and not is_waived(order, name, date)


def is_waived(order: Order, name: str, date: Date) -> bool:
    """Whether the item's record fails and a waiver holds for it."""
    return name in order.open and order.waived.get(name, Date.min) >= date
