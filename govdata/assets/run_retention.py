"""Dagster's own records by age: runs, their events and captured output would fill a disk in years, and Dagster keeps them for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
AT_MOST = 200
"""Runs deleted in one night, so that a first clean-up of years does not hold up the night."""


def delete_old_runs(instance: DagsterInstance, days: int, now: datetime | None = None) -> int:
    """Delete finished runs that are older than ``days``, with events, event file and captured output; returns how many. The run that last
    made an asset stays, whatever its age: without it a table delivered once a year would look as if it had never been made."""
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
