"""Dagster's own records by age: runs, their events and captured output would fill a disk in years, and Dagster keeps
them for ever."""

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
AT_MOST = 200
"""Runs deleted in one night, so that a first clean-up of years does not hold up the night."""

WORN = 0.2
"""Share of empty pages from which on a database is written anew: it then costs less than a quarter more than it
must."""

PATIENCE = 20
"""Seconds to wait for the web server's or the daemon's own writing; Dagster itself waits as long for ours."""


def delete_old_runs(instance: DagsterInstance, days: int, now: datetime | None = None) -> int:
    """Delete finished runs that are older than ``days``, with events, event file and captured output; returns how many.
    The run that last made an asset stays, whatever its age: without it a table delivered once a year would look as if
    it had never been made."""
    if days == 0:
        return 0
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    old = instance.get_runs(RunsFilter(statuses=FINISHED, created_before=before), limit=AT_MOST + 50, ascending=True)
    if not old:
        return 0
    kept = _last_makers(instance)
    deleted = 0
    for run in old[: AT_MOST + len(kept)]:
        if run.run_id in kept or deleted == AT_MOST:
            continue
        instance.delete_run(run.run_id)
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
        _remove_event_file(instance, run.run_id)
        deleted += 1
    return deleted


def _last_makers(instance: DagsterInstance) -> set[str]:
    events = [instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()]
    return {event.run_id for event in events if event is not None}


def _remove_event_file(instance: DagsterInstance, run_id: str) -> None:
    """Dagster empties the run's own SQLite file and leaves it (and its journal) lying."""
    home = Path(instance.root_directory)
    for path in (home / "history" / "runs").glob(f"{run_id}.db*"):
        path.unlink(missing_ok=True)
    folder = home / "storage" / run_id
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def shrink(home: Path) -> None:
    """Give the disk back what was deleted from Dagster's databases under ``home``; safe beside a running web server and
    daemon, which read on meanwhile. A database that is in use for too long is left for the next night.

    Dagster deletes a run without the results of its checks (and SQLite keeps the space of what is deleted): both are
    done here."""
    history = home / "history"
    with suppress(sqlite3.Error):
        _forget_orphans(history / "runs" / "index.db", history / "runs.db")
    for path in (history / "runs" / "index.db", history / "runs.db", home / "schedules" / "schedules.db"):
        with suppress(sqlite3.Error):
            _vacuum(path)


def _connected(path: Path) -> closing[sqlite3.Connection]:
    """Never makes the file. Statements are committed one by one."""
    return closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
    )


def _forget_orphans(index: Path, runs: Path) -> None:
    """Check results and events of runs there are no more. The list of runs is read after the index was locked: a run is
    recorded before its first event, so none at work can look like a deleted one. Events without a run are somebody's
    own report and stay."""
    with _connected(index) as connection:
        connection.execute("ATTACH ? AS known", (str(runs),))
        connection.execute("BEGIN IMMEDIATE")
        for table in ("asset_check_executions", "event_logs"):
            connection.execute(
                f"DELETE FROM {table} WHERE run_id <> '' AND run_id NOT IN (SELECT run_id FROM known.runs)"
            )
        connection.execute("COMMIT")


def _vacuum(path: Path) -> None:
    with _connected(path) as connection:
        ((pages,), (free,)) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count")
        )
        if free > WORN * pages:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
