"""The engine's trees and their text: ``govdata.trees`` printed for DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from govdata.trees import (
    DUCKDB,
    FUNCTIONS,
    alias,
    column,
    conjunction,
    derived,
    disjunction,
    list_of,
    literal,
    one_of,
    sql,
    text,
    try_cast,
    wrap,
)

DIALECT = DUCKDB.name

__all__ = [
    "DIALECT",
    "FUNCTIONS",
    "alias",
    "column",
    "conjunction",
    "derived",
    "disjunction",
    "list_of",
    "literal",
    "one_of",
    "replace_layer",
    "sql",
    "text",
    "try_cast",
    "wrap",
]


def replace_layer(
    inner: exp.Expression, replaced: Sequence[exp.Alias], added: Sequence[exp.Expression] = ()
) -> exp.Select:
    """``SELECT * REPLACE (replaced), added FROM (inner)``."""
    star = exp.Star(replace=list(replaced)) if replaced else exp.Star()
    return exp.Select().select(star, *added, copy=False).from_(derived(inner), copy=False)
