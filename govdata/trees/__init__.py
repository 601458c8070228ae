"""SQL as syntax trees: built from fixed templates, printed for one engine by its dialect. Knows no standards, no engine
and no data.

Every tree is written in DuckDB's spelling (what ``strpos`` or ``regexp_matches`` means is what DuckDB means by it); a
dialect prints it for an engine, or names what that engine lacks.
"""

from govdata.trees.build import (
    alias,
    bound,
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
from govdata.trees.dialect import DUCKDB, FUNCTIONS, SPARK, Dialect, UnsupportedError

__all__ = [
    "DUCKDB",
    "FUNCTIONS",
    "SPARK",
    "Dialect",
    "UnsupportedError",
    "alias",
    "bound",
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
