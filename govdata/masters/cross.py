"""Rules across tables, judged over the published snapshots as they stand on one date.

A rule is one query (``cross_query``). What it finds is written per dataset and date under ``published/_governance``:
the row on either side by its opaque id and place, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata import engine
from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.masters import cross_query
from govdata.masters.cross_query import Query
from govdata.publish import newest
from govdata.standards.comparisons import References
from govdata.standards.model import CrossRule, Registry
from govdata.storage import files, sql
from govdata.storage.tables.nights import CROSS_FINDINGS, RULE_RESULTS
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

RESULTS, FINDINGS = "cross_results", "cross_findings"
"""Folders under ``published/_governance``, one Parquet file per dataset and date in each."""


@dataclass(frozen=True)
class CrossOutcome:
    """What one rule found on one date. ``checked`` rows were judged and ``failed`` of them fail (B and B − A of GB/T
    36344); ``reason``: why nothing was judged, Chinese. ``inputs``: table → id of the snapshot it was judged on."""

    rule: CrossRule
    checked: int
    failed: int
    reason: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether as many rows hold as the rule wants: all of them, or the share that a reference declares."""
        share = self.rule.spec.min_share if isinstance(self.rule.spec, References) else None
        return self.failed == 0 if share is None else self.failed <= (1 - share) * self.checked


def judge(registry: Registry, deployment: Deployment, date: Date) -> tuple[CrossOutcome, ...]:
    """Judge every rule across tables on the newest snapshots not later than ``date`` and keep what was found.

    A rule whose tables are not all published is not judged and says so. Raises ``GovdataError`` where a published file
    is damaged."""
    snapshots = {
        table: snapshot
        for table in sorted({name for rule in registry.cross for name in rule.tables})
        if (snapshot := newest(deployment, table, date)) is not None
    }
    asked = {name for rule in registry.cross for name in cross_query.code_sets(rule)}
    outcomes: list[CrossOutcome] = []
    with files.scratch(deployment, "cross") as scratch:
        connection = engine.session(registry, temp=scratch / "spill", as_of=date, code_sets=asked)
        try:
            columns = ", ".join(f"{column} {column.type}" for column in CROSS_FINDINGS.columns)
            connection.execute(f"CREATE TABLE found ({columns})")
            cross_query.load(connection, registry.cross, snapshots, deployment, date)
            for rule in registry.cross:
                outcomes.append(_judge(connection, rule, snapshots, date))
            _keep(connection, outcomes, deployment, date)
        finally:
            connection.close()
    return tuple(outcomes)


def _judge(
    connection: duckdb.DuckDBPyConnection,
    rule: CrossRule,
    snapshots: dict[str, Snapshot],
    date: Date,
) -> CrossOutcome:
    missing = [table for table in rule.tables if table not in snapshots]
    if missing:
        return CrossOutcome(rule, 0, 0, f"{'、'.join(missing)} 还没有发布过，没有判")
    empty = [table for table in rule.tables if not snapshots[table].files]
    if empty:
        return CrossOutcome(rule, 0, 0, f"{'、'.join(empty)} 现行的一期没有行，没有判")
    links = rule.links[0] if rule.links else None
    if links is not None and snapshots[links].date != date:
        return CrossOutcome(rule, 0, 0, f"关联表 {links} 本日没有发布，没有判")
    inputs = tuple((table, snapshots[table].snapshot_id) for table in rule.tables)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {Query(rule, date).text()}")
    checked, failed = connection.execute("SELECT count(*), count(*) FILTER (WHERE fails) FROM judged").fetchall()[0]
    connection.execute(
        "INSERT INTO found SELECT ?, ?, ?, ?, ?, ?, ?, row_id, source_file, source_row, delivered, "
        "CASE WHEN other_row IS NOT NULL THEN ? END, other_row, other_rows FROM judged WHERE fails",
        [date, rule.dataset, rule.id, rule.severity, rule.column, rule.message, rule.owner, rule.spec.table],
    )
    return CrossOutcome(rule, checked, failed, None, inputs)


def _keep(
    connection: duckdb.DuckDBPyConnection, outcomes: Iterable[CrossOutcome], deployment: Deployment, date: Date
) -> None:
    """Per dataset with rules, one file of what was found and one of the figures; findings first, so that no figure is
    without them."""
    by_dataset: dict[str, list[CrossOutcome]] = {}
    for outcome in outcomes:
        by_dataset.setdefault(outcome.rule.dataset, []).append(outcome)
    for dataset, known in by_dataset.items():
        target = path(deployment, FINDINGS, dataset, date)
        written = files.temporary(target)
        chosen = f"SELECT * FROM found WHERE dataset = {sql.text(dataset)} ORDER BY rule_id, {ROW_ID}"
        connection.execute(f"COPY ({chosen}) TO {sql.text(str(written))} ({sql.PARQUET})")
        files.put(written, target)
        files.put_table(_figures(known, date), path(deployment, RESULTS, dataset, date))


def path(deployment: Deployment, kind: str, dataset: str, date: Date) -> Path:
    return deployment.governance / kind / dataset / f"{date.isoformat()}.parquet"


def _figures(outcomes: Sequence[CrossOutcome], date: Date) -> pa.Table:
    """The lines of ``governance.rule_results`` for rules across tables."""
    return RULE_RESULTS.arrow(
        {
            "date": date,
            "dataset": outcome.rule.dataset,
            "rule_id": outcome.rule.id,
            "column_name": outcome.rule.column,
            "dimension": outcome.rule.dimension,
            "indicator": outcome.rule.indicator,
            "severity": outcome.rule.severity,
            "message": outcome.rule.message,
            "checked": outcome.checked,
            "failed": outcome.failed,
        }
        for outcome in outcomes
    )
