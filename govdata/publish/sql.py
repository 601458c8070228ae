"""DuckDB as publishing uses it: a bounded connection, quoting, and the relation of a list of Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.publish import files

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = os.environ.get("GOVDATA_MEMORY_LIMIT", "2GB")


@contextmanager
def connection(deployment: Deployment, purpose: str, memory_limit: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that spills into the deployment and needs no network."""
    import duckdb

    with files.scratch(deployment, purpose) as folder:
        opened = duckdb.connect(":memory:")
        try:
            opened.execute(f"SET memory_limit = {text(memory_limit or MEMORY_LIMIT)}")
            opened.execute(f"SET temp_directory = {text(str(folder))}")
            opened.execute("SET preserve_insertion_order = false")
            opened.execute("SET enable_progress_bar = false")
            opened.execute("SET autoinstall_known_extensions = false")
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
    """The table function over explicit files; without ``by_name`` all have the columns asked for. A folder called ``a=b`` above the
    files must not become a column, hence no hive partitioning."""
    listed = ", ".join(text(str(path)) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false{', union_by_name = true' if by_name else ''})"


def schema(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Column → DuckDB type of one Parquet file, in the file's order."""
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {parquet([path])}").fetchall()}


def scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
