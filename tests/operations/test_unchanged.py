"""A run over all dates begins with the first that has changed, or that did not end well."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date as Date
from pathlib import Path

import pytest

from govdata import standards
from govdata.deployment import Deployment
from govdata.night import delivery_dates
from govdata.operations import unchanged
from tests.conftest import Finished, govdata
from tests.faults import city
from tests.zygote import Zygote

FIRST, SECOND, THIRD = (Date(2026, 11, day) for day in (18, 19, 20))


@pytest.fixture
def worked_off(finished: Finished, tmp_path: Path) -> Deployment:
    """A copy of the finished city, which may be changed."""
    shutil.copytree(finished.deployment.home, tmp_path / "home", symlinks=True)
    return Deployment(tmp_path / "home")


def changed(deployment: Deployment) -> list[Date]:
    registry = standards.load(deployment.standards)
    dates = delivery_dates(deployment, registry.delivered)
    return unchanged.changed_since(deployment, registry, registry.delivered, dates)


def test_nothing_has_changed_in_a_city_that_was_worked_off(finished: Finished) -> None:
    assert changed(finished.deployment) == []


def _new_file(home: Deployment) -> None:
    (home.delivery("marriage", SECOND) / "补报.csv").write_text("x", encoding="utf-8")


def _new_date(home: Deployment) -> None:
    shutil.copytree(home.delivery("marriage", SECOND), home.delivery("marriage", Date(2026, 11, 21)))


def _touched(home: Deployment) -> None:
    (path,) = [path for path in home.delivery("marriage", SECOND).iterdir() if path.is_file()][:1]
    os.utime(path)


def _cut(home: Deployment) -> None:
    path = next(home.lake("raw", "marriage", SECOND).glob("*.parquet"))
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-10])


def _no_snapshot(home: Deployment) -> None:
    (home.snapshot("population", THIRD) / "snapshot.json").unlink()


def _blocked(home: Deployment) -> None:
    path = home.outcome("population", SECOND, "published")
    told = json.loads(path.read_text(encoding="utf-8")) | {"outcome": "blocked", "reasons": ["原因"]}
    path.chmod(0o640)
    path.write_text(json.dumps(told), encoding="utf-8")


def _derived_blocked(home: Deployment) -> None:
    path = home.outcome("masters", THIRD, "population_by_division")
    told = json.loads(path.read_text(encoding="utf-8")) | {"outcome": "blocked", "reasons": ["原因"]}
    path.chmod(0o640)
    path.write_text(json.dumps(told), encoding="utf-8")


def _other_rule(home: Deployment) -> None:
    path = home.standards / "rules" / "birth.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("> 60", "> 61"), encoding="utf-8")


def _other_element(home: Deployment) -> None:
    path = home.standards / "elements" / "birth.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("max: 6000", "max: 6001"), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "dates"),
    [
        (_new_file, [SECOND, THIRD]),
        (_touched, [SECOND, THIRD]),
        (_cut, [SECOND, THIRD]),
        (_blocked, [SECOND, THIRD]),
        (_no_snapshot, [THIRD]),
        (_derived_blocked, [THIRD]),
        (_new_date, [Date(2026, 11, 21)]),
        (_other_rule, [FIRST, SECOND, THIRD]),
        (_other_element, [FIRST, SECOND, THIRD]),
    ],
)
def test_the_run_begins_with_the_first_date_that_has_changed(
    worked_off: Deployment, change: Callable[[Deployment], None], dates: list[Date]
) -> None:
    change(worked_off)

    assert changed(worked_off) == dates


def test_a_second_run_says_so(worked_off: Deployment, zygote: Zygote, tmp_path: Path) -> None:
    second = govdata(zygote, worked_off, "run", outside=tmp_path / "outside")
    assert (
        second.code == 0 and "3 个交付日期的交付、标准都没有变化" in second.output and "运行结果" not in second.output
    )


@pytest.mark.slow
def test_a_named_date_is_made_again_and_with_force_every_one(zygote: Zygote, tmp_path: Path) -> None:
    home = city.lay_down(tmp_path / "home", 2)
    assert govdata(zygote, home, "run", outside=tmp_path / "outside").code == 0
    made = home.outcome("cards", city.day(1), "raw")
    before = made.stat().st_mtime_ns
    second = govdata(zygote, home, "run", outside=tmp_path / "outside")
    assert second.code == 0 and "2 个交付日期的交付、标准都没有变化" in second.output
    assert made.stat().st_mtime_ns == before
    named = govdata(zygote, home, "run", "--date", city.day(1).isoformat(), outside=tmp_path / "outside")
    assert named.code == 0 and "运行结果" in named.output
    assert made.stat().st_mtime_ns > before
    first = home.outcome("cards", city.day(0), "raw")
    before = first.stat().st_mtime_ns
    forced = govdata(zygote, home, "run", "--force", outside=tmp_path / "outside")
    assert forced.code == 0 and "没有变化" not in forced.output
    assert first.stat().st_mtime_ns > before
