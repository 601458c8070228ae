"""Whether a text is a query and nothing else, judged by DuckDB's own tree of it.

The kind of the outermost statement says nothing: a CTE may hold COPY, INSERT, UPDATE or DELETE at any depth. So every
node of the tree that is a statement must be one of the few kinds that read; a kind a later DuckDB brings is refused
until it stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from govdata.errors import GovdataError

if TYPE_CHECKING:
    import duckdb

READING = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}

TABLE_FUNCTIONS = {
    *(
        "range",
        "generate_series",
        "unnest",
        "repeat",
        "repeat_row",
        "json_each",
        "json_tree",
        "summary",
        "histogram",
        "histogram_values",
    ),
    *(
        "read_parquet",
        "parquet_scan",
        "parquet_schema",
        "parquet_metadata",
        "parquet_file_metadata",
        "parquet_kv_metadata",
        "glob",
    ),
    *(
        "read_csv",
        "read_csv_auto",
        "read_json",
        "read_json_auto",
        "read_ndjson",
        "read_ndjson_auto",
        "sniff_csv",
        "query_table",
    ),
    *(
        "duckdb_columns",
        "duckdb_constraints",
        "duckdb_databases",
        "duckdb_functions",
        "duckdb_keywords",
        "duckdb_schemas",
    ),
    *(
        "duckdb_settings",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "pragma_table_info",
        "pragma_version",
        "icu_calendar_names",
    ),
}
"""The functions that may stand after FROM, beside the catalogue's own macros (``population_at``): they read. Others of
DuckDB's run a statement given as text or as a tree (``query``), which is none of this tree's nodes, open files to write
(``enable_logging``) or change the database's state (``checkpoint``, ``truncate_duckdb_logs``); one that a later DuckDB
brings is refused until it stands here."""

CHANGING = {"write_log", "setval", "nextval", "setseed"}
"""Functions of a row that do more than answer."""

_EXPLAIN = re.compile(r"\s*EXPLAIN\b\s*(ANALYZE\b\s*)?(\([\w\s,]*\)\s*)?", re.IGNORECASE)
"""The options are words: whatever could hold a bracket in a string or a comment would shift where the explained
statement begins. For the same reason no comment may stand before EXPLAIN."""

_REFUSED = "只能运行一条 SELECT（或 DESCRIBE、SHOW、SUMMARIZE、EXPLAIN），其中任何一层都不能写入"


def demand_query(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raises ``GovdataError`` unless ``text`` is one statement that reads, or an EXPLAIN of one; ``duckdb.Error`` where
    it is no SQL."""
    import duckdb

    kinds = [statement.type for statement in connection.extract_statements(text)]
    if kinds == [duckdb.StatementType.MULTI]:  # DuckDB itself would look the values up first, and keep them as a type
        raise GovdataError("PIVOT 要写明取哪些值：PIVOT 表 ON 列 IN (值, …) USING …")
    if kinds == [duckdb.StatementType.EXPLAIN]:  # EXPLAIN ANALYZE runs what it explains
        explained = _EXPLAIN.match(text)
        text = text[explained.end() :] if explained else ""
    _demand_reading(connection, text)


def demand_condition(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """The same for a condition: one expression in which nothing writes."""
    _demand_reading(connection, f"SELECT ({text}\n)")


def demand_select_from(connection: duckdb.DuckDBPyConnection, text: str, tables: Collection[str]) -> None:
    """The same for a SELECT that reads from ``tables`` and nothing else: no other table, no file, no function after
    FROM."""
    nodes = _demand_reading(connection, text)
    other = {str(node.get("table_name")) for node in nodes if node.get("type") == "BASE_TABLE"} - set(tables)
    if other or any(node.get("type") == "TABLE_FUNCTION" for node in nodes):
        raise GovdataError(_REFUSED)


def _demand_reading(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    written = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0]
    try:
        tree = json.loads(written)
    except RecursionError:
        raise GovdataError("查询嵌套过深") from None
    if tree.get("error") or len(tree["statements"]) != 1:
        raise GovdataError(f"{_REFUSED}：{tree['error_message']}" if tree.get("error") else _REFUSED)
    nodes = list(_nodes(tree["statements"]))
    if any(not _reads(node) for node in nodes):
        raise GovdataError(_REFUSED)
    called = {
        str(node["function"].get("function_name", "")).lower() for node in nodes if node.get("type") == "TABLE_FUNCTION"
    }
    if refused := sorted(called - TABLE_FUNCTIONS - (_macros(connection) if called else set())):
        raise GovdataError(f"FROM 后不能用函数 {'、'.join(refused)}：它不只是读取，或不在允许之列")
    return nodes


def _macros(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Names of the catalogue's own table macros."""
    listed = (
        "SELECT function_name FROM duckdb_functions() WHERE function_type = 'table_macro' AND database_name = "
        "current_database()"
    )
    return {name.lower() for (name,) in connection.execute(listed).fetchall()}


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, without recursion: a query may be nested deeper than Python calls."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _reads(node: dict[str, Any]) -> bool:
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") or "cte_map" in node:
        return kind in READING
    if str(node.get("function_name", "")).lower() in CHANGING:
        return False
    return "info_type" not in node  # what a statement other than a query carries
