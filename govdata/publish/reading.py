"""The analyst's door in Python: a table of the catalogue as a typed pandas DataFrame."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.publish import sql

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa


def load(
    table: str, columns: Sequence[str] | None = None, where: str | None = None, home: str | os.PathLike[str] | None = None
) -> pd.DataFrame:
    """Rows of a table of the catalogue, with pyarrow-backed types (text string, dates date32, counts int64, amounts decimal).

    ``table``: ``population``, or with its schema ``quarantine.population``, ``governance.repairs``, ``codes.gbt_2261_1_sex``.
    ``columns``: their names, in the order wanted; None: all. ``where``: a SQL condition, e.g. ``birth_date >= DATE '2020-01-01'``.
    ``home``: the deployment, default ``$GOVDATA_HOME`` or the current folder. Always reads the newest catalogue.
    Raises ``GovdataError`` in Chinese on an unknown table or column and on a condition that cannot be read."""
    import pandas as pd

    deployment = Deployment.from_env(home)
    with _catalogue(deployment) as connection:
        schema, name = _find(connection, table)
        known = _columns(connection, schema, name)
        wanted = _check_columns(columns, known, f"{schema}.{name}")
        frame: pd.DataFrame = _read(connection, schema, name, wanted, where).to_pandas(types_mapper=pd.ArrowDtype)
        return frame


@contextmanager
def _catalogue(deployment: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own with the catalogue attached. Connecting to the file itself would return a cached old one while any
    handle in this process is open."""
    import duckdb

    if not deployment.catalogue.is_file():
        raise GovdataError(f"{deployment.home} 没有数据目录（data/published/govdata.duckdb）：请先运行 govdata run，或用 home 指定部署目录")
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH {sql.text(str(deployment.catalogue))} AS catalogue (READ_ONLY)")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET temp_directory = ''")
        connection.execute("SET allowed_directories = ?", [[str(deployment.published), str(deployment.data / "lake")]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _find(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str]:
    rows = connection.execute(
        "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE database_name = 'catalogue' AND NOT internal ORDER BY ALL"
    ).fetchall()
    wanted = tuple(table.split(".", 1)) if "." in table else ("published", table)
    for schema, name, _ in rows:
        if (schema, name) == wanted:
            return schema, name
    near = difflib.get_close_matches(table.split(".")[-1], [name for _, name, _ in rows], n=3)
    hint = f"；是否为：{'、'.join(near)}" if near else ""
    listed = "、".join(f"{name}（{(comment or '').split('（')[0]}）" for schema, name, comment in rows if schema == "published")
    raise GovdataError(
        f"没有表 {table}{hint}。已发布的表：{listed or '无'}；隔离区、治理记录和代码集写作 quarantine.表、governance.表、codes.代码集"
    )


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[str]:
    return [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'catalogue' AND schema_name = ? AND table_name = ? "
            "ORDER BY column_index",
            [schema, name],
        ).fetchall()
    ]


def _check_columns(columns: Sequence[str] | None, known: list[str], table: str) -> list[str]:
    if columns is None:
        return known
    if isinstance(columns, str):
        raise GovdataError("columns 应为列名的列表，例如 columns=['name', 'sex']")
    unknown = [str(column) for column in columns if column not in known]
    if unknown:
        near = {column: difflib.get_close_matches(column, known, n=1) for column in unknown}
        told = "、".join(f"{column}（是否为 {match[0]}？）" if match else column for column, match in near.items())
        raise GovdataError(f"{table} 没有列 {told}。可用的列：{'、'.join(known)}")
    if not columns:
        raise GovdataError("columns 是空列表：不写 columns 则读取全部列")
    return list(columns)


def _read(connection: duckdb.DuckDBPyConnection, schema: str, name: str, columns: list[str], where: str | None) -> pa.Table:
    import duckdb

    source = f"catalogue.{sql.identifier(schema)}.{sql.identifier(name)}"
    try:
        relation = connection.sql(f"SELECT * FROM {source}")
        if where is not None:
            # filter() accepts one expression and nothing else: no second statement, no other table's columns.
            relation = relation.filter(where)
        relation = relation.project(sql.identifiers(columns))
    except duckdb.Error as error:
        # Nothing has been read yet: the text can only quote what the caller wrote.
        raise GovdataError(f"条件无法解读：{error}") from None
    try:
        return relation.to_arrow_table()
    except duckdb.Error as error:
        raise GovdataError(
            f"读取 {schema}.{name} 失败（{type(error).__name__}）。"
            "条件中的类型转换可能遇到了不能转换的值（可用 TRY_CAST），或文件已被清理（请重新读取）"
        ) from None
