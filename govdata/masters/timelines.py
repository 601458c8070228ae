"""``events`` and ``relations``: what the rows of published tables say of masters over time.

A row says something of the masters that it mentions, which the tables of links know by row and role; so nothing of how
mentions are recognised is asked again. Each way is one query of named steps.

Relations: what rows say of a pair is put in the order of its days. A spell is all that is said up to and including an
end; what is said after it begins another one. What is said of one side alone (a death) ends every pair of that side and
makes no spell of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Date

from sqlglot import exp

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.masters.mentions import ID_LENGTH, digest, rows, those
from govdata.standards import Everything, expressions
from govdata.standards.derivations import Events, Relations
from govdata.standards.model import Registry
from govdata.standards.timelines import Event, Side, Statement
from govdata.storage import sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID

ANYTHING = Everything()
"""Names were checked when the standards were read."""

DIGITS = 4
"""Of the place of an event before the row that says it: the least text is the source written first."""


@dataclass(frozen=True)
class Told:
    """The published tables of one date. ``snapshots``: the newest of each table that is there. ``only``: a relation of
    ``dataset, row_id``, the rows that are meant (None: all); ``linked``: table of links → a relation of those of them
    that are meant."""

    registry: Registry
    deployment: Deployment
    date: Date
    snapshots: Mapping[str, Snapshot]
    only: str | None = None
    linked: Mapping[str, str] = field(default_factory=dict)

    @property
    def everything(self) -> Told:
        """The same with all rows and links."""
        return replace(self, only=None, linked={})

    def rows(self, dataset: str, said: Mapping[str, str], where: str | None, more: Mapping[str, str]) -> str:
        """A SELECT of ``row_id``, of ``said`` (name → row expression for a date) and of ``more`` (name → SQL over the
        columns) of the rows for which ``where`` holds; ``delivery_date()`` is the night's."""
        declared = self.registry.datasets[dataset]
        columns = [column.name for column in declared.columns]
        read = those(
            rows(self.snapshots[dataset], declared, self.registry, self.deployment, columns), dataset, self.only
        )
        night = f"SELECT * REPLACE (DATE '{self.date.isoformat()}' AS {DELIVERY_DATE}) FROM ({read})"
        given = [f"{ROW_ID} AS row_id", *(f"CAST({_printed(text)} AS DATE) AS {name}" for name, text in said.items())]
        given += [f"{text} AS {sql.identifier(name)}" for name, text in more.items()]
        condition = f" WHERE {_printed(where)}" if where is not None else ""
        return f"SELECT {', '.join(given)} FROM ({night}){condition}"

    def links(self, kind: str, table: str) -> str:
        """A SELECT of ``row_id``, ``role`` and ``master`` of the mentions."""
        dataset = self.registry.datasets[table]
        wanted = (master := f"{kind}_id", "row_id", "role")
        linked = rows(self.snapshots[table], dataset, self.registry, self.deployment, wanted)
        known = self.linked.get(table, f"({linked})")
        return f"SELECT row_id, role, {sql.identifier(master)} AS master FROM {known}"

    def named(self, dataset: str, column: str) -> str:
        """SQL of a column's value as people read it: a code by its name."""
        value, code_set = sql.identifier(column), self.registry.element(dataset, column).code_set
        if code_set is None:
            return f"CAST({value} AS VARCHAR)"
        names = f"SELECT map(list(code), list(name_zh)) FROM codes.{sql.identifier(code_set)}"
        return f"coalesce(({names})[{value}], {value})"


def code_sets(made: Events | Relations, registry: Registry) -> set[str]:
    """The code sets that its query reads."""
    said = list(made.says(registry.masters))
    asked = {name for each in said for name in expressions.referenced_code_sets(_tree(each.text))}
    columns = ((each.table, each.text) for each in said if each.column and each.table in registry.datasets)
    return asked | {name for table, column in columns if (name := registry.element(table, column).code_set)}


def events(made: Events, told: Told) -> str:
    """A SELECT of ``Events.output``."""
    master = told.registry.masters[made.master]
    parts = [
        _event(event, place, made, master.mentions[event.mention].dataset, told)
        for place, event in enumerate(made.events)
        if master.mentions[event.mention].dataset in told.snapshots
    ]
    places = [(master.mentions[event.mention].dataset, event.mention) for event in made.events]
    datasets, roles = ("[" + ", ".join(map(sql.text, names)) + "]" for names in zip(*places, strict=True))
    names = dict.fromkeys((event.kind, event.name) for event in made.events)
    named = " ".join(f"WHEN {sql.text(kind)} THEN {sql.text(name)}" for kind, name in names)
    found = (
        "SELECT master, kind, date, detail, min(best) AS best, count(*) AS rows "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY master, kind, date, detail"
    )
    place = f"CAST(left(best, {DIGITS}) AS INTEGER) + 1"
    return (  # an event is told by one role, and there are many: the links are read once for all
        f"WITH link AS MATERIALIZED ({told.links(made.master, made.links)}) "
        f"SELECT master AS {sql.identifier(made.master + '_id')}, kind, CASE kind {named} END AS event, "
        f"date AS event_date, detail, {datasets}[{place}] AS dataset, {roles}[{place}] AS role, "
        f"substr(best, {DIGITS + 1}) AS row_id, rows FROM ({found})"
    )


def _event(event: Event, place: int, made: Events, dataset: str, told: Told) -> str:
    detail = told.named(dataset, event.detail) if event.detail is not None else "CAST(NULL AS VARCHAR)"
    said = told.rows(dataset, {"date": event.date}, event.where, {"detail": detail})
    return (
        f"SELECT master, {sql.text(event.kind)} AS kind, date, detail, '{place:0{DIGITS}d}' || row_id AS best "
        f"FROM ({said}) JOIN {_of_role('link', event.mention)} USING (row_id)"
    )


def _of_role(links: str, role: str) -> str:
    return f"(SELECT row_id, master FROM {links} WHERE role = {sql.text(role)})"


SAID = ("kind", "says", "day", "starts", "until", "dataset", "row_id")
"""Columns of what is said of a pair or of a side. ``says``: 1 begins or holds, 2 ends; ``day``: NULL where the day is
not known; ``starts``: the same where it begins then; ``until``: when it ends by itself."""

NOTHING = (
    "SELECT '' AS left_id, '' AS right_id, '' AS kind, 1 AS says, CAST(NULL AS DATE) AS day, CAST(NULL AS DATE) AS "
    "starts, CAST(NULL AS DATE) AS until, '' AS dataset, '' AS row_id WHERE FALSE"
)
"""What nobody says: the tables of all statements about both sides were never published."""

ORDER = (
    "coalesce(day, CASE says WHEN 1 THEN DATE '0001-01-01' ELSE DATE '9999-12-31' END), says, kind, dataset, row_id, "
    "of_pair DESC"
)
"""A beginning on an unknown day was before all others, an end after."""


def relations(made: Relations, told: Told) -> str:
    """A SELECT of ``Relations.output``. Needs ``mac`` where a side is a group."""
    whole: list[str] = []
    alone: dict[str, list[str]] = {"left": [], "right": []}
    for statement in made.statements:
        if made.dataset(statement, told.registry.masters) not in told.snapshots:
            continue
        if made.is_whole(statement):
            whole.append(_statement(made, statement, told))
        else:
            # It ends every pair of its side, also of one that is meant for its other side.
            alone["left" if statement.left is not None else "right"].append(
                _statement(made, statement, told.everything)
            )
    return spells(made, whole, alone)


def spells(made: Relations, whole: Sequence[str], alone: Mapping[str, Sequence[str]]) -> str:
    """A SELECT of ``Relations.output``. ``whole``: SELECTs of ``left_id``, ``right_id`` and ``SAID``; ``alone``: side →
    SELECTs of ``<side>_id`` and ``SAID``."""
    said = ", ".join(SAID)
    points = [f"SELECT left_id, right_id, {said}, TRUE AS of_pair FROM whole"]
    steps = {"whole": " UNION ALL ".join(whole or [NOTHING]), "pair": "SELECT DISTINCT left_id, right_id FROM whole"}
    for side, parts in alone.items():
        if parts:
            steps[f"{side}_alone"] = " UNION ALL ".join(parts)
            points.append(f"SELECT left_id, right_id, {said}, FALSE FROM {side}_alone JOIN pair USING ({side}_id)")
    steps["point"] = " UNION ALL ".join(points)
    steps["several"] = "SELECT left_id, right_id FROM point GROUP BY left_id, right_id HAVING count(*) > 1"
    pair = "OVER (PARTITION BY left_id, right_id ORDER BY "
    ends_before = f"count(*) FILTER (WHERE says = 2) {pair}{ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    steps["placed"] = (
        f"SELECT *, row_number() {pair}{ORDER}) AS place, coalesce({ends_before}, 0) AS spell "
        "FROM point SEMI JOIN several USING (left_id, right_id)"
    )
    first, last = (
        "{'kind': kind, 'dataset': dataset, 'row_id': row_id}",
        "{'day': day, 'kind': kind, 'dataset': dataset, 'row_id': row_id}",
    )
    steps["spells"] = (  # most pairs are told of once: nothing is to be put in order
        f"SELECT left_id, right_id, {first} AS first, starts AS valid_from, until, "
        f"CASE WHEN says = 2 THEN {last} END AS last, 1 AS rows "
        "FROM point ANTI JOIN several USING (left_id, right_id) UNION ALL "
        f"SELECT left_id, right_id, arg_min({first}, place) FILTER (WHERE of_pair) AS first, "
        f"min(starts) AS valid_from, min(until) AS until, any_value({last}) FILTER (WHERE says = 2) AS last, "
        "count(DISTINCT row_id) FILTER (WHERE of_pair) AS rows FROM placed GROUP BY left_id, right_id, spell"
    )
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    ended = "last IS NOT NULL AND (until IS NULL OR coalesce(last.day, until) <= until)"
    return (
        f"WITH {listed} SELECT left_id AS {sql.identifier(made.left.column)}, right_id AS "
        f"{sql.identifier(made.right.column)}, first.kind AS kind, valid_from, "
        f"CASE WHEN {ended} THEN last.day ELSE until END AS valid_to, "
        f"CASE WHEN {ended} THEN last.kind END AS ended_by, "
        f"first.dataset AS dataset, first.row_id AS row_id, CASE WHEN {ended} THEN last.dataset END AS ended_dataset, "
        f"CASE WHEN {ended} THEN last.row_id END AS ended_row_id, rows FROM spells WHERE first IS NOT NULL"
    )


def _statement(made: Relations, statement: Statement, told: Told) -> str:
    """A SELECT of ``left_id``, ``right_id`` (those it tells of) and ``SAID``."""
    dataset = made.dataset(statement, told.registry.masters)
    text = statement.begins or statement.holds or statement.ends
    assert text is not None
    sides = {"left": (made.left, statement.left), "right": (made.right, statement.right)}
    groups = {f"{name}_id": _group(side, dataset) for name, (side, _) in sides.items() if side.key is not None}
    starts = "day" if statement.begins is not None else "CAST(NULL AS DATE)"
    until = f"day + INTERVAL {statement.years} YEAR" if statement.years is not None else "NULL"
    says = 2 if statement.ends is not None else 1
    given = [
        f"{sql.text(statement.kind)} AS kind, {says} AS says, day, {starts} AS starts, "
        f"CAST({until} AS DATE) AS until, {sql.text(dataset)} AS dataset, row_id"
    ]
    query = f"({told.rows(dataset, {'day': text}, statement.where, groups)})"
    for name, (side, role) in sides.items():
        if role is not None:
            kind = next(kind for kind in side.kinds if role in told.registry.masters[kind].mentions)
            links = _of_role(f"({told.links(kind, made.links[kind])})", role)
            query += f" JOIN (SELECT row_id, master AS {name}_id FROM {links}) USING (row_id)"
    known = [f"{name}_id" for name, (side, role) in sides.items() if side.key is not None or role is not None]
    condition = "".join(f" WHERE {name} IS NOT NULL" for name in groups)
    return f"SELECT {', '.join([*known, *given])} FROM {query}{condition}"


def _group(side: Side, dataset: str) -> str:
    """SQL of the name of the group that a row belongs to; NULL where a column of its key is empty."""
    columns = [sql.identifier(column) for column in side.key or ()]
    there = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    texts = [f"CAST({column} AS VARCHAR)" for column in columns]
    return f"CASE WHEN {there} THEN left({digest(side.column, [sql.text(dataset), *texts])}, {ID_LENGTH}) END"


def _tree(text: str) -> exp.Expression:
    return expressions.parse_value(text, columns=ANYTHING, code_sets=ANYTHING)[0]


def _printed(text: str) -> str:
    return printed(expand(_tree(text)))
