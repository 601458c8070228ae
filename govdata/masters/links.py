"""Links: which master each mention belongs to.

A mention is known by the strongest valid identifier it has; a weaker one leads to the stronger one that always comes
with it (an organisation code to the social credit code that contains it). One that comes with two different stronger
ones leads nowhere: two valid identifiers are never merged. A mention without any is attached to the master it is most
like (``govdata.masters.likeness``), where the page says how likeness is judged, or is a master of its own.

A master's id is a keyed digest of its identifier, or of the mention that founded it, so it is the same every night, in
any order of rows and after every rebuild, and cannot be turned back into the identifier without the deployment's
secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from govdata.masters.mentions import Mentions, implied, master_id
from govdata.standards.master_model import UNLINKED
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

ATTACHED = (
    "mention_id VARCHAR, rank INTEGER, key VARCHAR, founder VARCHAR, method VARCHAR, score DOUBLE, agreed VARCHAR"
)
"""Mentions without a valid identifier that belong to another's master: to the one with the identifier ``key`` of
``rank``, or to the one that the mention ``founder`` founded."""


def prepare(connection: duckdb.DuckDBPyConnection, mentions: Mentions) -> None:
    """Make the temporary tables ``known``, each mention with ``rank`` and ``key`` of the identifier it is known by
    (NULL where there is none), and ``attached``, empty. Needs ``mac``."""
    kinds = mentions.identifiers
    relation = mentions.relation(_identifying(mentions), evidence=mentions.master.linking is not None)
    strongest = f"SELECT *, {_strongest(kinds)} AS rank, coalesce({_keys(kinds)}) AS key FROM ({relation})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS {strongest}")
    for weaker in reversed(kinds[1:]):
        _lead(connection, mentions, weaker)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE attached ({ATTACHED})")


def _lead(connection: duckdb.DuckDBPyConnection, mentions: Mentions, weaker: str) -> None:
    """Give the mentions of ``known`` that are known by a weaker identifier the stronger one that it leads to."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE leads AS {_leads(mentions, weaker)}")
    if sql.scalar(connection, "SELECT count(*) FROM leads"):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE known AS SELECT k.* REPLACE (coalesce(l.lead.rank, k.rank) AS rank, "
            "coalesce(l.lead.key, k.key) AS key) FROM known AS k LEFT JOIN leads AS l "
            f"ON k.rank = {mentions.identifiers.index(weaker) + 1} AND k.key = l.key"
        )
    connection.execute("DROP TABLE leads")


def query(mentions: Mentions) -> str:
    """A SELECT of ``Links.output``, one row per mention, from ``known`` and ``attached``."""
    kinds = mentions.identifiers
    identifying = _identifying(mentions)
    names = "[" + ", ".join(sql.text(kind) for kind in kinds) + "]"
    identifier = f"coalesce({names}[coalesce(k.rank, a.rank)], {sql.text(UNLINKED)})"
    founder = "coalesce(k.key, a.key, a.founder, k.mention_id)"
    steps = {
        "placed": f"SELECT k.*, {identifier} AS identifier, {founder} AS founder, a.method, a.score, a.agreed "
        "FROM known AS k LEFT JOIN attached AS a USING (mention_id)",
        "reference": _reference(mentions.kind, identifying),
    }
    agreed = ", ".join(
        f"CASE WHEN m.{_c(name)} = substr(r.{_c(name)}, 3) THEN {sql.text(name)} END" for name in identifying
    )
    told = f"nullif(concat_ws(',', {agreed}), '')" if agreed else "NULL"
    method = f"coalesce({names}[{_strongest(kinds)}], m.method, {sql.text(UNLINKED)})"
    return (
        f"WITH {_listed(steps)} SELECT m.mention_id, m.dataset, m.role, m.row_id, m.delivered AS delivery_date, "
        f"r.master_id AS {sql.identifier(mentions.kind + '_id')}, {method} AS method, "
        "CAST(CASE WHEN m.key IS NOT NULL THEN 1 ELSE m.score END AS DECIMAL(5, 4)) AS score, "
        f"CASE WHEN m.method IS NOT NULL THEN m.agreed WHEN r.mentions > 1 THEN {told} END AS agreed "
        "FROM placed AS m JOIN reference AS r USING (identifier, founder)"
    )


def _identifying(mentions: Mentions) -> list[str]:
    return [name for name, element in mentions.master.elements.items() if element.identifying]


def _listed(steps: dict[str, str]) -> str:
    return ", ".join(f"{name} AS ({text})" for name, text in steps.items())


def _keys(kinds: list[str]) -> str:
    return ", ".join(_k(kind) for kind in kinds)


def _k(kind: str) -> str:
    return sql.identifier(f"k_{kind}")


def _c(element: str) -> str:
    return sql.identifier(f"c_{element}")


def _strongest(kinds: list[str]) -> str:
    """The rank (from 1) of the strongest valid identifier; NULL where there is none."""
    cases = " ".join(f"WHEN {_k(kind)} IS NOT NULL THEN {rank}" for rank, kind in enumerate(kinds, 1))
    return f"CASE {cases} END"


def _leads(mentions: Mentions, weaker: str) -> str:
    """Weaker identifier → ``lead``: rank and key of the strongest kind that comes with it, the key NULL where two
    different ones do."""
    kinds = mentions.identifiers
    parts = []
    for rank, kind in enumerate(kinds[: kinds.index(weaker)], 1):
        parts.append(f"SELECT {_k(weaker)} AS key, {rank} AS rank, {_k(kind)} AS lead FROM known")
        contained = implied(mentions.master.identifiers[kind], weaker, f"k_{kind}")
        if contained is not None:
            parts.append(f"SELECT {contained} AS key, {rank} AS rank, {_k(kind)} AS lead FROM known")
    one = "CASE WHEN min(lead) = max(lead) THEN min(lead) END"
    by_kind = (
        f"SELECT key, rank, {one} AS lead FROM ({' UNION ALL '.join(parts)}) "
        "WHERE key IS NOT NULL AND lead IS NOT NULL GROUP BY key, rank"
    )
    strongest = f"SELECT key, min({{'rank': rank, 'key': lead}}) AS lead FROM ({by_kind}) GROUP BY key"
    return f"SELECT * FROM ({strongest}) WHERE lead.key IS NOT NULL"


def _reference(kind: str, identifying: list[str]) -> str:
    """Per master its id, and what its best-ranked mention says of each identifying element, behind two digits of
    rank."""
    said = "".join(
        f", min(lpad(CAST({sql.identifier('r_' + name)} AS VARCHAR), 2, '0') || {_c(name)}) AS {_c(name)}"
        for name in identifying
    )
    grouped = f"SELECT identifier, founder, count(*) AS mentions{said} FROM placed GROUP BY identifier, founder"
    return f"SELECT *, {master_id(kind, 'identifier', 'founder')} AS master_id FROM ({grouped})"
