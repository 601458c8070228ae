"""What is kept and for how long, and the removal of what nothing names any more.

Two steps, so that no reader is cut off: old snapshots and nights lose their manifests and the catalogue is built
without them; their files go only when they have been unnamed for the grace time, counted from the prune that first saw
them so. Deliveries in ``landing`` are never touched, and neither are the small governance files: the history of quality
stays.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

from govdata.batches import Looked, RawBatch, Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError
from govdata.publish import documents, layers
from govdata.publish.catalogue import Contents, rebuild_catalogue
from govdata.publish.layers import Layer
from govdata.publish.snapshots import complete
from govdata.standards.model import Registry
from govdata.storage import files

GRACE = timedelta(hours=24)
"""How long a query may run on a catalogue that was replaced."""

LAKE_STAGES = ("raw", "standardized", "quarantine", "repairs", "rejected")


@dataclass(frozen=True)
class Policy:
    """Days of snapshots and nights, month ends of snapshots, days of Dagster's runs, days of documents (workbooks,
    reports, notices). ``days`` 0: nothing is ever removed; ``document_days`` 0: no document is."""

    days: int = 90
    month_ends: int = 24
    run_days: int = 90
    document_days: int = 365

    @classmethod
    def from_env(cls) -> Policy:
        """From the environment, as ``SETTINGS`` names it. Raises ``GovdataError`` for what is no such number."""
        kept = {}
        for field, name in SETTINGS.items():
            text = os.environ.get(name, "").strip()
            if text and not (text.isascii() and text.isdigit() and len(text) < 6):
                raise GovdataError(
                    f"环境变量 {name} 应为不小于 0 的整数（{'月末数' if field == 'month_ends' else '天数'}）"
                )
            if text:
                kept[field] = int(text)
        return cls(**kept)


SETTINGS = {
    "days": "GOVDATA_KEEP_DAYS",
    "month_ends": "GOVDATA_KEEP_MONTH_ENDS",
    "run_days": "GOVDATA_KEEP_RUN_DAYS",
    "document_days": "GOVDATA_KEEP_DOCUMENT_DAYS",
}


@dataclass(frozen=True)
class Pruned:
    """What a prune did; ``waiting``: files nothing names that the next prunes will remove. ``bytes`` of the removed
    files. ``before``: the date from which on everything is kept; ``documents``: those that were old."""

    snapshots: int
    nights: int
    files: int
    bytes: int
    waiting: int
    before: Date
    documents: int = 0


def prune(
    deployment: Deployment,
    registry: Registry,
    *,
    keep_days: int,
    keep_month_ends: int,
    today: Date | None = None,
    grace: timedelta = GRACE,
    now: float | None = None,
    rebuild: bool = True,
) -> Pruned:
    """Keep the snapshots of the last ``keep_days`` days, the last one of each of the last ``keep_month_ends`` months,
    and the newest in any case; of the lake, the nights of the last ``keep_days`` days and all a kept snapshot is merged
    from.

    ``today`` and ``now`` (seconds since the epoch) are the clock's unless given. ``rebuild`` false: the catalogue was
    built just now and is built again only where something was forgotten."""
    today, now = today or beijing_today(), time.time() if now is None else now
    cutoff = today - timedelta(days=keep_days)
    with ExitStack() as stack:
        tables = sorted({*registry.datasets, *(path.name for path in _folders(deployment.published))})
        for table in tables:
            stack.enter_context(files.locked(deployment.published / table / ".lock"))
        snapshots = nights = 0
        for table in tables:
            kept = _kept(_snapshot_dates(deployment, table), cutoff, today, keep_month_ends) | _shown(deployment, table)
            needed = _needed(deployment, table, kept)
            snapshots += _forget_snapshots(deployment, table, kept, needed)
            nights += _forget_nights(deployment, table, cutoff, needed)
            for kind in ("cross_findings", "standing_findings"):
                _forget_findings(deployment, kind, table, cutoff)
        if rebuild or snapshots or nights:
            rebuild_catalogue(deployment, registry)
        removed, size, waiting = _sweep(deployment, tables, now, grace)
    return Pruned(snapshots, nights, removed, size, waiting, cutoff)


def nightly(deployment: Deployment, registry: Registry, policy: Policy, now: float | None = None) -> Pruned | None:
    """What the last step of a night does: prune by ``policy``, counted from the newest night there is and not from the
    clock, so that a clock that jumps, or old deliveries worked off today, cost nothing. None where everything is kept,
    or nothing is there."""
    remove_abandoned(deployment)
    tables = sorted({*registry.datasets, *(path.name for path in _folders(deployment.published))})
    newest = max((date for table in tables for date in layers.dates(deployment.published / table)), default=None)
    if newest is None or policy.days == 0:
        return None
    today = min(newest, beijing_today())
    pruned = prune(
        deployment,
        registry,
        keep_days=policy.days,
        keep_month_ends=policy.month_ends,
        today=today,
        now=now,
        rebuild=False,
    )
    if not policy.document_days:
        return pruned
    return replace(pruned, documents=documents.prune(deployment, today - timedelta(days=policy.document_days)))


def remove_abandoned(deployment: Deployment) -> int:
    """Remove temporary files and scratch folders of processes that are gone; returns how many there were. Those of
    living ones stay."""
    count = 0
    places = [deployment.data / "lake", deployment.published, deployment.reports, deployment.workorders]
    found = [path for place in places for path in place.glob("**/.*.tmp*")]
    found += list(deployment.temporary.iterdir()) if deployment.temporary.is_dir() else []
    for path in found:
        if path == deployment.temporary or not files.is_abandoned(path):
            continue
        count += 1
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return count


def _folders(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir() and not entry.name.startswith(("_", ".")):
            yield entry


def _snapshot_dates(deployment: Deployment, table: str) -> list[Date]:
    return [
        date for date in layers.dates(deployment.published / table) if Snapshot.path(deployment, table, date).exists()
    ]


def _shown(deployment: Deployment, table: str) -> set[Date]:
    """The newest snapshot whose files are all there: the one readers see, where a newer one is damaged."""
    for date in reversed(_snapshot_dates(deployment, table)):
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, date))
        if snapshot is not None and complete(snapshot, deployment):
            return {date}
    return set()


def _kept(dates: list[Date], cutoff: Date, today: Date, keep_month_ends: int) -> set[Date]:
    month_ends = {(date.year, date.month): date for date in dates}
    months = today.year * 12 + today.month - 1
    recent = {end for (year, month), end in month_ends.items() if months - (year * 12 + month - 1) <= keep_month_ends}
    closed = {end for end in recent if (end.year, end.month) != (today.year, today.month)}
    return {date for date in dates if date >= cutoff} | closed | set(dates[-1:])


def _needed(deployment: Deployment, table: str, kept: set[Date]) -> set[Date]:
    """Dates whose layers kept snapshots are merged from, or that may yet be merged anew: all since the oldest whole in
    use."""
    lineages = layers.lineages(deployment, table)
    used = {layer.date for date in kept if date in lineages for layer in lineages[date].layers}
    newest = max(lineages, default=None)
    return used | {date for date in lineages if kept and date > max(kept)} | ({newest} if newest else set())


def _forget_snapshots(deployment: Deployment, table: str, kept: set[Date], needed: set[Date]) -> int:
    count = 0
    for date in layers.dates(deployment.published / table):
        if date not in needed:
            Layer.path(deployment, table, date).unlink(missing_ok=True)
        path = Snapshot.path(deployment, table, date)
        if date not in kept and path.exists():
            path.unlink()
            count += 1
    return count


def _forget_nights(deployment: Deployment, dataset: str, cutoff: Date, needed: set[Date]) -> int:
    count = 0
    for date in layers.dates(deployment.lake("standardized", dataset, cutoff).parent) + layers.dates(
        deployment.lake("raw", dataset, cutoff).parent
    ):
        if date >= cutoff or date in needed:
            continue
        manifests = [kind.path(deployment, dataset, date) for kind in (Looked, StandardizedBatch, RawBatch, Verdict)]
        if any(path.exists() for path in manifests):
            count += 1
            # The verdict first: a standardised batch without one cannot be published, a verdict alone says nothing.
            for path in reversed(manifests):
                path.unlink(missing_ok=True)
    return count


def _forget_findings(deployment: Deployment, kind: str, dataset: str, cutoff: Date) -> None:
    """The rows that were named each night, by rules across tables or as what stands of a dataset; their counts stay, as
    those of all rules do. The newest night's stay too."""
    found = sorted((deployment.governance / kind / dataset).glob("????-??-??.parquet"))
    for path in found[:-1]:
        if path.stem < cutoff.isoformat():
            path.unlink()


def _sweep(deployment: Deployment, tables: list[str], now: float, grace: timedelta) -> tuple[int, int, int]:
    """Remove files that were unnamed for the whole grace time; remember the others that are unnamed."""
    ledger = deployment.governance / "unnamed.json"
    try:
        since: dict[str, float] = json.loads(ledger.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        since = {}
    named = _named(deployment, tables)
    unnamed = {
        name: since.get(name, now)
        for path in _candidates(deployment, tables)
        if (name := deployment.relative(path)) not in named
    }
    due = [name for name, first in unnamed.items() if now - first >= grace.total_seconds()]
    size = removed = 0
    for name in due:
        path = deployment.absolute(name)
        size += path.stat().st_size if path.is_file() else 0
        removed += 1
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    _remove_empty_folders(deployment, tables)
    waiting = {name: first for name, first in unnamed.items() if name not in set(due)}
    written = files.temporary(ledger)
    written.write_text(json.dumps(waiting), encoding="utf-8")
    files.put(written, ledger)
    return removed, size, len(waiting)


def _named(deployment: Deployment, tables: list[str]) -> set[str]:
    """Every file that a manifest or the catalogue names."""
    named: set[str] = set()
    for table in tables:
        for date in layers.dates(deployment.published / table):
            layer = layers.read(Layer, Layer.path(deployment, table, date))
            snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, date))
            named.update(layer.every_file if layer else ())
            named.update((*snapshot.files, snapshot.hidden_file or "") if snapshot else ())
        for date in {date for stage in LAKE_STAGES for date in layers.dates(deployment.data / "lake" / stage / table)}:
            raw = layers.read(RawBatch, RawBatch.path(deployment, table, date))
            batch = layers.read(StandardizedBatch, StandardizedBatch.path(deployment, table, date))
            named.update(raw.every_file if raw else ())
            if batch:
                named.update((*batch.clean_files, *batch.quarantine_files, *batch.duplicate_files))
                repairs = deployment.lake("repairs", table, date) / f"{batch.batch_id}.parquet"
                named.add(deployment.relative(repairs))
    contents = layers.read(Contents, Contents.path(deployment))
    named.update(contents.files if contents else ())
    return named


def _candidates(deployment: Deployment, tables: list[str]) -> Iterable[Path]:
    """Data files, temporary files and scratch folders: never a manifest, never a delivery."""
    lake = deployment.data / "lake"
    folders = (
        [deployment.published / table for table in tables]
        + [lake / stage for stage in LAKE_STAGES]
        + [deployment.pinned]
    )
    for folder in folders:
        yield from folder.glob("**/*.parquet")
        yield from folder.glob("**/.*.tmp")
    yield from deployment.governance.glob("catalogue/*.parquet")
    yield from deployment.code_tables.glob("*.parquet")
    for folder in (deployment.governance, deployment.code_tables):
        yield from folder.glob("**/.*.tmp")
    yield from deployment.published.glob(".*.tmp*")
    if deployment.catalogue_spill.is_dir():
        yield deployment.catalogue_spill
    if deployment.temporary.is_dir():
        yield from deployment.temporary.iterdir()


def _remove_empty_folders(deployment: Deployment, tables: list[str]) -> None:
    """A stage at work makes a folder a moment before it writes its first file there: what belongs to it is left alone.
    (The tables' own locks are held already.)"""
    lake = deployment.data / "lake"
    for table in tables:
        with files.locked_if_free(deployment.stage_lock(table)) as idle:
            for top in [deployment.published / table, *(lake / stage / table for stage in LAKE_STAGES if idle)]:
                _remove_empty(top)
    with files.locked_if_free(deployment.published / ".catalogue.lock") as idle:
        if idle:
            _remove_empty(deployment.pinned)


def _remove_empty(top: Path) -> None:
    for folder in sorted((path for path in top.glob("**/*") if path.is_dir()), reverse=True):
        try:
            os.rmdir(folder)
        except OSError:
            continue  # not empty
