"""Tables made of published tables: from the newest snapshots of their inputs to a raw batch, which then goes the way of
every delivery.

A derived table is judged, gated, published, kept and shown as a delivered one is: its contract has elements and rules,
its batch id is made of the snapshots it was made of, and the same inputs give the same batch. The rows enter typed, or
as text in the standards' own forms: standardising leaves them as they are, and where it finds nothing, the file too
(``govdata.engine.unchanged``). Where the snapshot before was made by the same standards, the batch is the difference
against it (``govdata.masters.increments``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from govdata import checks, engine, publish
from govdata.batches import IngestedFile, Input, RawBatch, ReadingNote, Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.engine.functions import expand
from govdata.engine.syntax import text as printed
from govdata.engine.typed import sql_type
from govdata.errors import GateBlocked
from govdata.masters import (
    changes,
    conflicts,
    decisions,
    increments,
    integrity,
    links,
    overlap,
    roll_up,
    similarity,
    survivorship,
    timelines,
    touching,
)
from govdata.masters.mentions import Mentions, rows
from govdata.publish import newest, scorecard, visible
from govdata.standards import expressions
from govdata.standards.derivations import Conflicts, Events, Links, Relations, RollUp, Survivors
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.secret import keyed, secret
from govdata.storage.tables.masters import LINK_CANDIDATES
from govdata.storage.tables.system_columns import DELIVERY_DATE, EXTRA, ROW_ID, SOURCE_FILE, SOURCE_ROW

if TYPE_CHECKING:
    import duckdb

TEXT = "VARCHAR"

VERSION = 4
"""Part of every batch id: raise it when the same inputs would give other rows."""


def judge_derived(
    dataset: Dataset, registry: Registry, deployment: Deployment, date: Date
) -> tuple[StandardizedBatch, Verdict] | None:
    """Make the derived table as of ``date`` and judge it as a delivery is judged; None where an input was never
    published by then. Raises ``GateBlocked`` where the links that masters are made of were not published for the
    date."""
    raw = derive(dataset, registry, deployment, date)
    if raw is None:
        return None
    batch = engine.standardize(raw, dataset, registry, deployment)
    own = integrity.outcomes(batch, dataset, registry, deployment, inputs(dataset, registry, deployment, date))
    verdict = checks.validate(batch, dataset, registry, deployment, own)
    if verdict.passed and isinstance(dataset.derived, Links):
        changes.keep(batch, dataset, registry, deployment)
    return batch, verdict


def publish_derived(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> Snapshot | None:
    """``judge_derived``, and publish. Raises ``GateBlocked`` with all reasons where a check that must pass does not;
    the snapshot before then stays."""
    made = judge_derived(dataset, registry, deployment, date)
    return publish.publish(made[0], dataset, registry, deployment) if made is not None else None


def inputs(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> dict[str, Snapshot]:
    """The newest snapshots not later than ``date`` of the tables it is made of; one that was never published is not
    there."""
    found = ((table, newest(deployment, table, date)) for table in registry.inputs(dataset.name))
    return {table: snapshot for table, snapshot in found if snapshot is not None}


def remarks(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> tuple[str, ...]:
    """Which inputs are not of the date itself, Chinese."""
    found = inputs(dataset, registry, deployment, date)
    return tuple(
        f"{table} 本日没有新的一期，用 {found[table].date} 期" if table in found else f"{table} 还没有发布过，不在其内"
        for table in registry.inputs(dataset.name)
        if table not in found or found[table].date != date
    )


def derive(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> RawBatch | None:
    """The rows of the derived table from the newest snapshots not later than ``date``, as a raw batch (``lake/raw``);
    None where what it needs was never published. A batch of the same inputs and standards is kept as it is."""
    assert dataset.derived is not None
    found = inputs(dataset, registry, deployment, date)
    if not _enough(dataset, registry, found):
        return None
    _demand_links(dataset, found, date)
    made_of = [(table, snapshot.snapshot_id) for table, snapshot in found.items()]
    made_of += _learnt(dataset, registry, deployment, date)
    recipe = increments.recipe(dataset, registry, VERSION)
    base = increments.base(dataset, deployment, date, found, recipe)
    lies_on = base.snapshot.snapshot_id if base is not None else ""
    batch_id = fingerprint("derived", dataset.name, date, recipe, made_of, lies_on)
    known = RawBatch.read(RawBatch.path(deployment, dataset.name, date))
    if (
        known is not None
        and known.batch_id == batch_id
        and all(files.is_sound(deployment.absolute(name)) for name in known.every_file)
    ):
        return known
    return _write(_Night(dataset, registry, deployment, date, found, base), recipe, batch_id)


def _learnt(dataset: Dataset, registry: Registry, deployment: Deployment, date: Date) -> list[tuple[str, str]]:
    """What rows follow from beside tonight's tables: of links by likeness the model, and who founded a master before;
    of conflicts since when there is one."""
    made = dataset.derived
    if isinstance(made, Conflicts) and (known := _before(dataset, deployment, date)) is not None:
        return [("before", known.snapshot_id)]
    if not isinstance(made, Links) or registry.masters[made.master].linking is None:
        return []
    before = _before(dataset, deployment, date)
    mentions = Mentions(made.master, registry, deployment, date, {})
    return [
        ("model", similarity.artefacts(mentions)),
        ("before", before.snapshot_id if before is not None else ""),
        ("decided", fingerprint(sorted(decisions.in_force(deployment, made.master, date).items()))),
    ]


def _enough(dataset: Dataset, registry: Registry, found: Mapping[str, Snapshot]) -> bool:
    assert dataset.derived is not None
    if dataset.derived.WHOLE:
        return len(found) == len(registry.inputs(dataset.name))
    links = set(dataset.derived.links_read().values())
    linked = links <= found.keys() if dataset.derived.EVERY_LINK else links & found.keys()
    return bool(found.keys() - links) and bool(not links or linked)


def _demand_links(dataset: Dataset, found: Mapping[str, Snapshot], date: Date) -> None:
    """Masters are made of links to rows as they are tonight: older links would point at rows that are gone."""
    assert dataset.derived is not None
    links = dataset.derived.links_read().values()
    stale = [table for table in links if table in found and found[table].date != date]
    if stale:
        raise GateBlocked(dataset.name, date.isoformat(), [f"关联表 {table} 本日没有发布" for table in stale])


def _before(dataset: Dataset, deployment: Deployment, date: Date) -> Snapshot | None:
    return newest(deployment, dataset.name, date - timedelta(days=1))


@dataclass(frozen=True)
class _Night:
    """What a derived table is made of for a date: ``found``, the snapshots, and the ``base`` that its rows are to lie
    on."""

    dataset: Dataset
    registry: Registry
    deployment: Deployment
    date: Date
    found: dict[str, Snapshot]
    base: increments.Base | None

    def mentions(self, kind: str, found: Mapping[str, Snapshot], only: str | None) -> Mentions:
        return Mentions(kind, self.registry, self.deployment, self.date, found, only)

    def rows(self, table: str, snapshot: Snapshot) -> str:
        """A SELECT of the contract columns."""
        dataset = self.registry.datasets[table]
        names = [column.name for column in dataset.columns]
        return (
            f"SELECT {sql.identifiers(names)} FROM ({rows(snapshot, dataset, self.registry, self.deployment, names)})"
        )


def _write(night: _Night, recipe: str, batch_id: str) -> RawBatch:
    folder = night.deployment.lake("raw", night.dataset.name, night.date)
    target, absent, beside = (folder / f"{batch_id}-{part}.parquet" for part in ("0000", "gone", "beside"))
    made_of = "+".join(f"published/{table}/{snapshot.date}" for table, snapshot in night.found.items())
    with files.scratch(night.deployment, "derive") as scratch:
        made = night.dataset.derived
        asked = timelines.code_sets(made, night.registry) if isinstance(made, Events | Relations) else None
        connection = engine.session(night.registry, temp=scratch / "spill", as_of=night.date, code_sets=asked)
        try:
            came, gone = _came_and_gone(connection, night)
            arrives = _order(connection, night.dataset, night.registry, came)
            queries = {target: _as_raw(night.dataset, arrives, night.date, made_of)} | (
                {absent: gone} if gone is not None else {}
            )
            written = {path: _copy(connection, query, path) for path, query in queries.items()}
            relations = [sql.parquet([written[path]]) for path in queries]
            lines = _beside(connection, night, *relations)
            written |= {beside: _copy(connection, lines, beside)} if lines is not None else {}
        finally:
            connection.close()
    for path, part in written.items():
        files.put(part, path)
    count = files.row_count(target)
    told = remarks(night.dataset, night.registry, night.deployment, night.date)
    source = IngestedFile(
        name=made_of,
        format="由已发布的表生成",
        physical=count,
        delivered=count,
        raw=count,
        rejected=0,
        notes=tuple(ReadingNote(kind="remark", reason=remark) for remark in told),
    )
    raw = RawBatch(
        dataset=night.dataset.name,
        date=night.date,
        batch_id=batch_id,
        delivery_fingerprint=fingerprint([(table, snapshot.snapshot_id) for table, snapshot in night.found.items()]),
        standards_hash=night.registry.hashes[night.dataset.name],
        mode="snapshot" if night.base is None else "delta",
        files=(night.deployment.relative(target),),
        rejected_files=(),
        sources=(source,),
        columns=tuple(column.name for column in night.dataset.columns),
        arrives=arrives,
        made_of=tuple(
            Input(table=table, date=snapshot.date, snapshot_id=snapshot.snapshot_id)
            for table, snapshot in night.found.items()
        ),
        recipe=recipe,
        base=night.base.snapshot.snapshot_id if night.base is not None else None,
        gone_files=(night.deployment.relative(absent),) if absent in written else (),
        beside_files=(night.deployment.relative(beside),) if beside in written else (),
    )
    files.put_manifest(raw, RawBatch.path(night.deployment, night.dataset.name, night.date))
    for stale in set(folder.glob("*.parquet")) - written.keys():
        stale.unlink(missing_ok=True)
    return raw


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> Path:
    """A temporary file for ``target`` with the rows of ``query``."""
    written = files.temporary(target)
    connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
    return written


def _beside(connection: duckdb.DuckDBPyConnection, night: _Night, fresh: str, gone: str | None = None) -> str | None:
    """A SELECT of what is kept beside the rows (``fresh``, ``gone``: relations of them), None: nothing."""
    made = night.dataset.derived
    if isinstance(made, Conflicts):
        return overlap.COUNTED
    inputs = _difference(connection, night)
    if not isinstance(made, Links) or night.base is None or inputs is None or gone is None:
        return None
    return touching.lines(connection, night.dataset, made.master, night.base.snapshot, inputs, fresh, gone)


def _difference(connection: duckdb.DuckDBPyConnection, night: _Night) -> touching.Difference | None:
    """What the table's rows are made of, tonight and the night before, where a row that is the same says the same."""
    if night.base is None or night.base.inputs is None or not increments.is_timeless(night.dataset, night.registry):
        return None
    found = touching.Difference(night.registry, night.deployment, night.found, night.base.inputs)
    return found if found.is_alike(connection) else None


def _came_and_gone(connection: duckdb.DuckDBPyConnection, night: _Night) -> tuple[str, str | None]:
    """SELECTs of the rows of the batch, and of the ids of the base's rows that no longer hold; None without a base."""
    if night.base is None:
        return _query(connection, night), None
    touched = increments.touch(
        connection, night.dataset, night.registry, night.deployment, night.found, night.base.inputs
    )
    if isinstance(night.dataset.derived, Conflicts) and not _beside_before(night.base, night.deployment):
        touched = None
    query = _query(connection, night, touched)
    return increments.compare(
        connection, night.dataset, night.registry, night.deployment, night.base.snapshot, query, touched=touched
    )


def _query(connection: duckdb.DuckDBPyConnection, night: _Night, touched: increments.Touched | None = None) -> str:
    """The table's rows, typed; what they are made of may be put into temporary tables of the connection. Where it is
    told which masters are ``touched``, of these at least, all of theirs."""
    made = night.dataset.derived
    assert made is not None
    if isinstance(made, RollUp):
        return _rolled_up(made, night.registry, night.deployment, night.date, night.found)
    only = touched.rows() if touched else None
    if isinstance(made, Events | Relations):
        told = timelines.Told(
            night.registry, night.deployment, night.date, night.found, only, touched.linked() if touched else {}
        )
    if isinstance(made, Events):
        return timelines.events(made, told)
    linked_before = isinstance(made, Links) and newest(night.deployment, night.dataset.name, Date.max) is not None
    keyed(connection, secret(night.deployment, in_use=linked_before or bool(made.links_read())))
    if isinstance(made, Relations):
        return timelines.relations(made, told)
    if isinstance(made, Conflicts):
        return _conflicts(connection, made, night, touched)
    mentions = {kind: night.mentions(kind, night.found, only) for kind in made.masters_read()}
    if isinstance(made, Links):
        return _linked(connection, mentions[made.master], night)
    assert isinstance(made, Survivors)
    whole = night.rows(made.links, night.found[made.links])
    of_kind = touched.of_masters(made.master) if touched else whole
    survivorship.prepare(connection, mentions[made.master], of_kind, identified=True)
    return survivorship.query(mentions[made.master])


def _beside_before(base: increments.Base, deployment: Deployment) -> list[Path]:
    """The files beside the batch of the night before; none where one is damaged or gone."""
    paths = [deployment.absolute(name) for name in base.batch.beside_files]
    return paths if all(map(files.is_sound, paths)) else []


def _conflicts(
    connection: duckdb.DuckDBPyConnection, made: Conflicts, night: _Night, touched: increments.Touched | None
) -> str:
    """With what departments hold of the same masters, which is counted over the same facts."""
    kinds = {kind: table for kind, table in made.links_read().items() if table in night.found}
    overlap.begin(connection, _beside_before(night.base, night.deployment) if touched and night.base else ())
    if touched is not None and night.base is not None and night.base.inputs is not None:
        for kind in kinds:
            then = night.mentions(kind, night.base.inputs, touched.rows(increments.BEFORE))
            overlap.count(connection, then, touched.of_masters(kind, increments.BEFORE), -1)
    parts = []
    for kind, table in kinds.items():
        mentions = night.mentions(kind, night.found, touched.rows() if touched else None)
        links = touched.of_masters(kind) if touched else night.rows(table, night.found[table])
        overlap.count(connection, mentions, links)
        overlap.keep(connection, mentions)
        connection.execute(f"CREATE TEMP TABLE {sql.identifier(kind)} AS {conflicts.found(mentions)}")
        parts.append(f"SELECT * FROM {sql.identifier(kind)}")
    before = _before(night.dataset, night.deployment, night.date)
    tonight = " UNION ALL ".join(parts)
    if before is None:
        return conflicts.query(tonight, None, None, night.date.isoformat())
    lines = night.rows(night.dataset.name, before)
    return conflicts.query(tonight, lines, before.date.isoformat(), night.date.isoformat())


def _linked(connection: duckdb.DuckDBPyConnection, mentions: Mentions, night: _Night) -> str:
    inputs = _difference(connection, night)
    if night.base is not None and inputs is not None:
        known = touching.keep_unchanged(connection, night.dataset, night.base.snapshot, inputs)
        mentions = replace(mentions, linked=known)
    links.prepare(connection, mentions)
    asked = similarity.attach(connection, mentions, night.dataset)
    files.put_table(asked, scorecard.path(mentions.deployment, LINK_CANDIDATES, mentions.date, mentions.kind))
    return links.query(mentions)


def _rolled_up(
    made: RollUp, registry: Registry, deployment: Deployment, date: Date, found: Mapping[str, Snapshot]
) -> str:
    source = registry.datasets[made.table]
    names = [column.name for column in source.columns]
    known = list(registry.code_sets)
    conditions = {
        place: printed(expand(expressions.parse(text, columns=names, code_sets=known)))
        for place, text in made.expressions().items()
    }
    read = ", ".join(f"b.{sql.identifier(name)}" for name in names)
    read_rows = visible(found[made.table], deployment, f"{read}, DATE '{date.isoformat()}' AS {DELIVERY_DATE}")
    code_set = registry.element(made.table, made.division).code_set
    assert code_set is not None
    return roll_up.query(made, read_rows, code_set, conditions)


def _order(connection: duckdb.DuckDBPyConnection, dataset: Dataset, registry: Registry, query: str) -> dict[str, str]:
    """Make the temporary table ``ordered`` of the rows of ``query``, and have what is copied keep its order; gives the
    types of the columns that are no text and can be told as their element's type."""
    assert dataset.derived is not None
    order = sql.identifiers([*dataset.derived.sorted_by(), *_key(dataset)])
    connection.execute(f"CREATE TEMP TABLE ordered AS SELECT * FROM ({query}) ORDER BY {order}")
    connection.execute("SET preserve_insertion_order = true")
    made = {row[0]: row[1] for row in connection.execute("DESCRIBE ordered").fetchall()}
    wanted = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    typed = {name: kind for name, kind in wanted.items() if kind != TEXT}
    asked = {name: kind for name, kind in typed.items() if made[name] != kind}
    if not asked:
        return typed
    same = (
        f"bool_and(coalesce(CAST(TRY_CAST({name} AS {kind}) AS {TEXT}) = CAST({name} AS {TEXT}), {name} IS NULL))"
        for name, kind in ((sql.identifier(name), kind) for name, kind in asked.items())
    )
    (told,) = connection.execute(f"SELECT {', '.join(same)} FROM ordered").fetchall()
    other = {name for name, alike in zip(asked, told, strict=True) if alike is False}
    return {name: kind for name, kind in typed.items() if name not in other}


def _as_raw(dataset: Dataset, arrives: Mapping[str, str], date: Date, made_of: str) -> str:
    """The rows of ``ordered`` as those of a raw batch, with the columns of standardised rows beside: where nothing is
    found in them, the file stands as it is. A row's id is made of the table and the key, so that the same thing keeps
    its id from night to night."""
    values = ", ".join(
        f"CAST({name} AS {arrives[column.name]}) AS {name}"
        if column.name in arrives
        else f"nullif(CAST({name} AS {TEXT}), '') AS {name}"
        for column in dataset.columns
        for name in [sql.identifier(column.name)]
    )
    told = ", ".join(f"coalesce(CAST({sql.identifier(name)} AS {TEXT}), '')" for name in _key(dataset))
    identity = f"substr(sha256(concat_ws(chr(31), {sql.text(dataset.name)}, {told})), 1, 24)"
    return (
        f"SELECT {values}, CAST(NULL AS {TEXT}) AS {EXTRA}, {identity} AS {ROW_ID}, "
        f"{sql.text(made_of)} AS {SOURCE_FILE}, rowid + 1 AS {SOURCE_ROW}, "
        f"DATE '{date.isoformat()}' AS {DELIVERY_DATE}, {engine.of_a_sound_row(dataset)} FROM ordered"
    )


def _key(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.columns if column.primary_key] or [
        column.name for column in dataset.columns
    ]
