"""Ctrl-C and SIGTERM end the whole run: later dates are not begun, nothing is told of that is no fault, and running again goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from govdata import alerts
from govdata.night import instance
from tests.faults import city
from tests.faults.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize(("number", "spent"), [(signal.SIGINT, 0.3), (signal.SIGTERM, 1.2), (signal.SIGINT, 2.2), (signal.SIGTERM, 4.0)])
def test_a_signal_ends_the_whole_run(zygote: Zygote, tmp_path: Path, number: signal.Signals, spent: float) -> None:
    deployment, log = city.lay_down(tmp_path / "a home", 3), tmp_path / "log"
    night = zygote.start(deployment.home, "run", log=log)
    while (so_far := night.spent()) is not None and so_far < spent:
        time.sleep(0.005)
    os.kill(night.pid, number)
    assert night.wait() == 128 + number, log.read_text(encoding="utf-8")
    said = log.read_text(encoding="utf-8")
    assert "再次运行即可继续：GOVDATA_HOME='" in said and "Traceback" not in said
    assert not list(alerts.alerts(deployment)) and not city.leftovers(deployment)
    assert not deployment.snapshot("cards", city.day(2)).exists()
    with instance(deployment) as dagster:
        assert all(run.status.value in ("SUCCESS", "CANCELED") for run in dagster.get_runs())
    assert zygote.run(deployment.home, "run", log=log) == 0
    assert not list(alerts.alerts(deployment)) and not city.leftovers(deployment)
