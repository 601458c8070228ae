"""The process that reads: it gives up writing, opens the catalogue, answers one request and ends.

The request comes on standard input as JSON, the answer goes to standard output (lines of JSON or an Arrow stream), an
error to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from govdata.access import confinement, tables
from govdata.access.door import MEMORY
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import sql, statements

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE = 10_000


def main() -> None:
    asked = json.load(sys.stdin)
    confinement.die_with_parent(asked["parent"])
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.alarm(asked["seconds"])  # the kernel ends the process, whatever it is at
    spill = Path(asked["spill"]) if asked["spill"] else None
    if not confinement.give_up_writing(spill):
        spill = None
    try:
        # Readers that have enough of it close the pipe: no news to anybody.
        answer(Deployment(Path(asked["home"])), asked, spill, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _leave(1)
    except GovdataError as error:
        _fail(str(error))
    except Exception as error:  # may quote a record: the type has to do
        _fail(f"查询出错（{type(error).__name__}）")
    _leave(0)


def answer(deployment: Deployment, asked: dict[str, Any], spill: Path | None, out: IO[bytes]) -> None:
    """Raises ``GovdataError`` with what the person who asked should read."""
    import duckdb

    try:
        connection = connect(deployment, asked["memory"], spill, asked["spill_size"])
    except duckdb.Error as error:
        raise GovdataError(f"目录打不开（{type(error).__name__}）") from None
    try:
        with connection:
            if asked["kind"] == "table":
                tables.answer(connection, out, **asked["request"])
            else:
                _rows(connection, out, **asked["request"])
    except duckdb.OutOfMemoryException:  # its text advises settings that nobody can change here
        limit = f"上限由环境变量 {MEMORY} 设定"
        raise GovdataError(f"查询需要的内存超过 {asked['memory']}，已中止（{limit}）；可以少取几列或加条件") from None


def connect(deployment: Deployment, memory: str, spill: Path | None, spill_size: str) -> duckdb.DuckDBPyConnection:
    """The catalogue, read only, bounded, with nothing in reach but the files it names; the settings are locked."""
    settings: dict[str, sql.Setting] = {
        "memory_limit": memory,
        "temp_directory": str(spill) if spill else "",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        **({"max_temp_directory_size": spill_size} if spill else {}),
    }
    connection = sql.catalogue(deployment, settings)
    connection.execute("SET allowed_directories = ?", [[str(deployment.published), str(deployment.data / "lake")]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _rows(connection: duckdb.DuckDBPyConnection, out: IO[bytes], text: str, limit: int | None) -> None:
    """One line with the columns and the tables read, then lines of up to ``ROWS_AT_ONCE`` rows, every cell as text."""
    import duckdb

    try:
        statements.demand_query(connection, text)
        cursor = connection.execute(text)
        columns = [column[0] for column in cursor.description or ()]
        _line(out, {"columns": columns, "tables": _tables(text)})
        left = limit
        while rows := cursor.fetchmany(ROWS_AT_ONCE if left is None else min(left, ROWS_AT_ONCE)):
            _line(out, [[None if value is None else str(value) for value in row] for row in rows])
            left = None if left is None else left - len(rows)
            if left == 0:
                break
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        # What the person typed goes back to that person's own terminal, with DuckDB's explanation.
        raise GovdataError(tables.moved(error, text) or f"查询失败：{error}") from None


def _tables(text: str) -> list[str]:
    """Tables that the query names, as ``schema.name``; none where DuckDB cannot tell, which is no fault of the query.
    Asked of an empty database: with the catalogue's views at hand DuckDB would try to bind them, and fail."""
    import duckdb

    try:
        named = sql.connect(threads=1).get_table_names(text, qualified=True)
    except duckdb.Error:
        return []
    return sorted({name.split(" AS ")[0] for name in named if "." in name})


def _line(out: IO[bytes], value: Any) -> None:
    out.write(json.dumps(value).encode() + b"\n")


def _fail(message: str) -> None:
    sys.stdout.close()
    sys.stderr.write("\n" + json.dumps({"error": message}))
    sys.stderr.flush()
    _leave(1)


def _leave(code: int) -> None:
    os._exit(code)  # nothing is left to tidy up, and DuckDB takes its time


if __name__ == "__main__":
    main()
