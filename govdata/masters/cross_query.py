"""The SQL of a rule across tables: the tables it reads, loaded once for all rules, and one query of named steps.

Where a rule says something of each pair of rows, pairs are made (``paired``). Where it only asks whether, or how many,
other rows are there, those are counted per key first (``counted``): ten thousand companies at one address are then ten
thousand rows and not a hundred million pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.publish import scorecard, visible
from govdata.standards import Everything, expressions
from govdata.standards.comparisons import NIGHT, OTHER, WITH, Agrees, Excludes, Lookup, References
from govdata.standards.model import CrossRule
from govdata.storage import files, sql
from govdata.storage.tables.masters import LINK_CANDIDATES
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW

if TYPE_CHECKING:
    import duckdb

ANYTHING = Everything()
"""Names were checked when the standards were read."""

ROW, OTHER_ROW = "_row", f"{OTHER}_row"
PLACES = {"_file": "source_file", "_line": "source_row", "_day": "delivered"}
"""A row's own columns; no column of a dataset begins with an underscore."""
PLACE = f"b.{ROW_ID} AS {ROW}, b.{SOURCE_FILE} AS _file, b.{SOURCE_ROW} AS _line, b.{DELIVERY_DATE} AS _day"


KEPT_ROWS = 3_000_000
"""A table with more rows is read anew by each rule, the columns it needs alone: held in memory it would spill."""


def parsed(text: str) -> exp.Expression:
    return expressions.parse_value(text, columns=ANYTHING, code_sets=ANYTHING)[0]


def code_sets(rule: CrossRule) -> set[str]:
    return {name for text in rule.texts for name in expressions.referenced_code_sets(parsed(text))}


def load(
    connection: duckdb.DuckDBPyConnection,
    rules: Collection[CrossRule],
    snapshots: Mapping[str, Snapshot],
    deployment: Deployment,
    date: Date,
) -> None:
    """Make, of each table in ``snapshots`` that has rows, the temporary tables ``rows <table>`` (what counts; a view
    where that is too much) and ``held <table>`` (keys of the rows held back), with the columns that any of the rules
    reads; and of each kind of master that is asked for, ``asked <kind>``: mentions of ``date`` that people are asked
    about."""
    needs = _needs(rules)
    for kind in {_kind(rule.links) for rule in rules if rule.links}:
        found = scorecard.path(deployment, LINK_CANDIDATES, date, kind)
        known = f"SELECT row_id, role, candidate_id FROM {sql.parquet([found])} WHERE state = 'candidate'"
        nothing = "SELECT '' AS row_id, '' AS role, '' AS candidate_id LIMIT 0"
        connection.execute(f"CREATE TEMP TABLE {_asked(kind)} AS {known if files.is_sound(found) else nothing}")
    for table, need in needs.items():
        snapshot = snapshots.get(table)
        if snapshot is None or not snapshot.files:
            continue
        named = "".join(f"b.{sql.identifier(name)}, " for name in sorted(need.columns))
        query = f"SELECT * FROM ({visible(snapshot, deployment, named + PLACE)})"
        for role, (links, master) in sorted(need.roles.items()):
            linked = snapshots.get(links)
            if linked is None or not linked.files:
                continue
            columns = f"b.row_id AS linked, b.{sql.identifier(master)} AS {sql.identifier(_of(role))}, b.role"
            of_role = f"SELECT * FROM ({visible(linked, deployment, columns)}) WHERE role = {sql.text(role)}"
            query = (
                f"SELECT o.*, l.{sql.identifier(_of(role))} FROM ({query}) AS o LEFT JOIN ({of_role}) AS l "
                "ON o._row = l.linked"
            )
        kept = "TABLE" if snapshot.rows <= KEPT_ROWS else "VIEW"
        connection.execute(f"CREATE TEMP {kept} {_rows(table)} AS {query}")
        if need.held:
            quarantined = _quarantined(snapshot, deployment)
            source = sql.parquet(quarantined, by_name=True) if quarantined else f"{_rows(table)} LIMIT 0"
            connection.execute(
                f"CREATE TEMP TABLE {_held(table)} AS SELECT {sql.identifiers(sorted(need.held))} FROM {source}"
            )


class _Need:
    """Of one table: the columns that rules read, those whose held back values are asked for, and roles of masters."""

    def __init__(self) -> None:
        self.columns: set[str] = set()
        self.held: set[str] = set()
        self.roles: dict[str, tuple[str, str]] = {}


def _needs(rules: Iterable[CrossRule]) -> dict[str, _Need]:
    needs: dict[str, _Need] = defaultdict(_Need)
    for rule in rules:
        spec = rule.spec
        own, other = needs[rule.dataset], needs[spec.table]
        named = {*spec.on, *(name for text in rule.texts for name in expressions.referenced_columns(parsed(text)))}
        named |= {OTHER + name for name in spec.on.values()}
        lookup: Lookup | None = getattr(spec, "lookup", None)
        if lookup is not None:
            named |= lookup.on.keys() | {WITH + name for name in lookup.on.values()}
        for left, right in (getattr(spec, "last", None) or {}).items():
            named |= {OTHER + right, *([left] if left != NIGHT else [])}
        for name in named:
            if name.startswith(OTHER):
                other.columns.add(name.removeprefix(OTHER))
            elif lookup is not None and name.startswith(WITH):
                needs[lookup.table].columns.add(name.removeprefix(WITH))
            else:
                own.columns.add(name)
        if isinstance(spec, References):
            other.held |= {*spec.on.values(), *(spec.held or {}).values()}
            other.columns |= set((spec.held or {}).values())
            own.columns |= (spec.held or {}).keys()
            if spec.master and rule.links:
                ((left, right),) = spec.master.items()
                own.roles[left], other.roles[right] = rule.links, rule.links
    return needs


def _quarantined(snapshot: Snapshot, deployment: Deployment) -> list[Path]:
    """Files of the rows held back of the deliveries that the snapshot is made of."""
    dates = snapshot.lineage or (snapshot.date,)
    batches = (StandardizedBatch.read(StandardizedBatch.path(deployment, snapshot.table, date)) for date in dates)
    return [
        path
        for batch in batches
        if batch
        for name in batch.quarantine_files
        if (path := deployment.absolute(name)).exists()
    ]


def _rows(table: str) -> str:
    return sql.identifier(f"rows {table}")


def _held(table: str) -> str:
    return sql.identifier(f"held {table}")


def _asked(kind: str) -> str:
    return sql.identifier(f"asked {kind}")


def _kind(links: tuple[str, str]) -> str:
    """The kind of master whose links these are."""
    return links[1].removesuffix("_id")


def _of(role: str) -> str:
    return f"_{role}"


@dataclass(frozen=True)
class Query:
    """One rule as SQL over the loaded tables, judged on ``date``."""

    rule: CrossRule
    date: Date

    def text(self) -> str:
        """One row per judged row: ``row_id, source_file, source_row, delivered, fails``, ``other_row`` (one of the
        other rows that say so) and ``other_rows`` (how many do)."""
        spec = self.rule.spec
        pairs = isinstance(spec, Agrees) or (isinstance(spec, Excludes) and (spec.row or spec.last or spec.total))
        steps, result = self._paired() if pairs else self._counted()
        listed = ", ".join(f"{name} AS ({query})" for name, query in (self._sides() | steps).items())
        return f"WITH {listed} {result}"

    def _sides(self) -> dict[str, str]:
        """``wanted``: the rows that are judged; ``partners``: the other rows that count, their columns prefixed."""
        spec = self.rule.spec
        night = f"DATE '{self.date.isoformat()}' AS {DELIVERY_DATE}"
        given = " AND ".join(f"{sql.identifier(name)} IS NOT NULL" for name in spec.on)
        master = self._master
        if master is not None:
            given = f"({given} OR {master[0]} IS NOT NULL)"
        return {
            "wanted": (
                f"SELECT * FROM (SELECT *, {night} FROM {_rows(self.rule.dataset)}) "
                f"WHERE {given} AND ({_printed(spec.where) or 'TRUE'})"
            ),
            "partners": (
                f"SELECT * EXCLUDE ({DELIVERY_DATE}) FROM (SELECT {_prefixed(OTHER)}, {night} "
                f"FROM {_rows(spec.table)}) WHERE {_printed(spec.other) or 'TRUE'}"
            ),
        }

    @property
    def _master(self) -> tuple[str, str] | None:
        """The columns of either side that hold the master, where one is asked for."""
        spec = self.rule.spec
        if not isinstance(spec, References) or not spec.master:
            return None
        ((left, right),) = spec.master.items()
        return sql.identifier(_of(left)), sql.identifier(OTHER + _of(right))

    @property
    def _equal(self) -> str:
        return " AND ".join(
            f"{sql.identifier(left)} = {sql.identifier(OTHER + right)}" for left, right in self.rule.spec.on.items()
        )

    @property
    def _same_table(self) -> bool:
        return self.rule.dataset == self.rule.spec.table

    def _paired(self) -> tuple[dict[str, str], str]:
        """A step per thing that is said of pairs. A row without a partner stays, with nothing beside it."""
        spec = self.rule.spec
        assert isinstance(spec, (Excludes, Agrees))
        joined, steps = self._equal, {}
        if self._same_table:
            joined += f" AND {ROW} <> {OTHER_ROW}"
        newest = ""
        if spec.last:
            ((left, right),) = spec.last.items()
            own = DELIVERY_DATE if left == NIGHT else left
            mine, theirs = (f"CAST({sql.identifier(name)} AS DATE)" for name in (own, OTHER + right))
            joined += f" AND {theirs} <= {mine}"
            newest = f" QUALIFY rank() OVER (PARTITION BY {ROW} ORDER BY {theirs} DESC) = 1"
        steps["pairs"] = f"SELECT * FROM wanted LEFT JOIN partners ON {joined}{newest}"
        if spec.lookup:
            same = " AND ".join(
                f"p.{sql.identifier(left)} = w.{sql.identifier(WITH + right)}" for left, right in spec.lookup.on.items()
            )
            third = f"SELECT {_prefixed(WITH)} FROM {_rows(spec.lookup.table)}"
            steps["completed"] = f"SELECT p.*, w.* FROM pairs AS p LEFT JOIN ({third}) AS w ON {same}"
        # Once for each pair: names in other forms of their characters are a long expression.
        told = f"{_printed(spec.row) or 'TRUE'} AS _holds"
        total = spec.total if isinstance(spec, Excludes) else None
        if total is not None:
            told += f", {_printed(total.of)} AS _of, {_printed(total.above)} AS _above"
        steps["told"] = f"SELECT *, {told} FROM {list(steps)[-1]}"
        if isinstance(spec, Excludes):
            contrary, most, judged = "_holds", spec.more_than, "TRUE"
        else:
            contrary, most, judged = "NOT _holds", 0, f"bool_or({OTHER_ROW} IS NOT NULL AND _holds IS NOT NULL)"
        against = f"FILTER (WHERE {OTHER_ROW} IS NOT NULL AND {contrary})"
        count = f"count(DISTINCT {OTHER_ROW}) {against}"
        fails = f"{count} > {most}"
        if total is not None:
            fails = f"coalesce(sum(_of) {against} > any_value(_above), FALSE)"
        places = ", ".join(f"any_value({name}) AS {alias}" for name, alias in PLACES.items())
        return steps, (
            f"SELECT {ROW} AS row_id, {places}, {fails} AS fails, min({OTHER_ROW}) {against} AS other_row, "
            f"{count} AS other_rows FROM told GROUP BY {ROW} HAVING {judged}"
        )

    def _counted(self) -> tuple[dict[str, str], str]:
        """Partners per key, and of the same table the row itself taken off."""
        spec = self.rule.spec
        keys = [sql.identifier(OTHER + name) for name in spec.on.values()]
        group = f"count(*) AS n, min({OTHER_ROW}) AS low, max({OTHER_ROW}) AS high FROM partners"
        steps = {"groups": f"SELECT {', '.join(dict.fromkeys(keys))}, {group} GROUP BY ALL"}
        told = f"SELECT * FROM wanted LEFT JOIN groups ON {self._equal}"
        if isinstance(spec, References):
            return self._referenced(spec, steps, told)
        assert isinstance(spec, Excludes)
        n, other = "coalesce(n, 0)", "low"
        if self._same_table:
            told += f" LEFT JOIN (SELECT {OTHER_ROW} AS itself FROM partners) ON {ROW} = itself"
            n = f"({n} - (itself IS NOT NULL)::INT)"
            other = f"CASE WHEN low <> {ROW} THEN low WHEN high <> {ROW} THEN high END"
        places = ", ".join(f"{name} AS {alias}" for name, alias in PLACES.items())
        return steps, (
            f"SELECT {ROW} AS row_id, {places}, {n} > {spec.more_than} AS fails, {other} AS other_row, "
            f"{n} AS other_rows FROM ({told})"
        )

    def _referenced(self, spec: References, steps: dict[str, str], told: str) -> tuple[dict[str, str], str]:
        """A row that the other table holds back for a fault of its own is neither found nor missing; nor is one of whom
        people are still asked who it is."""
        for name, on in {"held": spec.on, "held_alike": spec.held or {}}.items():
            if on:
                keys = {right: sql.identifier(f"{name}_{right}") for right in on.values()}
                listed = ", ".join(f"{sql.identifier(right)} AS {key}" for right, key in keys.items())
                steps[name] = f"SELECT DISTINCT {listed}, TRUE AS is_{name} FROM {_held(spec.table)}"
                same = " AND ".join(f"{sql.identifier(left)} = {keys[right]}" for left, right in on.items())
                told += f" LEFT JOIN {name} ON {same}"
        found, decided = "n IS NOT NULL", "is_held IS NULL" + (" AND is_held_alike IS NULL" if spec.held else "")
        master = self._master
        if master is not None:
            own, other = master
            told += f" LEFT JOIN (SELECT DISTINCT {other} AS linked FROM partners) ON {own} = linked"
            found = "(n IS NOT NULL OR linked IS NOT NULL)"
            told = self._still_asked(spec, told, own)
            decided += " AND asked_row IS NULL AND asked_master IS NULL"
        places = ", ".join(f"{name} AS {alias}" for name, alias in PLACES.items())
        return steps, (
            f"SELECT {ROW} AS row_id, {places}, NOT {found} AS fails, NULL AS other_row, 0 AS other_rows "
            f"FROM ({told}) WHERE {found} OR ({decided})"
        )

    def _still_asked(self, spec: References, told: str, own: str) -> str:
        """``told`` with the candidates beside each row: of its own mention, and of the other table's mentions for its
        master."""
        assert spec.master is not None and self.rule.links is not None
        ((left, right),) = spec.master.items()
        asked = _asked(_kind(self.rule.links))
        mine = f"SELECT DISTINCT row_id AS asked_row FROM {asked} WHERE role = {sql.text(left)}"
        theirs = f"SELECT DISTINCT candidate_id AS asked_master FROM {asked} WHERE role = {sql.text(right)}"
        return f"{told} LEFT JOIN ({mine}) ON {ROW} = asked_row LEFT JOIN ({theirs}) ON {own} = asked_master"


def _prefixed(prefix: str) -> str:
    return f"COLUMNS('(.*)') AS '{prefix}\\1'"


def _printed(text: str | None) -> str | None:
    """A row expression as SQL."""
    return None if text is None else printed(expand(parsed(text)))
