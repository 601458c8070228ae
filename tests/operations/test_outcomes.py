"""What became of a stage is kept as long as somebody may ask for it."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from govdata.deployment import Deployment, beijing_today
from govdata.operations import outcomes

TODAY = beijing_today()
OLD, CUTOFF = TODAY - timedelta(days=100), TODAY - timedelta(days=90)
STAGES = [("rooms", "raw"), ("rooms", "published"), ("masters", "person"), ("governance", "catalogue")]


@pytest.fixture
def home(tmp_path: Path) -> Deployment:
    """Four stages on each of three dates; of the oldest the delivery still lies in landing."""
    made = Deployment(tmp_path)
    for date in (OLD, CUTOFF, TODAY):
        for dataset, stage in STAGES:
            time = datetime(date.year, date.month, date.day)
            told = outcomes.StageOutcome(
                dataset=dataset, stage=stage, date=date, outcome="blocked", run_id="an earlier run", time=time
            )
            told.write(made.outcome(dataset, date, stage))
    made.delivery("rooms", OLD).mkdir(parents=True)
    return made


def kept(home: Deployment) -> list[tuple[str, str, Date]]:
    dates = (OLD, CUTOFF, TODAY)
    return [(*stage, date) for date in dates for stage in STAGES if outcomes.read(home, stage[0], date, stage[1])]


def test_outcomes_go_with_their_date(home: Deployment) -> None:
    assert outcomes.forget(home, CUTOFF) == 3
    assert kept(home) == [("rooms", "raw", OLD), *[(*stage, date) for date in (CUTOFF, TODAY) for stage in STAGES]]
    assert not home.outcome("masters", OLD, "person").parent.exists()


def test_that_a_delivery_was_read_stays_known_as_long_as_it_lies_there(home: Deployment) -> None:
    home.delivery("rooms", OLD).rmdir()
    assert outcomes.forget(home, CUTOFF) == 4
    assert ("rooms", "raw", OLD) not in kept(home)


def test_where_late_deliveries_are_looked_for_nothing_goes(home: Deployment) -> None:
    """However short a deployment keeps its nights: a delta may wait there for an earlier date."""
    waiting = home.outcome("rooms", TODAY - outcomes.LOOKED_AT, "published")
    waiting.parent.mkdir(parents=True)
    home.outcome("rooms", CUTOFF, "published").rename(waiting)
    outcomes.forget(home, TODAY + timedelta(days=1))
    assert waiting.exists()
    assert {date for *_, date in kept(home)} == {OLD, TODAY}
