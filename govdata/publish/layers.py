"""What one delivery adds to a table, frozen at publishing.

A layer is the clean part of a batch that passed its gate, under file names of its own (hard links: no space). A whole
delivery starts a table anew; a delta lies on the layers before it. Snapshots are merged from layers, so every snapshot
can be made again from them: when a past delivery is corrected, when snapshots in between were pruned, and whatever the
lake holds by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from govdata.batches import RawBatch, Seal, StandardizedBatch
from govdata.deployment import Deployment, dates_in, iso_date, set_first_date
from govdata.errors import GateBlocked, Waiting
from govdata.publish import governance
from govdata.publish.filled import filled_cells
from govdata.standards.model import Dataset, Registry
from govdata.storage import files
from govdata.storage.manifest import Inside, Manifest, fingerprint
from govdata.storage.tables.nights import PUBLISHED_ROWS
from govdata.storage.tables.system_columns import ROW_ID

FORMAT = 1
"""Part of every snapshot id: raise it when the same layers would merge into other rows."""

M = TypeVar("M", bound=Manifest)


class Layer(Manifest):
    """``key_unique``: the standards saw to it that no two rows of ``files`` share ``key``. ``operation``: the column
    that holds I, U, D. ``former_names``: column → what the contract called it earlier. ``delivered``: which columns
    came (``RawBatch.coverage``), ``unknown``: which came that the contract did not know, ``filled``: cells with a value
    by column, of ``judged`` rows (quarantined ones included); the next delivery is held against them. ``base``: the
    snapshot that the layer lies on, where it names one, and ``gone``: files with the ``_row_id`` of those of its rows
    that no longer hold; without it a delta lies on what is there before its date."""

    table: str
    date: Date
    batch_id: str
    standards_hash: str
    mode: Literal["snapshot", "delta"]
    key: tuple[str, ...]
    key_unique: bool
    operation: str | None
    files: tuple[Inside, ...]
    rows: int
    former_names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    delivered: dict[str, Literal["all", "some"]] = Field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    filled: dict[str, int] = Field(default_factory=dict)
    judged: int = 0
    base: str | None = None
    gone: tuple[Inside, ...] = ()
    seals: tuple[Seal, ...] = ()

    @property
    def every_file(self) -> tuple[str, ...]:
        return (*self.files, *self.gone)

    @staticmethod
    def path(deployment: Deployment, table: str, date: Date) -> Path:
        return deployment.snapshot(table, date) / "layer.json"


@dataclass(frozen=True)
class Lineage:
    """The layers a snapshot is merged from, oldest first; the first is a whole, or the first delta there ever was.
    Not ``rooted``: a layer names a base that is not there any more (its date was made anew, or is gone), so these are
    not all; what was published of it stands by its own files, and can be built upon, but not be merged again."""

    snapshot_id: str
    base_snapshot_id: str | None
    layers: tuple[Layer, ...]
    rooted: bool = True

    @classmethod
    def of(cls, layer: Layer, before: Lineage | None, known: Mapping[str, Lineage]) -> Lineage:
        """The lineage of ``layer``'s date; ``before``: that of the layer before it; ``known``: those of all earlier
        layers by the id of their snapshot."""
        base = None if layer.mode == "snapshot" else before if layer.base is None else known.get(layer.base)
        base_id = layer.base or (base.snapshot_id if base else None)
        identity = (
            layer.table,
            layer.date.isoformat(),
            layer.batch_id,
            layer.standards_hash,
            layer.mode,
            layer.key,
            layer.operation,
        )
        return cls(
            snapshot_id=fingerprint("snapshot", FORMAT, *identity, base_id),
            base_snapshot_id=base_id,
            layers=(*(base.layers if base else ()), layer),
            rooted=base.rooted if base else layer.base is None,
        )


def read(kind: type[M], path: Path) -> M | None:
    """The manifest, or None where it is missing or damaged: a damaged one is made again."""
    try:
        return kind.read(path)
    except ValidationError:
        return None


def dates(folder: Path) -> list[Date]:
    """Dates that have a folder under ``folder``, oldest first."""
    return dates_in(folder)


def lineages(deployment: Deployment, table: str) -> dict[Date, Lineage]:
    """Every layer's date → the lineage of that date's snapshot, oldest first."""
    result: dict[Date, Lineage] = {}
    known: dict[str, Lineage] = {}
    newest: Lineage | None = None
    for date in dates(deployment.published / table):
        layer = read(Layer, Layer.path(deployment, table, date))
        if layer is not None:
            newest = result[date] = Lineage.of(layer, newest, known)
            known[newest.snapshot_id] = newest
    return result


def layer_rows(deployment: Deployment, table: str, date: Date) -> int:
    """Rows of the layer of ``date``; 0 where there is none."""
    layer = read(Layer, Layer.path(deployment, table, date))
    return layer.rows if layer is not None else 0


def before(deployment: Deployment, table: str, date: Date) -> Layer | None:
    """The layer of the newest published delivery before ``date`` that says which columns came."""
    for earlier in reversed(dates(deployment.published / table)):
        layer = read(Layer, Layer.path(deployment, table, earlier)) if earlier < date else None
        if layer is not None and layer.delivered:
            return layer
    return None


def freeze(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> Layer:
    """Give the batch's clean files a second name under ``published`` and write the layer's manifest. The gate must have
    passed.

    A layer of the same batch is kept as it is. Raises ``GateBlocked`` for a delta without the whole it belongs on,
    ``Waiting`` for one with a gap below it."""
    from govdata.publish import damaged_files, seals  # they know what a layer is

    path = Layer.path(deployment, dataset.name, batch.date)
    if batch.mode == "delta" and dataset.delivery.snapshot_files:
        _demand_whole(batch, deployment)
    if batch.mode == "delta" and batch.base is None:
        _demand_all_between(batch, dataset, deployment)
    raw = read(RawBatch, RawBatch.path(deployment, dataset.name, batch.date))
    told = raw if raw is not None and raw.batch_id == batch.raw_batch_id else None
    layer = Layer(
        table=dataset.name,
        date=batch.date,
        batch_id=batch.batch_id,
        standards_hash=batch.standards_hash,
        mode=batch.mode,
        key=key_of(batch, dataset),
        key_unique=batch.base is not None or registry.is_unique(dataset.name, dataset.delivery.key),
        operation=dataset.delivery.operation,
        files=(),
        rows=batch.clean,
        former_names={column.name: column.former_names for column in dataset.columns if column.former_names},
        delivered=told.coverage() if told else {},
        unknown=told.unknown_columns if told else (),
        filled=_filled(batch, told.columns if told else (), deployment),
        judged=batch.rows,
        base=batch.base,
    )
    kept = read(Layer, path)
    if (
        kept is not None
        and kept.model_copy(update={"files": (), "gone": (), "seals": ()}) == layer
        and all(deployment.absolute(file).exists() for file in kept.every_file)
    ):
        damaged = damaged_files.of_layer(kept, batch, deployment)
        if not damaged:
            return kept
        damaged_files.set_aside(damaged, deployment)
        sources = (*batch.clean_files, *batch.gone_files)
        if damaged_files.unreadable((deployment.absolute(source) for source in sources), deployment):
            raise GateBlocked(batch.dataset, batch.date.isoformat(), ["标准化后的文件已损坏，请重新标准化并检查"])
    stem = f"{batch.batch_id}-{files.token()}"
    # What was released joins the files that are published already; they stay under the names they have.
    stay = kept.files if kept is not None and batch.former_batch_id and kept.batch_id == batch.former_batch_id else ()
    try:
        linked = [
            files.link(deployment.absolute(source), path.with_name(f"{stem}-{index}.parquet"))
            for index, source in enumerate(batch.clean_files[len(stay) :])
        ]
        gone = [
            files.link(deployment.absolute(source), path.with_name(f"{stem}-gone-{index}.parquet"))
            for index, source in enumerate(batch.gone_files)
        ]
    except FileNotFoundError:
        raise GateBlocked(batch.dataset, batch.date.isoformat(), ["标准化批次在发布过程中被取代，请重新检查"]) from None
    names = (*stay, *(deployment.relative(file) for file in linked))
    absent = tuple(deployment.relative(file) for file in gone)
    known = {seal.file: seal for seal in kept.seals} if kept is not None else {}
    sealed = seals.of((*names, *absent), deployment, known)
    layer = layer.model_copy(update={"files": names, "gone": absent, "seals": sealed})
    files.put_manifest(layer, path)
    return layer


def base_made_anew(table: str, date: Date) -> GateBlocked:
    """The snapshot that the layer of ``date`` names is not there any more."""
    return GateBlocked(table, date.isoformat(), ["它所依据的上一期已重做，请重新运行本日"])


def key_of(batch: StandardizedBatch, dataset: Dataset) -> tuple[str, ...]:
    """The columns by which a row of the batch takes the place of an older one: a table that names the snapshot it lies
    on is made by us, and knows its rows by their ids."""
    return (ROW_ID,) if batch.base is not None else dataset.delivery.key


def _filled(batch: StandardizedBatch, columns: tuple[str, ...], deployment: Deployment) -> dict[str, int]:
    """Damaged files say nothing here: what becomes of them is decided where they are read."""
    import pyarrow as pa

    try:
        found = filled_cells((*batch.clean_files, *batch.quarantine_files), deployment)
    except (OSError, pa.ArrowException):
        return {}
    return {name: found[name] for name in columns if name in found}


def _demand_whole(batch: StandardizedBatch, deployment: Deployment) -> None:
    """A contract that names whole deliveries promises one at the start: changes alone are not the table."""
    earlier = (date for date in dates(deployment.published / batch.dataset) if date < batch.date)
    if not any(read(Layer, Layer.path(deployment, batch.dataset, date)) for date in earlier):
        raise GateBlocked(batch.dataset, batch.date.isoformat(), ["此前没有已发布的全量交付，增量无从合并"])


def _demand_all_between(batch: StandardizedBatch, dataset: Dataset, deployment: Deployment) -> None:
    """A delta is merged over every delivery since the last whole, or not at all: without one of them it would quietly
    take that one's changes back. Missing are nights that were published and whose layer is gone (somebody deleted its
    folder, say), and deliveries that nobody has dealt with (interrupted, failed, waiting or never run). A delivery that
    was judged and blocked, or refused at reading, is dealt with: somebody was told, and later ones go on without it.
    Layers older than the whole below this delta may have been pruned."""
    from govdata.ingest import has_delivery

    present = {
        date: layer
        for date in dates(deployment.published / batch.dataset)
        if date < batch.date and (layer := read(Layer, Layer.path(deployment, batch.dataset, date))) is not None
    }
    whole = max((date for date, layer in present.items() if layer.mode == "snapshot"), default=Date.min)
    lost, undone = [], []
    for date in sorted({*recorded_dates(deployment, batch.dataset), *_delivered_dates(dataset, deployment)}):
        if not whole < date < batch.date or date in present:
            continue
        published = was_published(deployment, batch.dataset, date)
        if published and present:
            lost.append(date)
        elif published is None and has_delivery(deployment, dataset, date):
            undone.append(date)
    reasons = []
    for missing, what in ((lost, "曾经发布，现在找不到它的快照"), (undone, "有交付，还没有处理完")):
        if missing:
            listed = "、".join(date.isoformat() for date in missing)
            again = deployment.command("run", "--date", missing[0].isoformat(), "--dataset", batch.dataset)
            reasons.append(f"{listed} {what}，增量不能越过它合并。先处理 {missing[0]}：{again}，再运行本日")
    if reasons:
        raise Waiting(batch.dataset, batch.date.isoformat(), reasons)


def _delivered_dates(dataset: Dataset, deployment: Deployment) -> list[Date]:
    """Dates with a delivery folder that a run would take, oldest first."""
    first = set_first_date()
    return [date for date in dates(deployment.landing / dataset.name) if first is None or date >= first]


def recorded_dates(deployment: Deployment, table: str) -> list[Date]:
    """Dates with a line in ``governance.reconciliation``, oldest first."""
    paths = (deployment.governance / "reconciliation" / table).glob("[0-9]*.parquet")
    return sorted(date for path in paths if (date := iso_date(path.stem)) is not None)


def was_published(deployment: Deployment, table: str, date: Date) -> bool | None:
    """Whether that line says that rows were published; None where there is none, or a damaged one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return (
            pq.read_table(governance.line(deployment, table, date), columns=[PUBLISHED_ROWS])[PUBLISHED_ROWS][0].as_py()
            is not None
        )
    except (OSError, pa.ArrowException, IndexError):
        return None
