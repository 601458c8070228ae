"""Whether a text is a query and nothing else, judged by DuckDB's own tree of it.

The kind of the outermost statement says nothing: a CTE may hold COPY, INSERT, UPDATE or DELETE at any depth. So every node of the
tree that is a statement must be one of the few kinds that read; a kind a later DuckDB brings is refused until it stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from govdata.errors import GovdataError

if TYPE_CHECKING:
    import duckdb

READING = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}

HIDING = {"query", "json_execute_serialized_sql", "enable_logging"}
"""Functions that run a statement given as text or as a tree, which is none of this tree's nodes, or that open a file to write."""

_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?(\([\w\s,]*\)\s*)?", re.IGNORECASE)
"""The options are words: whatever could hold a bracket in a string or a comment would shift where the explained statement begins."""

_REFUSED = "只能运行一条 SELECT（或 DESCRIBE、SHOW、SUMMARIZE、EXPLAIN），其中任何一层都不能写入"


def demand_query(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raises ``GovdataError`` unless ``text`` is one statement that reads, or an EXPLAIN of one; ``duckdb.Error`` where it is no SQL."""
    import duckdb

    kinds = [statement.type for statement in connection.extract_statements(text)]
    if kinds == [duckdb.StatementType.EXPLAIN]:  # EXPLAIN ANALYZE runs what it explains
        explained = _EXPLAIN.match(text)
        text = text[explained.end() :] if explained else ""
    _demand_reading(connection, text)


def demand_condition(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """The same for a condition: one expression in which nothing writes."""
    _demand_reading(connection, f"SELECT ({text}\n)")


def _demand_reading(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    written = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0]
    try:
        tree = json.loads(written)
    except RecursionError:
        raise GovdataError("查询嵌套过深") from None
    if tree.get("error") or len(tree["statements"]) != 1:
        raise GovdataError(f"{_REFUSED}：{tree['error_message']}" if tree.get("error") else _REFUSED)
    if any(not _reads(node) for node in _nodes(tree["statements"])):
        raise GovdataError(_REFUSED)


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
    if str(node.get("function_name", "")).lower() in HIDING:
        return False
    return "info_type" not in node  # what a statement other than a query carries
