"""What the scorecard needs of a judged delivery beyond the counts per rule: cells per column, and counts per division.

One pass over the standardised rows. The counts are kept beside those per rule (``governance/column_results``,
``division_results``), so that a score can be made again when the lake no longer has the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.masters.roll_up import UNKNOWN
from govdata.publish import scorecard
from govdata.scoring import profiles
from govdata.standards.model import BoundRule, Dataset, Registry, Required
from govdata.storage import files, sql
from govdata.storage.tables import Table
from govdata.storage.tables.anomalies import DISTRIBUTIONS, PROFILES
from govdata.storage.tables.rows import FAILED_RULES, ROW_ID, UNPARSED, WARNINGS
from govdata.storage.tables.scoring import COLUMN_RESULTS, DIVISION_RESULTS

if TYPE_CHECKING:
    import duckdb

FAILING = f"list_concat(coalesce({FAILED_RULES}, []), coalesce({WARNINGS}, []))"


def count(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> None:
    """Keep the counts of the delivery of ``date``. Nothing is done where they are kept already, where there is no
    standardised batch any more, or where it was made under other standards (its rules cannot be asked again)."""
    batch = StandardizedBatch.read(StandardizedBatch.path(deployment, dataset.name, date))
    if batch is None or batch.standards_hash != registry.hashes[dataset.name] or _is_kept(batch, deployment):
        return
    paths = [deployment.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)]
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
            profiled, distributed = [], []
            if paths:
                judged = rules.judged_rows(dataset.name, registry, sql.parquet(paths, by_name=True))
                connection.execute(f"CREATE VIEW judged AS {judged}")
                columns = _counted(connection, dataset, registry, columns)
                profiled = profiles.profiles(connection, dataset, registry, batch.mode, division if code_set else None)
                distributed = profiles.distributions(connection, dataset, registry, date.isoformat())
                if division and code_set:
                    divisions = _divisions(connection, dataset, registry, batch, division, code_set)
        finally:
            connection.close()
    if profiled:  # of an empty delivery there is nothing to compare
        _keep(PROFILES, profiled, batch, deployment)
        _keep(DISTRIBUTIONS, distributed, batch, deployment)
    _keep(DIVISION_RESULTS, divisions, batch, deployment)
    _keep(COLUMN_RESULTS, columns, batch, deployment)  # last: it says that all is kept


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
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    registry: Registry,
    batch: StandardizedBatch,
    division: str,
    code_set: str,
) -> list[dict[str, Any]]:
    bound = registry.rules(dataset.name)
    known = f"{sql.identifier(division)} IN (SELECT code FROM codes.{sql.identifier(code_set)})"
    placed = f"SELECT *, CASE WHEN {known} THEN {sql.identifier(division)} ELSE '{UNKNOWN}' END AS _place FROM judged"
    checked = ", ".join(f"count_if(({rules.assessed(rule, registry)}) IS TRUE)" for rule in bound)
    rows = connection.execute(f"SELECT _place, {checked} FROM ({placed}) GROUP BY _place ORDER BY _place").fetchall()
    failed = {
        (place, rule_id): number
        for place, rule_id, number in connection.execute(
            f"SELECT _place, rule_id, count(*) FROM (SELECT _place, unnest({FAILING}) AS rule_id FROM ({placed})) "
            "GROUP BY ALL"
        ).fetchall()
    }
    return [
        {
            "division": place,
            "rule_id": rule.id,
            "dimension": rule.dimension,
            "checked": number,
            "failed": failed.get((place, rule.id), 0),
        }
        for place, *numbers in rows
        for rule, number in zip(bound, numbers, strict=True)
    ]
