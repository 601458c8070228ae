"""The line below the bar: rows and rate of a stage that takes long."""

from __future__ import annotations

from datetime import date as Date
from io import StringIO
from pathlib import Path

import pytest

from govdata.cli import progress
from govdata.cli.progress import Bar
from govdata.deployment import Deployment
from govdata.storage import pace
from tests.assets.tiny import tiny_registry

DAY = Date(2026, 11, 20)


@pytest.fixture
def bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bar:
    monkeypatch.setattr(Bar, "_raw_rows", lambda self, dataset, date: 1_000_000)
    return Bar(Deployment(tmp_path), tiny_registry("alpha"), StringIO())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_reading_tells_what_was_read_so_far(bar: Bar, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    bar.step("raw", "alpha", DAY)
    assert bar.detail() == "  处理中"
    before = pace.rows()
    monkeypatch.setattr(pace, "rows", lambda: before + 50_000)
    clock[0] += 10
    assert bar.detail() == "  已读入 50,000 行，约 5,000 行/秒"


def test_a_pass_tells_its_share_and_rate(bar: Bar, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float | None] = [None]
    monkeypatch.setattr(pace, "share", lambda: told[0])
    bar.step("standardized", "alpha", DAY)
    assert bar.detail() == "  共 1,000,000 行"
    clock[0] += 4
    told[0] = 0.2
    assert bar.detail() == "  共 1,000,000 行，这一遍 20%，约 50,000 行/秒"
    told[0] = 0.1
    assert bar.detail() == "  共 1,000,000 行", "another statement has begun"


def test_short_stages_have_no_line_of_their_own(bar: Bar, clock: list[float]) -> None:
    bar.step("standardized", "alpha", DAY)
    assert len(list(bar.get_renderables())) == 1
    clock[0] += 3
    assert len(list(bar.get_renderables())) == 2
    bar.step("", "alpha", DAY)
    assert len(list(bar.get_renderables())) == 1


def test_the_city_s_tables_go_by_their_titles(bar: Bar) -> None:
    bar.step("scorecard", "governance", DAY)
    assert bar.tasks[0].description == "2026-11-20 全市 评分"
    bar.step("alpha", "masters", DAY)
    assert bar.tasks[0].description == "2026-11-20 全市 测试表alpha"
