"""What the checks read of a batch: its rows as one view, and the row counts that are really in its Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata.batches import Snapshot, StandardizedBatch
from govdata.checks.errors import ChecksError
from govdata.checks.suite import SYSTEM_COLUMNS
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.engine.syntax import alias, column, list_of, text
from govdata.engine.typed import sql_type
from govdata.publish import layers, renames, visible
from govdata.standards.model import Dataset, Registry
from govdata.storage import tables
from govdata.storage.sql import parquet

if TYPE_CHECKING:
    import duckdb

VIEW = "standardized_rows"


def existing(deployment: Deployment, files: Sequence[str]) -> list[Path]:
    """The files a manifest names. Raises ``ChecksError`` naming those that are gone."""
    paths = [deployment.absolute(file) for file in files]
    gone = [file for file, path in zip(files, paths, strict=True) if not path.is_file()]
    if gone:
        raise ChecksError("清单所列的文件不存在，请重新运行标准化：" + "、".join(gone))
    return paths


def create_view(
    connection: duckdb.DuckDBPyConnection,
    batch: StandardizedBatch,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
) -> str:
    """Create the view of all standardised rows, clean and quarantined, without the engine's verdict on them; return its
    name.

    Columns: the contract's, then ``SYSTEM_COLUMNS``, those of them that the files hold (the suite finds what is missing
    or mistyped), then the facts and results that the suite's predicates share. A batch without files gives an empty
    view of the declared types."""
    wanted = [*(item.name for item in dataset.columns), *SYSTEM_COLUMNS]
    paths = existing(deployment, (*batch.clean_files, *batch.quarantine_files))
    if paths:
        held = {
            row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {parquet(paths, by_name=True)}").fetchall()
        }
        columns = ", ".join(text(column(name)) for name in wanted if name in held)
        rows = f"SELECT {columns} FROM {parquet(paths, by_name=True)}"
    else:
        held = set(wanted)
        types = {item.name: sql_type(registry.elements[item.element]) for item in dataset.columns}
        types |= tables.types(SYSTEM_COLUMNS)
        columns = ", ".join(f"CAST(NULL AS {types[name]}) AS {text(column(name))}" for name in wanted)
        rows = f"SELECT {columns} WHERE FALSE"
    for layer in rules.layers(dataset.name, registry):
        known = {name: fact for name, fact in layer.items() if fact.reads <= held}
        rows = f"SELECT {', '.join(['*', *(fact.sql for fact in known.values())])} FROM ({rows})"
        held |= known.keys()
    connection.execute(f"CREATE VIEW {VIEW} AS {rows}")
    return VIEW


def count(connection: duckdb.DuckDBPyConnection, deployment: Deployment, files: Sequence[str]) -> int:
    """Rows in the files by their own footers."""
    if not files:
        return 0
    names = text(list_of(exp.Literal.string(str(path)) for path in existing(deployment, files)))
    row = connection.execute(
        f"SELECT coalesce(sum(num_rows), 0)::BIGINT FROM parquet_file_metadata({names})"
    ).fetchone()
    assert row is not None
    return int(row[0])


def published_rows(
    connection: duckdb.DuckDBPyConnection,
    batch: StandardizedBatch,
    dataset: Dataset,
    deployment: Deployment,
    previous: Snapshot | None,
) -> int:
    """Rows the snapshot will have: those of a whole delivery, or of the snapshot before with the delta merged into it
    by key. Exact where no key comes twice within the delivery, which is what ``primary_key_unique`` keeps out."""
    clean, gone = existing(deployment, batch.clean_files), existing(deployment, batch.gone_files)
    key = layers.key_of(batch, dataset)
    operation = text(column(dataset.delivery.operation)) if dataset.delivery.operation else "CAST(NULL AS VARCHAR)"
    keys = ", ".join(text(column(name)) for name in key)
    fresh = f"(SELECT {keys or 'NULL'}, {operation} AS operation FROM {parquet(clean)})" if clean else None
    kept = "count(*) FILTER (WHERE operation IS DISTINCT FROM 'D'), count(*) FILTER (WHERE operation = 'D')"
    arrived = _pair(connection, f"SELECT {kept} FROM {fresh}") if fresh else (0, 0)
    if batch.mode == "snapshot" or previous is None:
        return arrived[0]
    if not previous.files:
        return previous.rows + arrived[0]
    held = {
        row[0]
        for row in connection.execute(
            f"DESCRIBE SELECT * FROM {parquet([deployment.absolute(previous.files[0])])}"
        ).fetchall()
    }
    former = {item.name: item.former_names for item in dataset.columns}
    stored = {name: renames.source(name, held, former) for name in key}
    if None in stored.values():  # the key's column is gone: publishing refuses to merge, and says so
        return previous.rows + arrived[0]
    selected = ", ".join(text(alias(column(old, "b"), name)) for name, old in stored.items() if old)
    base = "(" + visible(previous, deployment, selected) + ")"
    known = _pair(connection, f"SELECT {kept} FROM {fresh} SEMI JOIN {base} USING ({keys})") if fresh else (0, 0)
    lost = (
        _pair(connection, f"SELECT count(*), 0 FROM {parquet(gone)} SEMI JOIN {base} USING ({keys})")
        if gone
        else (0, 0)
    )
    return previous.rows + arrived[0] - known[0] - known[1] - lost[0]


def _pair(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
