"""Whom a number means: the masters that an identifier of any declared kind leads to, without a scan where it is the
strongest one, since a master's id is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import date as Date

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.masters.mentions import Mentions, key, master_id, rows
from govdata.standards.derivations import Links
from govdata.standards.model import Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret


def identify(
    registry: Registry, deployment: Deployment, kind: str, number: str, date: Date, snapshots: Mapping[str, Snapshot]
) -> list[str]:
    """Ids of the masters of a kind that have the identifier ``number``, on ``date``: where a strongest valid one is
    known to the links, its master; else the masters of the mentions that carry it. ``snapshots``: table → snapshot, of
    the links and of what they were made of."""
    table = next(d for d in registry.datasets.values() if isinstance(d.derived, Links) and d.derived.master == kind)
    mentions = Mentions(kind, registry, deployment, date, snapshots)
    own = sql.identifier(f"{kind}_id")
    wanted = ("mention_id", "row_id", f"{kind}_id")
    links = rows(snapshots[table.name], table, registry, deployment, wanted)
    with closing(sql.connect(threads=2)) as connection:
        keyed(connection, secret(deployment, in_use=True))
        columns = ", ".join(f"$1 AS {sql.identifier('n_' + name)}" for name in mentions.identifiers)
        connection.execute(f"CREATE TEMP TABLE asked AS SELECT {columns}", [number])
        for name, identifier in mentions.master.identifiers.items():
            if identifier.typed:
                continue
            made = f"SELECT {master_id(kind, sql.text(name), key(identifier, name))} FROM asked"
            found = connection.execute(made).fetchall()[0][0]
            if connection.execute(f"SELECT 1 FROM ({links}) WHERE {own} = ? LIMIT 1", [found]).fetchall():
                return [str(found)]
        return _carried(connection, mentions, links, number)


def _carried(connection: sql.Session, mentions: Mentions, links: str, number: str) -> list[str]:
    """By the mentions that carry the number: a weaker kind that led to a stronger one, or a document, which is unique
    within its type only."""
    hits = []
    for name, identifier in mentions.master.identifiers.items():
        column = sql.identifier(f"k_{name}")
        asked = "$1" if identifier.typed else f"(SELECT {key(identifier, name)} FROM asked)"
        bare = f"substr({column}, strpos({column}, ':') + 1)" if identifier.typed else column
        hits.append(f"{bare} = {asked}")
    own = sql.identifier(f"{mentions.kind}_id")
    query = (
        f"SELECT DISTINCT {own} FROM ({mentions.relation([])}) AS m JOIN ({links}) AS l USING (mention_id, row_id) "
        f"WHERE {' OR '.join(hits)} ORDER BY 1"
    )
    return [row[0] for row in connection.execute(query, [number]).fetchall()]
