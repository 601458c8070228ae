"""What the lake holds of every kept night, pinned: files the catalogue may name.

A stage that runs again removes the files of its earlier run, and a query that was using them would fail half-way. So
the catalogue never names a file of the lake itself but a second name of it (hard link) under ``lake/.pinned``, which
only ``prune`` removes, after a grace time. The name carries the file's time of writing: a name never stands for two
contents.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path

from govdata.batches import LedgerColumn, RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.publish import layers
from govdata.storage import files
from govdata.storage.tables.system_columns import CONTENT, FAILED_RULES, IDENTITY, KEPT_ROW_ID, REASON

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Night:
    """Pinned files of one delivery date. ``ledger`` and ``ledger_sql`` are empty where the raw rows are not those the
    standardised ones came from, the first also where no cell was altered. ``rejudged``: of rows judged again later
    their own ledger and their files, which are among those of ``clean`` and ``quarantine``. ``repaired``:
    column → cells altered; ``steps``: the same by column and steps. ``damaged``: files that the night's manifests name
    and that cannot be shown, and manifests that cannot be read."""

    dataset: str
    date: Date
    raw: tuple[Path, ...] = ()
    rejected: tuple[Path, ...] = ()
    clean: tuple[Path, ...] = ()
    quarantine: tuple[Path, ...] = ()
    duplicates: tuple[Path, ...] = ()
    ledger: tuple[LedgerColumn, ...] = ()
    ledger_sql: str = ""
    rejudged: tuple[tuple[tuple[LedgerColumn, ...], tuple[Path, ...]], ...] = ()
    repaired: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()


def nights(deployment: Deployment, datasets: list[str]) -> dict[str, list[Night]]:
    """Every date of each dataset that has a raw or standardised batch, oldest first."""
    result = {}
    for dataset in datasets:
        raw_folder = deployment.lake("raw", dataset, Date.min).parent
        standardized_folder = deployment.lake("standardized", dataset, Date.min).parent
        dates = sorted({*layers.dates(raw_folder), *layers.dates(standardized_folder)})
        result[dataset] = [night for date in dates if (night := _night(deployment, dataset, date))]
    return result


def _night(deployment: Deployment, dataset: str, date: Date) -> Night | None:
    # A stage may replace its batch between our reading the manifest and pinning its files: then the new manifest is
    # read.
    night = None
    for _ in range(3):
        paths = RawBatch.path(deployment, dataset, date), StandardizedBatch.path(deployment, dataset, date)
        raw, batch = layers.read(RawBatch, paths[0]), layers.read(StandardizedBatch, paths[1])
        manifests = [path for path, known in zip(paths, (raw, batch), strict=True) if known is None and path.exists()]
        if raw is None and batch is None and not manifests:
            return None
        damaged = [deployment.relative(path) for path in manifests]
        night = Night(
            dataset=dataset,
            date=date,
            raw=_pin(deployment, raw.files if raw else (), damaged),
            rejected=_pin(deployment, raw.rejected_files if raw else (), damaged, REASON, CONTENT),
            clean=_pin(deployment, batch.clean_files if batch else (), damaged),
            quarantine=_pin(deployment, batch.quarantine_files if batch else (), damaged, FAILED_RULES),
            duplicates=_pin(deployment, batch.duplicate_files if batch else (), damaged, KEPT_ROW_ID),
            ledger=batch.ledger if batch and any(batch.repaired_cells.values()) and _is_of(batch, raw) else (),
            ledger_sql=batch.ledger_sql if batch and _is_of(batch, raw) else "",
            rejudged=tuple((part.ledger, _pin(deployment, part.files, [])) for part in batch.rejudged)
            if batch and _is_of(batch, raw)
            else (),
            repaired=batch.repaired_cells if batch else {},
            steps=batch.repaired_steps if batch else {},
            damaged=tuple(damaged),
        )
        if not damaged:
            return night
    assert night is not None
    log.warning(
        "%s %s 的数据湖中有 %d 个文件缺失或损坏，目录中不列它们；重新运行该日即可重做",
        dataset,
        date,
        len(night.damaged),
    )
    return night


def _is_of(batch: StandardizedBatch, raw: RawBatch | None) -> bool:
    return raw is not None and raw.batch_id == batch.raw_batch_id


def _pin(deployment: Deployment, named: tuple[str, ...], damaged: list[str], *columns: str) -> tuple[Path, ...]:
    """The files under their second names. One that is gone, was cut short or has lost one of its ``columns`` would keep
    every view that names it from opening: it goes to ``damaged``."""
    pinned = []
    lake = deployment.pinned.parent
    for name in named:
        source = deployment.absolute(name)
        try:
            written = source.stat().st_mtime_ns
            if not files.is_sound(source, (*IDENTITY, *columns)):
                raise FileNotFoundError(source.name)
            target = deployment.pinned / source.relative_to(lake).with_name(f"{source.stem}-{written:x}{source.suffix}")
            if not target.exists():
                files.link(source, target)
        except FileNotFoundError:
            damaged.append(name)
        else:
            pinned.append(target)
    return tuple(pinned)
