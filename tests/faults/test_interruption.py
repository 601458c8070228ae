"""Ctrl-C and SIGTERM end the whole run: later dates are not begun, nothing is told of that is no fault, and running
again goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from govdata.night import instance
from govdata.operations import alerts
from tests.faults import city
from tests.faults.conftest import Place
from tests.faults.drill import Prepared
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize(
    ("number", "spent"), [(signal.SIGINT, 0.3), (signal.SIGTERM, 1.2), (signal.SIGINT, 2.2), (signal.SIGTERM, 4.0)]
)
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
        assert {run.status.value for run in dagster.get_runs()} <= {"SUCCESS", "CANCELED"}
    assert zygote.run(deployment.home, "run", log=log) == 0
    assert not list(alerts.alerts(deployment)) and not city.leftovers(deployment)


BEFORE_ITS_CHECKPOINT = """
import os, signal, time
from govdata.operations import interruption
original = interruption.deferred
def deferred(*tell):
    if interruption.asked() is None:
        os.kill(os.getpid(), signal.SIGTERM)
        while interruption.asked() is None:
            time.sleep(0.01)
    return original(*tell)
interruption.deferred = deferred
"""


def test_a_signal_between_a_step_and_its_checkpoint_is_no_failure(zygote: Zygote, tmp_path: Path) -> None:
    """The step has begun, and Dagster asks whether the end was wanted as soon as the checkpoint ends it."""
    deployment, log = city.lay_down(tmp_path / "home", 1), tmp_path / "log"
    assert zygote.run(deployment.home, "run", log=log, before=BEFORE_ITS_CHECKPOINT) == 128 + signal.SIGTERM
    with instance(deployment) as dagster:
        assert [run.status.value for run in dagster.get_runs()] == ["CANCELED"]
    assert not list(alerts.alerts(deployment))


ENDED = """
import os, signal
from govdata import engine
original = engine.standardize
def standardize(raw, *more):
    if raw.dataset == "cards":
        os.kill(os.getpid(), signal.SIGTERM)
    return original(raw, *more)
engine.standardize = standardize
"""


def test_a_delta_waits_for_the_night_that_was_ended(prepared: Prepared, zygote: Zygote, tmp_path: Path) -> None:
    """Night 2 by hand after night 1 was ended in the middle: blocked. Nights 1 and 2 again: as if nothing had been."""
    late = Place(city.lay_down(tmp_path / "late", 3), zygote, tmp_path / "log")
    assert late.run(0) == 0
    before = late.state()
    assert late.run(1, before=ENDED) == 128 + signal.SIGTERM and not late.told()
    assert late.state() == before
    assert late.run(2) == 3 and late.state()["published.cards"] == before["published.cards"]
    command = f"govdata run --date {city.day(1)} --dataset cards"
    assert (
        f"先处理 {city.day(1)}：GOVDATA_HOME=" in late.told()
        and command in late.told()
        and command in late.log.read_text(encoding="utf-8")
    )
    assert late.run(1) == 0 and late.run(2) == 0
    assert city.rows_of(late.state()) == city.rows_of(prepared.next)


def test_a_delta_does_not_wait_for_one_that_was_refused_at_reading(zygote: Zygote, tmp_path: Path) -> None:
    late = Place(city.lay_down(tmp_path / "late", 3), zygote, tmp_path / "log")
    (delivered,) = late.deployment.delivery("cards", city.day(1)).iterdir()
    delivered.write_bytes(b"")
    assert late.run(0) == 0 and late.run(1) == 3 and late.run(2) == 0
    assert (city.day(1), "cards", *[None] * 6) in [row[:8] for row in late.state()["governance.reconciliation"]]


TWICE = """
import os, signal, time
from govdata import engine
def standardize(*_):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
    time.sleep(600)
engine.standardize = standardize
"""


def test_a_second_signal_ends_at_once_and_is_no_fault(zygote: Zygote, tmp_path: Path) -> None:
    place = Place(city.lay_down(tmp_path / "home", 1), zygote, tmp_path / "log")
    begun = time.monotonic()
    assert place.run(0, before=TWICE) == 128 + signal.SIGTERM and time.monotonic() - begun < 120
    said = place.log.read_text(encoding="utf-8")
    assert said.index("正在结束") < said.index("再次运行即可继续")
    assert place.run(0) == 0 and not place.told()
    with instance(place.deployment) as dagster:
        assert [run.status.value for run in dagster.get_runs()] == [
            "SUCCESS",
            "SUCCESS",
            "CANCELED",
        ]  # city and datasets, newest first
