"""Conflicts: every value that sources give of an element of one master where they do not all agree.

A line is a value as one table says it in one role. It is known by master, element, table, role and value, so its
``first_seen`` stands however often the row is delivered again. A line that is no longer said stays, closed, with the
day it was last seen; while it is said that day is every night's own and is not written.
"""

from __future__ import annotations

from govdata.masters.mentions import Mentions
from govdata.storage import sql

LINE = ("master_kind", "master_id", "element", "dataset", "role", "source_value")


def found(mentions: Mentions) -> str:
    """A SELECT of tonight's lines of one kind of master, without ``first_seen``, ``last_seen`` and ``open``, from what
    ``survivorship.prepare`` made."""
    owners = " ".join(
        f"WHEN f.dataset = {sql.text(name)} THEN {sql.text(mentions.registry.datasets[name].owner)}"
        for name in mentions.master.datasets
    )
    no_fill = " OR ".join(
        f"(f.element = {sql.text(name)} AND f.rank NOT IN ({', '.join(map(str, element.filling))}))"
        for name, element in mentions.master.elements.items()
    )
    reason = (
        "CASE WHEN f.comparable = c.comparable AND f.rank = c.rank AND f.row_id = c.row_id THEN "
        "'权威来源第 ' || c.rank || ' 顺位，取用' WHEN f.comparable = c.comparable THEN '与取用的值一致' "
        f"WHEN {no_fill} THEN '只参加比对，不取用' "
        "WHEN f.rank > c.rank THEN '权威来源第 ' || f.rank || ' 顺位，与第 ' || c.rank || ' 顺位取用的值不同' "
        "WHEN f.delivered < c.delivered THEN '同一顺位，交付日期较早' "
        "WHEN f.as_of IS DISTINCT FROM c.as_of THEN '同一顺位，该行的日期较早' "
        "ELSE '同一顺位，日期相同，按取值的次序未取用' END"
    )
    best = "row_number() OVER (PARTITION BY f.master_id, f.element, f.dataset, f.role, f.value ORDER BY "
    order = "(f.comparable = c.comparable AND f.row_id = c.row_id) DESC, f.rank, f.delivered DESC, f.row_id)"
    lines = (
        "SELECT f.*, c.comparable AS taken, f.comparable = c.comparable AS chosen, "
        f"{reason} AS reason, {best}{order} AS place, count(*) OVER (PARTITION BY f.master_id, f.element, f.dataset, "
        "f.role, f.value) AS mentions "
        "FROM fact AS f JOIN choice AS c USING (master_id, element) WHERE c.disagree > 0"
    )
    return (
        f"SELECT {sql.text(mentions.kind)} AS master_kind, master_id, element, dataset, role, value AS source_value, "
        "row_id, delivered AS delivery_date, mentions, chosen, reason, "
        f"CASE WHEN NOT chosen THEN CASE {owners.replace('f.dataset', 'dataset')} END END AS owner "
        f"FROM ({lines}) WHERE place = 1"
    )


def query(tonight: str, before: str | None, date_before: str | None, date: str) -> str:
    """A SELECT of ``Conflicts.output``: tonight's lines, and those of the snapshot ``before`` (a relation of the same
    columns, of ``date_before``) that are not said any more."""
    today, nothing = f"DATE {sql.text(date)}", "CAST(NULL AS DATE) AS last_seen"
    if before is None:
        return f"SELECT *, {today} AS first_seen, {nothing}, TRUE AS open FROM ({tonight})"
    same = " AND ".join(f"t.{name} = p.{name}" for name in LINE)
    known = f"SELECT t.*, coalesce(p.first_seen, {today}) AS first_seen, {nothing}, TRUE AS open"
    seen = f"coalesce(p.last_seen, DATE {sql.text(str(date_before))})"
    return (
        f"WITH tonight AS ({tonight}), before AS ({before}) {known} FROM tonight AS t LEFT JOIN before AS p ON {same} "
        f"UNION ALL BY NAME SELECT p.* REPLACE ({seen} AS last_seen, FALSE AS open) FROM before AS p "
        f"ANTI JOIN tonight AS t ON {same}"
    )
