"""What of a derived table the night makes anew: its difference against the snapshot before.

A table whose ways are ``LAYERED`` is published as a layer on its snapshot before: rows that are new or say something
else, and the ids of those that no longer hold. The rows are made of the masters that the night touched alone, where
nothing else can have changed:

    touched    masters of links that are not the same in both snapshots of the links, and of rows that are not the
               same although the link to them is
    made       the table's rows of these masters, as a rebuild would make them
    fresh      those of them that the snapshot before does not have like this
    gone       ids of its rows of these masters that were not made

Where that cannot be told (other standards, an input that was made anew, expressions that ask for the day), all rows are
made and compared; where most of the inputs is new, or the layers have become many, the table is made whole. Either way
what is published is what a rebuild gives (``tests/masters/test_increments.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata import publish
from govdata.batches import RawBatch, Snapshot
from govdata.deployment import Deployment
from govdata.engine import ENGINE_VERSION
from govdata.engine.typed import sql_type
from govdata.masters import touching
from govdata.masters.mentions import rows
from govdata.masters.touching import Difference
from govdata.publish import layers
from govdata.standards import Everything, expressions
from govdata.standards.derivations import Conflicts, Derivation, Events, Links, Relations, Survivors
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb

MOST_LAYERS = 31
"""A snapshot of so many layers is followed by a whole one: what is kept to merge it again does not grow for ever."""

MOST_NEW = 0.2
"""Share of the inputs' rows from which on the table is made whole."""

TONIGHT, BEFORE = "tonight", "before"


@dataclass(frozen=True)
class Base:
    """``snapshot``: what the night's layer lies on, ``batch``: that of its own night. ``inputs``: the snapshots it was
    made of, None where one of them is not there any more."""

    snapshot: Snapshot
    batch: RawBatch
    inputs: Mapping[str, Snapshot] | None


@dataclass(frozen=True)
class Touched:
    """Temporary tables about the masters that the night touched. ``links``: kind of master → its table of links.

    touched_<links>                 ``master``: the touched ones
    rows_<night>                    ``dataset, row_id`` of the rows that mention one; before for conflicts alone
    <links>_<night>                 the links of these rows: for relations also of all else that they mention
    """

    links: Mapping[str, str]

    def rows(self, night: str = TONIGHT) -> str:
        return f"rows_{night}"

    def linked(self, night: str = TONIGHT) -> dict[str, str]:
        """Table of links → the relation of those of the rows."""
        return {table: f"{table}_{night}" for table in self.links.values()}

    def of_masters(self, kind: str, night: str = TONIGHT) -> str:
        """A SELECT of the links of touched masters."""
        table = self.links[kind]
        return f"SELECT * FROM {table}_{night} WHERE {sql.identifier(f'{kind}_id')} IN (FROM touched_{table})"


def recipe(dataset: Dataset, registry: Registry, version: int) -> str:
    """A hash of all that the rows follow from beside the inputs' rows and the date."""
    of_inputs = [registry.hashes[name] for name in registry.inputs(dataset.name)]
    return fingerprint(version, ENGINE_VERSION, registry.hashes[dataset.name], of_inputs)


def base(
    dataset: Dataset,
    deployment: Deployment,
    date: Date,
    found: Mapping[str, Snapshot],
    recipe: str,
) -> Base | None:
    """The snapshot before ``date`` that the night's difference is told against; None: the table is made whole."""
    assert dataset.derived is not None
    before = publish.newest(deployment, dataset.name, date - timedelta(days=1)) if dataset.derived.LAYERED else None
    if before is None or not before.files or len(before.lineage) >= MOST_LAYERS:
        return None
    raw = touching.batch_of(before, deployment)
    if raw is None or raw.recipe != recipe:
        return None
    then = inputs_of(raw, deployment)
    if _new(then, found, deployment) > MOST_NEW * sum(snapshot.rows for snapshot in found.values()):
        return None
    return Base(before, raw, then if then.keys() == found.keys() and len(then) == len(raw.made_of) else None)


def inputs_of(raw: RawBatch, deployment: Deployment) -> dict[str, Snapshot]:
    """The snapshots that a batch was made of, but for those that are not there any more as they were."""
    then: dict[str, Snapshot] = {}
    for item in raw.made_of:
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, item.table, item.date))
        if snapshot is not None and snapshot.snapshot_id == item.snapshot_id and publish.complete(snapshot, deployment):
            then[item.table] = snapshot
    return then


def _new(then: Mapping[str, Snapshot], found: Mapping[str, Snapshot], deployment: Deployment) -> int:
    """About how many rows of the inputs came since ``then``."""
    count = 0
    for table, now in found.items():
        known = then.get(table)
        if known is not None and known.snapshot_id == now.snapshot_id:
            continue
        if known is None or known.lineage != now.lineage[: len(known.lineage)]:
            count += now.rows
        else:
            count += sum(publish.layer_rows(deployment, table, date) for date in now.lineage[len(known.lineage) :])
    return count


def touch(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    found: Mapping[str, Snapshot],
    then: Mapping[str, Snapshot] | None,
) -> Touched | None:
    """Tell which masters the night touches, from what was told where the links were made; in temporary tables. None:
    any may be."""
    made = dataset.derived
    if made is None or then is None or not is_timeless(dataset, registry):
        return None
    tables = Difference(registry, deployment, found, then)
    if not tables.is_alike(connection):
        return None
    links = {kind: table for kind, table in made.links_read().items() if table in found}
    kept = {table: touching.kept(table, tables) for table in links.values()}
    linked_to = {name for kind in links for name in registry.masters[kind].datasets}
    if None in kept.values() or not kept or found.keys() - kept.keys() > linked_to:
        return None
    for table, file in kept.items():
        connection.execute(f"CREATE TEMP TABLE touched_{table} AS SELECT DISTINCT master FROM {file} WHERE touched")
    nights = {TONIGHT: found} | ({BEFORE: then} if isinstance(made, Conflicts) else {})
    for night, snapshots in nights.items():
        mentioned = [f"SELECT dataset, row_id FROM {file} WHERE touched AND {night}" for file in kept.values()]
        connection.execute(f"CREATE TEMP TABLE rows_{night} AS {' UNION '.join(mentioned)}")
        for kind, table in links.items():
            lines = [
                f"SELECT dataset, role, row_id, master AS {sql.identifier(f'{kind}_id')}, method FROM {kept[table]} "
                f"SEMI JOIN rows_{night} USING (dataset, row_id) WHERE {night}"
            ]
            if isinstance(made, Relations) and _has_others(connection, kind, night, kept[table], registry):
                columns = ["dataset", "role", "row_id", f"{kind}_id", "method"]
                known = rows(snapshots[table], registry.datasets[table], registry, deployment, columns)
                lines.append(
                    f"SELECT {sql.identifiers(columns)} FROM ({known}) SEMI JOIN other USING (dataset, row_id)"
                )
            connection.execute(f"CREATE TEMP TABLE {table}_{night} AS {' UNION ALL '.join(lines)}")
    return Touched(links)


def _has_others(
    connection: duckdb.DuckDBPyConnection, kind: str, night: str, file: str | None, registry: Registry
) -> bool:
    """Make ``other``: the rows that mention a touched master of another kind alone, so that the ``file`` lacks what
    else they mention. Whether there are any."""
    datasets = ", ".join(map(sql.text, registry.masters[kind].datasets))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE other AS SELECT * FROM rows_{night} WHERE dataset IN ({datasets}) "
        f"EXCEPT SELECT dataset, row_id FROM {file}"
    )
    return sql.scalar(connection, "SELECT count(*) FROM other") > 0


def is_timeless(dataset: Dataset, registry: Registry) -> bool:
    """Nothing that the rows are made by asks for the night's date, or for what a code set says on it."""
    made = dataset.derived
    return isinstance(made, Links | Survivors | Conflicts | Events | Relations) and _timeless(made, registry)


def _timeless(made: Derivation, registry: Registry) -> bool:
    texts = [said.text for said in made.says(registry.masters)]
    named = [
        (said.table, said.text) for said in made.says(registry.masters) if said.column and isinstance(made, Events)
    ]
    for kind in () if isinstance(made, Events | Relations) else made.masters_read():
        master = registry.masters[kind]
        for identifier in master.identifiers.values():
            texts += [identifier.valid, *filter(None, [identifier.key])]
        for mention in master.mentions.values():
            numbers = [text for name in master.identifiers for text in mention.number(name)]
            texts += filter(None, [mention.where, mention.date, *mention.values.values(), *numbers])
        for element in master.elements.values():
            texts += filter(None, [element.compare, *(source.where for source in element.sources)])
    return not any(map(_asks_the_day, texts)) and not any(_twice(table, column, registry) for table, column in named)


def _asks_the_day(text: str) -> bool:
    tree, _ = expressions.parse_value(text, columns=Everything(), code_sets=Everything())
    return any(call.name in ("delivery_date", *expressions.ASKING) for call in tree.find_all(exp.Anonymous))


def _twice(table: str, column: str, registry: Registry) -> bool:
    """Whether a code of the column has had several names: which one is told depends on the day."""
    name = registry.element(table, column).code_set if table in registry.datasets else None
    codes = [code.code for code in registry.code_sets[name].codes] if name is not None else []
    return len(codes) != len(set(codes))


def compare(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    before: Snapshot,
    query: str,
    *,
    touched: Touched | None,
) -> tuple[str, str]:
    """SELECTs of the fresh rows of ``query``, which makes the table's rows, and of ``_row_id`` of those that are gone;
    where it is told which masters are ``touched``, both of these only."""
    connection.execute(f"CREATE TEMP TABLE made AS SELECT * FROM ({query}){_of(touched, dataset)}")
    kinds = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    known = f"SELECT * FROM ({rows(before, dataset, registry, deployment, kinds)}){_of(touched, dataset)}"
    same = {
        name: f"TRY_CAST(m.{sql.identifier(name)} AS {kind}) IS NOT DISTINCT FROM b.{sql.identifier(name)}"
        for name, kind in kinds.items()
    }
    key = dataset.key or tuple(kinds)
    connection.execute(
        f"CREATE TEMP TABLE compared AS SELECT m.*, b.{ROW_ID} FROM (SELECT *, TRUE AS is_made FROM made) AS m "
        f"FULL JOIN ({known}) AS b ON {' AND '.join(same[name] for name in key)} "
        f"WHERE is_made IS NULL OR b.{ROW_ID} IS NULL OR NOT ({' AND '.join(same.values())})"
    )
    fresh = f"SELECT * EXCLUDE (is_made, {ROW_ID}) FROM compared WHERE is_made"
    keys = sql.identifiers(key)
    if sql.scalar(connection, f"SELECT count(*) FROM (SELECT 1 FROM made GROUP BY {keys} HAVING count(*) > 1)"):
        fresh = "SELECT * FROM made"  # rows under one key are judged together, as in a whole
    return fresh, f"SELECT {ROW_ID} FROM compared WHERE is_made IS NULL"


def _of(touched: Touched | None, dataset: Dataset) -> str:
    """A WHERE of the rows with a touched master in one of the columns that hold one."""
    if touched is None:
        return ""
    assert dataset.derived is not None
    held = [
        f"{sql.identifier(column)} IN (FROM touched_{touched.links[kind]})"
        for column, kinds in dataset.derived.holds().items()
        for kind in kinds
        if kind in touched.links
    ]
    return f" WHERE {' OR '.join(held)}"
