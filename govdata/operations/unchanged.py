"""Delivery dates of which nothing has changed since they were worked off: same files, same standards, same program,
everything there.

Running them again would give the same rows (batch ids are made of just these things), so a run over all dates begins
with the first that has changed. Later dates are made again with it: what they derive from the tables of that day may
change too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date

from govdata import ingest
from govdata.batches import RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import ENGINE_VERSION
from govdata.ingest import INGEST_VERSION
from govdata.masters import VERSION
from govdata.operations import outcomes
from govdata.publish import layers
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.manifest import fingerprint


def made_by(registry: Registry) -> str:
    """What stands for everything declared and for the program's ways of reading it."""
    declared = registry.model_dump(mode="json", include={"hashes", "cross", "workorders", "working_days", "scoring"})
    return fingerprint(declared, ENGINE_VERSION, INGEST_VERSION, VERSION)


def changed_since(
    deployment: Deployment, registry: Registry, datasets: Sequence[str], dates: Sequence[Date]
) -> list[Date]:
    """Those of ``dates`` (in order) that are to be worked off: from the first on that has changed, or that did not end
    well."""
    made = made_by(registry)
    for number, date in enumerate(dates):
        if not _is_unchanged(deployment, registry, datasets, date, made):
            return list(dates[number:])
    return []


def _is_unchanged(deployment: Deployment, registry: Registry, datasets: Sequence[str], date: Date, made: str) -> bool:
    ended = outcomes.read(deployment, outcomes.GOVERNANCE, date, "catalogue")
    if ended is None or ended.outcome != "done" or ended.made_by != made:
        return False
    if any(outcome is None or outcome.is_stopped for outcome in _of_the_city(deployment, datasets, date)):
        return False
    declared = registry.datasets
    delivered = [name for name in datasets if ingest.has_delivery(deployment, declared[name], date)]
    return all(_is_published(deployment, name, date) for name in delivered)


def _of_the_city(deployment: Deployment, datasets: Sequence[str], date: Date) -> Iterator[outcomes.StageOutcome | None]:
    """What became of everything that followed the datasets."""
    for room in outcomes.rooms(deployment):
        for path in (room / date.isoformat()).glob("*.json") if room.name not in datasets else ():
            yield outcomes.read(deployment, room.name, date, path.stem)


def _is_published(deployment: Deployment, dataset: str, date: Date) -> bool:
    """Whether the delivery as it lies there now was published, and all that was made of it is whole."""
    read = outcomes.read(deployment, dataset, date, "raw")
    if read is None or read.delivery != files.state(deployment.delivery(dataset, date))[0]:
        return False
    if read.outcome == "nothing":
        return True
    published = outcomes.read(deployment, dataset, date, "published")
    raw = layers.read(RawBatch, RawBatch.path(deployment, dataset, date))
    batch = layers.read(StandardizedBatch, StandardizedBatch.path(deployment, dataset, date))
    snapshot = layers.read(Snapshot, Snapshot.path(deployment, dataset, date))
    if published is None or published.outcome != "done" or raw is None or batch is None or snapshot is None:
        return False
    named = (
        *raw.files,
        *raw.rejected_files,
        *batch.clean_files,
        *batch.quarantine_files,
        *batch.duplicate_files,
        *snapshot.every_file,
    )
    return all(files.is_sound(deployment.absolute(name)) for name in named)
