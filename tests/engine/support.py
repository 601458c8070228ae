"""Evaluate compiled expressions on literal texts in DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from govdata.engine.syntax import column, text


def evaluate(build: Callable[[exp.Expression], exp.Expression], values: Sequence[str | None]) -> list[Any]:
    """``build(x)`` for every value of ``x``, in order, in one query (so that vectorised paths are what is tested)."""
    connection = _connection()
    connection.execute(
        "CREATE OR REPLACE TABLE t AS SELECT unnest(?::VARCHAR[]) AS x, unnest(range(?)) AS n",
        [list(values), len(values)],
    )
    return [row[0] for row in connection.execute(f"SELECT {text(build(column('x')))} FROM t ORDER BY n").fetchall()]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Asia/Shanghai'")
    return connection
