"""``governance.<dataset>_possible()`` and ``governance.<dataset>_bounds(condition)``: between which numbers a count of
a register lies, given what is held back, in conflict or unreadable.

A count of published rows is exact only if nothing else was delivered. What else was is known, though: a row in
quarantine is perhaps one more, with every cell that its failed rules read unknown; a line that could not be read is
perhaps one more, of which nothing is known; a published row may have a cell that a rule doubts or that another source
contradicts, or stand to be replaced by a newer row that is held back. So the possible rows are all of these with
doubtful cells NULL, and SQL's logic of three values does the rest: where a condition is TRUE the row counts in both
bounds, where it is NULL in the upper one only. A change whose key is not known may end any row, so the lower bound goes
down by one for each. Of a condition that asks whether a cell is NULL nothing is promised.

The bounds hold for the day of the newest snapshot, as far as wrong values are seen by rules and sources; a delivery
that was refused unread is not in them. All is told per register, which holds one row per key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.publish.dataset_views import declared, former_names, selection
from govdata.publish.merge import visible
from govdata.publish.pinned import Night
from govdata.publish.views import Catalogue, empty
from govdata.standards.derivations import Conflicts
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, ROW_ID, WARNINGS

SURE, UNPLACED = "_sure", "_unplaced"
"""Of a possible row: whether it is surely a record of the register; whether it may have changed or ended any other."""
WHERE = "_where"
"""The condition of ``_bounds``; no column of a contract begins so."""


def show(
    catalogue: Catalogue,
    dataset: Dataset,
    nights: Sequence[Night],
    snapshots: Mapping[str, Snapshot],
    registry: Registry,
    deployment: Deployment,
) -> None:
    """Create both macros. ``nights``: of the dataset; ``snapshots``: the newest whole one of each table. Nothing is
    created where the table was never published, or has no key."""
    snapshot = snapshots.get(dataset.name)
    if snapshot is None or not snapshot.files or not dataset.key:
        return
    possible = _possible(
        catalogue, dataset, nights, snapshot, _doubted(dataset, snapshots, registry, deployment), registry, deployment
    )
    name = sql.identifier(f"{dataset.name}_possible"), sql.identifier(f"{dataset.name}_bounds")
    catalogue.connection.execute(f"CREATE MACRO catalogue.governance.{name[0]}() AS TABLE {possible}")
    published = _published(catalogue, dataset, snapshot, registry, deployment)
    catalogue.connection.execute(
        f"CREATE MACRO catalogue.governance.{name[1]}({WHERE}) AS TABLE SELECT "
        f"greatest(0, count(*) FILTER (WHERE {SURE} AND ({WHERE})) - count(*) FILTER (WHERE {UNPLACED})) AS lower, "
        f"(SELECT count(*) FILTER (WHERE {WHERE}) FROM ({published})) AS published, "
        f"count(*) FILTER (WHERE ({WHERE}) IS NOT FALSE) AS upper FROM ({possible})"
    )


def _published(
    catalogue: Catalogue, dataset: Dataset, snapshot: Snapshot, registry: Registry, deployment: Deployment
) -> str:
    columns = {
        **declared(dataset, registry),
        ROW_ID: ROW_ID.type,
        DELIVERY_DATE: DELIVERY_DATE.type,
        WARNINGS: WARNINGS.type,
    }
    present = catalogue.schema(deployment.absolute(snapshot.files[0]))
    return visible(snapshot, deployment, selection(columns, present, former_names(dataset)))


def _held(catalogue: Catalogue, dataset: Dataset, paths: Iterable[Path], registry: Registry) -> str:
    """Rows that were read and are not published, with the rules they fail: of a snapshot's own deliveries those in
    quarantine, of a blocked one all."""
    columns = {
        **declared(dataset, registry),
        DELIVERY_DATE: DELIVERY_DATE.type,
        FAILED_RULES: FAILED_RULES.type,
        WARNINGS: WARNINGS.type,
    }
    selects = [
        f"SELECT {selection(columns, catalogue.schema(path), former_names(dataset))} FROM {sql.parquet([path])} AS b"
        for path in paths
    ]
    return " UNION ALL ".join(selects) or empty(columns)


def _possible(
    catalogue: Catalogue,
    dataset: Dataset,
    nights: Sequence[Night],
    snapshot: Snapshot,
    doubted: str,
    registry: Registry,
    deployment: Deployment,
) -> str:
    """A SELECT of the register's columns, ``_sure`` and ``_unplaced``."""
    first = snapshot.lineage[0] if snapshot.lineage else snapshot.date
    concerned = [night for night in nights if first <= night.date <= snapshot.date]
    paths = [
        path
        for night in concerned
        for path in (*night.quarantine, *(() if night.date in (*snapshot.lineage, snapshot.date) else night.clean))
    ]
    columns, key = declared(dataset, registry), [sql.identifier(name) for name in dataset.key]
    failing = f"list_concat(coalesce({FAILED_RULES}, []), coalesce({WARNINGS}, []))"
    reading = {name: _rules(name, dataset, registry) for name in columns}
    same_key = " AND ".join(f"n.{name} = k.{name}" for name in key)
    operation = dataset.delivery.operation
    is_end = f"coalesce(k.{sql.identifier(operation)} = 'D', FALSE)" if operation in columns else "FALSE"
    changes = f"k.{DELIVERY_DATE} > DATE '{first}'" if dataset.delivery.mode == "delta" else "FALSE"
    held = ", ".join(
        f"CASE WHEN list_has_any(failing, {rules}) THEN NULL ELSE {sql.identifier(name)} END AS {sql.identifier(name)}"
        if rules != "[]"
        else sql.identifier(name)
        for name, rules in reading.items()
    )
    shown = ", ".join(_cell(name, reading[name], name in dataset.key) for name in columns)
    nothing = ", ".join(f"CAST(NULL AS {kind}) AS {sql.identifier(name)}" for name, kind in columns.items())
    rejected = [path for night in concerned for path in night.rejected]
    unread = ""
    if rejected:
        unread = f"SELECT {nothing}, FALSE, {changes.replace('k.', '')} FROM {sql.parquet(rejected)} UNION ALL "
    back = _held(catalogue, dataset, paths, registry)
    steps = {
        "now": _published(catalogue, dataset, snapshot, registry, deployment),
        "back": f"SELECT * EXCLUDE ({FAILED_RULES}, {WARNINGS}), {failing} AS failing FROM ({back})",
        "known": f"SELECT {held}, {DELIVERY_DATE} FROM back",
        "keyed": f"SELECT *, {' AND '.join(f'{name} IS NOT NULL' for name in key)} AS keyed FROM known",
        # What is held back of a key that is published with an older row: that row may not hold any more.
        "shaken": f"SELECT DISTINCT n.{ROW_ID} FROM now AS n JOIN keyed AS k ON {same_key} "
        f"WHERE k.keyed AND k.{DELIVERY_DATE} >= n.{DELIVERY_DATE}",
        "doubted": doubted,
    }
    last = (
        f"SELECT {shown}, s.{ROW_ID} IS NULL AS {SURE}, FALSE AS {UNPLACED} FROM now AS n "
        f"LEFT JOIN shaken AS s USING ({ROW_ID}) LEFT JOIN doubted AS d ON d.row_id = n.{ROW_ID} UNION ALL {unread}"
        f"SELECT {', '.join(f'k.{sql.identifier(name)}' for name in columns)}, FALSE, ({changes}) AND NOT k.keyed "
        "FROM keyed AS k "
        f"WHERE NOT k.keyed OR NOT ({is_end} OR EXISTS (SELECT 1 FROM now AS n WHERE {same_key}))"
    )
    return f"WITH {', '.join(f'{name} AS ({text})' for name, text in steps.items())} {last}"


def _cell(name: str, rules: str, is_key: bool) -> str:
    """A cell of a published row, NULL where it is doubtful."""
    column = sql.identifier(name)
    doubts = [f"coalesce(list_contains(d.columns, {sql.text(name)}), FALSE)"]
    if rules != "[]":
        doubts.append(f"coalesce(list_has_any(n.{WARNINGS}, {rules}), FALSE)")
    if not is_key:
        doubts.append(f"s.{ROW_ID} IS NOT NULL")
    return f"CASE WHEN {' OR '.join(doubts)} THEN NULL ELSE n.{column} END AS {column}"


def _rules(name: str, dataset: Dataset, registry: Registry) -> str:
    """The rules that read a column, as a list of SQL: where one fails the cell may be wrong."""
    found = [rule.id for rule in registry.rules(dataset.name) if name == rule.column or name in rule.columns]
    return f"[{', '.join(map(sql.text, found))}]"


def _doubted(dataset: Dataset, snapshots: Mapping[str, Snapshot], registry: Registry, deployment: Deployment) -> str:
    """``row_id, columns``: cells of published rows of which other sources say something else."""
    selects = []
    for name in registry.derived:
        made = registry.datasets[name].derived
        known = snapshots.get(name)
        if not isinstance(made, Conflicts) or known is None or not known.files:
            continue
        conflicts = visible(known, deployment, "b.master_kind, b.master_id, b.element, b.open")
        for kind, link in made.links.items():
            linked = snapshots.get(link)
            told = _told(dataset, kind, registry)
            if linked is None or not linked.files or not told:
                continue
            links = visible(
                linked, deployment, f"b.dataset, b.role, b.row_id, b.{sql.identifier(kind + '_id')} AS master_id"
            )
            selects.append(
                f"SELECT l.row_id, t.column_name FROM ({links}) AS l JOIN ({conflicts}) AS c USING (master_id) "
                f"JOIN (VALUES {told}) AS t(role, element, column_name) ON t.role = l.role AND t.element = c.element "
                f"WHERE l.dataset = {sql.text(dataset.name)} AND c.open AND c.master_kind = {sql.text(kind)}"
            )
    if not selects:
        return empty({"row_id": "VARCHAR", "columns": "VARCHAR[]"})
    return f"SELECT row_id, list(DISTINCT column_name) AS columns FROM ({' UNION ALL '.join(selects)}) GROUP BY row_id"


def _told(dataset: Dataset, kind: str, registry: Registry) -> str:
    """Role, element of the master and column of the register that says it."""
    columns = {column.name for column in dataset.columns}
    return ", ".join(
        f"({sql.text(role)}, {sql.text(element)}, {sql.text(said)})"
        for role, mention in registry.masters[kind].mentions.items()
        if mention.dataset == dataset.name
        for element, said in mention.values.items()
        if said in columns
    )
