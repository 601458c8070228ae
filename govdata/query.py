"""``govdata sql``: one read-only statement on the catalogue, in a DuckDB that can reach nothing outside the deployment's data."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from govdata.deployment import Deployment
from govdata.errors import GovdataError

if TYPE_CHECKING:
    import duckdb
    from rich.table import Table

_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?(\([^)]*\)\s*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    more: bool


def select(deployment: Deployment, text: str, limit: int | None) -> Result:
    """At most ``limit`` rows of the one SELECT in ``text`` (None: all). Raises ``GovdataError`` on anything but a SELECT that runs."""
    import duckdb

    if not deployment.catalogue.is_file():
        raise GovdataError("还没有目录：请先运行 govdata run")
    allowed = [str(deployment.published), str(deployment.data / "lake")]
    try:
        with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
            connection.execute("SET allowed_directories = ?", [allowed])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            _only_select(connection, text)
            cursor = connection.execute(text)
            columns = tuple(column[0] for column in cursor.description or ())
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    except duckdb.Error as error:
        # What the person typed goes back to that person's own terminal, with DuckDB's explanation.
        raise GovdataError(f"查询失败：{error}") from None
    more = limit is not None and len(rows) > limit
    return Result(columns, rows[:limit] if limit is not None else rows, more)


def _only_select(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """COPY … TO an allowed folder would still write there, so the statement's kind is checked and not only the sandbox's settings."""
    import duckdb

    types = [statement.type for statement in connection.extract_statements(text)]
    if types == [duckdb.StatementType.EXPLAIN]:  # EXPLAIN ANALYZE runs what it explains: that must be a SELECT as well
        explained = _EXPLAIN.match(text)
        types = [statement.type for statement in connection.extract_statements(text[explained.end() :])] if explained else []
    if types != [duckdb.StatementType.SELECT]:
        raise GovdataError("只能运行一条 SELECT（或 DESCRIBE、SHOW、EXPLAIN）")


def as_table(result: Result) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(header_style="bold")
    for column in result.columns:
        table.add_column(escape(column), overflow="fold")
    for row in result.rows:
        table.add_row(*("NULL" if value is None else escape(str(value)) for value in row))
    return table


def write_csv(result: Result, out: TextIO) -> None:
    writer = csv.writer(out)
    writer.writerow(result.columns)
    writer.writerows(result.rows)
