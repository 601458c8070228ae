"""What several departments hold of the same people and organisations (重复采集), and whom of them a register knows.

``governance.element_overlap``: per element and pair of tables of different departments, how often they say the same of
the masters that both know, and how many cells the lower one asked for although the higher one has them. Which is higher
follows from the ranks that the page of masters declares (一数一源). Where the one of the best rank knows enough of the
other's masters and agrees with it, the lower one should ask no longer (应停止采集) but take the value from there: the
bounds are the page's ``overlap``. What is ``always_asked`` (the name beside a number) stays.

``governance.link_coverage``: per role, the mentions, those with a valid identifier, and those whose master is in the
role that the page names in ``found_in``.

Both are figures: no value of a record is in them. They are made with the conflicts, of the same facts. Each is a sum
over masters, so a night that knows whom it touched adds what these say tonight to the sums of the night before, and
takes away what they said then. The sums are kept beside the batch of the conflicts, a line each:

    pair    element, table and table of the better rank: masters compared, of them agreeing, cells asked for twice
    held    element and table: cells that were asked for
    link    role and table: mentions, of them identified, and with a master that the register knows
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from govdata.masters import survivorship
from govdata.masters.mentions import Mentions
from govdata.masters.survivorship import BETTER, differs, place, told
from govdata.publish import scorecard
from govdata.standards.master_model import REVIEWED, SIMILAR, UNLINKED, MasterElement
from govdata.storage import files, sql
from govdata.storage.tables import Table
from govdata.storage.tables.masters import ELEMENT_OVERLAP, LINK_COVERAGE

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


KEY, SUMS = "master_kind, what, name, dataset, other_dataset", ("a", "b", "c")
COUNTED = f"SELECT {KEY}, {', '.join(f'CAST(sum({s}) AS BIGINT) AS {s}' for s in SUMS)} FROM counted GROUP BY ALL"
"""A SELECT of the sums, from what was counted so far."""


def begin(connection: duckdb.DuckDBPyConnection, known: Iterable[Path] = ()) -> None:
    """Begin to count, from the sums of the night before in the files ``known``, if any."""
    told = ", ".join([*(f"{name} VARCHAR" for name in KEY.split(", ")), *(f"{name} BIGINT" for name in SUMS)])
    connection.execute(f"CREATE TEMP TABLE counted ({told})")
    for path in known:
        connection.execute(f"INSERT INTO counted BY NAME FROM {sql.parquet([path])}")


def count(connection: duckdb.DuckDBPyConnection, mentions: Mentions, links: str, times: int = 1) -> None:
    """Add what the ``mentions`` say of the masters of ``links`` (a relation of ``Links.output``), ``times`` -1: take it
    away. Leaves what ``survivorship.prepare`` made."""
    survivorship.prepare(connection, mentions, links, counted=_columns(mentions))
    parts = {
        "pair": f"SELECT element, dataset, other_dataset, compared, agreeing, asked_twice FROM ({_pairs(mentions)})",
        "held": f"SELECT element, dataset, '', cells, 0, 0 FROM ({_cells_held(mentions)})",
        "link": f"SELECT role, dataset, '', mentions, identified, found FROM ({_linked(mentions, links)})",
    }
    for what, query in parts.items():
        signed = ", ".join(f"coalesce({name}, 0) * {times} AS {name}" for name in SUMS)
        connection.execute(
            f"INSERT INTO counted SELECT {sql.text(mentions.kind)}, {sql.text(what)}, name, dataset, other, {signed} "
            f"FROM ({query}) AS t(name, dataset, other, {', '.join(SUMS)})"
        )


def keep(connection: duckdb.DuckDBPyConnection, mentions: Mentions) -> None:
    """Write the night's lines of both tables, from what was counted."""
    _write(connection, ELEMENT_OVERLAP, mentions, overlap(mentions))
    _write(connection, LINK_COVERAGE, mentions, coverage(mentions))


def _sums(mentions: Mentions, what: str) -> str:
    return (
        f"(SELECT name, dataset, other_dataset, a, b, c FROM ({COUNTED}) "
        f"WHERE master_kind = {sql.text(mentions.kind)} AND what = {sql.text(what)} AND a > 0)"
    )


def _write(connection: duckdb.DuckDBPyConnection, table: Table, mentions: Mentions, query: str) -> None:
    target = scorecard.path(mentions.deployment, table, mentions.date, mentions.kind)
    written = files.temporary(target)
    named = f"DATE {sql.text(mentions.date.isoformat())} AS date, {sql.text(mentions.kind)} AS master_kind"
    chosen = ", ".join(f"CAST({sql.identifier(column)} AS {column.type}) AS {column}" for column in table.columns)
    told = f"SELECT {chosen} FROM (SELECT {named}, * FROM ({query})) ORDER BY ALL"
    connection.execute(f"COPY ({told}) TO {sql.text(str(written))} ({sql.PARQUET})")
    files.put(written, target)


def _columns(mentions: Mentions) -> list[str]:
    """Per element and table, how many facts a master has of it (``f_``) and how many of them were asked for (``x_``,
    where not all were): aggregates over ``linked`` of ``survivorship.prepare``."""
    asked = _collected(mentions)
    columns = []
    for element, tables in _held(mentions).items():
        for dataset in tables:
            facts = f"FILTER (WHERE {told(element)} AND place = {place(mentions, dataset)})"
            columns.append(f"count(*) {facts} AS {_column('f', element, dataset)}")
            if (cells := _cells(mentions, asked, element, dataset)) not in (ALL, NONE):
                columns.append(f"count(CASE WHEN {cells} THEN 1 END) {facts} AS {_column('x', element, dataset)}")
    return columns


ALL, NONE = "TRUE", "FALSE"


def _cells(mentions: Mentions, asked: Collection[tuple[str, str, str]], element: str, dataset: str) -> str:
    """SQL over ``linked``: whether a fact of the element was asked for by the table."""
    roles = [role for role, mention in mentions.master.mentions.items() if mention.dataset == dataset]
    told_by = [role for role in roles if element in mentions.master.mentions[role].values]
    collected = [role for role in told_by if (element, dataset, role) in asked]
    if len(collected) == len(told_by):
        return ALL
    return f"role IN ({', '.join(map(sql.text, collected))})" if collected else NONE


def _asked_cells(mentions: Mentions, asked: Collection[tuple[str, str, str]], element: str, dataset: str) -> str:
    """The column of ``summary`` that counts the cells that were asked for, or what stands for it."""
    cells = _cells(mentions, asked, element, dataset)
    return {ALL: _column("f", element, dataset), NONE: "0"}.get(cells, _column("x", element, dataset))


def _column(prefix: str, element: str, dataset: str) -> str:
    return sql.identifier(f"{prefix}_{element}.{dataset}")


def _held(mentions: Mentions) -> dict[str, list[str]]:
    """Element → the tables that have a rank in it and are there tonight."""
    return {
        name: [dataset for dataset in _places(mentions, element) if dataset in mentions.snapshots]
        for name, element in mentions.master.elements.items()
    }


def overlap(mentions: Mentions) -> str:
    """A SELECT of ``ELEMENT_OVERLAP`` without date and kind, from the sums."""
    bounds = mentions.master.overlap
    steps = {
        "standing": _standing(mentions),
        "held": f"SELECT name AS element, dataset, a AS cells FROM {_sums(mentions, 'held')}",
        "pair": "SELECT name AS element, dataset, other_dataset, a AS compared, b AS agreeing, c AS asked_twice "
        f"FROM {_sums(mentions, 'pair')}",
        "told": (
            "SELECT p.*, s.element_name, s.owner AS department, t.owner AS other_department, s.authority, s.stays, "
            "coalesce(h.cells, 0) AS cells, "
            "p.agreeing / p.compared AS agreement, "
            "CASE WHEN h.cells > 0 THEN p.asked_twice / h.cells END AS known_share FROM pair AS p "
            "JOIN standing AS s ON s.element = p.element AND s.dataset = p.dataset "
            "JOIN standing AS t ON t.element = p.element AND t.dataset = p.other_dataset "
            "LEFT JOIN held AS h ON h.element = p.element AND h.dataset = p.dataset"
        ),
    }
    listed = ", ".join(f"{name} AS ({query})" for name, query in steps.items())
    return (
        f"WITH {listed} SELECT *, coalesce(other_dataset = authority AND NOT stays AND cells > 0 "
        f"AND compared >= {bounds.least} "
        f"AND agreement >= {bounds.agreement} AND known_share >= {bounds.known}, FALSE) AS stop_collecting FROM told"
    )


HOLDER = (
    "SELECT element, master_id, dataset, count(c.role) AS cells, "
    f"first(comparable ORDER BY {BETTER.replace('role', 'f.role')}) AS comparable FROM fact AS f "
    "LEFT JOIN collected AS c USING (element, dataset, role) GROUP BY ALL"
)
"""The best fact of each table of the masters whose facts differ."""


def _collected_cells(asked: Collection[tuple[str, str, str]]) -> str:
    cells = ", ".join(f"({', '.join(map(sql.text, cell))})" for cell in sorted(asked) or [("",) * 3])
    return f"SELECT * FROM (VALUES {cells}) AS c(element, dataset, role)"


def _cells_held(mentions: Mentions) -> str:
    """A SELECT of ``element, dataset, cells``."""
    asked = _collected(mentions)
    return (
        f"WITH collected AS ({_collected_cells(asked)}), holder AS ({HOLDER}) SELECT element, dataset, sum(cells) AS "
        f"cells FROM (SELECT element, dataset, cells FROM holder UNION ALL {_alike_held(mentions, asked)}) GROUP BY ALL"
    )


def _pairs(mentions: Mentions) -> str:
    """A SELECT of ``element, dataset, other_dataset, compared, agreeing, asked_twice``. Where the facts of a master do
    not differ, its tables agree, and counting is enough; else the best fact of each table is compared."""
    asked = _collected(mentions)
    differing = (
        "SELECT element, a.dataset, b.dataset AS other_dataset, count(*) AS compared, "
        "count(*) FILTER (WHERE a.comparable = b.comparable) AS agreeing, sum(a.cells) AS asked_twice "
        "FROM holder AS a JOIN holder AS b USING (element, master_id) "
        "JOIN standing AS s ON s.element = element AND s.dataset = a.dataset "
        "JOIN standing AS t ON t.element = element AND t.dataset = b.dataset "
        "WHERE s.owner <> t.owner AND (s.place, a.dataset) > (t.place, b.dataset) GROUP BY ALL"
    )
    return (
        f"WITH standing AS ({_standing(mentions)}), collected AS ({_collected_cells(asked)}), holder AS ({HOLDER}) "
        "SELECT element, dataset, other_dataset, sum(compared) AS compared, sum(agreeing) AS agreeing, "
        f"sum(asked_twice) AS asked_twice FROM ({differing} UNION ALL {_alike_pairs(mentions, asked)}) GROUP BY ALL"
    )


def _alike_held(mentions: Mentions, asked: Collection[tuple[str, str, str]]) -> str:
    """A SELECT of ``element, dataset, cells`` of the masters whose facts do not differ."""
    parts = [
        f"SELECT {sql.text(element)} AS element, {sql.text(dataset)} AS dataset, "
        f"sum({_asked_cells(mentions, asked, element, dataset)}) AS cells FROM summary WHERE NOT {differs(element)}"
        for element, tables in _held(mentions).items()
        for dataset in tables
    ]
    return " UNION ALL ".join(parts) or "SELECT '' AS element, '' AS dataset, 0 AS cells WHERE FALSE"


def _alike_pairs(mentions: Mentions, asked: Collection[tuple[str, str, str]]) -> str:
    """A SELECT of ``element, dataset, other_dataset, compared, agreeing, asked_twice`` of the masters whose facts do
    not differ: of two tables of different owners the one of the lower rank against the other."""
    parts = []
    for element, tables in _held(mentions).items():
        ranked = _places(mentions, mentions.master.elements[element])
        for low in tables:
            for high in tables:
                if (ranked[low], low) <= (ranked[high], high) or _owner(mentions, low) == _owner(mentions, high):
                    continue
                cells = _asked_cells(mentions, asked, element, low)
                both = f"{_column('f', element, low)} > 0 AND {_column('f', element, high)} > 0"
                parts.append(
                    f"SELECT {sql.text(element)} AS element, {sql.text(low)} AS dataset, {sql.text(high)} AS "
                    f"other_dataset, count(*) AS compared, count(*) AS agreeing, sum({cells}) AS "
                    f"asked_twice FROM summary WHERE NOT {differs(element)} AND {both}"
                )
    nothing = "SELECT '' AS element, '' AS dataset, '' AS other_dataset, 0 AS compared, 0 AS agreeing, 0 AS asked_twice"
    return " UNION ALL ".join(parts) or f"{nothing} WHERE FALSE"


def _standing(mentions: Mentions) -> str:
    """A SELECT of ``element, element_name, dataset, owner, place, authority, stays``: the place of each table in the
    declared ranking of the element, 1 the best; ``authority`` the table that stands there alone; ``stays``: always
    asked."""
    rows = [
        f"({sql.text(name)}, {sql.text(element.name)}, {sql.text(dataset)}, {sql.text(_owner(mentions, dataset))}, "
        f"{place}, {sql.text(authority) if authority else 'NULL'}, {element.always_asked})"
        for name, element in mentions.master.elements.items()
        for places in [_places(mentions, element)]
        for authority in [_alone(places)]
        for dataset, place in places.items()
    ]
    return (
        f"SELECT * FROM (VALUES {', '.join(rows)}) AS s(element, element_name, dataset, owner, place, authority, stays)"
    )


def _places(mentions: Mentions, element: MasterElement) -> dict[str, int]:
    """The best rank of each table that holds whatever the value is; where it has none, the best one of some values."""
    places: dict[str, int] = {}
    for role, mention in mentions.master.mentions.items():
        ranks = list(element.rank(role))
        if ranks:
            always = [rank for rank, source in ranks if source.where is None]
            best = min(always or [rank for rank, _ in ranks])
            places[mention.dataset] = min(best, places.get(mention.dataset, best))
    return places


def _alone(places: dict[str, int]) -> str | None:
    best = [dataset for dataset, place in places.items() if place == min(places.values())]
    return best[0] if len(best) == 1 else None


def _collected(mentions: Mentions) -> set[tuple[str, str, str]]:
    """Element, table and role whose value is a column of the row: what follows from the row's nature (a mother is a
    woman) was never asked for."""
    return {
        (element, mention.dataset, role)
        for role, mention in mentions.master.mentions.items()
        for element, text in mention.values.items()
        if text in {column.name for column in mentions.registry.datasets[mention.dataset].columns}
    }


def _owner(mentions: Mentions, dataset: str) -> str:
    return mentions.registry.datasets[dataset].owner


def _linked(mentions: Mentions, links: str) -> str:
    """A SELECT of ``role, dataset, mentions, identified, found``; all of a master's links are in ``links``."""
    master_id, register = sql.identifier(f"{mentions.kind}_id"), mentions.master.found_in
    weak = ", ".join(sql.text(method) for method in (UNLINKED, SIMILAR, REVIEWED))
    known = f"{master_id} IN (SELECT {master_id} FROM link WHERE role = {sql.text(register)})" if register else "FALSE"
    return (
        f"WITH link AS ({links}), known AS (SELECT *, {known} AS is_found FROM link) SELECT role, dataset, "
        f"count(*) AS mentions, count(*) FILTER (WHERE method NOT IN ({weak})) AS identified, "
        "count(*) FILTER (WHERE is_found) AS found FROM known GROUP BY role, dataset"
    )


def coverage(mentions: Mentions) -> str:
    """A SELECT of ``LINK_COVERAGE`` without date and kind, from the sums."""
    roles = ", ".join(
        f"({sql.text(role)}, {sql.text(mention.name)}, {sql.text(_owner(mentions, mention.dataset))})"
        for role, mention in mentions.master.mentions.items()
    )
    register = mentions.master.found_in
    return (
        "SELECT s.name AS role, r.role_name, s.dataset, r.department, a AS mentions, b AS identified, "
        f"identified / mentions AS identified_share, {sql.text(register) if register else 'NULL'} AS register, "
        "CASE WHEN register IS NOT NULL THEN c END AS found, found / mentions AS found_share "
        f"FROM {_sums(mentions, 'link')} AS s JOIN (VALUES {roles}) AS r(role, role_name, department) "
        "ON r.role = s.name"
    )
