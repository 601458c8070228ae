"""How much the published tables are used, from the log of reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import Any

from govdata.standards.model import Registry
from govdata.storage.tables.access import TABLE_READS, TABLE_USAGE
from govdata.storage.tables.system_columns import CHINESE
from govdata.storage.usage_log import Read

RECENT = timedelta(days=30)


def reads(log: Sequence[Read]) -> list[tuple[Any, ...]]:
    """Rows of ``governance.table_reads``, by day, table and door."""
    counted: dict[tuple[Date, str, str], list[str]] = defaultdict(list)
    for line in log:
        counted[line.date, line.table, line.door].append(line.account)
    return [
        TABLE_READS.ordered({"day": date, "relation": table, "door": door, "reads": len(by), "accounts": len(set(by))})
        for (date, table, door), by in sorted(counted.items())
    ]


def usage(log: Sequence[Read], published: Mapping[str, Sequence[Date]], registry: Registry) -> list[tuple[Any, ...]]:
    """Rows of ``governance.table_usage``. ``published``: table → the dates of its snapshots. Days are counted up to the
    newest date that was published, so that the same night gives the same rows; reads after it count all the same."""
    newest = max((max(dates) for dates in published.values() if dates), default=None)
    return [
        _usage(name, [line for line in log if line.table in _names(name, registry)], dates, newest, registry)
        for name, dates in sorted(published.items())
        if dates and newest is not None
    ]


def _names(table: str, registry: Registry) -> tuple[str, str]:
    """What a query may call it: the table, and its view with Chinese titles."""
    dataset = registry.datasets.get(table)
    schema = dataset.schema_name if dataset is not None else "published"
    return f"{schema}.{table}", f"{schema}.{table}{CHINESE}"


def _usage(name: str, read: Sequence[Read], dates: Sequence[Date], newest: Date, registry: Registry) -> tuple[Any, ...]:
    dataset = registry.datasets.get(name)
    last = max((line.date for line in read), default=None)
    since = last or min(dates)
    return TABLE_USAGE.ordered(
        {
            "dataset": name,
            "title": dataset.title if dataset is not None else None,
            "owner": dataset.owner if dataset is not None else None,
            "published_since": min(dates),
            "snapshots": len(dates),
            "reads": len(read),
            "reads_30": sum(line.date > newest - RECENT for line in read),
            "accounts": len({line.account for line in read}),
            "doors": "、".join(sorted({line.door for line in read})) or None,
            "last_read": last,
            "idle_days": max((newest - since).days, 0),
        }
    )
