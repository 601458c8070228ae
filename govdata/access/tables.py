"""A table of the catalogue, in columns and by a condition, as an Arrow stream."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from govdata.errors import GovdataError
from govdata.storage import sql, statements
from govdata.storage.tables.system_columns import CHINESE

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE = 100_000


def answer(
    connection: duckdb.DuckDBPyConnection, out: IO[bytes], table: str, columns: Sequence[str] | None, where: str | None
) -> None:
    """Write the rows to ``out``. Raises ``GovdataError`` on an unknown table or column and on a condition that cannot
    be read."""
    schema, name = _find(connection, table)
    wanted = _check_columns(columns, _columns(connection, schema, name), f"{schema}.{name}")
    _read(connection, out, schema, name, wanted, where)


def _find(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str]:
    rows = connection.execute(
        "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE database_name = current_database() AND NOT "
        "internal ORDER BY ALL"
    ).fetchall()
    wanted = tuple(table.split(".", 1)) if "." in table else ("published", table)
    for schema, name, _ in rows:
        if (schema, name) == wanted:
            return schema, name
    near = difflib.get_close_matches(table.split(".")[-1], [name for _, name, _ in rows], n=3)
    hint = f"；是否为：{'、'.join(near)}" if near else ""
    listed = "、".join(
        f"{name}（{(comment or '').split('（')[0]}）"
        for schema, name, comment in rows
        if schema == "published" and not name.endswith(CHINESE)
    )
    raise GovdataError(
        f"没有表 {table}{hint}。已发布的表：{listed or '无'}；隔离区、治理记录和代码集写作 quarantine.表、"
        "governance.表、codes.代码集"
    )


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[str]:
    return [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = ? "
            "AND table_name = ? "
            "ORDER BY column_index",
            [schema, name],
        ).fetchall()
    ]


def _check_columns(columns: Sequence[str] | None, known: list[str], table: str) -> list[str]:
    if columns is None:
        return known
    unknown = [column for column in columns if column not in known]
    if unknown:
        near = {column: difflib.get_close_matches(column, known, n=1) for column in unknown}
        told = "、".join(f"{column}（是否为 {match[0]}？）" if match else column for column, match in near.items())
        raise GovdataError(f"{table} 没有列 {told}。可用的列：{'、'.join(known)}")
    if not columns:
        raise GovdataError("columns 是空列表：不写 columns 则读取全部列")
    return list(columns)


def _read(
    connection: duckdb.DuckDBPyConnection, out: IO[bytes], schema: str, name: str, columns: list[str], where: str | None
) -> None:
    import duckdb
    import pyarrow as pa

    try:
        relation = connection.sql(f"SELECT * FROM {sql.identifier(schema)}.{sql.identifier(name)}")
        if where is not None:
            statements.demand_condition(
                connection, where
            )  # before it is bound, which already runs what stands after FROM
            # filter() accepts one expression and nothing else: no second statement, no other table's columns.
            relation = relation.filter(where)
        relation = relation.project(sql.identifiers(columns))
    except (duckdb.Error, GovdataError) as error:
        # Nothing has been read yet: the text can only quote what the caller wrote.
        raise GovdataError(moved(error, where or "") or f"条件无法解读：{error}") from None
    try:
        with relation.to_arrow_reader(ROWS_AT_ONCE) as rows, pa.ipc.new_stream(out, rows.schema) as stream:
            for batch in rows:
                stream.write_batch(batch)
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        if isinstance(error, BrokenPipeError | duckdb.OutOfMemoryException):
            raise
        raise GovdataError(
            f"读取 {schema}.{name} 失败（{type(error).__name__}）。"
            "条件中的类型转换可能遇到了不能转换的值（可用 TRY_CAST），或文件已被清理（请重新读取）"
        ) from None


def moved(error: Exception, written: str) -> str | None:
    """What to do where the catalogue names files out of reach, since it was built in another place; None where it is
    the query ``written`` that asks for them."""
    import duckdb

    named = re.search(r'file "([^"]+)"', str(error)) if isinstance(error, duckdb.PermissionException) else None
    if named is None or named[1] in written:
        return None
    return "目录里的文件不在这个部署里：部署移动或复制过。请先重建目录：govdata catalogue rebuild"
