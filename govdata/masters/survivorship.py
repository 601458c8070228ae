"""Survivorship 一数一源: of each element of a master, what the most authoritative source says, and who says otherwise.

Most masters are told the same by all who speak of them: one pass over the mentions finds those, and what is taken. Only
the others, a few in a hundred, are looked at fact by fact. ``prepare`` makes temporary tables, one of the other:

    linked    each mention with its master, and what it says of each element
    summary   a row per master: its strongest identifier, mentions, tables; per element how many facts there are,
              whether they differ, and the value and the best source where they do not
    fact      of masters and elements that differ, what each mention says, with the rank of the source
    choice    of the same the value taken, and how many facts agree and disagree with it

Between facts of one rank the newest delivery goes first, then the newest date of the row, then the order of the texts:
so that any order of rows gives the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from govdata.masters.mentions import Mentions
from govdata.standards.derivations import Survivors
from govdata.standards.master_model import MasterElement
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

BETTER = "rank, delivered DESC, as_of DESC NULLS LAST, value, dataset, role, row_id"
"""The order of facts of one master and element, best first."""

FIRST_DAY, DAYS = "DATE '0000-01-01'", 1 << 22
"""Days are counted from here; there are fewer up to the end of the year 9999."""
TABLES = 1 << 10
"""More tables than this do not mention one kind of master."""
BITS = 62
"""So many tables are told apart by the bits of a number, which is counted faster than texts."""


def prepare(
    connection: duckdb.DuckDBPyConnection,
    mentions: Mentions,
    links: str,
    *,
    identified: bool = False,
    counted: Sequence[str] = (),
) -> None:
    """Make ``summary``, ``fact`` and ``choice``, from ``linked``, which is not kept. ``links``: a relation of
    ``Links.output``; ``identified``: with the strongest identifier of each master; ``counted``: aggregates over
    ``linked``, further columns of ``summary``. Needs ``mac``."""
    elements = mentions.master.elements
    connection.execute(f"CREATE OR REPLACE TEMP TABLE kept AS {_linked(mentions, links, identified)}")
    same = ", ".join(f"{_said(name)} AS {sql.identifier('c_' + name)}" for name in _compared_whole(mentions))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW linked AS SELECT *{', ' if same else ''}{same} FROM kept")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE summary AS {_summary(mentions, identified, counted)}")
    facts = " UNION ALL ".join(_facts(name, element.latest) for name, element in elements.items()) or NO_FACTS
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fact AS {facts}")
    fills = " OR ".join(
        f"(element = {sql.text(name)} AND {_fills(element, 'rank')})" for name, element in elements.items()
    )
    best = (
        f"SELECT * FROM fact WHERE {fills or 'FALSE'} "
        f"QUALIFY row_number() OVER (PARTITION BY element, master_id ORDER BY {BETTER}) = 1"
    )
    agreeing = "count(*) FILTER (WHERE f.comparable = b.comparable)"
    counts = (
        f"SELECT element, master_id, {agreeing} AS agree, count(*) - {agreeing} AS disagree "
        "FROM fact AS f JOIN best AS b USING (element, master_id) GROUP BY ALL"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE choice AS WITH best AS ({best}), counts AS ({counts}) "
        "SELECT * FROM best JOIN counts USING (element, master_id)"
    )
    connection.execute("DROP VIEW linked; DROP TABLE kept")


NO_FACTS = (
    "SELECT '' AS element, '' AS master_id, '' AS dataset, '' AS role, '' AS row_id, CAST(NULL AS DATE) AS delivered, "
    "CAST(NULL AS DATE) AS as_of, CAST(NULL AS DATE) AS said_on, '' AS value, '' AS comparable, 0 AS rank WHERE FALSE"
)
"""What is told of nothing: the page has no elements."""


def _linked(mentions: Mentions, links: str, identified: bool) -> str:
    """Row and role say which mention a link is of: how mentions are recognised is not asked again."""
    whole = _compared_whole(mentions)
    names = [
        sql.identifier(f"{prefix}_{name}")
        for name in mentions.master.elements
        for prefix in ("vr" if name in whole else "vcr")
    ]
    if identified:
        names.append(f"{_identity(mentions)} AS identity")
    tables = " ".join(f"WHEN {sql.text(name)} THEN {place(mentions, name)}" for name in _tables(mentions))
    place_of = f"CAST(CASE dataset {tables} END AS BIGINT) AS place"
    return (
        f"SELECT dataset, role, row_id, delivered, as_of, {', '.join([place_of, *names])}, "
        f"l.{sql.identifier(mentions.kind + '_id')} AS master_id "
        f"FROM ({mentions.relation(list(mentions.master.elements), checked=False)}) AS m "
        f"JOIN ({links}) AS l USING (dataset, role, row_id)"
    )


def _said(element: str) -> str:
    return sql.identifier(f"v_{element}")


def _compared_whole(mentions: Mentions) -> list[str]:
    """The elements whose values are compared as they are: they are kept once."""
    return [name for name, element in mentions.master.elements.items() if element.compare is None]


def _tables(mentions: Mentions) -> list[str]:
    """In the order of their names, by which the best of equals is found."""
    return sorted(mentions.master.datasets)


def place(mentions: Mentions, dataset: str) -> int:
    """What stands for a table in ``linked``."""
    return _tables(mentions).index(dataset)


def _identity(mentions: Mentions) -> str:
    """The strongest identifier of a mention behind its two digits of rank; linking found it valid (``method``)."""
    cases = " ".join(
        f"WHEN {sql.text(kind)} THEN '{rank:02d}' || {sql.identifier('k_' + kind)}"
        for rank, kind in enumerate(mentions.identifiers, 1)
    )
    return f"CASE l.method {cases} END"


def _summary(mentions: Mentions, identified: bool, counted: Sequence[str]) -> str:
    several = "bit_count(bit_or(1 << place) {})" if len(_tables(mentions)) <= BITS else "count(DISTINCT place) {}"
    given = ["master_id", "count(*) AS mentions", f"{several.format('')} AS datasets"]
    if identified:
        given.append("min(identity) AS identity")
    for name, element in mentions.master.elements.items():
        value, rank = sql.identifier(f"v_{name}"), sql.identifier(f"r_{name}")
        facts = f"FILTER (WHERE {told(name)})"
        differ = f"count({value}) {facts} <> count(*) {facts} OR min({value}) {facts} <> max({value}) {facts}"
        if element.latest:  # of several rows of one table only the newest speak
            differ = f"{differ} OR {several.format(facts)} <> count(*) {facts}"
        given += [
            f"count(*) {facts} AS {sql.identifier('n_' + name)}",
            f"min({value}) {facts} AS {value}",
            f"coalesce({differ}, FALSE) AS {differs(name)}",
            f"min({_best(name)}) FILTER (WHERE {told(name)} AND {_fills(element, rank)}) AS "
            f"{sql.identifier('b_' + name)}",
        ]
    return f"SELECT {', '.join([*given, *counted])} FROM linked GROUP BY master_id"


def told(element: str) -> str:
    """Whether a row of ``linked`` is a fact of the element."""
    return f"{sql.identifier('c_' + element)} IS NOT NULL AND {sql.identifier('r_' + element)} IS NOT NULL"


def differs(element: str) -> str:
    """The column of ``summary`` that is TRUE where the facts of the element are not all of one value."""
    return sql.identifier(f"d_{element}")


def _fills(element: MasterElement, rank: str) -> str:
    return f"{rank} IN ({', '.join(map(str, element.filling))})" if element.filling else "FALSE"


def _best(element: str) -> str:
    """SQL of rank, delivery, date of the row and table of a fact as one number: of facts with one value the smallest is
    the best by ``BETTER``."""
    delivered, as_of = (f"({DAYS - 1} - ({date} - {FIRST_DAY}))" for date in ("delivered", "as_of"))
    rank = f"CAST({sql.identifier('r_' + element)} AS BIGINT)"
    return f"(({rank} * {DAYS} + {delivered}) * {DAYS} + coalesce({as_of}, {DAYS - 1})) * {TABLES} + place"


def _facts(element: str, latest: bool) -> str:
    """What the mentions of masters whose facts differ say of one element; of a ``latest`` one only each table's newest
    rows speak."""
    value, comparable, rank = (sql.identifier(f"{prefix}_{element}") for prefix in "vcr")
    newest = " QUALIFY said_on = max(said_on) OVER (PARTITION BY master_id, dataset)" if latest else ""
    return (
        f"(SELECT {sql.text(element)} AS element, master_id, dataset, role, row_id, delivered, as_of, "
        f"coalesce(as_of, delivered) AS said_on, {value} AS value, {comparable} AS comparable, {rank} AS rank "
        f"FROM linked SEMI JOIN (SELECT master_id FROM summary WHERE {differs(element)}) USING (master_id) "
        f"WHERE {told(element)}{newest})"
    )


def query(mentions: Mentions) -> str:
    """A SELECT of ``Survivors.output``, one row per master, from what ``prepare`` made with ``identified``."""
    kinds = "[" + ", ".join(sql.text(kind) for kind in mentions.identifiers) + "]"
    details = {"value": "", **{name: f"_{name}" for name in Survivors.DETAILS}}
    chosen = {"value": "value", "source": "dataset", "date": "said_on", "agree": "agree", "disagree": "disagree"}
    pivoted = "".join(
        f", any_value({chosen[name]}) FILTER (WHERE element = {sql.text(element)}) AS {sql.identifier(element + end)}"
        for element in mentions.master.elements
        for name, end in details.items()
    )
    shown = "".join(
        f", CASE WHEN s.{differs(element)} THEN c.{sql.identifier(element + end)} "
        f"WHEN s.{sql.identifier('b_' + element)} IS NOT NULL THEN {alike} END AS {sql.identifier(element + end)}"
        for element in mentions.master.elements
        for end, alike in zip(details.values(), _alike(element, mentions), strict=True)
    )
    split = f"SELECT master_id, count(*) FILTER (WHERE disagree > 0) AS disagreements{pivoted} FROM choice"
    return (
        f"SELECT s.master_id AS {sql.identifier(mentions.kind + '_id')}, "
        f"{kinds}[CAST(left(s.identity, 2) AS INTEGER)] AS identifier_kind, substr(s.identity, 3) AS identifier, "
        f"s.mentions, s.datasets, coalesce(c.disagreements, 0) AS disagreements{shown} "
        f"FROM summary AS s LEFT JOIN ({split} GROUP BY master_id) AS c USING (master_id)"
    )


def _alike(element: str, mentions: Mentions) -> tuple[str, ...]:
    """Value and details of an element whose facts do not differ, read back from the best place."""
    best = f"s.{sql.identifier('b_' + element)}"
    tables = ", ".join(sql.text(name) for name in _tables(mentions))
    as_of, delivered = f"({best} // {TABLES}) % {DAYS}", f"({best} // {TABLES * DAYS}) % {DAYS}"
    days = f"CASE WHEN {as_of} = {DAYS - 1} THEN {delivered} ELSE {as_of} END"
    date = f"{FIRST_DAY} + CAST({DAYS - 1} - ({days}) AS INTEGER)"
    return (
        f"s.{sql.identifier('v_' + element)}",
        f"[{tables}][{best} % {TABLES} + 1]",
        date,
        f"s.{sql.identifier('n_' + element)}",
        "0",
    )
