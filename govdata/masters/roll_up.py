"""``roll_up``: rows counted over a hierarchy of codes, with its history.

A row counts where its code stands today: a code that was abolished and has one successor counts there, and on from
there through all its parents. The abolished code keeps a line of its own, with the rows that still carry it, and counts
in nobody's sum: so of the codes in force a parent's count is the sum of its children's and of the rows that carry its
own code. Rows without a code, or with one that the code set does not know, have a line too: nothing is lost between the
table and its sums.
"""

from __future__ import annotations

from govdata.standards.derivations import RollUp
from govdata.storage import sql

UNKNOWN = "未知"
"""Stands for the code of rows that have none."""

LEVELS = (
    "CASE WHEN length(code) > 9 THEN '村级' WHEN length(code) > 6 THEN '乡级' WHEN right(code, 4) = '0000' THEN '省级' "
    + ("WHEN right(code, 2) = '00' THEN '地级' ELSE '县级' END")
)


def lineage(codes: str) -> dict[str, str]:
    """Named steps over a step ``counted`` with a column ``code``; ``lineage(code, division)`` says in which divisions a
    code counts. ``codes``: the relation of the code set. They are recursive: ``WITH RECURSIVE``."""
    return {
        # Where a code counts: itself while it is in force or has no one successor, else its successor, and so on.
        "moves": (
            f"SELECT code, successor FROM {codes} WHERE NOT current AND successor <> '' AND successor IN (SELECT code "
            f"FROM {codes})"
        ),
        "heirs": "SELECT code, code AS heir, 0 AS steps FROM counted UNION ALL "
        "SELECT h.code, m.successor, h.steps + 1 FROM heirs AS h JOIN moves AS m ON m.code = h.heir WHERE h.steps < 20",
        "settled": "SELECT code, arg_max(heir, steps) AS heir FROM heirs GROUP BY code",
        "lineage": "SELECT code, heir AS division, 0 AS steps FROM settled UNION ALL "
        f"SELECT l.code, c.parent, l.steps + 1 FROM lineage AS l JOIN {codes} AS c ON c.code = l.division "
        "WHERE c.parent <> '' AND l.steps < 20",
    }


def query(made: RollUp, rows: str, code_set: str, conditions: dict[str, str]) -> str:
    """A SELECT of ``made.output()``, one row per code. ``rows``: the relation to count; ``conditions``: column → SQL
    over it, TRUE where a row counts."""
    division = sql.identifier(made.division)
    codes = f"codes.{sql.identifier(code_set)}"
    where = f" WHERE {conditions['where']}" if "where" in conditions else ""
    counts = {made.total: "TRUE"} | {name: conditions[name] for name in made.counts}
    counted = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {sql.identifier(name)}" for name, condition in counts.items()
    )
    summed = ", ".join(
        f"CAST(coalesce(sum({sql.identifier(name)}), 0) AS BIGINT) AS {sql.identifier(name)}" for name in counts
    )
    known = f"CASE WHEN {division} IN (SELECT code FROM {codes}) THEN {division} ELSE '{UNKNOWN}' END"
    named = ", ".join(sql.identifier(name) for name in counts)
    steps = {
        "counted": f"SELECT {known} AS code, count(*) AS under_this_code, {counted} FROM ({rows}){where} GROUP BY ALL",
        **lineage(codes),
        "sums": f"SELECT division AS code, {summed} FROM lineage JOIN counted USING (code) GROUP BY ALL",
        "moved": f"SELECT code, {named} FROM counted WHERE code IN (SELECT code FROM settled WHERE code <> heir)",
        "listed": "SELECT * FROM sums UNION ALL BY NAME SELECT * FROM moved",
    }
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    own = "SELECT code, under_this_code FROM counted"
    return (
        f"WITH RECURSIVE {listed} SELECT l.code AS division, coalesce(c.name_zh, '没有区划代码或代码不在代码集中') "
        "AS division_name, "
        f"CASE WHEN c.code IS NULL THEN '{UNKNOWN}' ELSE {LEVELS.replace('code', 'c.code')} END AS level, "
        "nullif(c.parent, '') AS parent_division, coalesce(c.current, FALSE) AS in_force, nullif(c.successor, '') AS "
        "successor, "
        f"coalesce(o.under_this_code, 0) AS under_this_code, {named} "
        f"FROM listed AS l LEFT JOIN {codes} AS c ON c.code = l.code LEFT JOIN ({own}) AS o ON o.code = l.code"
    )
