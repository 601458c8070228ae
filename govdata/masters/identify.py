"""Whom a number means: the masters that an identifier of any declared kind leads to, without a scan where it is the
strongest one, since a master's id is made of it."""

from __future__ import annotations

from contextlib import closing
from datetime import date as Date
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.masters.lookup import Masters, masters_at
from govdata.masters.mentions import key_of, master_id
from govdata.standards.model import Registry
from govdata.storage import sql
from govdata.storage.secret import keyed, secret

if TYPE_CHECKING:
    import duckdb


def identify(registry: Registry, deployment: Deployment, kind: str, number: str) -> list[str]:
    """Ids of the newest masters of a kind that have the identifier ``number``: the one whose id is made of it, else
    those of the mentions that carry it. Raises ``GovdataError`` where no masters were published."""
    found = masters_at(registry, deployment, kind, Date.max)
    with closing(sql.connect(threads=2)) as connection:
        keyed(connection, secret(deployment, in_use=True))
        connection.execute("CREATE TEMP TABLE asked AS SELECT $1 AS number", [number])
        return _made_of(connection, found) or _carried(connection, found)


def _made_of(connection: duckdb.DuckDBPyConnection, masters: Masters) -> list[str]:
    own = sql.identifier(f"{masters.kind}_id")
    for name, identifier in masters.mentions.master.identifiers.items():
        if identifier.typed:
            continue
        made = f"SELECT {master_id(masters.kind, sql.text(name), key_of(identifier, 'number'))} FROM asked"
        asked = connection.execute(made).fetchall()[0][0]
        if connection.execute(f"SELECT 1 FROM ({masters.relation}) WHERE {own} = ?", [asked]).fetchall():
            return [str(asked)]
    return []


def _carried(connection: duckdb.DuckDBPyConnection, masters: Masters) -> list[str]:
    """A weaker kind that led to a stronger one, or a document, which is unique within its type only."""
    hits = []
    for name, identifier in masters.mentions.master.identifiers.items():
        column = sql.identifier(f"k_{name}")
        bare = f"substr({column}, strpos({column}, ':') + 1)" if identifier.typed else column
        asked = "number" if identifier.typed else key_of(identifier, "number")
        hits.append(f"{bare} = (SELECT {asked} FROM asked)")
    own = sql.identifier(f"{masters.kind}_id")
    query = (
        f"SELECT DISTINCT {own} FROM ({masters.mentions.relation([])}) AS m "
        f"JOIN ({masters.links}) AS l USING (mention_id, row_id) WHERE {' OR '.join(hits)} ORDER BY 1"
    )
    return [row[0] for row in connection.execute(query).fetchall()]
