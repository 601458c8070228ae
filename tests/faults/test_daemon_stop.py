"""The daemon is stopped as systemd stops it, while a run is at work: what readers see, and what its next start makes of
it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from govdata.assets.nightly import ENDED_BY_SIGNAL
from govdata.operations import alerts
from tests.faults import city
from tests.faults.drill import Prepared
from tests.faults.services import followed, last_step, running, runs, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

PATIENCE = 120
"""``TimeoutStopSec`` of the unit."""


def test_a_daemon_stopped_in_mid_run_makes_the_night_at_its_next_start(prepared: Prepared, tmp_path: Path) -> None:
    prepared.reset()
    deployment, log = prepared.deployment, tmp_path / "log"
    yesterday = time.time() - 86_400
    for delivered in deployment.landing.glob(f"*/{city.day(2)}"):  # at rest, so that the daemon takes it up by itself
        for path in (*delivered.iterdir(), delivered):
            os.utime(path, (yesterday, yesterday))
    with running("daemon", deployment, log) as daemon:
        wait_for(lambda: any(last_step(deployment, run.run_id) for run in _ours(prepared)), log, 300)
        (first,) = _ours(prepared)
        assert daemon.stop(PATIENCE) < PATIENCE
    shown = city.state(deployment)
    assert shown in (prepared.good, prepared.next), "half a night"
    with running("daemon", deployment, log):
        wait_for(lambda: city.state(deployment) == prepared.next and followed(deployment), log, 300)
        wait_for(lambda: all(run.is_finished for run in runs(deployment)), log, 120)
    ended = next(run for run in runs(deployment) if run.run_id == first.run_id)
    if not ended.is_success:  # it was caught
        heard = ended.tags.get("dagster/failure_reason") == ENDED_BY_SIGNAL  # and was not killed at systemd's limit
        assert [alert.kind for alert in alerts.alerts(deployment)] == ([] if heard else ["run_failed"])
        assert any(run.parent_run_id == first.run_id and run.is_success for run in runs(deployment))
    prepared.run(2)  # any later run clears away what the ended one left
    assert not city.leftovers(deployment)


def _ours(prepared: Prepared) -> list:
    """The daemon's runs of the night's datasets."""
    return [
        run
        for run in runs(prepared.deployment)
        if run.job_name == "nightly"
        and run.tags.get("dagster/partition") == city.day(2).isoformat()
        and "dagster/sensor_name" in run.tags
    ]
