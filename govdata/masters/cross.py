"""Rules across tables, judged over the published snapshots as they stand on one date.

A rule is one query of named steps: the rows it judges (``own``, ``wanted``), the rows of the other table (``others``,
``partners``), the pairs whose columns are equal, and what each pair tells. What it finds is written per dataset and
date under ``published/_governance``: the row on either side by its opaque id and place, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata import engine
from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.publish import newest, visible
from govdata.standards import Everything, expressions
from govdata.standards.comparisons import OTHER, Agrees, Comparison, Excludes, References
from govdata.standards.model import CrossRule, Registry
from govdata.storage import files, sql
from govdata.storage.tables.nights import CROSS_FINDINGS, RULE_RESULTS
from govdata.storage.tables.rows import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW

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
    asked = {name for rule in registry.cross for name in _code_sets(rule)}
    outcomes: list[CrossOutcome] = []
    with files.scratch(deployment, "cross") as scratch:
        connection = engine.session(registry, temp=scratch / "spill", as_of=date, code_sets=asked)
        try:
            columns = ", ".join(f"{column} {column.type}" for column in CROSS_FINDINGS.columns)
            connection.execute(f"CREATE TABLE found ({columns})")
            for rule in registry.cross:
                outcomes.append(_judge(connection, rule, snapshots, deployment, date))
            _keep(connection, outcomes, deployment, date)
        finally:
            connection.close()
    return tuple(outcomes)


ANYTHING = Everything()
"""Names were checked when the standards were read."""


def _parsed(text: str) -> exp.Expression:
    return expressions.parse(text, columns=ANYTHING, code_sets=ANYTHING)


def _code_sets(rule: CrossRule) -> set[str]:
    texts = (rule.spec.where, rule.spec.other, rule.condition)
    return {name for text in texts if text for name in expressions.referenced_code_sets(_parsed(text))}


def _judge(
    connection: duckdb.DuckDBPyConnection,
    rule: CrossRule,
    snapshots: dict[str, Snapshot],
    deployment: Deployment,
    date: Date,
) -> CrossOutcome:
    missing = [table for table in rule.tables if table not in snapshots]
    if missing:
        return CrossOutcome(rule, 0, 0, f"{'、'.join(missing)} 还没有发布过，没有判")
    empty = [table for table in rule.tables if not snapshots[table].files]
    if empty:
        return CrossOutcome(rule, 0, 0, f"{'、'.join(empty)} 现行的一期没有行，没有判")
    inputs = tuple((table, snapshots[table].snapshot_id) for table in rule.tables)
    query = query_of(rule, {table: snapshots[table] for table in rule.tables}, deployment, date)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {query}")
    checked, failed = connection.execute("SELECT count(*), count(*) FILTER (WHERE fails) FROM judged").fetchall()[0]
    connection.execute(
        "INSERT INTO found SELECT ?, ?, ?, ?, ?, ?, ?, row_id, source_file, source_row, delivered, "
        "CASE WHEN other_row IS NOT NULL THEN ? END, other_row, other_rows FROM judged WHERE fails",
        [date, rule.dataset, rule.id, rule.severity, rule.column, rule.message, rule.owner, rule.spec.table],
    )
    return CrossOutcome(rule, checked, failed, None, inputs)


def query_of(rule: CrossRule, snapshots: dict[str, Snapshot], deployment: Deployment, date: Date) -> str:
    """One row per judged row: ``row_id, source_file, source_row, delivered, fails``, ``other_row`` (one of the other
    rows that say so) and ``other_rows`` (how many do)."""
    spec = rule.spec
    own = _relation(snapshots[rule.dataset], deployment, [*spec.on, *_columns(rule, own=True)], "")
    other = _relation(snapshots[spec.table], deployment, [*spec.on.values(), *_columns(rule, own=False)], OTHER)
    given = " AND ".join(f"{sql.identifier(name)} IS NOT NULL" for name in spec.on)
    equal = [f"{sql.identifier(left)} = {sql.identifier(OTHER + right)}" for left, right in spec.on.items()]
    if rule.dataset == spec.table:
        equal.append("row_id <> other_row")
    held = _quarantined(snapshots[spec.table], deployment) if isinstance(spec, References) else []
    night = f"DATE '{date.isoformat()}' AS {DELIVERY_DATE}"
    contrary, fails, judged = _verdict(spec)
    steps = {
        "own": f"SELECT *, {night} FROM ({own}) WHERE {given}",
        "wanted": f"SELECT * FROM own WHERE {_printed(spec.where) or 'TRUE'}",
        "others": f"SELECT *, {night} FROM ({other})",
        "partners": f"SELECT * EXCLUDE ({DELIVERY_DATE}) FROM others WHERE {_printed(spec.other) or 'TRUE'}",
        "held": _held(spec, held),
        "pairs": (
            f"SELECT * FROM wanted LEFT JOIN partners ON {' AND '.join(equal)} LEFT JOIN held ON {_same_as_held(spec)}"
        ),
        "told": f"SELECT *, {contrary} AS contrary FROM pairs",
    }
    row = (
        "row_id, any_value(source_file) AS source_file, any_value(source_row) AS source_row, any_value(delivered) AS "
        "delivered"
    )
    others = (
        "min(other_row) FILTER (WHERE contrary) AS other_row, count(other_row) FILTER (WHERE contrary) AS other_rows"
    )
    listed = ", ".join(f"{name} AS ({query})" for name, query in steps.items())
    return f"WITH {listed} SELECT {row}, {fails} AS fails, {others} FROM told GROUP BY row_id HAVING {judged}"


def _quarantined(snapshot: Snapshot, deployment: Deployment) -> list[Path]:
    """Files of the rows held back of the deliveries that the snapshot is made of."""
    dates = snapshot.lineage or (snapshot.date,)
    batches = (StandardizedBatch.read(StandardizedBatch.path(deployment, snapshot.table, date)) for date in dates)
    return [
        path
        for batch in batches
        if batch
        for name in batch.quarantine_files
        if (path := deployment.absolute(name)).exists()
    ]


def _held(spec: Comparison, quarantined: Sequence[Path]) -> str:
    keys = [f"{sql.identifier(right)} AS {sql.identifier('held_' + right)}" for right in spec.on.values()]
    if not quarantined:
        return f"SELECT {', '.join('NULL AS ' + key.split(' AS ')[1] for key in keys)}, FALSE AS is_held LIMIT 0"
    return f"SELECT DISTINCT {', '.join(keys)}, TRUE AS is_held FROM {sql.parquet(quarantined, by_name=True)}"


def _same_as_held(spec: Comparison) -> str:
    return " AND ".join(
        f"{sql.identifier(left)} = {sql.identifier('held_' + right)}" for left, right in spec.on.items()
    )


def _verdict(spec: References | Excludes | Agrees) -> tuple[str, str, str]:
    """Of a pair (``other_row`` is NULL where a row has no partner): whether it speaks against the row. Of all pairs of
    a row: whether it fails, and whether it could be judged at all."""
    condition = _printed(getattr(spec, "row", None))
    match spec:
        case References():
            # A row that the other table has and that is held back for a fault of its own is not missing.
            return (
                "other_row IS NULL",
                "count(other_row) = 0",
                "count(other_row) > 0 OR NOT coalesce(bool_or(is_held), FALSE)",
            )
        case Excludes():
            return f"other_row IS NOT NULL AND coalesce({condition or 'TRUE'}, FALSE)", "bool_or(contrary)", "TRUE"
        case Agrees():
            return (
                f"other_row IS NOT NULL AND NOT coalesce({condition}, TRUE)",
                "bool_or(contrary)",
                f"bool_or(({condition}) IS NOT NULL)",
            )


def _printed(text: str | None) -> str | None:
    """A row expression as SQL."""
    return None if text is None else printed(expand(_parsed(text)))


def _columns(rule: CrossRule, *, own: bool) -> list[str]:
    """The columns of one side that the rule's expressions read, without the prefix."""
    texts = [rule.spec.where if own else rule.spec.other, rule.condition]
    named = [name for text in texts if text for name in expressions.referenced_columns(_parsed(text))]
    return [name.removeprefix(OTHER) for name in named if name.startswith(OTHER) != own]


def _relation(snapshot: Snapshot, deployment: Deployment, columns: Sequence[str], prefix: str) -> str:
    """The rows of a snapshot that count: the columns under ``prefix``, and the row's place."""
    named = ", ".join(f"b.{sql.identifier(name)} AS {sql.identifier(prefix + name)}" for name in dict.fromkeys(columns))
    if prefix:
        return visible(snapshot, deployment, f"{named}, b.{ROW_ID} AS other_row")
    place = (
        f"b.{ROW_ID} AS row_id, b.{SOURCE_FILE} AS source_file, b.{SOURCE_ROW} AS source_row, b.{DELIVERY_DATE} AS "
        "delivered"
    )
    return visible(snapshot, deployment, f"{named}, {place}")


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
