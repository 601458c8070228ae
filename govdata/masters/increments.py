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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata import publish
from govdata.batches import RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import ENGINE_VERSION
from govdata.engine.typed import sql_type
from govdata.masters.mentions import rows
from govdata.publish import layers
from govdata.standards import Everything, expressions
from govdata.standards.derivations import Events, Relations, Survivors
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables.rows import DELIVERY_DATE, ROW_ID

if TYPE_CHECKING:
    import duckdb

MOST_LAYERS = 31
"""A snapshot of so many layers is followed by a whole one: what is kept to merge it again does not grow for ever."""

MOST_NEW = 0.2
"""Share of the inputs' rows from which on the table is made whole."""

TOUCHED_ROWS = "touched_rows"
"""The temporary table of ``dataset, row_id`` of the rows that mention a touched master."""


@dataclass(frozen=True)
class Base:
    """``snapshot``: what the night's layer lies on. ``inputs``: the snapshots it was made of, None where one of them is
    not there any more."""

    snapshot: Snapshot
    inputs: Mapping[str, Snapshot] | None


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
    raw = layers.read(RawBatch, RawBatch.path(deployment, dataset.name, before.date))
    batch = layers.read(StandardizedBatch, StandardizedBatch.path(deployment, dataset.name, before.date))
    if raw is None or batch is None or batch.batch_id != before.batch_id or batch.raw_batch_id != raw.batch_id:
        return None
    if raw.recipe != recipe:
        return None
    then: dict[str, Snapshot] = {}
    for item in raw.made_of:
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, item.table, item.date))
        if snapshot is not None and snapshot.snapshot_id == item.snapshot_id and publish.complete(snapshot, deployment):
            then[item.table] = snapshot
    if _new(then, found, deployment) > MOST_NEW * sum(snapshot.rows for snapshot in found.values()):
        return None
    return Base(before, then if then.keys() == found.keys() and len(then) == len(raw.made_of) else None)


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
) -> bool:
    """Make, per table of links that it reads, ``touched_<table>`` (``master``), ``touched_rows``, and
    ``linked_<table>`` (all of tonight's links of these rows, so of masters that they mention beside a touched one too).
    False: any master may be touched."""
    made = dataset.derived
    if not isinstance(made, Survivors | Events | Relations) or then is None:
        return False
    if not _timeless(made, registry) or not _alike(connection, found, then, deployment):
        return False
    tables = [table for table in found if table not in made.links_read().values()]
    differ = [
        f"SELECT {sql.text(table)} AS dataset, {ROW_ID} AS row_id FROM ({query})"
        for table in tables
        for query in _changed(connection, table, registry, deployment, found, then)
    ]
    nothing = "SELECT '' AS dataset, '' AS row_id WHERE FALSE"
    connection.execute(f"CREATE TEMP TABLE changed_rows AS {' UNION '.join(differ) or nothing}")
    known = {
        kind: rows(found[table], registry.datasets[table], registry, deployment, _of_links(kind))
        for kind, table in made.links_read().items()
    }
    for kind, table in made.links_read().items():
        _touch(connection, kind, table, registry, deployment, found, then)
    mentioned = [
        f"SELECT dataset, row_id FROM ({links}) WHERE {_is_touched(kind, made.links_read()[kind])}"
        for kind, links in known.items()
    ]
    connection.execute(f"CREATE TEMP TABLE {TOUCHED_ROWS} AS {' UNION '.join(mentioned)}")
    for kind, table in made.links_read().items():
        connection.execute(
            f"CREATE TEMP TABLE linked_{table} AS SELECT * FROM ({known[kind]}) SEMI JOIN {TOUCHED_ROWS} "
            "USING (dataset, row_id)"
        )
    return True


def _of_links(kind: str) -> list[str]:
    """The columns of links that anything follows from."""
    return ["dataset", "role", "row_id", f"{kind}_id", "method"]


def _names(table: str, registry: Registry) -> list[str]:
    return [column.name for column in registry.datasets[table].columns]


def _is_touched(kind: str, table: str) -> str:
    return f"{sql.identifier(kind + '_id')} IN (SELECT master FROM touched_{table})"


def _touch(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    table: str,
    registry: Registry,
    deployment: Deployment,
    found: Mapping[str, Snapshot],
    then: Mapping[str, Snapshot],
) -> None:
    dataset, master = registry.datasets[table], sql.identifier(f"{kind}_id")
    columns = _of_links(kind)
    differ = publish.changed(then[table], found[table], deployment, columns)
    touched = [f"SELECT {master} AS master FROM ({differ})"] if differ is not None else []
    if sql.scalar(connection, "SELECT count(*) FROM changed_rows"):
        for snapshot in (then[table], found[table]):
            links = rows(snapshot, dataset, registry, deployment, columns)
            touched.append(f"SELECT {master} AS master FROM ({links}) SEMI JOIN changed_rows USING (dataset, row_id)")
    nothing = "SELECT '' AS master WHERE FALSE"
    connection.execute(f"CREATE TEMP TABLE touched_{table} AS {' UNION '.join(touched) or nothing}")


def _changed(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    registry: Registry,
    deployment: Deployment,
    found: Mapping[str, Snapshot],
    then: Mapping[str, Snapshot],
) -> Iterator[str]:
    """SELECTs of the ids of rows that came or went, and of those that say something else under the id they had. A row
    that says something else has a new id, unless standards changed; so what rows say is read only where an id lies
    elsewhere now (a compacted file)."""
    if (ids := publish.changed(then[table], found[table], deployment, [ROW_ID])) is None:
        return
    yield ids
    moved = publish.moved(then[table], found[table], deployment, [ROW_ID])
    if moved is not None and sql.scalar(connection, f"SELECT count(*) FROM ({moved})"):
        columns = [*_names(table, registry), ROW_ID, DELIVERY_DATE]
        said = publish.changed(then[table], found[table], deployment, columns)
        yield f"SELECT {ROW_ID} FROM ({said})"


def _alike(
    connection: duckdb.DuckDBPyConnection,
    found: Mapping[str, Snapshot],
    then: Mapping[str, Snapshot],
    deployment: Deployment,
) -> bool:
    """Both snapshots of every input have the same columns."""
    for table, now in found.items():
        schemas = [
            sql.schema(connection, deployment.absolute(snapshot.files[0]))
            for snapshot in (then[table], now)
            if snapshot.files
        ]
        if any(schema != schemas[0] for schema in schemas):
            return False
    return True


def _timeless(made: Survivors | Events | Relations, registry: Registry) -> bool:
    """Nothing that the rows are made by asks for the night's date, or for what a code set says on it."""
    texts = [said.text for said in made.says(registry.masters)]
    named = [
        (said.table, said.text) for said in made.says(registry.masters) if said.column and isinstance(made, Events)
    ]
    for kind in made.masters_read() if isinstance(made, Survivors) else ():
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
    touched: bool,
) -> tuple[str, str]:
    """SELECTs of the fresh rows of ``query``, which makes the table's rows, and of ``_row_id`` of those that are gone;
    ``touched``: both of touched masters only."""
    made = f"SELECT * FROM ({query}){_of_touched(dataset, touched)}"
    connection.execute(f"CREATE TEMP TABLE made AS {made}")
    kinds = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    known = f"SELECT * FROM ({rows(before, dataset, registry, deployment, kinds)}){_of_touched(dataset, touched)}"
    same = {
        name: f"TRY_CAST(m.{sql.identifier(name)} AS {kind}) IS NOT DISTINCT FROM b.{sql.identifier(name)}"
        for name, kind in kinds.items()
    }
    key = [same[name] for name in dataset.key or kinds]
    keys = sql.identifiers(dataset.key or kinds)
    fresh = f"SELECT * FROM made AS m ANTI JOIN ({known}) AS b ON {' AND '.join(same.values())}"
    if sql.scalar(connection, f"SELECT count(*) FROM (SELECT 1 FROM made GROUP BY {keys} HAVING count(*) > 1)"):
        fresh = "SELECT * FROM made"  # rows under one key are judged together, as in a whole
    gone = f"SELECT {ROW_ID} FROM ({known}) AS b ANTI JOIN made AS m ON {' AND '.join(key)}"
    return fresh, gone


def _of_touched(dataset: Dataset, touched: bool) -> str:
    """A WHERE of the rows with a touched master in one of the columns that hold one."""
    if not touched:
        return ""
    assert dataset.derived is not None
    links = dataset.derived.links_read()
    held = [
        f"{sql.identifier(column)} IN (SELECT master FROM touched_{links[kind]})"
        for column, kinds in dataset.derived.holds().items()
        for kind in kinds
    ]
    return f" WHERE {' OR '.join(held)}"


def linked(tables: Iterable[str]) -> Mapping[str, str]:
    """Table of links → the temporary table of those of touched rows that ``touch`` made."""
    return {table: f"linked_{table}" for table in tables}


def links_of_touched(kind: str, table: str) -> str:
    """A SELECT of tonight's links of touched masters, after ``touch``."""
    return f"SELECT * FROM linked_{table} WHERE {_is_touched(kind, table)}"
