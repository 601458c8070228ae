"""Runs of the command line whose process died: Dagster still takes them for running, and one such would keep every later night in
the queue.

While a run lives its process holds a lock (flock) on ``$DAGSTER_HOME/running/<run id>``; the operating system frees it at death, by kill -9
or a power cut, so a free lock of a run that never ended means a dead process: no process number that another program could have now.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from govdata import alerts
from govdata.deployment import Deployment
from govdata.publish import files

TRIGGER = {"govdata/trigger": "cli"}
ALIVE = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


@contextmanager
def alive(deployment: Deployment, run_id: str) -> Iterator[None]:
    """Show that the run lives, for as long as the block."""
    path = _path(deployment, run_id)
    with files.locked(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def report(deployment: Deployment, instance: DagsterInstance) -> list[str]:
    """Mark the command line's dead runs as failed and write an alert for each; returns their ids."""
    found = []
    for run in instance.get_runs(RunsFilter(statuses=ALIVE, tags=TRIGGER)):
        path = _path(deployment, run.run_id)
        if not files.is_free(path):
            continue
        instance.report_run_failed(run, "运行的进程已不存在：被终止、内存耗尽或断电")
        alert(deployment, run.run_id, run.tags.get("dagster/partition"))
        path.unlink(missing_ok=True)
        found.append(run.run_id)
    return found


def alert(deployment: Deployment, run_id: str, date: str | None) -> None:
    """Tell that a run died, unless it has left an alert itself."""
    if any(known.run_id == run_id for known in alerts.alerts(deployment)):
        return
    again = "govdata run" + (f" --date {date}" if date else "")
    reason = f"运行没有正常结束，也没有留下原因。已发布的数据不受影响；重新运行同一交付日期即可恢复：{again}"
    alerts.raise_alert(deployment, alerts.Alert(kind="run_failed", time=alerts.now(), date=date, run_id=run_id, reasons=(reason,)))


def _path(deployment: Deployment, run_id: str) -> Path:
    return deployment.dagster_home / "running" / run_id
