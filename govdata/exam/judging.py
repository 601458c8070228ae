"""Rows of text judged by the engine in a scratch deployment, as those of a small delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date

import pyarrow as pa
import pyarrow.parquet as pq

from govdata import engine
from govdata.batches import IngestedFile, RawBatch
from govdata.deployment import Deployment
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.system_columns import (
    DELIVERY_DATE,
    EXTRA,
    FAILED_RULES,
    KEPT_ROW_ID,
    ROW_ID,
    SOURCE_FILE,
    SOURCE_ROW,
    WARNINGS,
)

Values = tuple[str | None, ...]
ROW = "exam-"
"""What row ids begin with; the row's place follows."""


@dataclass(frozen=True)
class Judged:
    """``failed``: rules the row fails, errors and warnings; ``values``: as standardised, as text."""

    failed: frozenset[str]
    values: Values


def texts_of(dataset: Dataset) -> str:
    """The columns of a SELECT that gives standardised values as text, in the standard's own form."""
    return ", ".join(f"CAST({sql.identifier(c.name)} AS VARCHAR) AS {sql.identifier(c.name)}" for c in dataset.columns)


def judge(
    texts: pa.Table, dataset: Dataset, registry: Registry, deployment: Deployment, date: Date
) -> tuple[dict[int, Judged], dict[int, int]]:
    """Row → what became of it; and row → the row that stands for it, of rows dropped as exact duplicates. ``texts``:
    the contract's columns."""
    with files.scratch(deployment, "exam") as folder:
        trial = Deployment(folder)
        batch = engine.standardize(_raw(texts, dataset, registry, trial, date), dataset, registry, trial)
        paths = [trial.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)]
        said = f"coalesce({FAILED_RULES}, []) || coalesce({WARNINGS}, [])"
        with sql.connection(trial, "judged") as connection:
            rows = connection.execute(
                f"SELECT {SOURCE_ROW}, {said}, {texts_of(dataset)} FROM {sql.parquet(paths, by_name=True)}"
            ).fetchall()
            dropped = [trial.absolute(name) for name in batch.duplicate_files]
            kept = f"SELECT {SOURCE_ROW}, {KEPT_ROW_ID} FROM {sql.parquet(dropped)}" if dropped else None
            twice = connection.execute(kept).fetchall() if kept else []
    judged = {place: Judged(frozenset(failed), tuple(values)) for place, failed, *values in rows}
    return judged, {place: int(row_id.removeprefix(ROW)) for place, row_id in twice}


def _raw(texts: pa.Table, dataset: Dataset, registry: Registry, trial: Deployment, date: Date) -> RawBatch:
    size = texts.num_rows
    target = trial.lake("raw", dataset.name, date) / "exam.parquet"
    target.parent.mkdir(parents=True)
    identity: Sequence[tuple[str, pa.Array]] = (
        (EXTRA, pa.nulls(size, pa.string())),
        (ROW_ID, pa.array([f"{ROW}{place}" for place in range(size)])),
        (SOURCE_FILE, pa.array(["exam"] * size)),
        (SOURCE_ROW, pa.array(range(size), pa.int64())),
        (DELIVERY_DATE, pa.array([date] * size, pa.date32())),
    )
    pq.write_table(pa.table({**{name: texts[name] for name in texts.column_names}, **dict(identity)}), target)
    source = IngestedFile(name="exam", format="parquet", physical=size, delivered=size, raw=size, rejected=0)
    made = RawBatch(
        dataset=dataset.name,
        date=date,
        batch_id=fingerprint("exam", dataset.name, size),
        delivery_fingerprint="exam",
        standards_hash=registry.hashes[dataset.name],
        mode="snapshot",
        files=(trial.relative(target),),
        rejected_files=(),
        sources=(source,),
        columns=tuple(column.name for column in dataset.columns),
    )
    made.write(RawBatch.path(trial, dataset.name, date))
    return made
