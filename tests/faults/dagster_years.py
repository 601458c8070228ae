"""Many nights of Dagster's records alone: what its folder holds under retention. A night is one run of an asset with
many checks, each with the metadata ours have; after it everything becomes a day older."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import AssetCheckResult, AssetCheckSpec, Definitions, MaterializeResult, asset, in_process_executor

from govdata.assets import run_retention
from govdata.deployment import Deployment
from govdata.night import instance


@dataclass(frozen=True)
class Folder:
    """After ``night``: runs and check results Dagster has, KB of its folder and of ``index.db``."""

    night: int
    runs: int
    checks: int
    kilobytes: int
    index: int


def job(checks: int) -> Any:
    names = [f"check_{number}" for number in range(checks)]

    @asset(check_specs=[AssetCheckSpec(name, asset="table", description="规则说明") for name in names])
    def table():  # type: ignore[no-untyped-def]  # Dagster would look the annotation up
        results = [
            AssetCheckResult(check_name=name, passed=True, metadata={"checked": 1000, "failed": 0, "rate": 0.0})
            for name in names
        ]
        return MaterializeResult(check_results=results, metadata={"dagster/row_count": 1000})

    return Definitions(assets=[table], executor=in_process_executor).resolve_implicit_global_asset_job_def()


def nights(home: Path, count: int, keep_days: int, look_every: int, checks: int = 40) -> Iterator[Folder]:
    nightly = job(checks)
    with instance(Deployment(home)) as dagster:
        folder = Path(dagster.root_directory)
        for number in range(1, count + 1):
            assert nightly.execute_in_process(instance=dagster).success
            with sqlite3.connect(folder / "history" / "runs.db", timeout=60) as connection:
                connection.execute("UPDATE runs SET create_timestamp = datetime(create_timestamp, '-1 day')")
            connection.close()
            run_retention.delete_old_runs(dagster, keep_days)
            run_retention.shrink(folder)
            if number % look_every == 0:
                yield _look(folder, number)


def _look(folder: Path, night: int) -> Folder:
    index = folder / "history" / "runs" / "index.db"
    (runs,) = _row(folder / "history" / "runs.db", "SELECT count(*) FROM runs")
    (checks,) = _row(index, "SELECT count(*) FROM asset_check_executions")
    return Folder(
        night, runs, checks, _kilobytes(path for path in folder.rglob("*") if path.is_file()), _kilobytes([index])
    )


def _row(path: Path, query: str) -> tuple[Any, ...]:
    connection = sqlite3.connect(path, timeout=60)
    try:
        (row,) = connection.execute(query).fetchall()
        return tuple(row)
    finally:
        connection.close()


def _kilobytes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_blocks for path in paths) // 2
