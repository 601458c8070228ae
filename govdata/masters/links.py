"""Links: which master each mention belongs to, by its valid identifiers and nothing else.

A mention is known by the strongest valid identifier it has; a weaker one leads to the stronger one that always comes
with it (an organisation code to the social credit code that contains it). One that comes with two different stronger
ones leads nowhere: two valid identifiers are never merged. A mention without any is a master of its own.

A master's id is a keyed digest of its identifier, so it is the same every night, in any order of rows and after every
rebuild, and cannot be turned back into the identifier without the deployment's secret.
"""

from __future__ import annotations

from govdata.masters.mentions import Mentions, digest, implied
from govdata.standards.master_model import UNLINKED
from govdata.storage import sql

ID_LENGTH = 24
"""Hex digits of a master's id: 96 bits."""


def query(mentions: Mentions) -> str:
    """A SELECT of ``Links.output``, one row per mention. Needs ``mac``."""
    kinds = mentions.identifiers
    identifying = [name for name, element in mentions.master.elements.items() if element.identifying]
    steps = {"mention": mentions.relation(identifying)}
    steps["known_0"] = f"SELECT *, {_strongest(kinds)} AS rank, coalesce({_keys(kinds)}) AS key FROM mention"
    last = "known_0"
    for number, weaker in enumerate(reversed(kinds[1:]), 1):
        steps[f"leads_{weaker}"] = _leads(mentions, weaker)
        steps[f"known_{number}"] = (
            f"SELECT k.* REPLACE (coalesce(l.lead.rank, k.rank) AS rank, coalesce(l.lead.key, k.key) AS key) "
            f"FROM {last} AS k LEFT JOIN leads_{weaker} AS l ON k.rank = {kinds.index(weaker) + 1} AND k.key = l.key"
        )
        last = f"known_{number}"
    ranks = "[" + ", ".join(sql.text(kind) for kind in kinds) + "][rank]"
    known = digest(mentions.kind, [f"coalesce({ranks}, {sql.text(UNLINKED)})", "coalesce(key, mention_id)"])
    steps["linked"] = f"SELECT *, left({known}, {ID_LENGTH}) AS master_id FROM {last}"
    steps["reference"] = _reference(identifying)
    agreed = ", ".join(f"CASE WHEN m.{_c(name)} = r.{_c(name)}.said THEN {sql.text(name)} END" for name in identifying)
    told = f"nullif(concat_ws(',', {agreed}), '')" if agreed else "NULL"
    method = f"coalesce([{', '.join(sql.text(kind) for kind in kinds)}][{_strongest(kinds)}], {sql.text(UNLINKED)})"
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    return (
        f"WITH {listed} SELECT m.mention_id, m.dataset, m.role, m.row_id, m.delivered AS delivery_date, m.master_id AS "
        f"{sql.identifier(mentions.kind + '_id')}, {method} AS method, "
        f"CASE WHEN m.key IS NOT NULL THEN CAST(1 AS DECIMAL(5, 4)) END AS score, "
        f"CASE WHEN r.mentions > 1 THEN {told} END AS agreed FROM linked AS m JOIN reference AS r USING (master_id)"
    )


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
        parts.append(f"SELECT {_k(weaker)} AS key, {rank} AS rank, {_k(kind)} AS lead FROM mention")
        contained = implied(mentions.master.identifiers[kind], weaker, f"k_{kind}")
        if contained is not None:
            parts.append(f"SELECT {contained} AS key, {rank} AS rank, {_k(kind)} AS lead FROM mention")
    one = "CASE WHEN min(lead) = max(lead) THEN min(lead) END"
    by_kind = (
        f"SELECT key, rank, {one} AS lead FROM ({' UNION ALL '.join(parts)}) "
        "WHERE key IS NOT NULL AND lead IS NOT NULL GROUP BY key, rank"
    )
    strongest = f"SELECT key, min({{'rank': rank, 'key': lead}}) AS lead FROM ({by_kind}) GROUP BY key"
    return f"SELECT * FROM ({strongest}) WHERE lead.key IS NOT NULL"


def _reference(identifying: list[str]) -> str:
    """Per master what its best-ranked mention says of each identifying element."""
    said = "".join(
        f", min({{'rank': {sql.identifier('r_' + name)}, 'said': {_c(name)}}}) "
        f"FILTER (WHERE {_c(name)} IS NOT NULL AND {sql.identifier('r_' + name)} IS NOT NULL) AS {_c(name)}"
        for name in identifying
    )
    return f"SELECT master_id, count(*) AS mentions{said} FROM linked GROUP BY master_id"
