"""RawBatch → StandardizedBatch: one streaming pass that types, judges and splits the rows of a delivery."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata.batches import RawBatch, StandardizedBatch, fingerprint
from govdata.deployment import Deployment
from govdata.engine.ledger import ledger_sql
from govdata.engine.pipeline import (
    ROW_COLUMNS,
    WORD,
    ColumnPlan,
    judged_query,
    plan_columns,
    repair_words,
    result_query,
    source_values,
    standardized_query,
)
from govdata.engine.session import create_table, session
from govdata.engine.syntax import alias, column, conjunction, disjunction, list_of, sql, text
from govdata.standards.model import BoundRule, Dataset, Registry, Unique

if TYPE_CHECKING:
    import duckdb

ENGINE_VERSION = 1
"""Part of every batch id: raise it when the same raw batch and standards would give other rows."""

PARQUET = "FORMAT parquet, COMPRESSION zstd"


def standardize(raw: RawBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> StandardizedBatch:
    """Type, judge and split the rows of ``raw``; write lake/standardized (clean), lake/quarantine, lake/repairs and the manifest.

    Memory is bounded by the session's limit whatever the size of the delivery: rows stream from Parquet to Parquet, and only the hashes of
    keys are held at once. Raises ``duckdb.Error`` when a file of the raw batch is damaged."""
    batch_id = fingerprint("standardized", raw.batch_id, registry.hashes[dataset.name], ENGINE_VERSION)
    scratch = deployment.temporary / f"standardize-{dataset.name}-{raw.date.isoformat()}-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    connection = session(registry, temp=scratch / "spill", as_of=raw.date)
    try:
        prepare(connection, dataset, registry, [str(deployment.absolute(path)) for path in raw.files])
        duplicates = find_duplicates(connection, dataset, registry)
        run_pass(connection, dataset, registry, duplicates, scratch)
        return _keep(connection, raw, dataset, registry, deployment, batch_id, scratch)
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


def prepare(connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, raw_files: list[str]) -> None:
    """The view ``raw_rows`` over the text rows and one table of source values per code column."""
    import pyarrow as pa

    connection.execute("CREATE SCHEMA maps")
    for plan in plan_columns(dataset, registry):
        if plan.coded:
            values = source_values(plan.column, plan.element, registry)
            table = pa.table({"source": pa.array(list(values), pa.string()), "code": pa.array(list(values.values()), pa.string())})
            create_table(connection, f'maps."{plan.name}"', table)
    if raw_files:
        files = text(list_of(exp.Literal.string(path) for path in raw_files))
        connection.execute(f"CREATE VIEW raw_rows AS SELECT * FROM read_parquet({files})")
    else:
        columns = ", ".join(text(column(name)) + " VARCHAR" for name in (item.name for item in dataset.columns))
        connection.execute(
            f"CREATE TABLE raw_rows ({columns}, _row_id VARCHAR, _source_file VARCHAR, _source_row BIGINT, _delivery_date DATE)"
        )


def unique_rules(dataset: Dataset, registry: Registry) -> list[BoundRule]:
    return [rule for rule in registry.rules(dataset.name) if isinstance(rule.spec, Unique)]


def find_duplicates(connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry) -> list[BoundRule]:
    """Fill ``dropped(_row_id, …, kept_row_id)`` with exact duplicates and ``conflicts(_row_id, rules)`` with rows that share a key but not a content.

    Rows are equal when every standardised value, and every text that could not be typed, is equal; the first in file order is kept. Only rows
    whose key hash occurs twice, or that have no key, are looked at closely. Returns the unique rules."""
    plans = {plan.name: plan for plan in plan_columns(dataset, registry)}
    judged = unique_rules(dataset, registry)
    keys = [rule.spec.columns for rule in judged if isinstance(rule.spec, Unique)]
    if not any(plans[name].column.primary_key for key in keys for name in key):
        keys.append(tuple(plans))  # without a key only rows equal in every column are duplicates
    connection.execute("CREATE TEMP TABLE candidates (_row_id VARCHAR)")
    for key in keys:
        needed = [plans[name] for name in _with_neighbours(key, plans)]
        narrow = text(standardized_query(needed, "raw_rows"))
        columns = ", ".join(text(column(name)) for name in key)
        whole = " AND ".join(f"{text(column(name))} IS NOT NULL" for name in key)
        condition = "TRUE" if len(key) == len(plans) else whole
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT h FROM (SELECT hash({columns}) AS h FROM ({narrow}) WHERE {condition}) "
            "GROUP BY h HAVING count(*) > 1"
        )
        connection.execute(
            f"INSERT INTO candidates SELECT _row_id FROM ({narrow}) WHERE hash({columns}) IN (SELECT h FROM repeated) OR NOT ({condition})"
        )
    names = ", ".join(text(column(name)) for name in plans)
    everything = text(standardized_query(list(plans.values()), "raw_rows", sql("_row_id IN (SELECT _row_id FROM candidates)")))
    connection.execute(
        f"CREATE TEMP TABLE close AS SELECT {names}, _row_id, _source_file, _source_row, _delivery_date, "
        f"first_value(_row_id) OVER same AS kept_row_id FROM ({everything}) "
        f"WINDOW same AS (PARTITION BY {names}, CAST(_unparsed AS VARCHAR) ORDER BY _source_file, _source_row)"
    )
    connection.execute(
        "CREATE TEMP TABLE dropped AS SELECT _row_id, _source_file, _source_row, _delivery_date, kept_row_id FROM close WHERE _row_id <> kept_row_id"
    )
    connection.execute("DELETE FROM close WHERE _row_id <> kept_row_id")
    connection.execute("CREATE TEMP TABLE conflicts (_row_id VARCHAR, rule VARCHAR)")
    for rule in judged:
        assert isinstance(rule.spec, Unique)
        columns = ", ".join(text(column(name)) for name in rule.spec.columns)
        whole = " AND ".join(f"{text(column(name))} IS NOT NULL" for name in rule.spec.columns)
        connection.execute(
            f"INSERT INTO conflicts SELECT _row_id, ? FROM (SELECT _row_id, count(*) OVER (PARTITION BY {columns}) AS n FROM close WHERE {whole}) "
            "WHERE n > 1",
            [rule.id],
        )
    return judged


def _with_neighbours(names: tuple[str, ...], plans: dict[str, ColumnPlan]) -> list[str]:
    """The columns and those their standardisation reads beside them."""
    wanted = list(names)
    for name in names:
        plan = plans[name]
        beside = [plan.money.args.get("unit_column")] if plan.money else []
        beside += [plan.currency.args["column"]] if plan.currency else []
        wanted += [other for other in beside if other in plans and other not in wanted]
    return wanted


def run_pass(connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, judged: list[BoundRule], scratch: Path) -> None:
    """The one pass over all rows: standardise, judge, split into ``scratch/rows/_quarantined=…``."""
    plans = plan_columns(dataset, registry)
    dropped = _count(connection, "dropped")
    condition = sql("_row_id NOT IN (SELECT _row_id FROM dropped)") if dropped else None
    conflicts: dict[str, exp.Expression] = {}
    if _count(connection, "conflicts"):
        # A table of one column per rule keeps the probe to one hash look-up for each rule that has conflicts at all.
        for rule in judged:
            if connection.execute("SELECT count(*) FROM conflicts WHERE rule = ?", [rule.id]).fetchone()[0]:  # type: ignore[index]
                conflicts[rule.id] = sql("_row_id IN (SELECT _row_id FROM conflicts WHERE rule = :r)", r=rule.id)
    query = judged_query(standardized_query(plans, "raw_rows", condition), dataset, registry, conflicts)
    query = result_query(query, plans, dataset, registry)
    connection.execute(
        f"COPY (SELECT *, failed_rules IS NOT NULL AS _quarantined FROM ({text(query)})) TO '{_quote(scratch / 'rows')}' "
        f"({PARQUET}, PARTITION_BY (_quarantined), WRITE_PARTITION_COLUMNS false)"
    )


def _keep(
    connection: duckdb.DuckDBPyConnection,
    raw: RawBatch,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    batch_id: str,
    scratch: Path,
) -> StandardizedBatch:
    """Move the files into the lake, count what is in them, write the manifest last."""
    plans = plan_columns(dataset, registry)
    clean_folder = deployment.lake("standardized", raw.dataset, raw.date)
    quarantine_folder = deployment.lake("quarantine", raw.dataset, raw.date)
    repairs_folder = deployment.lake("repairs", raw.dataset, raw.date)
    rejected_folder = deployment.lake("rejected", raw.dataset, raw.date)
    clean = _move(scratch / "rows" / "_quarantined=false", clean_folder, batch_id)
    quarantine = _move(scratch / "rows" / "_quarantined=true", quarantine_folder, batch_id)
    duplicates: list[Path] = []
    if _count(connection, "dropped"):
        target = scratch / "dropped.parquet"
        connection.execute(f"COPY dropped TO '{_quote(target)}' ({PARQUET})")
        rejected_folder.mkdir(parents=True, exist_ok=True)
        duplicates = [rejected_folder / f"duplicates-{batch_id}.parquet"]
        os.replace(target, duplicates[0])
    counts = _counts(connection, plans, registry.rules(dataset.name), clean, quarantine)
    repairs_folder.mkdir(parents=True, exist_ok=True)
    _write_repair_counts(connection, dataset, counts["cells"], scratch / "repairs.parquet")
    os.replace(scratch / "repairs.parquet", repairs_folder / f"{batch_id}.parquet")
    batch = StandardizedBatch(
        dataset=raw.dataset,
        date=raw.date,
        batch_id=batch_id,
        raw_batch_id=raw.batch_id,
        standards_hash=registry.hashes[dataset.name],
        mode=raw.mode,
        clean_files=tuple(deployment.relative(path) for path in clean),
        quarantine_files=tuple(deployment.relative(path) for path in quarantine),
        duplicate_files=tuple(deployment.relative(path) for path in duplicates),
        delivered=raw.delivered,
        rejected=raw.rejected,
        duplicates=raw.duplicates + _count(connection, "dropped"),
        quarantined=counts["quarantined"],
        clean=counts["clean"],
        rule_failures=counts["rules"],
        repaired_cells=counts["cells"],
        ledger_sql=ledger_sql(plans),
    )
    batch.write(StandardizedBatch.path(deployment, raw.dataset, raw.date))
    kept = {*clean, *quarantine, *duplicates, repairs_folder / f"{batch_id}.parquet"}
    for folder, pattern in (
        (clean_folder, "*.parquet"),
        (quarantine_folder, "*.parquet"),
        (repairs_folder, "*.parquet"),
        (rejected_folder, "duplicates-*.parquet"),
    ):
        for stale in set(folder.glob(pattern)) - kept:
            stale.unlink(missing_ok=True)
    return batch


def _move(source: Path, folder: Path, batch_id: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    moved = []
    for index, path in enumerate(sorted(source.glob("*.parquet"))):
        target = folder / f"{batch_id}-{index}.parquet"
        os.replace(path, target)
        moved.append(target)
    return moved


def _files(paths: list[Path]) -> str:
    return text(list_of(exp.Literal.string(str(path)) for path in paths))


def _counts(
    connection: duckdb.DuckDBPyConnection,
    plans: tuple[ColumnPlan, ...],
    bound: tuple[BoundRule, ...],
    clean: list[Path],
    quarantine: list[Path],
) -> dict:
    """Figures of what was written, read back from the files: rows per part, failures per rule, altered cells per column."""
    failures = {rule.id: 0 for rule in bound}
    cells = {plan.name: 0 for plan in plans}
    rows = {"clean": 0, "quarantined": 0}
    for part, paths in (("clean", clean), ("quarantined", quarantine)):
        if not paths:
            continue
        relation = f"read_parquet({_files(paths)})"
        columns = [
            alias(
                sql(
                    "count(*) FILTER (WHERE (:w & CAST(:b AS UBIGINT)) <> 0)",
                    w=column(f"_repairs_{plan.position // WORD}"),
                    b=1 << plan.position % WORD,
                ),
                plan.name,
            )
            for plan in plans
        ]
        flagged = text(disjunction(sql(":w <> 0", w=column(f"_repairs_{index}")) for index in range(repair_words(len(plans)))))
        counted = connection.execute(f"SELECT {', '.join(text(item) for item in columns)} FROM {relation} WHERE {flagged}").fetchone()
        assert counted is not None
        for plan, count in zip(plans, counted, strict=True):
            cells[plan.name] += count
        rows[part] = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]  # type: ignore[index]
        for lists in ("failed_rules", "_warnings"):
            for rule, count in connection.execute(
                f"SELECT rule, count(*) FROM (SELECT unnest({lists}) AS rule FROM {relation} WHERE {lists} IS NOT NULL) GROUP BY rule"
            ).fetchall():
                failures[rule] += count
    return {"clean": rows["clean"], "quarantined": rows["quarantined"], "rules": failures, "cells": cells}


def _write_repair_counts(connection: duckdb.DuckDBPyConnection, dataset: Dataset, cells: dict[str, int], path: Path) -> None:
    import pyarrow as pa

    table = pa.table(
        {
            "dataset": pa.array([dataset.name] * len(cells), pa.string()),
            "column_name": pa.array(list(cells), pa.string()),
            "cells": pa.array(list(cells.values()), pa.int64()),
        }
    )
    connection.register("_cells", table)
    connection.execute(f"COPY (SELECT * FROM _cells) TO '{_quote(path)}' ({PARQUET})")
    connection.unregister("_cells")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return row[0]


def _quote(path: Path) -> str:
    return str(path).replace("'", "''")


__all__ = ["ROW_COLUMNS", "conjunction", "find_duplicates", "prepare", "run_pass", "standardize"]
