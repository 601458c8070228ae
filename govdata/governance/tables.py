"""The tables ``governance.work_orders``, ``work_order_items``, ``work_order_events``, ``waivers`` and
``department_performance``: what the log says as of one date, as Parquet files for the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.deployment import Deployment
from govdata.governance import acceptance, items
from govdata.governance import log as journal
from govdata.governance.calendar import Calendar
from govdata.governance.log import KIND_NAMES, Event
from govdata.governance.orders import STATE_NAMES, Order, State, fold, item_id
from govdata.governance.performance import ended, is_waived, performance
from govdata.publish import gathered
from govdata.publish.workorders import WorkOrderTables
from govdata.storage import files
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW
from govdata.storage.tables.workorders import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


def replay(deployment: Deployment, calendar: Calendar, date: Date | None = None) -> dict[str, pa.Table]:
    """Table name → table, by the log alone, as of ``date`` (default: the newest in the log). The same log gives the
    same tables."""
    events = journal.read(deployment)
    as_of = date or max((event.date for event in events), default=Date.min)
    runs = items.runs(deployment, events)
    state = fold(events, runs)
    rows: dict[str, Iterable[Row]] = {
        "work_orders": (_order(order, as_of) for order in state.orders.values()),
        "work_order_items": _items(state, runs, as_of),
        "work_order_events": (_event(event) for event in events),
        "waivers": (row for order in state.orders.values() for row in _waivers(order, as_of)),
        "suggestion_acceptance": acceptance.figures(deployment, events, runs, state),
        "department_performance": performance(state.orders.values(), calendar, as_of),
    }
    return {table.name: table.arrow(rows[table.name]) for table in TABLES}


def write(deployment: Deployment, calendar: Calendar, date: Date | None = None) -> WorkOrderTables:
    """Keep the tables for the catalogue; the one of before stays until ``prune`` finds that nothing names it."""
    kept = {name: _keep(name, table, deployment) for name, table in replay(deployment, calendar, date).items()}
    manifest = WorkOrderTables(files={name: deployment.relative(path) for name, path in kept.items()})
    files.put_manifest(manifest, WorkOrderTables.path(deployment))
    return manifest


def _keep(name: str, table: pa.Table, deployment: Deployment) -> Path:
    import hashlib

    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    token = fingerprint(hashlib.sha256(sink.getvalue()).hexdigest())
    target = gathered.folder(deployment) / f"{name}-{token}.parquet"
    return target if target.exists() else files.put_table(table, target)


def _order(order: Order, date: Date) -> Row:
    facts = order.facts
    waived = [name for name in order.open if is_waived(order, name, date)]
    years = facts["unknown_years"]
    return {
        "order_no": order.number,
        **{
            name: getattr(order, name)
            for name in ("department", "owner", "dataset", "scope", "rule_id", "state", "issued", "sign_due")
        },
        **{
            name: getattr(order, name)
            for name in ("signed", "due", "replied", "closed", "reopened", "reminded", "extended")
        },
        **{
            name: facts[name]
            for name in ("message", "severity", "dimension", "indicator", "source", "priority", "score")
        },
        **{name: facts[name] for name in ("limit_days", "limit_source", "limit_grade")},
        "column_name": facts["column"],
        "cause": facts["said"],
        "state_name": STATE_NAMES[order.state],
        "overdue": order.is_open and order.due < date,
        "calendar_note": f"{'、'.join(map(str, years))} 年按周末推算" if years else None,
        "items_at_issue": facts["items"],
        "items": len(order.items),
        "open_items": len(order.open) - len(waived),
        "mended_items": len(order.mended),
        "vanished_items": len(order.vanished),
        "released_items": len(order.released),
        "waived_items": len(waived),
        "standards_hash": facts["standards"],
    }


def _items(state: State, runs: pa.Table, date: Date) -> Iterable[Row]:
    last: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    first: dict[tuple[str, str, str, str], Date] = {}
    for run in runs.to_pylist():  # in the order of their beginnings
        item = (run["dataset"], run["scope"], run["rule_id"], run["identity"])
        first.setdefault(item, run["begun_date"])
        last[item] = run
    for item, number in state.of_item.items():
        order, run, name = state.orders[number], last[item], item_id(item)
        waived = is_waived(order, name, date)
        reply = order.replies.get(name)
        yield {
            "order_no": number,
            "item_id": name,
            "state": "waived" if waived else run["state"],
            ROW_ID: run["row_id"],
            SOURCE_FILE: run["source_file"],
            SOURCE_ROW: run["source_row"],
            DELIVERY_DATE: run["delivered"],
            "first_seen": first[item],
            "last_seen": run["seen_date"],
            "due": order.item_due[name],
            "ended": ended(order, name),
            "returned": run["run"],
            "waived_until": order.waived.get(name),
            "reply": reply.reply if reply else None,
            **{column: run[column] for column in ("dataset", "rule_id", "shape", "rows")},
        }


def _event(event: Event) -> Row:
    shown = {
        name: getattr(event, name)
        for name in ("seq", "at", "date", "kind", "actor", "reason", "department", "until", "reply")
    }
    return {
        **shown,
        "order_no": event.order,
        "dataset": event.facts.get("dataset"),
        "kind_name": KIND_NAMES[event.kind],
        "items": list(event.items),
    }


def _waivers(order: Order, date: Date) -> Sequence[Row]:
    return [
        {
            "order_no": order.number,
            "item_id": name,
            "dataset": order.dataset,
            "rule_id": order.rule_id,
            "granted": event.date,
            "until": event.until,
            "actor": event.actor,
            "reason": event.reason,
            "active": is_waived(order, name, date) and order.waived.get(name) == event.until,
        }
        for name, event in order.waivers
    ]
