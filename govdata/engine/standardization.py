"""RawBatch → StandardizedBatch: one streaming pass that types, judges and splits the rows of a delivery."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.batches import RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine.compiled import DELIVERED, HELD, CompiledDataset, compiled
from govdata.engine.dictionaries import Dictionary, collect, repeating, settle, texts_of, without_dropped
from govdata.engine.pipeline import WORD, repair_words
from govdata.engine.plans import TEXT, ColumnPlan
from govdata.engine.session import create_maps, session
from govdata.engine.step_counts import step_counts
from govdata.engine.syntax import column, text
from govdata.engine.unchanged import stands
from govdata.standards.model import BoundRule, Dataset, Registry, Unique
from govdata.storage import files, pace, permissions
from govdata.storage import sql as storage
from govdata.storage.manifest import fingerprint
from govdata.storage.sql import PARQUET, Session, parquet
from govdata.storage.tables import arrow_table
from govdata.storage.tables.system_columns import (
    DUPLICATES_FILE,
    FAILED_RULES,
    IDENTITY,
    KEPT_ROW_ID,
    REPAIR_COUNTS,
    REPAIR_FLAGS,
    ROW_ID,
    SOURCE_FILE,
    SOURCE_ROW,
    UNPARSED,
    WARNINGS,
)

if TYPE_CHECKING:
    import pyarrow as pa

ENGINE_VERSION = 13
"""Part of every batch id: raise it when the same raw batch and standards would give other rows."""

CLEAN = "_quarantined=false"
"""The folder of the pass's clean rows."""

HELD_ROWS = 20_000
"""Below so many delivered rows the rows are held in memory between the queries of the pass (a few tens of
megabytes)."""


def standardize(raw: RawBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> StandardizedBatch:
    """Type, judge and split the rows of ``raw``; write lake/standardized (clean), lake/quarantine, lake/repairs and the
    manifest.

    Memory is bounded by the session's limit whatever the size of the delivery: rows stream from Parquet to Parquet, and
    only the hashes of keys are held at once. Raises ``duckdb.Error`` when a file of the raw batch is damaged."""
    batch_id = fingerprint("standardized", raw.batch_id, registry.hashes[dataset.name], ENGINE_VERSION)
    scratch = deployment.temporary / f"standardize-{dataset.name}-{raw.date.isoformat()}-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    queries = compiled(dataset, registry, held=raw.delivered < HELD_ROWS, arrives=raw.arrives)
    connection = session(registry, temp=scratch / "spill", as_of=raw.date, code_sets=queries.code_sets)
    try:
        with pace.statement(connection):
            delivered = [deployment.absolute(path) for path in raw.files]
            prepare(connection, queries, delivered)
            idle = hold(connection, queries) if queries.held else frozenset()
            if not queries.held:
                worth = repeating(connection, queries.possible, raw.delivered)
                made = tuple(item for one in worth if (item := fill(connection, queries, one, raw.date)))
                queries = compiled(dataset, registry, dictionaries=made, arrives=raw.arrives)
            conflicts = find_duplicates(connection, queries)
            several = bool(conflicts or _count(connection, "dropped"))
            if not queries.held and not several and stands(connection, queries, delivered):
                _keep_as_they_are(delivered, scratch)
            else:
                run_pass(connection, queries, conflicts, scratch, idle)
            return _keep(connection, raw, queries, deployment, batch_id, scratch)
    finally:
        connection.close()
        shutil.rmtree(scratch, ignore_errors=True)


def prepare(connection: Session, queries: CompiledDataset, raw_files: Sequence[Path]) -> None:
    """The view ``raw_rows`` over the delivered rows, with ``~at``, and one table of source values per code column. A
    column that arrives typed and not as its element's kind is text there."""
    create_maps(connection, queries.source_maps)
    read_rows(connection, queries, raw_files)


def read_rows(connection: Session, queries: CompiledDataset, raw_files: Sequence[Path]) -> None:
    """The view ``raw_rows`` alone; without files a table of no rows."""
    if raw_files:
        others = [plan.name for plan in queries.plans if plan.arrives != TEXT and not plan.typed]
        connection.execute(
            f"CREATE VIEW raw_rows AS SELECT *{storage.replaced_by_text(others)}, "
            'CAST(file_index AS BIGINT) * 1099511627776 + file_row_number AS "~at" '
            f"FROM {parquet(raw_files)}"
        )
    else:
        columns = ", ".join(
            f"{text(column(plan.name))} {plan.arrives if plan.typed else TEXT}" for plan in queries.plans
        )
        connection.execute(
            f'CREATE TABLE raw_rows ({columns}, {", ".join(f"{name} {name.type}" for name in IDENTITY)}, "~at" BIGINT)'
        )


def hold(connection: Session, queries: CompiledDataset, *, asked: bool = True) -> frozenset[str]:
    """Standardise the rows of ``raw_rows`` into memory; gives the columns none of whose cells had anything to be done,
    which in a small delivery are most: to plan the steps of a column costs more than a small night's rows do. Not
    ``asked``, every column's steps are planned."""
    connection.execute(f"CREATE TABLE {DELIVERED} AS {queries.delivered}")
    # Where nothing can be done to any column there is no aggregate, so a row for each row, and none for none.
    rows = connection.execute(queries.idle).fetchall()
    found = rows[0] if rows else (True,) * len(queries.plans)
    idle = frozenset(plan.name for plan, none in zip(queries.plans, found, strict=True) if none and asked)
    connection.execute(f"CREATE TABLE {HELD} AS {queries.standard(idle)}")
    connection.execute(f"DROP TABLE {DELIVERED}")
    return idle


def fill(connection: Session, queries: CompiledDataset, dictionary: Dictionary, date: Date) -> Dictionary | None:
    """Make the dictionary's table from ``raw_rows``, a delivery of ``date``; gives the dictionary with what is settled,
    None where it would be too large."""
    if not collect(connection, dictionary, date):
        return None
    connection.execute(f"CREATE TEMP TABLE {text(column(dictionary.table))} AS {queries.entries(dictionary)}")
    connection.execute(f"DROP TABLE {text(column(dictionary.texts))}")
    return settle(connection, dictionary)


def find_duplicates(connection: Session, queries: CompiledDataset) -> frozenset[str]:
    """Fill ``dropped`` with exact duplicates and ``conflicts("~at", rule)`` with rows that share a key but not a
    content.

    Rows are equal when every standardised value, and every text that could not be typed, is equal; the first in file
    order is kept. Only rows whose key hash occurs twice, or that have no key, are looked at closely. Returns the ids of
    the unique rules that have conflicts."""
    names = ", ".join(text(column(plan.name)) for plan in queries.plans)
    connection.execute('CREATE TEMP TABLE candidates ("~at" BIGINT)')
    for query in queries.key_queries:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE keys AS {query}")
        connection.execute(
            'INSERT INTO candidates SELECT "~at" FROM keys WHERE h IS NULL OR h IN (SELECT h FROM keys GROUP BY h '
            "HAVING count(*) > 1)"
        )
    connection.execute("DROP TABLE IF EXISTS keys")
    connection.execute('CREATE TEMP TABLE conflicts ("~at" BIGINT, rule VARCHAR)')
    if not _count(connection, "candidates"):
        connection.execute('CREATE TEMP TABLE dropped ("~at" BIGINT)')
        return frozenset()
    # By what it was delivered as a row is no longer counted with a dictionary's entry.
    texts = storage.identifiers(("~at", *texts_of(queries.dictionaries)))
    connection.execute(
        f"CREATE TEMP TABLE close AS SELECT {names}, {', '.join(IDENTITY)}, {texts}, first_value({ROW_ID}) OVER same "
        f"AS {KEPT_ROW_ID} "
        f"FROM ({queries.candidate_rows}) WINDOW same AS (PARTITION BY {names}, CAST({UNPARSED} AS VARCHAR) ORDER BY "
        f"{SOURCE_FILE}, {SOURCE_ROW})"
    )
    connection.execute(
        f"CREATE TEMP TABLE dropped AS SELECT {', '.join(DUPLICATES_FILE)}, {texts} FROM close "
        f"WHERE {ROW_ID} <> {KEPT_ROW_ID}"
    )
    for rule in queries.unique_rules:
        assert isinstance(rule.spec, Unique)
        columns = ", ".join(text(column(name)) for name in rule.spec.columns)
        given = " AND ".join(f"{text(column(name))} IS NOT NULL" for name in rule.spec.columns)
        connection.execute(
            f'INSERT INTO conflicts SELECT "~at", ? FROM (SELECT "~at", count(*) OVER (PARTITION BY {columns}) AS n '
            "FROM close "
            f"WHERE {given} AND {ROW_ID} = {KEPT_ROW_ID}) WHERE n > 1",
            [rule.id],
        )
    connection.execute("DROP TABLE close")
    return frozenset(row[0] for row in connection.execute("SELECT DISTINCT rule FROM conflicts").fetchall())


def run_pass(
    connection: Session, queries: CompiledDataset, conflicts: frozenset[str], scratch: Path, idle: frozenset[str]
) -> None:
    """The one pass over all rows: standardise, judge, split into ``scratch/rows/_quarantined=…``."""
    if queries.held:
        # One form for every night: compiling another costs more than an empty table does.
        rows = queries.rows(dropped=True, conflicts=frozenset(rule.id for rule in queries.unique_rules), idle=idle)
    else:
        rows = queries.rows(dropped=bool(_count(connection, "dropped")), conflicts=conflicts)
    connection.execute(
        f"COPY (SELECT *, {FAILED_RULES} IS NOT NULL AS _quarantined FROM ({rows})) TO '{_quote(scratch / 'rows')}' "
        f"({PARQUET}, PARTITION_BY (_quarantined), WRITE_PARTITION_COLUMNS false)"
    )


def _keep_as_they_are(delivered: Sequence[Path], scratch: Path) -> None:
    """What ``run_pass`` would write, under a second name of the files there are."""
    for place, path in enumerate(delivered):
        files.link(path, scratch / "rows" / CLEAN / f"{place:06d}.parquet")


def _keep(
    connection: Session,
    raw: RawBatch,
    queries: CompiledDataset,
    deployment: Deployment,
    batch_id: str,
    scratch: Path,
) -> StandardizedBatch:
    """Move the files into the lake, count what is in them, write the manifest last."""
    dataset, plans = queries.dataset, queries.plans
    clean_folder = deployment.lake("standardized", raw.dataset, raw.date)
    quarantine_folder = deployment.lake("quarantine", raw.dataset, raw.date)
    repairs_folder = deployment.lake("repairs", raw.dataset, raw.date)
    rejected_folder = deployment.lake("rejected", raw.dataset, raw.date)
    clean = _move(scratch / "rows" / CLEAN, clean_folder, batch_id)
    quarantine = _move(scratch / "rows" / "_quarantined=true", quarantine_folder, batch_id)
    duplicates: list[Path] = []
    if _count(connection, "dropped"):
        target = scratch / "dropped.parquet"
        listed = storage.identifiers(DUPLICATES_FILE)
        write_duplicates(connection.sql(f"SELECT {listed} FROM dropped").to_arrow_reader(100_000), target)
        rejected_folder.mkdir(parents=True, exist_ok=True)
        duplicates = [rejected_folder / f"duplicates-{batch_id}.parquet"]
        _place(target, duplicates[0])
    counts = _counts(connection, plans, queries.bound, clean, quarantine)
    altered = {name for name, count in counts["cells"].items() if count}
    if duplicates and altered:
        for item in queries.dictionaries:
            without_dropped(connection, item)
    steps = step_counts(
        connection,
        queries.ledger,
        altered,
        [deployment.absolute(path) for path in raw.files],
        [*clean, *quarantine],
        queries.dictionaries,
    )
    repairs_folder.mkdir(parents=True, exist_ok=True)
    _write_repair_counts(connection, dataset, counts["cells"], scratch / "repairs.parquet")
    _place(scratch / "repairs.parquet", repairs_folder / f"{batch_id}.parquet")
    batch = StandardizedBatch(
        dataset=raw.dataset,
        date=raw.date,
        batch_id=batch_id,
        raw_batch_id=raw.batch_id,
        standards_hash=queries.registry.hashes[dataset.name],
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
        repaired_steps=steps,
        ledger=queries.ledger,
        base=raw.base,
        gone_files=raw.gone_files,
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


def write_duplicates(rows: pa.RecordBatchReader, target: Path) -> None:
    """The places of exact duplicates. Through Arrow, because DuckDB puts the smallest and largest text of every column
    into the footer, and a file's name belongs in none."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, rows.schema, compression="zstd", write_statistics=[SOURCE_ROW]) as writer:
        for batch in rows:
            writer.write_batch(batch)


def _place(written: Path, target: Path) -> None:
    permissions.freeze(written)
    os.replace(written, target)


def _move(source: Path, folder: Path, batch_id: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    moved = []
    for index, path in enumerate(sorted(source.glob("*.parquet"))):
        target = folder / f"{batch_id}-{index}.parquet"
        _place(path, target)
        moved.append(target)
    return moved


def _counts(
    connection: Session,
    plans: tuple[ColumnPlan, ...],
    bound: tuple[BoundRule, ...],
    clean: list[Path],
    quarantine: list[Path],
) -> dict:
    """Figures of what was written, read back from the files: rows per part, failures per rule, altered cells per
    column."""
    failures = {rule.id: 0 for rule in bound}
    cells = {plan.name: 0 for plan in plans}
    rows = {"clean": 0, "quarantined": 0}
    for part, paths in (("clean", clean), ("quarantined", quarantine)):
        if not paths:
            continue
        relation = parquet(paths)
        words = [storage.identifier(f"{REPAIR_FLAGS}{index}") for index in range(repair_words(len(plans)))]
        places = (divmod(plan.position, WORD) for plan in plans)
        columns = [
            f"count(*) FILTER (WHERE ({words[word]} & CAST({1 << bit} AS UBIGINT)) <> 0)" for word, bit in places
        ]
        flagged = " OR ".join(f"{word} <> 0" for word in words)
        counted = _single_row(connection, f"SELECT {', '.join(columns)} FROM {relation} WHERE {flagged}")
        for plan, count in zip(plans, counted, strict=True):
            cells[plan.name] += count
        rows[part] = _single_row(connection, f"SELECT count(*) FROM {relation}")[0]
        for lists in (FAILED_RULES, WARNINGS):
            for rule, count in connection.execute(
                f"SELECT rule, count(*) FROM (SELECT unnest({lists}) AS rule FROM {relation} WHERE {lists} IS NOT "
                "NULL) GROUP BY rule"
            ).fetchall():
                failures[rule] = failures.get(rule, 0) + count
    return {"clean": rows["clean"], "quarantined": rows["quarantined"], "rules": failures, "cells": cells}


def counts(
    dataset: Dataset, registry: Registry, clean: Sequence[Path], quarantine: Sequence[Path]
) -> tuple[dict[str, int], dict[str, int]]:
    """Of standardised files: rule id → rows failing it, column → cells altered. The files must have been made under
    contracts with the same columns."""
    queries = compiled(dataset, registry)
    connection = storage.connect()
    try:
        found = _counts(connection, queries.plans, queries.bound, list(clean), list(quarantine))
    finally:
        connection.close()
    return found["rules"], found["cells"]


def _write_repair_counts(connection: Session, dataset: Dataset, cells: dict[str, int], path: Path) -> None:
    table = arrow_table(REPAIR_COUNTS, [(dataset.name, name, count) for name, count in cells.items()])
    connection.register("_cells", table)
    connection.execute(f"COPY (SELECT * FROM _cells) TO '{_quote(path)}' ({PARQUET})")
    connection.unregister("_cells")


def _count(connection: Session, table: str) -> int:
    return int(_single_row(connection, f"SELECT count(*) FROM {table}")[0])


def _single_row(connection: Session, query: str) -> tuple:
    """The one row of an aggregate. ``fetchone`` would leave the result open, and DuckDB 2 refuses other work on the
    connection then."""
    return connection.execute(query).fetchall()[0]


def _quote(path: Path) -> str:
    return str(path).replace("'", "''")
