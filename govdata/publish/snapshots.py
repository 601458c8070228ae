"""StandardizedBatch → Snapshot: the gate, the batch frozen as a layer, the merge, and the snapshots after it when the
past changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.errors import GateBlocked, GovdataError, Waiting
from govdata.publish import damaged_files, gate, layers, seals
from govdata.publish.governance import record_reconciliation
from govdata.publish.layers import Lineage
from govdata.publish.merge import merge
from govdata.standards.model import Dataset, Registry
from govdata.storage import files


def publish(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> Snapshot:
    """Publish the batch as the snapshot of its date; analysts see it after ``rebuild_catalogue``.

    Same inputs, same snapshot: running it again changes nothing. When the delivery of a past date was corrected, the
    later snapshots of a delta dataset are merged anew from their own layers, up to the next whole delivery. Raises
    ``GateBlocked`` with all reasons, after noting in ``governance.reconciliation`` that nothing was published; the
    snapshot that was there stays. Raises ``Waiting``, noting nothing, for a delta whose turn has not come."""
    with files.locked(deployment.published / dataset.name / ".lock"):
        try:
            gate.verify(batch, dataset, registry, deployment)
            layers.freeze(batch, dataset, registry, deployment)
            snapshot = _merged(batch, deployment)
        except Waiting:
            raise
        except GateBlocked:
            record_reconciliation(batch, None, deployment)
            raise
        record_reconciliation(batch, snapshot.rows, deployment)
        return snapshot


def _merged(batch: StandardizedBatch, deployment: Deployment) -> Snapshot:
    """Bring the table up to date; where a file it lies on turns out damaged, set that aside and try once more without
    it."""
    import duckdb

    try:
        return _bring_up_to_date(batch.dataset, batch.date, deployment)
    except GateBlocked:
        raise
    except (duckdb.Error, GovdataError):
        below = layers.lineages(deployment, batch.dataset)[batch.date].layers
        snapshots = (layers.read(Snapshot, Snapshot.path(deployment, batch.dataset, layer.date)) for layer in below)
        named = {name for layer in below for name in layer.every_file}
        named |= {
            name
            for known in snapshots
            if known
            for name in (*known.files, *([known.hidden_file] if known.hidden_file else []))
        }
        paths = (path for name in sorted(named) if (path := deployment.absolute(name)).exists())
        damaged_files.set_aside(damaged_files.unreadable(paths, deployment), deployment)
    lost = [
        layer.date for layer in below if not all(files.is_sound(deployment.absolute(name)) for name in layer.every_file)
    ]
    if lost:
        listed = "、".join(date.isoformat() for date in lost)
        again = deployment.command("run", "--date", lost[0].isoformat())
        reason = f"{listed} 的已发布文件缺失或损坏（损坏的已移开）。请先重新运行：{again}，再运行本日"
        raise GateBlocked(batch.dataset, batch.date.isoformat(), [reason])
    return _bring_up_to_date(batch.dataset, batch.date, deployment)


def complete(snapshot: Snapshot, deployment: Deployment) -> bool:
    """All its files are there and none was cut short."""
    named = [*snapshot.files, *([snapshot.hidden_file] if snapshot.hidden_file else [])]
    return all(files.is_sound(deployment.absolute(file)) for file in named)


def newest(deployment: Deployment, table: str, date: Date) -> Snapshot | None:
    """The newest snapshot of the table not later than ``date`` whose files are all there."""
    for known in reversed(layers.dates(deployment.published / table)):
        if known <= date:
            snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, known))
            if snapshot is not None and complete(snapshot, deployment):
                return snapshot
    return None


def lost_nights(deployment: Deployment, tables: Iterable[str]) -> dict[str, list[Date]]:
    """Table → the nights that must be run again, oldest first, because files they published are missing, damaged or set
    aside, or because the manifest of the newest one is. Tables without any are left out."""
    lost = {}
    for table in tables:
        every = seals.named(deployment, table)
        nights = {seals.night_of(name) for name in every if not files.is_sound(deployment.absolute(name))}
        dates = reversed(layers.recorded_dates(deployment, table))
        newest = next((date for date in dates if layers.was_published(deployment, table, date)), None)
        if newest is not None and layers.read(Snapshot, Snapshot.path(deployment, table, newest)) is None:
            nights.add(newest)
        if nights:
            lost[table] = sorted(nights)
    return lost


def rerun(deployment: Deployment, table: str, nights: Iterable[Date]) -> str:
    """The command that makes them again, in order."""
    dates = [word for date in sorted(nights) for word in ("--date", date.isoformat())]
    return deployment.command("run", *dates, "--dataset", table)


def _bring_up_to_date(table: str, date: Date, deployment: Deployment) -> Snapshot:
    """Make the snapshot of ``date`` and the later ones that lie on it what their layers say; returns that of
    ``date``."""
    lineages = layers.lineages(deployment, table)
    newest = max(lineages)
    result = None
    for later, lineage in lineages.items():
        if later < date:
            continue
        if later > date and lineage.layers[-1].mode == "snapshot":
            break
        if later > date and not lineage.rooted:
            continue  # it names a base that was made anew: what was published of it stands
        current = layers.read(Snapshot, Snapshot.path(deployment, table, later))
        if current is None and later not in (date, newest):
            continue  # pruned, or not published yet: its own run makes it
        same = current is not None and current.snapshot_id == lineage.snapshot_id
        if (
            current is not None and same and later == date and complete(current, deployment)
        ):  # a run that repeats: a chance to look
            damaged_files.set_aside(damaged_files.of_snapshot(current, deployment), deployment)
        if current is None or not same or not complete(current, deployment):
            base = _base(table, lineage, lineages, deployment)
            if base is None and not lineage.rooted:
                raise layers.base_made_anew(table, later)
            current = merge(base, lineage, deployment)
            files.put_manifest(current, Snapshot.path(deployment, table, later))
            if later > date:
                _correct_published(table, later, current, deployment)
        if later == date:
            result = current
    assert result is not None
    return result


def _base(table: str, lineage: Lineage, lineages: dict[Date, Lineage], deployment: Deployment) -> Snapshot | None:
    """The newest snapshot that is merged from the same layers as far as it goes."""
    for layer in reversed(lineage.layers[:-1]):
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, layer.date))
        if (
            snapshot is not None
            and snapshot.snapshot_id == lineages[layer.date].snapshot_id
            and complete(snapshot, deployment)
        ):
            return snapshot
    return None


def _correct_published(table: str, date: Date, snapshot: Snapshot, deployment: Deployment) -> None:
    """The published count of a later night, where that night's batch is still the one published."""
    batch = layers.read(StandardizedBatch, StandardizedBatch.path(deployment, table, date))
    if batch is not None and batch.batch_id == snapshot.batch_id:
        record_reconciliation(batch, snapshot.rows, deployment)
