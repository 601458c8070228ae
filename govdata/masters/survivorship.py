"""Survivorship 一数一源: of each element of a master, what the most authoritative source says, and who says otherwise.

``prepare`` makes three temporary tables, which masters and conflicts are read from:

    identified   master_id, rank and key of its strongest identifier, mentions, datasets
    fact         what each mention says of each element, with the rank of the source
    choice       per master and element the value taken, and how many facts agree and disagree with it

Between facts of one rank the newest delivery goes first, then the newest date of the row, then the order of the texts:
so that any order of rows gives the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from govdata.masters.mentions import Mentions
from govdata.standards.derivations import Survivors
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

BETTER = "rank, delivered DESC, as_of DESC NULLS LAST, value, dataset, role, row_id"
"""The order of facts of one master and element, best first."""


def prepare(connection: duckdb.DuckDBPyConnection, mentions: Mentions, links: str) -> None:
    """Make ``identified``, ``fact`` and ``choice``. ``links``: a relation of ``Links.output``. Needs ``mac``."""
    elements = mentions.master.elements
    master_id = sql.identifier(f"{mentions.kind}_id")
    linked = (
        f"SELECT m.*, l.{master_id} AS master_id FROM ({mentions.relation(list(elements))}) AS m "
        f"JOIN ({links}) AS l USING (mention_id, row_id)"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE linked AS {linked}")
    kinds = mentions.identifiers
    cases = " ".join(
        f"WHEN {sql.identifier('k_' + kind)} IS NOT NULL THEN {{'rank': {rank}, 'key': {sql.identifier('k_' + kind)}}}"
        for rank, kind in enumerate(kinds, 1)
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE identified AS SELECT master_id, min(CASE {cases} END) AS identity, "
        "count(*) AS mentions, count(DISTINCT dataset) AS datasets FROM linked GROUP BY master_id"
    )
    facts = " UNION ALL ".join(_facts(name, element.latest) for name, element in elements.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fact AS {facts}")
    fills = " OR ".join(
        f"(element = {sql.text(name)} AND rank IN ({', '.join(map(str, element.filling))}))"
        for name, element in elements.items()
    )
    best = (
        f"SELECT * FROM fact WHERE {fills} "
        f"QUALIFY row_number() OVER (PARTITION BY element, master_id ORDER BY {BETTER}) = 1"
    )
    agreeing = "count(*) FILTER (WHERE f.comparable = b.comparable)"
    counted = (
        f"SELECT element, master_id, {agreeing} AS agree, count(*) - {agreeing} AS disagree "
        "FROM fact AS f JOIN best AS b USING (element, master_id) GROUP BY ALL"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE choice AS WITH best AS ({best}), counted AS ({counted}) "
        "SELECT * FROM best JOIN counted USING (element, master_id)"
    )
    connection.execute("DROP TABLE linked")


def _facts(element: str, latest: bool) -> str:
    """What the mentions say of one element; of a ``latest`` one only each table's newest rows speak."""
    value, comparable, rank = (sql.identifier(f"{prefix}_{element}") for prefix in "vcr")
    newest = " QUALIFY said_on = max(said_on) OVER (PARTITION BY master_id, dataset)" if latest else ""
    return (
        f"(SELECT {sql.text(element)} AS element, master_id, dataset, role, row_id, delivered, as_of, "
        f"coalesce(as_of, delivered) AS said_on, {value} AS value, {comparable} AS comparable, {rank} AS rank "
        f"FROM linked WHERE {comparable} IS NOT NULL AND {rank} IS NOT NULL{newest})"
    )


def query(mentions: Mentions) -> str:
    """A SELECT of ``Survivors.output``, one row per master, from what ``prepare`` made."""
    kinds = "[" + ", ".join(sql.text(kind) for kind in mentions.identifiers) + "]"
    told = {"value": "", **{name: f"_{name}" for name in Survivors.DETAILS}}
    columns = {"value": "value", "source": "dataset", "date": "said_on", "agree": "agree", "disagree": "disagree"}
    pivoted = ", ".join(
        f"any_value({columns[name]}) FILTER (WHERE element = {sql.text(element)}) AS {sql.identifier(element + end)}"
        for element in mentions.master.elements
        for name, end in told.items()
    )
    shown = ", ".join(
        f"c.{sql.identifier(element + end)}" for element in mentions.master.elements for end in told.values()
    )
    chosen = f"SELECT master_id, count(*) FILTER (WHERE disagree > 0) AS disagreements, {pivoted} FROM choice"
    return (
        f"SELECT i.master_id AS {sql.identifier(mentions.kind + '_id')}, {kinds}[i.identity.rank] AS identifier_kind, "
        f"i.identity.key AS identifier, i.mentions, i.datasets, coalesce(c.disagreements, 0) AS disagreements, {shown} "
        f"FROM identified AS i LEFT JOIN ({chosen} GROUP BY master_id) AS c USING (master_id)"
    )
