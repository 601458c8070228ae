"""Runs whose process died: Dagster still takes them for running, and one such would keep every later night in the
queue.

Dagster's own monitoring notices a run that never starts, but its default launcher cannot tell whether a started run
still has a process: one whose process died together with the code server (power cut, out of memory, the service stopped
by force) would be "running" for ever.

While a run lives its process holds a lock (flock) on ``$DAGSTER_HOME/running/<run id>``; the operating system frees it
at death, by kill -9 or a power cut, so a free lock of a run that never ended means a dead process: no process number
that another program could have now.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRecord, RunsFilter

from govdata.deployment import Deployment
from govdata.operations import alerts, interruption
from govdata.storage import files

TRIGGER = {"govdata/trigger": "cli"}
ALIVE = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
GRACE = 60
"""Seconds a run of the daemon's may have been started without holding its lock: it takes it a moment after it reports
its start."""

_held: list[AbstractContextManager[None]] = []


@contextmanager
def alive(deployment: Deployment, run_id: str) -> Iterator[None]:
    """Show that the run lives, for as long as the block."""
    path = _path(deployment, run_id)
    with files.locked(path), interruption.marked(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def alive_from_now_on(deployment: Deployment, run_id: str) -> None:
    """Show that the run lives until this process ends: Dagster records a run's end after it has closed the run's
    resources, and in between a run without its lock would look dead."""
    lock = files.locked(_path(deployment, run_id))
    lock.__enter__()
    _held.append(lock)


def is_ours(run: DagsterRun) -> bool:
    """Whether the command line started the run, and so holds its lock from before Dagster knows of it."""
    return run.tags.items() >= TRIGGER.items()


def report(deployment: Deployment, instance: DagsterInstance) -> list[str]:
    """Mark dead runs as failed, with an alert for each, and remove the locks of ended ones; returns the ids of the
    failed."""
    found = []
    for record in instance.get_run_records(RunsFilter(statuses=ALIVE)):
        run = record.dagster_run
        if not _is_dead(deployment, record) or _has_ended(
            instance, run.run_id
        ):  # the second look: it may have ended since it was listed
            continue
        wanted = run.status == DagsterRunStatus.CANCELING or interruption.is_marked(_path(deployment, run.run_id))
        if wanted:  # somebody wanted it ended, and it has: no fault, and nothing to do again
            instance.report_run_canceled(run, "运行已终止")
            continue
        instance.report_run_failed(run, "运行的进程已不存在：被终止、内存耗尽或断电")
        alert(
            deployment,
            run.run_id,
            run.tags.get("dagster/partition"),
            again=instance.run_retries_enabled and not is_ours(run),
        )
        found.append(run.run_id)
    for path in _path(deployment, "").glob("*"):
        known = instance.get_run_by_id(path.name)  # None: the process died before Dagster heard of the run
        if (known is None or known.is_finished) and _let_go(path):
            path.unlink(missing_ok=True)
    return found


def _has_ended(instance: DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def _is_dead(deployment: Deployment, record: RunRecord) -> bool:
    path = _path(deployment, record.dagster_run.run_id)
    if path.exists() or is_ours(record.dagster_run):
        return _let_go(path)
    started = (
        record.start_time
    )  # runs in other states without a lock are on their way: Dagster's monitoring looks after those
    return (
        record.dagster_run.status == DagsterRunStatus.STARTED and started is not None and time.time() - started > GRACE
    )


def _let_go(path: Path) -> bool:
    """Whether nobody holds the lock; asked twice, since a process makes the file a moment before it takes the lock."""
    if not files.is_free(path):
        return False
    time.sleep(0.05)
    return files.is_free(path)


def alert(deployment: Deployment, run_id: str, date: str | None, *, again: bool = False) -> None:
    """Tell that a run died, unless it has left an alert itself. ``again``: Dagster will start it once more by
    itself."""
    if any(known.run_id == run_id for known in alerts.alerts(deployment)):
        return
    command = deployment.command("run", *(["--date", date] if date else []))
    way = (
        f"定时服务会自动重新运行一次；若再次中断，请手工运行：{command}"
        if again
        else f"重新运行同一交付日期即可恢复：{command}"
    )
    reason = f"运行没有正常结束，也没有留下原因。已发布的数据不受影响；{way}"
    alerts.raise_alert(
        deployment, alerts.Alert(kind="run_failed", time=alerts.now(), date=date, run_id=run_id, reasons=(reason,))
    )


def _path(deployment: Deployment, run_id: str) -> Path:
    return deployment.dagster_home / "running" / run_id
