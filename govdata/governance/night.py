"""What the city does for orders at the end of a night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment
from govdata.governance import closing, replies, tables, workbook
from govdata.governance.replies import Receipt
from govdata.standards.model import Registry


@dataclass(frozen=True)
class NightOrders:
    """What came of it: ``events`` by kind, ``open`` and ``overdue`` orders, replies read and the workbooks written."""

    date: Date
    events: Mapping[str, int]
    open: int
    overdue: int
    receipts: tuple[Receipt, ...]
    workbooks: tuple[Path, ...]


def close_night(registry: Registry, deployment: Deployment, date: Date) -> NightOrders:
    """Read the inbox, judge the night's deliveries, keep the tables for the catalogue and write each department's
    workbook.

    Can be done again for the same date: what the log says already is not said twice. Raises ``GovdataError`` where the
    log is damaged."""
    receipts = replies.receive_inbox(registry, deployment, on=date, quiet=replies.QUIET)
    closed = closing.judge_night(registry, deployment, date)
    tables.write(deployment, closing.calendar_of(registry))
    books = workbook.write_all(registry, deployment, date)
    return NightOrders(date, closed.events, closed.open, closed.overdue, tuple(receipts), tuple(books))
