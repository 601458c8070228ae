"""``govdata rejudge``: what is made of the published tables is true at once, not after the next night."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from govdata.cli import app
from govdata.deployment import Deployment
from tests.governance.conftest import City
from tests.governance.conftest import city as city
from tests.governance.test_rejudging import HEADER, MORE, TABLES, held_back
from tests.masters.conftest import ROLL_UP, SUMS, contract

AS_SAID = "WHERE dataset = 'people' OR date = DATE '2026-03-03'"
"""A derived table of an earlier date, and its scores, stay what that night said."""
ALL = {
    **TABLES,
    "rule_results": f"SELECT * FROM governance.rule_results {AS_SAID} ORDER BY ALL",
    "reconciliation": f"SELECT * FROM governance.reconciliation {AS_SAID} ORDER BY ALL",
    "derived": "SELECT * FROM published.sums ORDER BY ALL",
    "scores": "SELECT date, dataset, level, dimension, b, a, score FROM governance.scorecard "
    "WHERE date = DATE '2026-03-03' ORDER BY ALL",
    "orders": "SELECT order_no, state, items, open_items FROM governance.work_orders ORDER BY ALL",
}
DELIVERIES = (
    HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\nA3,丙,1992-01-01,888888\n",
    HEADER + "A1,甲,1990-01-01,190101\nA2,乙,1991-01-01,999999\nA3,丙,1992-01-01,888888\nA4,丁,1993-01-01,190102\n",
)


def govdata(home: Deployment, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("GOVDATA_HOME", str(home.home))
    return CliRunner().invoke(app, list(arguments))


def land(city: City) -> None:
    for number, text in enumerate(DELIVERIES):
        folder = city.deployment.delivery("people", city.day(number))
        folder.mkdir(parents=True)
        (folder / "交付.csv").write_text(text, encoding="utf-8")


def told(city: City) -> dict[str, list[tuple[Any, ...]]]:
    return {name: city.ask(query) for name, query in ALL.items()}


@pytest.mark.slow
def test_all_that_is_made_of_the_released_rows_is_that_of_a_full_rebuild(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_back(city)
    roll_up = ROLL_UP.replace("counts: {dead: died IS NOT NULL}", "counts: {dead: born IS NULL}")
    city.write("datasets/sums.odcs.yaml", contract("sums", "数据局", SUMS, "division", roll_up))
    land(city)
    assert govdata(city.deployment, monkeypatch, "run").exit_code == 0
    before = told(city)

    city.write("codes/places.csv", MORE)
    made = govdata(city.deployment, monkeypatch, "rejudge")
    assert made.exit_code == 0 and "派生表、工单、评分、目录和报告已按 2026-03-03 更新" in made.output, made.output
    after = told(city)

    other = City(Deployment(tmp_path / "other"))
    shutil.copytree(city.deployment.standards, other.deployment.standards)
    land(other)
    assert govdata(other.deployment, monkeypatch, "run").exit_code == 0
    rebuilt = told(other)
    for name in ALL.keys() - {"orders"}:  # of what the new standard finds right there never was an order
        assert after[name] == rebuilt[name], name
    assert before["derived"] != after["derived"] and before["scores"] != after["scores"]
    assert before["orders"] != after["orders"]
