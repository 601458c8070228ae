"""What the deployment has of each table: newest snapshot, deliveries, quality; from the catalogue and the manifest of
the newest snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.storage import sql
from govdata.storage.tables.nights import DIMENSION_NAMES

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Part:
    """``a`` of ``b`` elements meet what a dimension of GB/T 36344 asks."""

    name: str
    a: int
    b: int


@dataclass(frozen=True)
class Quality:
    """On the date of the newest scorecard. ``score``, ``level``: None for a table that is made of others, which is not
    scored: its counts are those of its rules."""

    date: Date
    a: int
    b: int
    score: float | None
    level: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Holding:
    """``size``: bytes of the newest snapshot's files; ``sha256``: of its file, where it is one; ``columns``: what its
    files hold, without the system's. ``due``, ``on_time``: dates of delivery of the last 30 that were judged.
    ``idle_days``: since the last read, or since it was published."""

    first_snapshot: Date | None = None
    snapshot: Date | None = None
    snapshot_id: str | None = None
    rows: int | None = None
    files: int = 0
    size: int = 0
    sha256: str | None = None
    columns: tuple[str, ...] = ()
    first_delivery: Date | None = None
    last_delivery: Date | None = None
    deliveries: int = 0
    due: int = 0
    on_time: int = 0
    reads: int = 0
    last_read: Date | None = None
    idle_days: int | None = None
    quality: Quality | None = None


NOTHING = Holding()

_SNAPSHOTS = (
    "SELECT dataset, min(date) AS first_snapshot, max(date) FILTER (WHERE current) AS snapshot, "
    "max(rows) FILTER (WHERE current) AS rows FROM governance.snapshots GROUP BY dataset"
)
_DELIVERIES = (
    "SELECT dataset, min(date) AS first_delivery, max(date) AS last_delivery, count(DISTINCT date) AS deliveries "
    "FROM governance.deliveries GROUP BY dataset"
)
_PUNCTUALITY = (
    "SELECT dataset, count(*) FILTER (WHERE state <> 'not_due') AS due, count(*) FILTER (WHERE state = 'on_time') "
    "AS on_time FROM governance.punctuality WHERE date > (SELECT max(date) - 30 FROM governance.punctuality) "
    "GROUP BY dataset"
)
_USAGE = "SELECT dataset, reads, last_read, idle_days FROM governance.table_usage"
_SCORES = (
    "SELECT dataset, date, part, dimension, part_name, a, b, score, level FROM governance.scorecard "
    "WHERE kind = 'dataset' AND date = (SELECT max(date) FROM governance.scorecard) AND b > 0 ORDER BY dataset, part"
)
_RULES = (
    "SELECT dataset, date, dimension, sum(checked - failed)::BIGINT AS a, sum(checked)::BIGINT AS b "
    "FROM governance.rule_results WHERE (dataset, date) IN (SELECT (dataset, max(date)) FROM governance.rule_results "
    "GROUP BY dataset) GROUP BY ALL HAVING b > 0 ORDER BY ALL"
)


def holdings(deployment: Deployment) -> Mapping[str, Holding]:
    """Table → what there is of it; empty before the first night."""
    if not deployment.catalogue.is_file():
        return {}
    with sql.catalogue(deployment) as connection:
        facts: dict[str, dict[str, Any]] = {}
        for query in (_SNAPSHOTS, _DELIVERIES, _PUNCTUALITY, _USAGE):
            for row in _rows(connection, query):
                facts.setdefault(row.pop("dataset"), {}).update(row)
        made = {}
        qualities = {**_counted(connection), **_scored(connection)}
        for name, known in facts.items():
            files = _files(connection, deployment, name, known["snapshot"]) if known.get("snapshot") else {}
            made[name] = Holding(**known, **files, quality=qualities.get(name))
        return made


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(query).to_arrow_table().to_pylist()
    return found


def _files(connection: duckdb.DuckDBPyConnection, deployment: Deployment, name: str, date: Date) -> dict[str, Any]:
    manifest = Snapshot.read(Snapshot.path(deployment, name, date))
    if manifest is None or not manifest.files:
        return {}
    paths = [deployment.absolute(file) for file in manifest.files]
    seals = {seal.file: seal for seal in manifest.seals}
    columns = [column for column in sql.schema(connection, paths[-1]) if not column.startswith("_")]
    return {
        "snapshot_id": manifest.snapshot_id,
        "files": len(paths),
        "size": sum(path.stat().st_size for path in paths if path.is_file()),
        "sha256": seals[manifest.files[0]].sha256 if len(paths) == 1 and manifest.files[0] in seals else None,
        "columns": tuple(columns),
    }


def _scored(connection: duckdb.DuckDBPyConnection) -> dict[str, Quality]:
    totals: dict[str, dict[str, Any]] = {}
    parts: dict[str, list[Part]] = {}
    for row in _rows(connection, _SCORES):
        if row["part"] is None:
            totals[row["dataset"]] = row
        else:
            name = row["dimension"] + (f"（{row['part_name']}）" if row["part_name"] else "")
            parts.setdefault(row["dataset"], []).append(Part(name, row["a"], row["b"]))
    return {
        name: Quality(row["date"], row["a"], row["b"], row["score"], row["level"], tuple(parts.get(name, ())))
        for name, row in totals.items()
    }


def _counted(connection: duckdb.DuckDBPyConnection) -> dict[str, Quality]:
    """Of every table from the results of its rules."""
    parts: dict[str, list[Part]] = {}
    dates: dict[str, Date] = {}
    for row in _rows(connection, _RULES):
        dates[row["dataset"]] = row["date"]
        parts.setdefault(row["dataset"], []).append(Part(DIMENSION_NAMES[row["dimension"]], row["a"], row["b"]))
    return {
        name: Quality(dates[name], sum(p.a for p in of), sum(p.b for p in of), None, None, tuple(of))
        for name, of in parts.items()
    }
