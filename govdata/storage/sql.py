"""The one DuckDB of the house: how it is opened, how names and texts are quoted, how Parquet files are read and
written."""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from govdata.deployment import Deployment
from govdata.errors import GovdataError
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


Setting = str | bool | int | float | list[str]

Shared = Mapping[tuple[str, str], "pyarrow.Table"]
"""(database, table) → its rows: tables that many sessions read and none changes, found as ``database.table``."""


def connect(
    *,
    memory_limit: str | None = None,
    threads: int | None = None,
    spill: Path | None = None,
    ordered: bool = False,
    shared: Shared = MappingProxyType({}),
) -> duckdb.DuckDBPyConnection:
    """A session in an empty in-memory database of its own, in Beijing time, that installs and loads nothing by itself.
    ``spill``: a folder for what does not fit; without it nothing is spilled. ``ordered``: rows keep the order they come
    in, at the price of memory. ``shared``: tables beside its own.

    To start DuckDB takes as long as a small query, and a night has hundreds of sessions: whoever lets go of one leaves
    its DuckDB to the next, and to one that shares tables also those that are the same Arrow table again."""
    import duckdb

    settings = [
        f"SET memory_limit = {text(memory_limit or MEMORY_LIMIT)}",
        f"SET temp_directory = {text(str(spill) if spill else '')}",
        f"SET preserve_insertion_order = {'true' if ordered else 'false'}",
        f"SET threads = {int(threads)}" if threads is not None else "RESET threads",
        "RESET partitioned_write_flush_threshold",
    ]
    started = _free(sharing=bool(shared))
    try:
        started.database.execute("; ".join(settings))
    except duckdb.Error:  # one that has spilled keeps to its folder
        started = _started()
        started.database.execute("; ".join(settings))
    started.share(shared)
    name = f"session_{next(_numbers)}"
    session = started.database.cursor()
    session.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
    session.execute(f"{CLOCK}; SET enable_progress_bar = false")
    weakref.finalize(session, _let_go, started, name).atexit = False
    return session


def create_table(connection: Session, name: str, table: pyarrow.Table) -> None:
    """Copy an Arrow table into the database under ``name`` (already quoted), in place of what has that name."""
    connection.register("_incoming", table)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM _incoming")
    connection.unregister("_incoming")


IDLE_MEMORY = "32MB"
"""What a DuckDB may hold that waits. What it has freed it keeps for itself until it is held to less."""


@dataclass
class _Started:
    """A DuckDB of this process and the tables it shares with its sessions."""

    database: duckdb.DuckDBPyConnection
    shared: dict[tuple[str, str], pyarrow.Table] = field(default_factory=dict)

    @property
    def attached(self) -> set[str]:
        return {database for database, _ in self.shared}

    def share(self, wanted: Shared) -> None:
        for (database, name), table in wanted.items():
            if self.shared.get((database, name)) is table:
                continue
            if database not in self.attached:
                self.database.execute(f"ATTACH ':memory:' AS {identifier(database)}")
            create_table(self.database, f"{identifier(database)}.{identifier(name)}", table)
            self.shared[database, name] = table


_numbers = itertools.count(1)
_waiting: dict[bool, list[_Started]] = {True: [], False: []}
"""DuckDBs of this process that no session uses, by whether they share tables; as many as there were sessions at one
time. Who asks for no shared tables finds none."""


def _free(*, sharing: bool) -> _Started:
    try:
        return _waiting[sharing].pop()
    except IndexError:
        return _started()


def _started() -> _Started:
    import duckdb

    database = duckdb.connect(":memory:")
    database.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    return _Started(database)


def _let_go(started: _Started, name: str) -> None:
    import duckdb

    database = started.database
    try:
        database.execute(f"DETACH {name}; SET memory_limit = {text(IDLE_MEMORY)}")
        others = database.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall()
    except duckdb.Error:
        database.close()
        return
    if others == [(1 + len(started.attached),)]:  # its own; a session that failed may have left a file attached
        _waiting[bool(started.shared)].append(started)
    else:
        database.close()


def another(opened: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A further session on the database of ``opened``, which may work on while a result of this one is read. The clock
    and the database are each session's own; all other settings are shared."""
    ((name,),) = opened.execute("SELECT current_database()").fetchall()
    cursor = opened.cursor()
    cursor.execute(f"{CLOCK}; USE {identifier(name)}")
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


def catalogue(
    deployment: Deployment, settings: Mapping[str, Setting] = MappingProxyType({})
) -> duckdb.DuckDBPyConnection:
    """The catalogue, read only, in Beijing time, within ``MEMORY_LIMIT``; ``settings`` go before these. A process that
    has it open may open it again with the same settings only. Raises ``GovdataError`` before the first night."""
    import duckdb

    if not deployment.catalogue.is_file():
        raise GovdataError("还没有目录：请先运行 govdata run")
    bounds: dict[str, Setting] = {
        "memory_limit": MEMORY_LIMIT,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    opened = duckdb.connect(str(deployment.catalogue), read_only=True, config=bounds | dict(settings))
    opened.execute(f"{CLOCK}; SET enable_progress_bar = false")
    return opened


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


def schema(connection: Session, path: Path) -> dict[str, str]:
    """Column → DuckDB type of one Parquet file, in the file's order."""
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {parquet([path])}").fetchall()}


def scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
