"""Whom the lines of a list mean: set by set, whatever the length of the list.

A line leads to a master by a valid number that some mention has, or, where it has none that leads anywhere, by name and
birth date together, which is never certain: namesakes are born on the same day too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.masters import names
from govdata.masters.mentions import Mentions, key_of, rows
from govdata.publish import newest
from govdata.standards.derivations import Survivors
from govdata.standards.masters import FOLDER
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret

if TYPE_CHECKING:
    import duckdb

BY_NAME = "name"
"""``found.by`` of a line that was found by name and birth date."""

LEVELS = ("same", "former", "variant", "similar", "other")
"""How a line's name stands to its master's, nearest first: the name taken, one that another source or an earlier row
says, another form of the same characters, the same sound or one character of three or more apart, else."""


@dataclass(frozen=True)
class Masters:
    """The newest masters of a kind not later than a date. ``table``: their dataset."""

    kind: str
    table: Dataset
    snapshot: Snapshot
    mentions: Mentions
    links: str
    relation: str


def masters_at(registry: Registry, deployment: Deployment, kind: str, date: Date) -> Masters:
    """Raises ``GovdataError`` where none were published by then."""
    table = next(
        (d for d in registry.datasets.values() if isinstance(d.derived, Survivors) and d.derived.master == kind), None
    )
    if table is None or kind not in registry.masters:
        raise GovdataError(f"没有声明主数据“{kind}”，或没有由它生成的表")
    assert isinstance(table.derived, Survivors)
    snapshot = newest(deployment, table.name, date)
    linked = newest(deployment, table.derived.links, snapshot.date) if snapshot is not None else None
    if snapshot is None or linked is None:
        raise GovdataError(f"{date} 及以前没有发布过{registry.masters[kind].name}主数据：请先运行 govdata run")
    inputs = {name: newest(deployment, name, snapshot.date) for name in registry.masters[kind].datasets}
    known = {name: found for name, found in inputs.items() if found is not None}
    mentions = Mentions(kind, registry, deployment, snapshot.date, known)
    links = registry.datasets[table.derived.links]
    wanted = ("mention_id", "row_id", f"{kind}_id")
    return Masters(
        kind,
        table,
        snapshot,
        mentions,
        rows(linked, links, registry, deployment, wanted),
        rows(snapshot, table, registry, deployment, [column.name for column in table.columns]),
    )


def find(connection: duckdb.DuckDBPyConnection, masters: Masters) -> None:
    """From ``listed(line, number, name, birth_date)`` make the temporary tables

    asked(line, rank, kind, key)       the identifiers the line's number is, in its valid forms
    found(line, master_id, by, same)   whom it means; ``same``: how many it may mean, one of whom stands here
    naming(line, level)                how the line's name stands to the master's (``LEVELS``), where both have one
    master                             the rows of the masters found
    """
    keyed(connection, secret(masters.mentions.deployment, in_use=True))
    _ask(connection, masters)
    _by_number(connection, masters)
    _by_name(connection, masters)
    own = sql.identifier(f"{masters.kind}_id")
    connection.execute(
        f"CREATE TEMP TABLE master AS SELECT {own} AS master_id, * FROM ({masters.relation}) "
        f"WHERE {own} IN (SELECT master_id FROM found)"
    )
    _compare_names(connection, masters)


def _ask(connection: duckdb.DuckDBPyConnection, masters: Masters) -> None:
    parts = []
    for rank, (kind, identifier) in enumerate(masters.mentions.master.identifiers.items(), 1):
        # The list does not say of what kind a document is: the masters' own keys tell which numbers are documents.
        key = "number" if identifier.typed else key_of(identifier, "number")
        parts.append(f"SELECT line, {rank} AS rank, {sql.text(kind)} AS kind, {key} AS key FROM listed")
    connection.execute(f"CREATE TEMP TABLE asked AS SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE key IS NOT NULL")


def _by_number(connection: duckdb.DuckDBPyConnection, masters: Masters) -> None:
    """The strongest kind of identifier by which a line is found decides."""
    own = sql.identifier(f"{masters.kind}_id")
    parts = []
    for kind, identifier in masters.mentions.master.identifiers.items():
        column = sql.identifier(f"k_{kind}")
        bare = f"substr({column}, strpos({column}, ':') + 1)" if identifier.typed else column
        parts.append(
            f"SELECT a.line, a.rank, a.kind, m.mention_id, m.row_id FROM mention AS m "
            f"JOIN (SELECT * FROM asked WHERE kind = {sql.text(kind)}) AS a ON a.key = {bare}"
        )
    connection.execute(
        f"CREATE TEMP TABLE found AS WITH mention AS ({masters.mentions.relation([])}), "
        f"hit AS ({' UNION ALL '.join(parts)}), "
        f"whom AS (SELECT DISTINCT h.line, h.rank, h.kind, l.{own} AS master_id FROM hit AS h "
        f"JOIN ({masters.links}) AS l USING (mention_id, row_id)) "
        "SELECT line, min(master_id) AS master_id, any_value(kind) AS by, count(*) AS same "
        "FROM (SELECT * FROM whom QUALIFY rank = min(rank) OVER (PARTITION BY line)) GROUP BY line"
    )


def _by_name(connection: duckdb.DuckDBPyConnection, masters: Masters) -> None:
    if "birth_date" not in masters.mentions.master.elements:
        return
    own = sql.identifier(f"{masters.kind}_id")
    left = connection.execute(
        "SELECT DISTINCT name FROM listed WHERE line NOT IN (SELECT line FROM found) AND name IS NOT NULL "
        "AND birth_date IS NOT NULL"
    ).fetchall()
    written = [(name, form.form) for (name,), form in zip(left, _forms(masters, [row[0] for row in left]), strict=True)]
    _table(connection, "written", ("name", "form"), written)
    connection.execute(
        "INSERT INTO found WITH wanted AS (SELECT l.line, l.birth_date, unnest([l.name, w.form]) AS name "
        "FROM listed AS l JOIN written AS w USING (name) WHERE l.line NOT IN (SELECT line FROM found)) "
        f"SELECT w.line, min(m.{own}), {sql.text(BY_NAME)}, count(DISTINCT m.{own}) FROM ({masters.relation}) AS m "
        "JOIN wanted AS w ON m.name = w.name AND m.birth_date = w.birth_date GROUP BY w.line"
    )


def _compare_names(connection: duckdb.DuckDBPyConnection, masters: Masters) -> None:
    own = sql.identifier(f"{masters.kind}_id")
    connection.execute(
        f"CREATE TEMP TABLE said AS WITH mention AS ({masters.mentions.relation(['name'])}) "
        f"SELECT DISTINCT l.{own} AS master_id, m.v_name AS name FROM mention AS m "
        f"JOIN ({masters.links}) AS l USING (mention_id, row_id) "
        f"WHERE l.{own} IN (SELECT master_id FROM found) AND m.v_name IS NOT NULL"
    )
    connection.execute(
        "CREATE TEMP TABLE differing AS SELECT l.line, l.name, s.name AS said, m.name AS taken FROM listed AS l "
        "JOIN found AS f USING (line) JOIN master AS m USING (master_id) JOIN said AS s USING (master_id) "
        "WHERE l.name <> m.name"
    )
    texts = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT unnest([name, said]) AS text FROM differing ORDER BY text"
        ).fetchall()
    ]
    _table(
        connection,
        "form",
        ("text", "form", "sound"),
        [(form.name, form.form, form.sound) for form in _forms(masters, texts)],
    )
    near = "a.sound = b.sound OR (length(a.form) >= 3 AND levenshtein(a.form, b.form) = 1)"
    level = (
        "CASE WHEN d.name = d.said THEN 'former' WHEN a.form = b.form THEN 'variant' "
        f"WHEN {near} THEN 'similar' ELSE 'other' END"
    )
    connection.execute(
        "CREATE TEMP TABLE naming AS SELECT line, 'same' AS level FROM listed JOIN found USING (line) "
        "JOIN master AS m USING (master_id) WHERE listed.name = m.name UNION ALL "
        f"SELECT d.line, {_nearest(level)} FROM differing AS d "
        "JOIN form AS a ON a.text = d.name JOIN form AS b ON b.text = d.said GROUP BY d.line"
    )


def _nearest(level: str) -> str:
    """SQL: the first of ``LEVELS`` among the rows of a group."""
    order = "[" + ", ".join(map(sql.text, LEVELS)) + "]"
    return f"{order}[min(list_position({order}, {level}))]"


def _forms(masters: Masters, texts: list[str]) -> list[names.Form]:
    return names.forms(texts, names.read(masters.mentions.registry.folder / FOLDER, masters.kind))


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], values: Sequence[tuple[str, ...]]
) -> None:
    import pyarrow as pa

    filled = list(zip(*values, strict=True)) if values else [()] * len(columns)
    made = pa.table({c: pa.array(v, pa.string()) for c, v in zip(columns, filled, strict=True)})
    connection.register("_incoming", made)
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM _incoming")
    connection.unregister("_incoming")
