"""The catalogue: one small DuckDB file of views over immutable Parquet files, built beside the old one and swapped in
one step.

It holds no data of its own and can be built at any time from the manifests, the standards and the lake, wherever the
deployment lies.
A reader that has the old one open keeps it, with all the files it names; whoever connects after the swap sees the new
one.
"""

from __future__ import annotations

import logging
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

import govdata.publish.views as v
from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.publish import evidence, layers, seals, small, workorders
from govdata.publish.snapshots import complete
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.manifest import Inside, Manifest

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

STORAGE_VERSION = "v1.2.0"
"""Older DuckDB clients on analysts' desks can open it."""

SCHEMAS = ("published", "quarantine", "governance", "codes")


class DamagedNight(Manifest):
    """Files of one night's lake, or of its governance records, that are missing or damaged."""

    dataset: str
    date: Date
    files: tuple[str, ...]


class Contents(Manifest):
    """What the catalogue names, relative to the deployment: ``prune`` must leave these files alone. ``damaged``: what
    it should name and
    cannot."""

    files: tuple[Inside, ...]
    damaged: tuple[DamagedNight, ...] = ()

    @staticmethod
    def path(deployment: Deployment) -> Path:
        return deployment.governance / "catalogue.json"


def rebuild_catalogue(deployment: Deployment, registry: Registry) -> Path:
    """Build ``published/govdata.duckdb`` anew and swap it in; returns its path.

    Files whose content changed since they were published are set aside.
    A snapshot whose files are not all there is passed over for the one before it, with a warning in the log and
    ``complete`` false in
    ``governance.snapshots``."""
    target = deployment.catalogue
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.locked(deployment.published / ".catalogue.lock"), sql.connection(deployment, "catalogue") as connection:
        tables = sorted({*registry.datasets, *_published_tables(deployment)})
        seals.set_aside_changed(deployment, tables)
        snapshots = {table: _snapshots(deployment, table) for table in tables}
        nights = evidence.nights(deployment, sorted(registry.datasets))
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


def _damaged(deployment: Deployment, nights: dict[str, list[evidence.Night]]) -> tuple[DamagedNight, ...]:
    found = {
        (dataset, night.date): list(night.damaged)
        for dataset, dates in nights.items()
        for night in dates
        if night.damaged
    }
    for path in (path for kind in small.KINDS for path in small.damaged(deployment, kind)):
        found.setdefault((path.parent.name, Date.fromisoformat(path.stem)), []).append(deployment.relative(path))
    return tuple(
        DamagedNight(dataset=dataset, date=date, files=tuple(names)) for (dataset, date), names in sorted(found.items())
    )


def _fill(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    registry: Registry,
    snapshots: dict[str, list[tuple[Snapshot, bool]]],
    nights: dict[str, list[evidence.Night]],
) -> set[Path]:
    """Create every view; returns the files they name."""
    catalogue = v.Catalogue(connection)
    every = [night for dates in nights.values() for night in dates]
    v.repairs(catalogue, every)
    rule_results = small.gather(
        connection, "rule_results", small.RULE_RESULTS, deployment, {"column_name": "column"}, also=["cross_results"]
    )
    cross = small.gather(connection, "cross_findings", small.CROSS_FINDINGS, deployment)
    reconciliation = small.gather(connection, "reconciliation", small.RECONCILIATION, deployment)
    deliveries = small.gather(connection, "deliveries", small.WITH_NOTES, deployment)
    rules = small.rules(registry, deployment)
    listed = _snapshot_list(snapshots, deployment)
    connection.execute("BEGIN")  # one write to the disk, not one for each of a thousand comments
    for table, known in snapshots.items():
        usable = [snapshot for snapshot, whole in known if whole]
        v.published(catalogue, table, usable, registry, deployment)
    for dataset, dates in nights.items():
        v.quarantine(catalogue, dataset, dates, registry)
    v.simple(catalogue, "rule_results", small.RULE_RESULTS, rule_results, "每条规则每个交付日的检查数与不合格数")
    v.reconciliation(catalogue, reconciliation, every)
    v.deliveries(catalogue, deliveries)
    v.simple(catalogue, "rules", v.RULES, rules, "现行规则")
    v.simple(catalogue, "snapshots", v.SNAPSHOTS, listed, "已发布各期；current 为现行一期")
    v.rejected(catalogue, every)
    v.duplicates(catalogue, every)
    v.findings(catalogue, every, rule_results, rules, cross)
    v.simple(
        catalogue,
        "cross_findings",
        small.CROSS_FINDINGS,
        cross,
        "跨表规则发现的问题：本行、另一张表的对应行和应处理的部门",
    )
    workorders.show(catalogue, deployment)
    today = Date.today()
    for code_set in registry.code_sets.values():
        v.codes(catalogue, code_set, small.codes(code_set, today, deployment))
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
    import pyarrow as pa

    text, count, flag = pa.string(), pa.int64(), pa.bool_()
    kinds = dict(
        zip(
            v.SNAPSHOTS,
            (text, pa.date32(), count, flag, flag, text, text, text, pa.date32(), count, count),
            strict=True,
        )
    )
    rows = []
    for table, known in snapshots.items():
        current = next((snapshot.snapshot_id for snapshot, whole in known if whole), None)
        for snapshot, whole in known:
            s = snapshot
            since = s.lineage[0] if s.lineage else s.date
            is_current = whole and s.snapshot_id == current
            rows.append(
                (
                    table,
                    s.date,
                    s.rows,
                    is_current,
                    whole,
                    s.snapshot_id,
                    s.batch_id,
                    s.standards_hash,
                    since,
                    len(s.files),
                    s.hidden,
                )
            )
    return small.keep("snapshots", sorted(rows), kinds, small.folder(deployment))
