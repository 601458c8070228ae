"""Whether a table is in time is a matter of delivery dates, whenever a run made it."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from pathlib import Path

import pytest
from dagster import SensorResult, SkipReason, build_sensor_context

from govdata.assets.resources import DeploymentResource
from govdata.assets.timely import due, judged, timely_sensor
from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.operations import alerts
from govdata.standards.model import Schedule
from tests.assets.tiny import tiny_dataset, tiny_registry


def published(deployment: Deployment, table: str, date: Date) -> None:
    facts = {
        "snapshot_id": "s",
        "batch_id": "b",
        "base_snapshot_id": None,
        "standards_hash": "0",
        "files": (),
        "rows": 1,
    }
    Snapshot.model_validate({"table": table, "date": date} | facts).write(Snapshot.path(deployment, table, date))


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        (Schedule(deadline="01:00"), "2026-11-25 04:59", "2026-11-24"),  # the night has until five
        (Schedule(deadline="01:00"), "2026-11-25 05:00", "2026-11-25"),
        (Schedule(deadline="06:00"), "2026-11-25 09:59", "2026-11-24"),
        (Schedule(), "2026-11-25 05:00", "2026-11-25"),
        (Schedule(unit="w", deadline="01:00"), "2026-11-25 12:00", "2026-11-18"),
        (Schedule(unit="y", deadline="06:00"), "2026-11-25 12:00", "2025-11-24"),  # 366 days and one of grace
    ],
)
def test_what_is_due(schedule: Schedule, now: str, expected: str) -> None:
    assert due(tiny_dataset("alpha", schedule=schedule), datetime.fromisoformat(now)).isoformat() == expected


def test_data_five_days_old_is_not_in_time_though_it_was_processed_today(tmp_path: Path) -> None:
    home, now = Deployment(tmp_path), datetime(2026, 11, 25, 12)
    daily, yearly = tiny_dataset("alpha"), tiny_dataset("beta", schedule=Schedule(unit="y"))
    assert not judged(daily, home, now)["passed"] and "还没有发布过" in str(judged(daily, home, now)["description"])
    for name in ("alpha", "beta"):
        published(home, name, Date(2026, 11, 20))
    assert judged(daily, home, now) | {"severity": None} == {
        "passed": False,
        "severity": None,
        "description": "最新一期是 2026-11-20 的交付；按合同至少应有 2026-11-25 的交付",
        "metadata": {"交付日期": "2026-11-20", "应有的交付日期": "2026-11-25"},
    }
    assert judged(yearly, home, now)["passed"], "a yearly delivery must not look broken every night"
    published(home, "alpha", Date(2026, 11, 25))
    assert judged(daily, home, now)["passed"]


def test_the_sensor_tells_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, registry = Deployment(tmp_path), tiny_registry("alpha", "beta")
    monkeypatch.setattr(alerts, "now", lambda: datetime(2026, 11, 25, 12))
    resources = {"deployment": DeploymentResource(deployment=home)}

    def tick(cursor: str | None) -> SensorResult | SkipReason:
        with build_sensor_context(cursor=cursor, resources=resources) as context:
            answer = timely_sensor(registry)(context)
        assert isinstance(answer, SensorResult | SkipReason)
        return answer

    first = tick(None)
    assert isinstance(first, SensorResult)
    assert [(told.asset_key.path[0], told.passed) for told in first.asset_events] == [("alpha", False), ("beta", False)]  # type: ignore[union-attr]
    assert isinstance(tick(first.cursor), SkipReason)
    published(home, "beta", Date(2026, 11, 25))
    second = tick(first.cursor)
    assert isinstance(second, SensorResult)
    assert [(told.asset_key.path[0], told.passed) for told in second.asset_events] == [("beta", True)]  # type: ignore[union-attr]
