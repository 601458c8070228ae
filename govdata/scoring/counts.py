"""What the scorecard needs of a judged delivery beyond the counts per rule: cells per column, and counts per division.

One pass over the standardised rows. The counts are kept beside those per rule (``governance/column_results``,
``division_results``), so that a score can be made again when the lake no longer has the rows. Of a dataset that comes
as deltas the rows are those that stand (``standing``), and their counts per rule are kept too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.masters.roll_up import UNKNOWN
from govdata.publish import scorecard
from govdata.scoring import profiles
from govdata.scoring.standing import standing
from govdata.standards.model import BoundRule, Dataset, Registry, Required
from govdata.storage import files, sql
from govdata.storage.tables import Table
from govdata.storage.tables.anomalies import DISTRIBUTIONS, PROFILES
from govdata.storage.tables.scoring import COLUMN_RESULTS, DIVISION_RESULTS, STANDING_FINDINGS, STANDING_RESULTS
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, IDENTITY, ROW_ID, UNPARSED, WARNINGS

if TYPE_CHECKING:
    import duckdb


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
    if not all(files.is_sound(path) for path in {*paths, *delivered}):
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
                if whole is not None:
                    whole.create(connection, registry)
                given = f"FROM {sql.parquet(paths, by_name=True)}" if whole is None else "FROM standing"
                _rows(connection, given, _place(division, code_set))
                columns = _counted(connection, dataset, registry, columns)
                places = _places(connection, dataset, registry, since) if division or whole is not None else []
                if division:
                    divisions = [
                        _of_place(place, rule, dataset, registry) for place in places for rule in place.checked
                    ]
                if whole is not None:
                    _keep_standing(connection, dataset, registry, batch, deployment, places)
            if delivered:
                connection.execute(f"CREATE VIEW delivered AS FROM {sql.parquet(delivered, by_name=True)}")
                profiled = profiles.profiles(connection, dataset, registry, batch.mode, division if code_set else None)
                distributed = profiles.distributions(connection, dataset, registry, date.isoformat())
        finally:
            connection.close()
    if profiled:  # of an empty delivery there is nothing to compare
        _keep(PROFILES, profiled, batch, deployment)
        _keep(DISTRIBUTIONS, distributed, batch, deployment)
    _keep(DIVISION_RESULTS, divisions, batch, deployment)
    _keep(COLUMN_RESULTS, columns, batch, deployment)  # last: it says that all is kept


def _place(division: str | None, code_set: str | None) -> str:
    """SQL of the division a row counts in."""
    if not (division and code_set):
        return "CAST(NULL AS VARCHAR)"
    known = f"{sql.identifier(division)} IN (SELECT code FROM codes.{sql.identifier(code_set)})"
    return f"CASE WHEN {known} THEN {sql.identifier(division)} ELSE '{UNKNOWN}' END"


def _rows(connection: duckdb.DuckDBPyConnection, given: str, place: str) -> None:
    """The rows with their division (``placed``), and a line per rule that one of them fails (``failing``)."""
    connection.execute(f"CREATE VIEW placed AS SELECT *, {place} AS _place FROM ({given})")
    failing = " UNION ALL ".join(
        f"SELECT {sql.identifiers(IDENTITY)}, _place, unnest({lists}) AS rule_id, '{severity}' AS severity FROM placed "
        f"WHERE len({lists}) > 0"
        for lists, severity in ((FAILED_RULES, "error"), (WARNINGS, "warning"))
    )
    connection.execute(f"CREATE TEMP TABLE failing AS {failing}")


@dataclass(frozen=True)
class Place:
    """A division's rows, those of them held back, and by rule how many it could be asked of and how many fail it."""

    division: str | None
    rows: int
    held: int
    checked: dict[str, int]
    failed: dict[str, int]


def _places(connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, since: Since) -> list[Place]:
    bound = registry.rules(dataset.name)
    seen = {name: f" AND {DELIVERY_DATE} >= DATE '{first}'" for name, first in since.items()}
    checked = [f"count_if(({rules.assessed(rule, registry)}) IS TRUE{seen.get(rule.id, '')})" for rule in bound]
    asked = list(dict.fromkeys(checked))  # many rules of a column can be asked of the same rows
    counts = ", ".join(["count(*)", f"count(*) FILTER (WHERE len({FAILED_RULES}) > 0)", *asked])
    judged = rules.judged_rows(dataset.name, registry, "placed")
    counted = connection.execute(f"SELECT _place, {counts} FROM ({judged}) GROUP BY _place ORDER BY _place").fetchall()
    failed: dict[str | None, dict[str, int]] = {}
    for place, rule_id, number in connection.execute(
        "SELECT _place, rule_id, count(*) FROM failing GROUP BY ALL"
    ).fetchall():
        failed.setdefault(place, {})[rule_id] = number
    return [
        Place(
            division,
            rows,
            held,
            # A rule may have been another one when an older row came.
            {
                rule.id: max(numbers[asked.index(count)], failed.get(division, {}).get(rule.id, 0))
                for rule, count in zip(bound, checked, strict=True)
            },
            failed.get(division, {}),
        )
        for division, rows, held, *numbers in counted
    ]


def _of_place(place: Place, rule_id: str, dataset: Dataset, registry: Registry) -> dict[str, Any]:
    (rule,) = (rule for rule in registry.rules(dataset.name) if rule.id == rule_id)
    return {
        "division": place.division,
        "rule_id": rule_id,
        "dimension": rule.dimension,
        "checked": place.checked[rule_id],
        "failed": place.failed.get(rule_id, 0),
    }


def _keep_standing(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    registry: Registry,
    batch: StandardizedBatch,
    deployment: Deployment,
    places: Sequence[Place],
) -> None:
    """What every rule finds in the rows that stand, and which rows those are."""
    bound = registry.rules(dataset.name)
    texts = ", ".join(
        f"({sql.text(rule.id)}, {sql.text(rule.column) if rule.column else 'NULL'}, {sql.text(rule.message)})"
        for rule in bound
    )
    found = connection.sql(
        f"SELECT {sql.text(dataset.name)} AS dataset, DATE '{batch.date}' AS date, f.*, f._place AS division, "
        f"t.column_name, t.message FROM failing AS f JOIN (VALUES {texts or '(NULL, NULL, NULL)'}) "
        f"AS t(rule_id, column_name, message) USING (rule_id) ORDER BY rule_id, {ROW_ID}"
    ).to_arrow_table()
    told = found.select([str(column) for column in STANDING_FINDINGS.columns])
    files.put_table(told, scorecard.path(deployment, STANDING_FINDINGS, batch.date, dataset.name))
    lines = [
        {
            "rule_id": rule.id,
            "checked": sum(place.checked[rule.id] for place in places),
            "failed": sum(place.failed.get(rule.id, 0) for place in places),
            "rows": sum(place.rows for place in places),
            "held": sum(place.held for place in places),
        }
        for rule in bound
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
        f"count(*) FILTER (WHERE {sql.identifier(name)} IS NOT NULL "
        f"OR coalesce(map_contains({UNPARSED}, {sql.text(name)}), FALSE))"
        for name in names
    ]
    (cells,) = connection.execute(f"SELECT {', '.join(given)} FROM placed").fetchall()
    owned = [(rule.id, rule.column) for rule in registry.rules(dataset.name) if _is_of_a_value(rule)]
    values = ", ".join(f"({sql.text(rule)}, {sql.text(str(column))})" for rule, column in owned)
    bad: dict[str, int] = {}
    if owned:
        bad = dict(
            connection.execute(
                f"SELECT column_name, count(DISTINCT {ROW_ID}) FROM failing "
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
