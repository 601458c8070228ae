"""Delivery folders that no night has read as they are now."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime
from pathlib import Path

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_sensor_context,
)

from govdata.assets.late import late_sensor, unread
from govdata.assets.resources import DeploymentResource
from govdata.deployment import Deployment
from govdata.operations import alerts, outcomes
from govdata.operations.outcomes import StageOutcome
from govdata.storage import files
from tests.assets.tiny import tiny_registry

REGISTRY = tiny_registry("alpha", "beta")
NIGHT = Date(2026, 11, 20)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    at(monkeypatch, "2026-11-20 05:30")
    return Deployment(tmp_path)


@pytest.fixture
def dagster() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    monkeypatch.setattr(alerts, "now", lambda: datetime.fromisoformat(moment))


def deliver(home: Deployment, name: str, date: Date, content: str = "a", minutes_ago: float = 60) -> None:
    folder = home.delivery(name, date)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.csv").write_text(content)
    for path in (folder / "a.csv", folder):
        os.utime(path, (time.time(), time.time() - 60 * minutes_ago))


def read(home: Deployment, name: str, date: Date) -> None:
    """As the stage raw leaves it, whatever became of it."""
    facts = {"dataset": name, "stage": "raw", "date": date, "outcome": "blocked", "run_id": "r", "time": alerts.now()}
    outcomes.record(StageOutcome.model_validate(facts | {"delivery": files.state(home.delivery(name, date))[0]}), home)


def found(home: Deployment) -> list[tuple[str, str]]:
    return [(folder.dataset, folder.date.isoformat()) for folder in unread(home, REGISTRY)]


def test_what_no_run_has_read_is_found_once(home: Deployment) -> None:
    deliver(home, "alpha", NIGHT)
    deliver(home, "beta", Date(2026, 3, 1))  # long ago, when nothing ran
    assert found(home) == [("alpha", "2026-11-20"), ("beta", "2026-03-01")]
    read(home, "alpha", NIGHT)
    read(home, "beta", Date(2026, 3, 1))
    assert found(home) == []


def test_a_corrected_delivery_is_found_again(home: Deployment) -> None:
    deliver(home, "alpha", NIGHT)
    read(home, "alpha", NIGHT)
    deliver(home, "alpha", NIGHT, "b", minutes_ago=30)
    assert found(home) == [("alpha", "2026-11-20")]


def test_a_folder_is_taken_when_it_has_come_to_rest(home: Deployment) -> None:
    deliver(home, "alpha", NIGHT, minutes_ago=2)
    assert found(home) == []
    deliver(home, "alpha", NIGHT, minutes_ago=6)
    assert found(home) == [("alpha", "2026-11-20")]


def test_an_empty_folder_is_no_delivery(home: Deployment) -> None:
    deliver(home, "alpha", NIGHT)
    folder = home.delivery("alpha", NIGHT)
    (folder / "a.csv").rename(folder / "~$a.csv")
    os.utime(folder, (time.time() - 3600,) * 2)
    assert found(home) == []


def test_todays_is_left_to_the_night_and_tomorrows_to_tomorrow(
    home: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(home, "alpha", NIGHT)
    deliver(home, "alpha", Date(2026, 11, 21))
    at(monkeypatch, "2026-11-20 01:59")
    assert found(home) == []
    at(monkeypatch, "2026-11-20 02:00")
    assert found(home) == [("alpha", "2026-11-20")]


def test_what_an_earlier_version_has_read_is_not_read_again(home: Deployment) -> None:
    """It left a raw batch and no outcome."""
    deliver(home, "alpha", NIGHT)
    home.lake("raw", "alpha", NIGHT).mkdir(parents=True)
    assert found(home) == []


def ended(home: Deployment, date: Date, moment: str, *, waiting: bool = False) -> None:
    facts = {
        "dataset": "alpha",
        "stage": "published",
        "date": date,
        "run_id": "r",
        "time": datetime.fromisoformat(moment),
    }
    outcome = "blocked" if waiting else "done"
    outcomes.record(StageOutcome.model_validate(facts | {"outcome": outcome, "waiting": waiting}), home)


def test_a_delta_that_waited_follows_when_the_date_before_it_is_published(home: Deployment) -> None:
    for date in (Date(2026, 11, 19), NIGHT):
        deliver(home, "alpha", date)
        read(home, "alpha", date)
    ended(home, NIGHT, "2026-11-20 02:10", waiting=True)
    assert found(home) == []
    ended(home, Date(2026, 11, 19), "2026-11-20 05:10")
    assert found(home) == [("alpha", "2026-11-20")]
    ended(home, NIGHT, "2026-11-20 05:20", waiting=True)  # for another one
    assert found(home) == []


def test_the_oldest_date_is_asked_for_alone_and_only_when_nothing_is_on_its_way(
    home: Deployment, dagster: DagsterInstance
) -> None:
    deliver(home, "alpha", NIGHT)
    deliver(home, "beta", Date(2026, 11, 19))

    def tick() -> object:
        with build_sensor_context(
            instance=dagster, resources={"deployment": DeploymentResource(deployment=home)}
        ) as context:
            return late_sensor(REGISTRY)(context)

    asked = tick()
    assert isinstance(asked, RunRequest) and asked.partition_key == "2026-11-19"
    assert asked.asset_selection is not None and AssetKey(["beta", "published"]) in asked.asset_selection
    assert {key.path[0] for key in asked.asset_selection} == {"beta"}
    again = tick()
    assert isinstance(again, RunRequest) and again.run_key == asked.run_key  # which Dagster starts once
    dagster.add_run(DagsterRun(job_name="nightly", status=DagsterRunStatus.STARTED))
    assert isinstance(tick(), SkipReason)
