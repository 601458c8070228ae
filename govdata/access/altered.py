"""The cells of single rows that standardising altered, from the rows' own flags: the ledger of ``governance.repairs``
without compiling the ledger of every night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.batches import RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import ledger
from govdata.storage import sql
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Altered:
    """``before``: the delivered text; ``after``: the standardised value as text, None where there is none."""

    row_id: str
    column: str
    before: str | None
    after: str | None


def cells(deployment: Deployment, dataset: str, date: Date, rows: Sequence[str]) -> Iterator[Altered]:
    """Of the rows with these ids, as they were delivered on ``date``, in the order of rows and columns; none where the
    night is no longer kept."""
    batch = StandardizedBatch.read(StandardizedBatch.path(deployment, dataset, date))
    raw = RawBatch.read(RawBatch.path(deployment, dataset, date))
    if batch is None or raw is None or batch.raw_batch_id != raw.batch_id:
        return
    with closing(sql.connect(threads=2)) as connection:
        stored = _rows(connection, deployment, (*batch.clean_files, *batch.quarantine_files), rows)
        if not stored:
            return
        delivered = _rows(connection, deployment, raw.files, rows, raw.arrives)
    for row_id in rows:
        if row_id not in stored or row_id not in delivered:
            continue
        for position, plan in enumerate(batch.ledger):
            if ledger.flagged(position, stored[row_id]):
                yield Altered(row_id, plan.name, delivered[row_id].get(plan.name), _text(stored[row_id].get(plan.name)))


def _rows(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    files: Sequence[str],
    rows: Sequence[str],
    typed: Iterable[str] = (),
) -> dict[str, dict[str, Any]]:
    paths = [path for path in map(deployment.absolute, files) if path.exists()]
    if not paths:
        return {}
    marks = ", ".join("?" for _ in rows)
    found = connection.execute(
        f"SELECT *{sql.replaced_by_text(typed)} FROM {sql.parquet(paths, by_name=True)} WHERE {ROW_ID} IN ({marks})",
        list(rows),
    )
    names = [column[0] for column in found.description or ()]
    records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {record[ROW_ID]: record for record in records}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
