"""The catalogue: one small DuckDB file of views over immutable Parquet files, built beside the old one and swapped in
one step.

It holds no data of its own and can be built at any time from the manifests, the standards and the lake, wherever the
deployment lies. A reader that has the old one open keeps it, with all the files it names; whoever connects after the
swap sees the new one.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.batches import Snapshot
from govdata.deployment import Deployment, beijing_today, iso_date
from govdata.publish import (
    bounds,
    code_views,
    dataset_views,
    gathered,
    layers,
    night_views,
    pinned,
    readme,
    seals,
    usage,
    workorders,
)
from govdata.publish.snapshots import complete
from govdata.publish.views import Catalogue
from govdata.standards.model import Registry
from govdata.storage import access_log, files, sql, usage_log
from govdata.storage.manifest import Inside, Manifest
from govdata.storage.tables import health, masters, scoring
from govdata.storage.tables.access import ACCESS_LOG, TABLE_READS, TABLE_USAGE
from govdata.storage.tables.deliveries import DELIVERIES, NOTES
from govdata.storage.tables.nights import (
    CROSS_FINDINGS,
    DAMAGED,
    RECONCILIATION,
    RELEASES,
    REPAIR_COUNTS,
    REPAIR_STEPS,
    RULE_RESULTS,
    RULES,
    SNAPSHOTS,
)

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

STORAGE_VERSION = "v1.2.0"
"""Older DuckDB clients on analysts' desks can open it."""

KEPT = (*scoring.TABLES, *masters.TABLES, *health.TABLES)
"""Tables with a file per date that other rooms write."""

SCHEMAS = ("published", "quarantine", "governance", "codes")


class DamagedNight(Manifest):
    """Files of one night's lake, or of its governance records, that are missing or damaged."""

    dataset: str
    date: Date
    files: tuple[str, ...]


class Contents(Manifest):
    """What the catalogue names, relative to the deployment: ``prune`` must leave these files alone. ``damaged``: what
    it should name and cannot."""

    files: tuple[Inside, ...]
    damaged: tuple[DamagedNight, ...] = ()

    @staticmethod
    def path(deployment: Deployment) -> Path:
        return deployment.governance / "catalogue.json"


def rebuild_catalogue(deployment: Deployment, registry: Registry) -> Path:
    """Build ``published/govdata.duckdb`` anew and swap it in; returns its path.

    Files whose content changed since they were published are set aside. A snapshot whose files are not all there is
    passed over for the one before it, with a warning in the log and ``complete`` false in ``governance.snapshots``."""
    target = deployment.catalogue
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.locked(deployment.published / ".catalogue.lock"), sql.connection(deployment, "catalogue") as connection:
        tables = sorted({*registry.datasets, *_published_tables(deployment)})
        seals.set_aside_changed(deployment, tables)
        snapshots = {table: _snapshots(deployment, table) for table in tables}
        for table in (table for table, known in snapshots.items() if known):
            readme.write(deployment, table)
        nights = pinned.nights(deployment, sorted(registry.datasets))
        built = files.temporary(target)
        built.unlink(missing_ok=True)
        connection.execute(f"ATTACH {sql.text(str(built))} AS catalogue (STORAGE_VERSION {sql.text(STORAGE_VERSION)})")
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA catalogue.{schema}")
        named = _fill(connection, deployment, registry, snapshots, nights)
        connection.execute("DETACH catalogue")
        damaged = _damaged(deployment, nights)
        contents = Contents(files=tuple(sorted(deployment.relative(path) for path in named)), damaged=damaged)
        files.put_manifest(contents, Contents.path(deployment))
        return files.put(built, target)


def damaged_nights(deployment: Deployment) -> tuple[DamagedNight, ...]:
    """What the catalogue, when it was last built, could not show of nights that it lists."""
    contents = layers.read(Contents, Contents.path(deployment))
    return contents.damaged if contents is not None else ()


def _damaged(deployment: Deployment, nights: dict[str, list[pinned.Night]]) -> tuple[DamagedNight, ...]:
    found = {
        (dataset, night.date): list(night.damaged)
        for dataset, dates in nights.items()
        for night in dates
        if night.damaged
    }
    for path in (
        path
        for kind in (*gathered.KINDS, *(table.name for table in KEPT))
        for path in gathered.damaged(deployment, kind)
    ):
        date = iso_date(path.stem)
        if date is not None:  # a file of ours: no other is named so
            found.setdefault((path.parent.name, date), []).append(deployment.relative(path))
    return tuple(
        DamagedNight(dataset=dataset, date=date, files=tuple(names)) for (dataset, date), names in sorted(found.items())
    )


def _fill(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    registry: Registry,
    snapshots: dict[str, list[tuple[Snapshot, bool]]],
    nights: dict[str, list[pinned.Night]],
) -> set[Path]:
    """Create every view; returns the files they name."""
    catalogue = Catalogue(connection)
    every = [night for dates in nights.values() for night in dates]
    night_views.repairs(catalogue, every, registry.delivered)
    rule_results = gathered.gather(connection, RULE_RESULTS, deployment, also=["cross_results"])
    cross = gathered.gather(connection, CROSS_FINDINGS, deployment)
    reconciliation = gathered.gather(connection, RECONCILIATION.without(DAMAGED), deployment)
    read = gathered.gather(connection, replace(DELIVERIES, columns=(*DELIVERIES.columns, NOTES)), deployment)
    released = gathered.gather(connection, RELEASES, deployment)
    scored = {table: gathered.gather(connection, table, deployment) for table in KEPT}
    rules = gathered.rules(registry, deployment)
    today = beijing_today()
    code_files = {name: gathered.codes(registry, name, today, deployment) for name in registry.code_sets}
    connection.execute("BEGIN")  # one write to the disk, not one for each of a thousand comments
    for table, known in snapshots.items():
        usable = [snapshot for snapshot, whole in known if whole]
        dataset_views.published(catalogue, table, usable, registry, deployment, code_files)
    for dataset, dates in nights.items():
        dataset_views.quarantine(catalogue, dataset, dates, registry)
    newest = {
        table: whole[0] for table, known in snapshots.items() if (whole := [one for one, is_whole in known if is_whole])
    }
    for dataset in registry.delivered:
        bounds.show(catalogue, registry.datasets[dataset], nights[dataset], newest, registry, deployment)
    catalogue.show_file(RULE_RESULTS, rule_results)
    night_views.deliveries(catalogue, read)
    night_views.reconciliation(catalogue, reconciliation, every)
    catalogue.show_file(RULES, rules)
    catalogue.show_file(SNAPSHOTS, _snapshot_list(snapshots, deployment))
    catalogue.show_file(REPAIR_COUNTS, _repair_counts(every, deployment))
    catalogue.show_file(REPAIR_STEPS, _repair_steps(every, deployment))
    night_views.rejected(catalogue, every)
    night_views.duplicates(catalogue, every)
    night_views.findings(catalogue, every, rule_results, rules, cross)
    catalogue.show_file(CROSS_FINDINGS, cross)
    catalogue.show_file(RELEASES, released)
    workorders.show(catalogue, deployment)
    catalogue.show_file(ACCESS_LOG, _accesses(deployment))
    log = usage_log.read(deployment)
    published = {table: [snapshot.date for snapshot, whole in known if whole] for table, known in snapshots.items()}
    for declared, lines in ((TABLE_READS, usage.reads(log)), (TABLE_USAGE, usage.usage(log, published, registry))):
        catalogue.show_file(
            declared, gathered.keep(declared.name, lines, declared.columns, gathered.folder(deployment))
        )
    for declared, file in scored.items():
        catalogue.show_file(declared, file)
    for name, path in code_files.items():
        code_views.codes(catalogue, registry.code_sets[name], path)
    connection.execute("COMMIT")
    return catalogue.named


def _published_tables(deployment: Deployment) -> list[str]:
    folders = deployment.published.iterdir() if deployment.published.is_dir() else ()
    return [folder.name for folder in folders if folder.is_dir() and not folder.name.startswith(("_", "."))]


def _snapshots(deployment: Deployment, table: str) -> list[tuple[Snapshot, bool]]:
    """Kept snapshots, newest first, each with whether its files are all there."""
    found = []
    for date in reversed(layers.dates(deployment.published / table)):
        snapshot = layers.read(Snapshot, Snapshot.path(deployment, table, date))
        if snapshot is None:
            continue
        whole = complete(snapshot, deployment)
        if not whole:
            log.warning("%s %s 的已发布文件不全，目录改用更早的一期", table, date)
        found.append((snapshot, whole))
    return found


def _snapshot_list(snapshots: dict[str, list[tuple[Snapshot, bool]]], deployment: Deployment) -> Path:
    lines = []
    for table, known in snapshots.items():
        current = next((snapshot.snapshot_id for snapshot, whole in known if whole), None)
        for snapshot, whole in known:
            line = {
                "dataset": table,
                "date": snapshot.date,
                "rows": snapshot.rows,
                "current": whole and snapshot.snapshot_id == current,
                "complete": whole,
                "snapshot_id": snapshot.snapshot_id,
                "batch_id": snapshot.batch_id,
                "standards_hash": snapshot.standards_hash,
                "since": snapshot.lineage[0] if snapshot.lineage else snapshot.date,
                "files": len(snapshot.files),
                "hidden_rows": snapshot.hidden,
            }
            lines.append(SNAPSHOTS.ordered(line))
    return gathered.keep(SNAPSHOTS.name, sorted(lines), SNAPSHOTS.columns, gathered.folder(deployment))


def _accesses(deployment: Deployment) -> Path:
    """The log as it is now. Lines that are added later are shown when the catalogue is built again."""
    lines = [ACCESS_LOG.ordered(dict(access)) for access in access_log.read(deployment)]
    return gathered.keep(ACCESS_LOG.name, lines, ACCESS_LOG.columns, gathered.folder(deployment))


def _repair_counts(nights: list[pinned.Night], deployment: Deployment) -> Path:
    """Altered cells as each night's pass counted them, columns without any left out."""
    lines = [
        REPAIR_COUNTS.ordered({"date": night.date, "dataset": night.dataset, "column_name": name, "cells": count})
        for night in nights
        for name, count in night.repaired.items()
        if count
    ]
    return gathered.keep(REPAIR_COUNTS.name, sorted(lines), REPAIR_COUNTS.columns, gathered.folder(deployment))


def _repair_steps(nights: list[pinned.Night], deployment: Deployment) -> Path:
    lines = [
        REPAIR_STEPS.ordered(
            {"date": night.date, "dataset": night.dataset, "column_name": name, "rule": rule, "cells": count}
        )
        for night in nights
        for name, rules in night.steps.items()
        for rule, count in rules.items()
    ]
    return gathered.keep(REPAIR_STEPS.name, sorted(lines), REPAIR_STEPS.columns, gathered.folder(deployment))
