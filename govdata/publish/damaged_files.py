"""Published files that a disk has damaged: found by reading them, set aside, made again from what is left."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.publish.layers import Layer
from govdata.storage import files, sql

log = logging.getLogger(__name__)


def unreadable(paths: Iterable[Path], deployment: Deployment) -> list[Path]:
    """Those of the files that cannot be read from the first to the last value."""
    import duckdb

    bad = []
    with sql.connection(deployment, "damage") as connection:
        for path in paths:
            try:
                _digest(connection, [path])
            except duckdb.Error:
                bad.append(path)
    return bad


def of_snapshot(snapshot: Snapshot, deployment: Deployment) -> list[Path]:
    named = [*snapshot.files, *([snapshot.hidden_file] if snapshot.hidden_file else [])]
    return unreadable((deployment.absolute(name) for name in named), deployment)


def of_layer(layer: Layer, batch: StandardizedBatch, deployment: Deployment) -> list[Path]:
    """The layer's files where they do not hold the rows of the batch they were frozen from, made anew meanwhile: a
    flipped bit that a reader does not notice. Empty where the two are equal."""
    pairs = ((layer.files, batch.clean_files), (layer.gone, batch.gone_files))
    return [path for kept, made in pairs for path in _not_as_made(kept, made, deployment)]


def _not_as_made(names: Iterable[str], sources: Iterable[str], deployment: Deployment) -> list[Path]:
    import duckdb

    kept, made = ([deployment.absolute(name) for name in each] for each in (names, sources))
    if len(kept) == len(made) and all(a.samefile(b) for a, b in zip(kept, made, strict=True) if b.exists()):
        return unreadable(kept, deployment)
    with sql.connection(deployment, "damage") as connection:
        fresh = _digest(connection, made)
        try:
            if _digest(connection, kept) == fresh:
                return []
        except duckdb.Error:
            pass
    return kept


def set_aside(paths: Iterable[Path], deployment: Deployment) -> list[str]:
    """Rename damaged files so that no manifest finds them; ``prune`` removes them in the end. Returns their names, for
    people."""
    names = []
    for path in paths:
        name = deployment.relative(path)
        try:
            path.rename(path.with_name(f"{path.stem}-damaged-{files.token()}.parquet"))
        except FileNotFoundError:
            continue
        log.error("已发布的文件损坏，已移开：%s", name)
        names.append(name)
    return names


def _digest(connection: object, paths: list[Path]) -> tuple[int, int]:
    """Rows and the sum of their hashes: equal for equal rows in any order. Reads every value."""
    import duckdb

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    if not paths:
        return 0, 0
    row = connection.execute(f"SELECT count(*), sum(hash(b)) FROM {sql.parquet(paths)} AS b").fetchall()[0]
    return int(row[0]), int(row[1] or 0)
