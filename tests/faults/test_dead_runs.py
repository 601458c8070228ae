"""A run is dead when nobody holds its lock; one that lives, or ended by itself, is left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus

from govdata.assets import dead_runs
from govdata.deployment import Deployment
from govdata.operations import alerts

HOLD = """
import sys
from pathlib import Path
from govdata.assets import dead_runs
from govdata.deployment import Deployment
dead_runs.alive_from_now_on(Deployment(Path(sys.argv[1])), sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


@pytest.fixture
def dagster() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


def begun(dagster: DagsterInstance, status: DagsterRunStatus = DagsterRunStatus.STARTED) -> str:
    run = dagster.add_run(DagsterRun(job_name="nightly", status=status, tags={"dagster/partition": "2026-11-18"}))
    return run.run_id


def status(dagster: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = dagster.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_dead_only_when_its_process_is(home: Deployment, dagster: DagsterInstance) -> None:
    run_id = begun(dagster)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.home), run_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    assert dead_runs.report(home, dagster) == [] and status(dagster, run_id) == DagsterRunStatus.STARTED
    process.kill()
    process.wait()
    assert dead_runs.report(home, dagster) == [run_id] and status(dagster, run_id) == DagsterRunStatus.FAILURE
    (told,) = alerts.alerts(home)
    assert (told.kind, told.run_id, told.date) == ("run_failed", run_id, "2026-11-18")
    assert not list((home.dagster_home / "running").iterdir())
    assert dead_runs.report(home, dagster) == []


def test_a_run_that_was_to_be_ended_is_no_fault(home: Deployment, dagster: DagsterInstance) -> None:
    run_id = begun(dagster, DagsterRunStatus.CANCELING)
    lock = home.dagster_home / "running" / run_id
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert dead_runs.report(home, dagster) == [] and status(dagster, run_id) == DagsterRunStatus.CANCELED
    assert not list(alerts.alerts(home)) and not lock.exists()


def test_a_run_on_its_way_is_left_alone_for_a_while(
    home: Deployment, dagster: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the report of its start and its lock there is a moment; a run that stays without a lock died in it."""
    starting, started = begun(dagster, DagsterRunStatus.STARTING), begun(dagster, DagsterRunStatus.NOT_STARTED)
    start = DagsterEvent(event_type_value=DagsterEventType.RUN_START.value, job_name="nightly")
    dagster.report_dagster_event(start, started)
    assert dead_runs.report(home, dagster) == []
    monkeypatch.setattr(dead_runs, "GRACE", 0)
    assert dead_runs.report(home, dagster) == [started]
    assert status(dagster, starting) == DagsterRunStatus.STARTING  # Dagster's own monitoring has a time limit for those
