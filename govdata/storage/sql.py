"""The one DuckDB of the house: how it is opened, how names and texts are quoted, how Parquet files are read and
written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from govdata.deployment import Deployment
from govdata.storage import files

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MEMORY_LIMIT = os.environ.get("GOVDATA_MEMORY_LIMIT", "1500MB")
"""What DuckDB may hold before it spills; the process needs some 300 MB beside it."""

PARQUET = "FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1"
"""How the lake and the published tables are written. Against DuckDB's default zstd: a quarter less CPU to write, a
fifth less to read, a twentieth smaller."""


CLOCK = "SET TimeZone = 'Asia/Shanghai'"


class Rows(Protocol):
    def fetchone(self) -> tuple[Any, ...] | None: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Stream(Protocol):
    def to_arrow_reader(self, batch_size: Any = ..., /) -> pyarrow.RecordBatchReader: ...


class Session(Protocol):
    """All that the engine asks of a database that it has opened: a second one is these five methods, ``parquet`` and
    ``PARQUET`` for files, and a dialect of the trees. What is executed outside the trees is still DuckDB's SQL."""

    def execute(self, query: str, parameters: Any = ..., /) -> Rows: ...

    def sql(self, query: str, /) -> Stream: ...

    def register(self, name: str, table: Any, /) -> Any: ...

    def unregister(self, name: str, /) -> Any: ...

    def close(self) -> None: ...


def connect(
    *, memory_limit: str | None = None, threads: int | None = None, spill: Path | None = None, ordered: bool = False
) -> duckdb.DuckDBPyConnection:
    """An in-memory database in Beijing time that installs and loads nothing by itself. ``spill``: a folder for what
    does not fit; without it nothing is spilled. ``ordered``: rows keep the order they come in, at the price of
    memory."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    connection.execute(f"{CLOCK}; SET enable_progress_bar = false")
    connection.execute(f"SET memory_limit = {text(memory_limit or MEMORY_LIMIT)}")
    connection.execute(f"SET temp_directory = {text(str(spill) if spill else '')}")
    if not ordered:
        connection.execute("SET preserve_insertion_order = false")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def another(opened: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A further connection to the database of ``connect``, a hundred times cheaper than another database. The clock is
    each connection's own; all other settings are the database's."""
    cursor = opened.cursor()
    cursor.execute(CLOCK)
    return cursor


@contextmanager
def connection(
    deployment: Deployment, purpose: str, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """``connect``, spilling into a scratch folder of the deployment that is gone at the end."""
    with files.scratch(deployment, purpose) as folder:
        opened = connect(memory_limit=memory_limit, spill=folder)
        try:
            yield opened
        finally:
            opened.close()


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def parquet(paths: Iterable[Path], *, by_name: bool = False) -> str:
    """The table function over explicit files; without ``by_name`` all have the columns asked for. A folder called
    ``a=b`` above the files must not become a column, hence no hive partitioning."""
    listed = ", ".join(text(str(path)) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false{', union_by_name = true' if by_name else ''})"


def texts(paths: Iterable[Path], typed: Iterable[str]) -> str:
    """``parquet``, the columns ``typed`` as text: a raw batch's rows as they were delivered."""
    replaced = replaced_by_text(typed)
    return f"(SELECT *{replaced} FROM {parquet(paths)})" if replaced else parquet(paths)


def replaced_by_text(columns: Iterable[str]) -> str:
    """What follows the star of a SELECT that gives ``columns`` as text; empty where there are none."""
    casts = [f"CAST({name} AS VARCHAR) AS {name}" for name in map(identifier, columns)]
    return f" REPLACE ({', '.join(casts)})" if casts else ""


def schema(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Column → DuckDB type of one Parquet file, in the file's order."""
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {parquet([path])}").fetchall()}


def scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
