"""``govdata rejudge`` on a deployment of one register."""

from __future__ import annotations

from datetime import date

import pytest
from typer.testing import CliRunner

from govdata.cli import app
from govdata.night import DatasetNight, Nights
from govdata.night.nights import OnStep, Outcome
from tests.governance.conftest import City
from tests.governance.conftest import city as city
from tests.governance.test_rejudging import COLUMNS, HEADER, MORE, held_back
from tests.masters.conftest import contract


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The dates the city was asked to follow for; ``test_rejudge_city`` has it do so."""
    dates: list[date] = []

    def follow(self: Nights, day: date, on_step: OnStep) -> list[DatasetNight]:
        dates.append(day)
        return stopped

    monkeypatch.setattr(Nights, "follow", follow)
    monkeypatch.setattr(Nights, "following", [])
    stopped.clear()
    return dates


stopped: list[DatasetNight] = []


def run(city: City, monkeypatch: pytest.MonkeyPatch, *arguments: str, code: int = 0) -> str:
    monkeypatch.setenv("GOVDATA_HOME", str(city.deployment.home))
    result = CliRunner().invoke(app, ["rejudge", *arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.slow
def test_it_tells_what_it_would_do_and_then_does_it(
    city: City, monkeypatch: pytest.MonkeyPatch, followed: list[date]
) -> None:
    held_back(city)
    assert "还没有处理过的交付" in run(city, monkeypatch)
    city.deliver("people", city.day(0), HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n")
    city.deliver("people", city.day(1), HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", MORE)

    told = run(city, monkeypatch, "--dry-run", "--since", "2026-03-03", "--dataset", "people")
    assert "people 2026-03-03  隔离 1 行：可放行 1（凭豁免 0），重复 0，仍隔离 0" in told
    assert "2026-03-02" not in told and city.ask("SELECT count(*) FROM governance.releases") == [(0,)]
    assert followed == []

    assert "people 2026-03-02  隔离 1 行：放行 1（凭豁免 0），重复 0，仍隔离 0" in run(city, monkeypatch)
    assert followed == [city.day(1)], "by the newest date, once"
    assert "没有要复审的" in run(city, monkeypatch) and len(followed) == 1
    assert city.ask("SELECT count(*) FROM published.people") == [(2,)]


@pytest.mark.parametrize(("outcome", "code"), [("error", 1), ("blocked", 3)])
def test_what_stops_of_what_follows_is_told(
    city: City, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int
) -> None:
    held_back(city)
    city.deliver("people", city.day(0), HEADER + "A2,乙,1991-01-01,999999\n")
    city.write("codes/places.csv", MORE)
    stopped.append(DatasetNight("scorecard", city.day(0), outcome, "scorecard", ("磁盘已满",)))
    told = run(city, monkeypatch, code=code)
    assert "放行 1" in told and "评分（scorecard）" in told and "磁盘已满" in told


def test_published_rows_that_fail_now_are_only_told(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    held_back(city)
    city.deliver("people", city.day(0), HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,190102\n")
    city.write("codes/places.csv", "".join(line for line in MORE.splitlines(True) if not line.startswith("190102")))
    told = run(city, monkeypatch, "--published")
    assert "people  已发布的 1 行按现行标准不合格：区划不在代码集中（place.code_set）。只报告，没有改动" in told
    assert city.ask("SELECT count(*) FROM published.people") == [(2,)]


def test_it_says_which_dates_must_be_worked_off_anew(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    held_back(city)
    city.deliver("people", city.day(0), HEADER + "A2,乙,1991-01-01,999999\n")
    city.write("datasets/people.odcs.yaml", contract("people", "公安", {**COLUMNS, "note": "words"}, "id"))
    assert "合同的列已改变，要整日重做：govdata run --date 2026-03-02 --dataset people" in run(city, monkeypatch)
