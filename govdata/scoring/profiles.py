"""Counts of a judged delivery by which later ones are measured: rows, filled cells and distinct values, by column and
division, and how the values of a column are distributed. No value of a person is in them: a code is counted by itself,
a date by how long ago it is, a number by its magnitude, a text by its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govdata.masters.roll_up import UNKNOWN
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

CODES = 60
"""A code set with more codes is counted by the first two characters of its codes."""
_AGE = (
    "CASE WHEN days < 0 THEN '未来' WHEN days < 8 THEN '8 天内' WHEN days < 31 THEN '1 月内' "
    "WHEN days < 366 THEN '1 年内' ELSE CAST(days // 3653 AS VARCHAR) || ' 个十年前' END"
)


def profiles(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, mode: str, division: str | None
) -> list[dict[str, Any]]:
    """The lines of ``governance.profiles``, without date and batch, of the view ``delivered``."""
    names = [column.name for column in dataset.columns]
    code_set = registry.element(dataset.name, division).code_set if division else None
    column = sql.identifier(division or "")
    known = f"{column} IN (SELECT code FROM codes.{sql.identifier(code_set)})" if code_set else ""
    place = f"CASE WHEN {known} THEN {column} ELSE '{UNKNOWN}' END"
    filled = ", ".join(f"count({sql.identifier(name)})" for name in names)
    distinct = ", ".join(f"approx_count_distinct({sql.identifier(name)})" for name in names)
    (whole,) = connection.execute(f"SELECT count(*), {filled}, {distinct} FROM delivered").fetchall()
    by_place = (
        connection.execute(
            f"SELECT {place} AS place, count(*), {filled} FROM delivered GROUP BY place ORDER BY 1"
        ).fetchall()
        if known
        else []
    )
    lines = [{"division": None, "column_name": None, "rows": whole[0], "filled": None, "distinct_values": None}]
    for name, cells, values in zip(names, whole[1 : 1 + len(names)], whole[1 + len(names) :], strict=True):
        lines.append({"division": None, "column_name": name, "rows": whole[0], "filled": cells,
                      "distinct_values": min(values, cells)})  # fmt: skip
    for code, rows, *cells in by_place:
        lines.append({"division": code, "column_name": None, "rows": rows, "filled": None, "distinct_values": None})
        lines += [
            {"division": code, "column_name": name, "rows": rows, "filled": count, "distinct_values": None}
            for name, count in zip(names, cells, strict=True)
        ]
    return [{"mode": mode, **line} for line in lines]


def distributions(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, date: str
) -> list[dict[str, Any]]:
    """The lines of ``governance.distributions``, without date and batch, of the view ``delivered``."""
    names = [column.name for column in dataset.columns if column.name not in dataset.key]
    if not names:
        return []
    counted = ", ".join(f"histogram({_bucket(name, registry, dataset, date)})" for name in names)
    (buckets,) = connection.execute(f"SELECT {counted} FROM delivered").fetchall()
    return [
        {"column_name": name, "bucket": bucket, "rows": count}
        for name, known in zip(names, buckets, strict=True)
        for bucket, count in sorted((known or {}).items())
    ]


def _bucket(name: str, registry: Registry, dataset: Dataset, date: str) -> str:
    """SQL: the bucket of a column's value, NULL where there is none."""
    element, column = registry.element(dataset.name, name), sql.identifier(name)
    match element.type:
        case "code":
            many = element.code_set is not None and len(registry.code_sets[element.code_set].codes) > CODES
            return f"left({column}, 2)" if many else f"left({column}, 12)"
        case "boolean":
            return f"CAST({column} AS VARCHAR)"
        case "date" | "datetime":
            days = f"date_diff('day', CAST({column} AS DATE), DATE '{date}')"
            return f"CASE WHEN {column} IS NOT NULL THEN {_AGE.replace('days', days)} END"
        case "integer" | "decimal":
            size = f"CAST(floor(log10(1 + abs(CAST({column} AS DOUBLE))) * 2) AS VARCHAR)"
            return f"CASE WHEN {column} < 0 THEN '负数' WHEN {column} IS NOT NULL THEN {size} END"
    size = f"length({column})"
    return (
        f"CASE WHEN {size} < 8 THEN CAST({size} AS VARCHAR) "
        f"WHEN {size} >= 8 THEN CAST({size} // 6 * 6 AS VARCHAR) || '起' END"
    )
