"""Evidence that is not of one delivery: what rules across tables found in a published table, and where its values
contradict the authority (``governance.conflicts``).

Both readers make the tables ``records`` and ``failing`` that ``evidence`` tells of. Of conflicts, only those are
ordered that no rule across tables judges already: one cell is one department's work once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.masters import cross
from govdata.publish import newest, visible
from govdata.standards.derivations import Conflicts
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID, SOURCE_FILE, SOURCE_ROW

if TYPE_CHECKING:
    import duckdb

NO_RECORDS = (
    "CREATE TEMP TABLE records(key_id VARCHAR, alias_id VARCHAR, cancelled BOOLEAN, failing VARCHAR[], key_wrong "
    "BOOLEAN, "
    "row_id VARCHAR, source_file VARCHAR, source_row BIGINT, delivered DATE)"
)
_FAILING = "rule_id, identity, CAST(NULL AS VARCHAR) AS alias, '' AS cause, CAST(NULL AS VARCHAR) AS shape, row_id"


def digest(prefix: str, columns: Sequence[str]) -> str:
    """The digest of a record's columns; NULL where one of them has no value."""
    if not columns:
        return "CAST(NULL AS VARCHAR)"
    joined = " || chr(31) || ".join(f"CAST(b.{sql.identifier(column)} AS VARCHAR)" for column in columns)
    return f"mac({sql.text(prefix)} || {joined})"


@dataclass
class Published:
    """The records of a published table, known by their key."""

    connection: duckdb.DuckDBPyConnection
    dataset: Dataset
    snapshot: Snapshot
    date: Date
    rules: tuple[str, ...]
    deployment: Deployment

    def records(self) -> None:
        if not self.snapshot.files:
            self.connection.execute(NO_RECORDS)
            return
        columns = f"{digest('k', self.dataset.key)} AS key_id, b.{ROW_ID} AS row_id"
        rows = visible(self.snapshot, self.deployment, columns)
        self.connection.execute(
            "CREATE TEMP TABLE records AS SELECT key_id, CAST(NULL AS VARCHAR) AS alias_id, FALSE AS cancelled, "
            f"CAST([] AS VARCHAR[]) AS failing, row_id FROM ({rows})"
        )

    def tell(self, found: str) -> None:
        """``found``: a SELECT of ``rule_id, row_id, source_file, source_row, delivered``."""
        self.connection.execute(
            f"CREATE TEMP TABLE failing AS SELECT {_FAILING}, source_file, source_row, delivered FROM (SELECT f.*, "
            f"coalesce(r.key_id, mac('r' || f.row_id)) AS identity FROM ({found}) AS f LEFT JOIN records AS r "
            "USING (row_id)) WHERE list_contains($1, rule_id)",
            [list(self.rules)],
        )


class CrossReader(Published):
    """What rules across tables found."""

    def failing(self) -> None:
        found = cross.path(self.deployment, cross.FINDINGS, self.dataset.name, self.date)
        self.tell(
            f"SELECT rule_id, {ROW_ID} AS row_id, {SOURCE_FILE} AS source_file, {SOURCE_ROW} AS source_row, "
            f"{DELIVERY_DATE} AS delivered FROM {sql.parquet([found])}"
        )


@dataclass(frozen=True)
class Disagreement:
    """What of a table may contradict the authority: an element of a role, which is one column. ``authority``: titles of
    the tables of the best rank, Chinese."""

    rule_id: str
    kind: str
    role: str
    role_name: str
    element: str
    element_name: str
    column: str
    latest: bool
    authority: str


def disagreements(registry: Registry, dataset: str) -> dict[str, Disagreement]:
    """By rule id: what conflicts of the table are ordered. What is no column of the row, nobody wrote; the authority
    has nothing to ask itself; what a rule across tables judges is ordered by that rule."""
    if dataset not in registry.datasets or conflicts_table(registry) is None:
        return {}
    judged = {rule.column for rule in registry.cross if rule.dataset == dataset}
    columns = {column.name for column in registry.datasets[dataset].columns} - judged
    found = {}
    for kind, master in sorted(registry.masters.items()):
        for role, mention in master.mentions.items():
            for element, text in mention.values.items() if mention.dataset == dataset else ():
                declared = master.elements[element]
                best = dict.fromkeys(master.mentions[name].dataset for name in declared.sources[0].mentions)
                if text not in columns or dataset in best or not any(True for _ in declared.rank(role)):
                    continue
                authority = "、".join(registry.datasets[name].title for name in best)
                rule_id = f"{kind}_{role}_{element}"
                found[rule_id] = Disagreement(
                    rule_id, kind, role, mention.name, element, declared.name, text, declared.latest, authority
                )
    return found


def contradicted(registry: Registry, deployment: Deployment, date: Date) -> frozenset[tuple[str, str]]:
    """Table and rule id of the conflicts of ``date`` that have an open line whose value was not taken."""
    table = conflicts_table(registry)
    snapshot = newest(deployment, table.name, date) if table is not None else None
    if snapshot is None or snapshot.date != date or not snapshot.files:
        return frozenset()
    named = "b.dataset, concat_ws('_', b.master_kind, b.role, b.element) AS rule_id, b.open, b.chosen"
    with sql.connection(deployment, "contradicted") as connection:
        query = (
            f"SELECT DISTINCT dataset, rule_id FROM ({visible(snapshot, deployment, named)}) WHERE open AND NOT chosen"
        )
        return frozenset(connection.execute(query).fetchall())


def conflicts_table(registry: Registry) -> Dataset | None:
    return next((d for _, d in sorted(registry.datasets.items()) if isinstance(d.derived, Conflicts)), None)


@dataclass
class ConflictReader(Published):
    """Where the published values contradict what was taken for the same person or organisation."""

    registry: Registry

    def failing(self) -> None:
        table = conflicts_table(self.registry)
        assert table is not None and isinstance(table.derived, Conflicts)
        lines = self._rows(
            table.name, "master_kind, master_id, element, dataset, role, source_value, row_id, open, chosen"
        )
        asked = disagreements(self.registry, self.dataset.name)
        parts = []
        for kind, links in table.derived.links_read().items():
            of_kind = [each for each in asked.values() if each.kind == kind]
            if of_kind and (linked := self._rows(links, f"{kind}_id, dataset, role, row_id")) and lines:
                parts += [self._one(each, lines, linked) for each in of_kind]
        nothing = (
            "SELECT '' AS rule_id, '' AS row_id, '' AS source_file, 0 AS source_row, DATE '2000-01-01' AS delivered"
        )
        self.tell(" UNION ALL ".join(parts) or f"{nothing} LIMIT 0")

    def _one(self, each: Disagreement, lines: str, linked: str) -> str:
        """Every row that says such a value; of an element that changes by nature, the one that speaks."""
        value = f"b.{sql.identifier(each.column)}"
        if self.registry.element(self.dataset.name, each.column).type in ("date", "datetime"):
            value = f"CAST({value} AS DATE)"
        place = f"b.{SOURCE_FILE} AS source_file, b.{SOURCE_ROW} AS source_row, b.{DELIVERY_DATE} AS delivered"
        rows = visible(
            self.snapshot, self.deployment, f"b.{ROW_ID} AS row_id, {place}, CAST({value} AS VARCHAR) AS told"
        )
        same = "c.row_id = r.row_id" if each.latest else "c.source_value = r.told"
        of_one = " AND ".join(
            f"{column} = {sql.text(text)}"
            for column, text in {
                "master_kind": each.kind,
                "dataset": self.dataset.name,
                "role": each.role,
                "element": each.element,
            }.items()
        )
        return (
            f"SELECT DISTINCT {sql.text(each.rule_id)} AS rule_id, r.* EXCLUDE (told) FROM "
            f"(SELECT * FROM ({lines}) WHERE {of_one} AND open AND NOT chosen) AS c "
            f"JOIN (SELECT * FROM ({linked}) WHERE role = {sql.text(each.role)}) AS l "
            f"ON l.{sql.identifier(each.kind + '_id')} = c.master_id "
            f"JOIN ({rows}) AS r ON r.row_id = l.row_id AND {same}"
        )

    def _rows(self, table: str, columns: str) -> str | None:
        snapshot = newest(self.deployment, table, self.date)
        if snapshot is None or not snapshot.files:
            return None
        return visible(snapshot, self.deployment, ", ".join(f"b.{name}" for name in columns.split(", ")))
