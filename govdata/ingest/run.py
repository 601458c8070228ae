"""From a delivery to its raw batch: all of it, or nothing is kept."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from govdata.batches import DeliveredFile, Delivery, IngestedFile, RawBatch
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, Problem
from govdata.ingest import columnar, packed, processes
from govdata.ingest.delivery import delivered_files, passed_over
from govdata.ingest.reading import ENCODINGS, REJECTED_SCHEMA, Reading, miscounted, raw_schema
from govdata.ingest.write import Part, PartWriter, remove_stale
from govdata.standards.model import Dataset, Registry
from govdata.storage.manifest import fingerprint

INGEST_VERSION = "12"
"""Part of every batch id: raise it when the same files would be read otherwise than before."""

MANY = 256
"""Different files from which on several processes read them: what a file costs besides its records (its encoding, its
header) is Python's work, of which a process does one thing at a time. A process takes a second to start."""
SHARE_FILES = 64
SHARE_BYTES = 32 << 20
"""What a process reads at once: what it writes of it are files of their own in the batch."""


def ingest(delivery: Delivery, dataset: Dataset, registry: Registry, deployment: Deployment) -> RawBatch:
    """Read all files of ``delivery`` into ``lake/raw`` and ``lake/rejected`` and write the batch's manifest.

    Raises ``DeliveryError`` with every problem of every file; the batch before, if any, then stays as it was.
    """
    standards_hash = registry.hashes[dataset.name]
    batch_id = fingerprint(
        dataset.name, delivery.date.isoformat(), delivery.fingerprint, standards_hash, INGEST_VERSION
    )
    folder = deployment.delivery(dataset.name, delivery.date)
    paths = delivered_files(folder, dataset.delivery.marker) if folder.is_dir() else {}
    arriving = columnar.arriving(paths.values(), dataset, registry)
    work = _Work(delivery, dataset, registry, deployment, paths, arriving)
    with work.writing(batch_id) as (raw, rejected):
        sources, problems = _read(work, batch_id, raw, rejected)
        if problems:
            heading = f"{dataset.title}（{dataset.name}）{delivery.date} 的交付不能接收："
            raise DeliveryError(heading, problems, tuple(sources))
        batch = RawBatch(
            dataset=dataset.name,
            date=delivery.date,
            batch_id=batch_id,
            delivery_fingerprint=delivery.fingerprint,
            standards_hash=standards_hash,
            mode=mode_of(delivery, dataset),
            files=tuple(deployment.relative(path) for path in raw.publish()),
            rejected_files=tuple(deployment.relative(path) for path in rejected.publish()) if rejected.rows else (),
            sources=tuple(sources),
            columns=tuple(column.name for column in dataset.columns),
            arrives={name: columnar.sql_type(kind) for name, kind in arriving.items()},
            passed_over=passed_over(folder, dataset.delivery.marker),
            watermark=delivery.watermark,
        )
    batch.write(RawBatch.path(deployment, dataset.name, delivery.date))
    remove_stale(raw.folder, {Path(file).name for file in batch.files})
    # The exact duplicates there are the standardised batch's: without them a night that is being checked meanwhile
    # would be blocked.
    theirs = {path.name for path in rejected.folder.glob("duplicates-*.parquet")}
    remove_stale(rejected.folder, {Path(file).name for file in batch.rejected_files} | theirs)
    return batch


def mode_of(delivery: Delivery, dataset: Dataset) -> Literal["snapshot", "delta"]:
    """A delta dataset's delivery with a file named as a whole is a whole."""
    patterns = dataset.delivery.snapshot_files
    whole = any(
        fnmatch.fnmatch(part, pattern)
        for file in delivery.files
        for part in (file.name, Path(file.name).name)
        for pattern in patterns
    )
    return "snapshot" if dataset.delivery.mode == "snapshot" or whole else "delta"


@dataclass(frozen=True)
class _Work:
    """What is read, by which standards, and where it goes."""

    delivery: Delivery
    dataset: Dataset
    registry: Registry
    deployment: Deployment
    paths: Mapping[str, Path]
    arriving: Mapping[str, pa.DataType]

    @contextmanager
    def writing(self, name: str) -> Iterator[tuple[PartWriter, PartWriter]]:
        """Writers of the raw and of the rejected records."""
        raw, rejected = (
            self.deployment.lake(stage, self.dataset.name, self.delivery.date) for stage in ("raw", "rejected")
        )
        with ExitStack() as stack:
            unpacking = packed.FOLDER.set(self.deployment.temporary)
            stack.callback(packed.FOLDER.reset, unpacking)
            schema = raw_schema(self.dataset, self.arriving)
            yield (
                stack.enter_context(PartWriter(raw, name, schema, ENCODINGS)),
                stack.enter_context(PartWriter(rejected, name, REJECTED_SCHEMA)),
            )

    def reading(self, files: Sequence[DeliveredFile], raw: PartWriter, rejected: PartWriter) -> Reading:
        delivery = self.delivery.model_copy(update={"files": tuple(files)})
        return Reading(delivery, self.dataset, self.registry, self.paths, raw, rejected, self.arriving)

    def share(self, share: _Share) -> _ReadShare:
        """Read by a process of its own. Where there is a problem nothing is kept."""
        with self.writing(share.name) as (raw, rejected):
            reading = self.reading(share.files, raw, rejected)
            sources = reading.read_files()
            parts = [writer.hand_over() if writer.rows and not reading.problems else None for writer in (raw, rejected)]
            return _ReadShare(sources, reading.problems, *parts)


@dataclass(frozen=True)
class _Share:
    """Files that one process reads, in their order; ``name``: of what it writes."""

    name: str
    files: tuple[DeliveredFile, ...]


@dataclass(frozen=True)
class _ReadShare:
    sources: list[IngestedFile]
    problems: list[Problem]
    raw: Part | None
    rejected: Part | None


def _read(work: _Work, name: str, raw: PartWriter, rejected: PartWriter) -> tuple[list[IngestedFile], list[Problem]]:
    """How each file was read and what is wrong, both in the files' order."""
    files = work.delivery.files
    if len({file.sha256 for file in files}) < MANY or processes.WORKERS < 2:
        reading = work.reading(files, raw, rejected)
        return reading.read(), reading.problems
    ours = f"{name}-{os.getpid()}"
    sources: list[IngestedFile] = []
    problems: list[Problem] = []
    try:
        for share in processes.each(work.share, _shares(files, ours)):
            sources += share.sources
            problems += share.problems
            for writer, part in ((raw, share.raw), (rejected, share.rejected)):
                if part is not None:
                    writer.adopt(part)
    except BaseException:
        for writer in (raw, rejected):
            for path in writer.folder.glob(f".{ours}-*.tmp"):
                path.unlink(missing_ok=True)
        raise
    place = {file.name: index for index, file in enumerate(files)}
    sources.sort(key=lambda source: place[source.name])
    problems.sort(key=lambda problem: place[problem.file])
    return sources, problems or miscounted(work.delivery, sources)


def _shares(files: Sequence[DeliveredFile], name: str) -> list[_Share]:
    """Files of the same content in one share, all in the order in which each content first comes."""
    alike: dict[str, list[DeliveredFile]] = {}
    for file in files:
        alike.setdefault(file.sha256, []).append(file)
    shares: list[list[DeliveredFile]] = [[]]
    size = 0
    for group in alike.values():
        if shares[-1] and (len(shares[-1]) >= SHARE_FILES or size + group[0].size > SHARE_BYTES):
            shares.append([])
            size = 0
        shares[-1] += group
        size += group[0].size
    return [_Share(f"{name}-{number:04d}", tuple(share)) for number, share in enumerate(shares)]
