"""What the scorecard needs of a judged delivery beyond the counts per rule: cells per column, and counts per division.

One pass over the standardised rows. The counts are kept beside those per rule (``governance/column_results``,
``division_results``), so that a score can be made again when the lake no longer has the rows. Of a dataset that comes
as deltas the rows are those that stand (``standing``), and their counts per rule are kept too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.masters.roll_up import UNKNOWN
from govdata.publish import scorecard
from govdata.scoring.standing import standing
from govdata.standards.model import BoundRule, Dataset, Registry, Required
from govdata.storage import files, sql
from govdata.storage.tables import Table
from govdata.storage.tables.rows import DELIVERY_DATE, FAILED_RULES, IDENTITY, ROW_ID, UNPARSED, WARNINGS
from govdata.storage.tables.scoring import COLUMN_RESULTS, DIVISION_RESULTS, STANDING_FINDINGS, STANDING_RESULTS

if TYPE_CHECKING:
    import duckdb

FAILING = f"list_concat(coalesce({FAILED_RULES}, []), coalesce({WARNINGS}, []))"


Since = Mapping[str, Date]
"""Rule → the first delivery that it judged, where the dataset had earlier ones: their rows it never saw."""


def count(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date, since: Since) -> None:
    """Keep the counts of the delivery of ``date``. Nothing is done where they are kept already, where there is no
    standardised batch any more, or where it was made under other standards (its rules cannot be asked again)."""
    batch = StandardizedBatch.read(StandardizedBatch.path(deployment, dataset.name, date))
    if batch is None or batch.standards_hash != registry.hashes[dataset.name]:
        return
    whole = standing(dataset, deployment, date) if dataset.delivery.mode == "delta" else None
    if whole is not None:
        batch = batch.model_copy(update={"batch_id": whole.token})
    else:
        since = {}
    if _is_kept(batch, deployment):
        return
    delivered = [deployment.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)]
    paths = whole.paths if whole is not None else delivered
    if not all(files.is_sound(path) for path in paths):
        return  # the catalogue tells of it
    asked = {name for rule in registry.rules(dataset.name) for name in rule.spec.code_sets()}
    division = registry.scoring.divisions.get(dataset.name)
    code_set = registry.element(dataset.name, division).code_set if division else None
    with files.scratch(deployment, "scoring") as scratch:
        connection = engine.session(
            registry, temp=scratch, as_of=date, code_sets=asked | ({code_set} if code_set else set())
        )
        try:
            columns, divisions = _columns(dataset, registry, batch), []
            if paths:
                if whole is not None:
                    whole.create(connection, registry)
                given = sql.parquet(paths, by_name=True) if whole is None else "standing"
                placed = rules.judged_rows(dataset.name, registry, given)
                place = _place(division, code_set)
                connection.execute(f"CREATE VIEW judged AS SELECT *, {place} AS _place FROM ({placed})")
                columns = _counted(connection, dataset, registry, columns)
                if division and code_set:
                    divisions = _divisions(connection, dataset, registry, since)
                if whole is not None:
                    _keep_standing(connection, dataset, registry, batch, deployment, since)
        finally:
            connection.close()
    _keep(DIVISION_RESULTS, divisions, batch, deployment)
    _keep(COLUMN_RESULTS, columns, batch, deployment)  # last: it says that all is kept


def _place(division: str | None, code_set: str | None) -> str:
    """SQL of the division a row counts in."""
    if not (division and code_set):
        return "CAST(NULL AS VARCHAR)"
    known = f"{sql.identifier(division)} IN (SELECT code FROM codes.{sql.identifier(code_set)})"
    return f"CASE WHEN {known} THEN {sql.identifier(division)} ELSE '{UNKNOWN}' END"


def _checked(rule: BoundRule, registry: Registry, since: Since) -> str:
    """SQL that counts the rows of ``judged`` the rule could be asked of."""
    seen = f" AND {DELIVERY_DATE} >= DATE '{since[rule.id]}'" if rule.id in since else ""
    return f"count_if(({rules.assessed(rule, registry)}) IS TRUE{seen})"


def _keep_standing(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    registry: Registry,
    batch: StandardizedBatch,
    deployment: Deployment,
    since: Since,
) -> None:
    """What every rule finds in the rows that stand, and which rows those are."""
    bound = registry.rules(dataset.name)
    texts = ", ".join(
        f"({sql.text(rule.id)}, {sql.text(rule.column) if rule.column else 'NULL'}, {sql.text(rule.message)})"
        for rule in bound
    )
    found = " UNION ALL ".join(
        f"SELECT {sql.identifiers(IDENTITY)}, _place AS division, unnest({lists}) AS rule_id, '{severity}' AS severity "
        f"FROM judged WHERE len({lists}) > 0"
        for lists, severity in ((FAILED_RULES, "error"), (WARNINGS, "warning"))
    )
    table = connection.sql(
        f"SELECT {sql.text(dataset.name)} AS dataset, DATE '{batch.date}' AS date, f.*, t.column_name, t.message "
        f"FROM ({found}) AS f JOIN (VALUES {texts or '(NULL, NULL, NULL)'}) AS t(rule_id, column_name, message) "
        f"USING (rule_id) ORDER BY rule_id, {ROW_ID}"
    ).to_arrow_table()
    wanted = [str(column) for column in STANDING_FINDINGS.columns]
    files.put_table(table.select(wanted), scorecard.path(deployment, STANDING_FINDINGS, batch.date, dataset.name))
    failed: Counter[str] = Counter(table["rule_id"].to_pylist())
    counts = ", ".join(_checked(rule, registry, since) for rule in bound)
    ((rows, held, *checked),) = connection.execute(
        f"SELECT count(*), count_if(len({FAILED_RULES}) > 0){f', {counts}' if counts else ''} FROM judged"
    ).fetchall()
    lines = [
        {
            "rule_id": rule.id,
            "checked": max(number, failed[rule.id]),
            "failed": failed[rule.id],
            "rows": rows,
            "held": held,
        }
        for rule, number in zip(bound, checked, strict=True)
    ]
    _keep(STANDING_RESULTS, lines, batch, deployment)


def _is_kept(batch: StandardizedBatch, deployment: Deployment) -> bool:
    import pyarrow.parquet as pq

    path = scorecard.path(deployment, COLUMN_RESULTS, batch.date, batch.dataset)
    if not files.is_sound(path, COLUMN_RESULTS.columns):
        return False
    return batch.batch_id in pq.read_table(path, columns=["batch_id"])["batch_id"].to_pylist()


def _keep(table: Table, rows: Iterable[dict[str, Any]], batch: StandardizedBatch, deployment: Deployment) -> None:
    facts = {"date": batch.date, "dataset": batch.dataset, "batch_id": batch.batch_id}
    made = table.arrow([{**row, **facts} for row in rows])
    files.put_table(made, scorecard.path(deployment, table, batch.date, batch.dataset))


def _columns(dataset: Dataset, registry: Registry, batch: StandardizedBatch) -> list[dict[str, Any]]:
    """A line per column of the contract, of no rows."""
    return [
        {
            "column_name": column.name,
            "element": column.element,
            "standard": registry.elements[column.element].standard,
            "cells": 0,
            "conforming": 0,
            "standards_hash": batch.standards_hash,
        }
        for column in dataset.columns
    ]


def _counted(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, columns: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    names = [column.name for column in dataset.columns]
    given = [
        f"count_if({sql.identifier(name)} IS NOT NULL OR coalesce(map_contains({UNPARSED}, {sql.text(name)}), FALSE))"
        for name in names
    ]
    (cells,) = connection.execute(f"SELECT {', '.join(given)} FROM judged").fetchall()
    owned = [(rule.id, rule.column) for rule in registry.rules(dataset.name) if _is_of_a_value(rule)]
    failing = f"SELECT {ROW_ID}, unnest({FAILING}) AS rule_id FROM judged WHERE len({FAILING}) > 0"
    values = ", ".join(f"({sql.text(rule)}, {sql.text(str(column))})" for rule, column in owned)
    bad: dict[str, int] = {}
    if owned:
        bad = dict(
            connection.execute(
                f"SELECT column_name, count(DISTINCT {ROW_ID}) FROM ({failing}) "
                f"JOIN (VALUES {values}) AS o(rule_id, column_name) USING (rule_id) GROUP BY ALL"
            ).fetchall()
        )
    return [
        {**line, "cells": known, "conforming": known - bad.get(line["column_name"], 0)}
        for line, known in zip(columns, cells, strict=True)
    ]


def _is_of_a_value(rule: BoundRule) -> bool:
    """Whether the rule says what a value of its column must be: the element's, and no empty cell fails it."""
    return rule.column is not None and rule.id.startswith(f"{rule.column}.") and not isinstance(rule.spec, Required)


def _divisions(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, since: Since
) -> list[dict[str, Any]]:
    bound = registry.rules(dataset.name)
    checked = ", ".join(_checked(rule, registry, since) for rule in bound)
    rows = connection.execute(f"SELECT _place, {checked} FROM judged GROUP BY _place ORDER BY _place").fetchall()
    failed = {
        (place, rule_id): number
        for place, rule_id, number in connection.execute(
            f"SELECT _place, rule_id, count(*) FROM (SELECT _place, unnest({FAILING}) AS rule_id FROM judged) "
            "GROUP BY ALL"
        ).fetchall()
    }
    return [
        {
            "division": place,
            "rule_id": rule.id,
            "dimension": rule.dimension,
            "checked": max(number, failed.get((place, rule.id), 0)),
            "failed": failed.get((place, rule.id), 0),
        }
        for place, *numbers in rows
        for rule, number in zip(bound, numbers, strict=True)
    ]
