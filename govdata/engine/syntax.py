"""The engine's trees and their text: ``govdata.trees`` printed for DuckDB."""

from govdata.trees import (
    DUCKDB,
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
from govdata.trees.dialect import FUNCTIONS

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
    "sql",
    "text",
    "try_cast",
    "wrap",
]
