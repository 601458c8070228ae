"""The night on the committed sample, end to end, as a bureau's engineer runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey

from govdata.deployment import Deployment
from govdata.night import instance
from govdata.operations import alerts
from tests.conftest import Finished
from tests.leaks import leaked

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("finished")]

DATASETS = ("birth", "education", "house", "legal_person", "marriage", "population")


def query(deployment: Deployment, text: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
        return connection.execute(text).fetchall()


def test_everything_is_published(finished: Finished) -> None:
    assert finished.code == 0, finished.output + finished.errors
    for dataset in DATASETS:
        ((rows,),) = query(finished.deployment, f"SELECT count(*) FROM published.{dataset}")
        assert isinstance(rows, int) and rows > 100, dataset


def test_every_record_is_accounted_for(finished: Finished) -> None:
    rows = query(
        finished.deployment,
        "SELECT delivered, rejected, duplicates, quarantined, clean, published FROM governance.reconciliation",
    )
    assert len(rows) >= 10
    for delivered, rejected, duplicates, quarantined, clean, published in rows:
        assert delivered == rejected + duplicates + quarantined + clean  # type: ignore[operator]
        assert published is not None


def test_the_closing_table_says_what_the_catalogue_says(finished: Finished) -> None:
    totals = query(
        finished.deployment,
        "SELECT dataset, sum(delivered), sum(rejected), sum(duplicates), sum(quarantined), sum(clean) "
        # of derived tables there is no delivery
        f"FROM governance.reconciliation WHERE dataset IN {DATASETS} GROUP BY dataset",
    )
    for dataset, *figures in totals:
        ((published,),) = query(finished.deployment, f"SELECT count(*) FROM published.{dataset}")
        lines = finished.output.splitlines()
        place = next(number for number, line in enumerate(lines) if line.strip() == dataset)
        _, state, *cells = lines[place - 1].split()
        printed = [int(cell.replace(",", "")) for cell in cells]
        assert state == "已发布" and printed[:6] == [*figures, published], dataset
    assert "data/published" in finished.output and "govdata ui" in finished.output


def test_the_ui_will_show_a_run_for_each_date(finished: Finished) -> None:
    with instance(finished.deployment) as dagster:
        runs = dagster.get_runs()
        made = sorted((run.tags["dagster/partition"], run.job_name) for run in runs)
        assert made == [(f"2026-11-{day}", job) for day in (18, 19, 20) for job in ("city", "nightly")]
        assert all(run.is_success for run in runs)


def test_nothing_is_written_outside_the_deployment(finished: Finished) -> None:
    assert list(finished.outside.iterdir()) == []


def test_no_value_of_a_record_is_outside_the_tables(finished: Finished) -> None:
    home = finished.deployment
    places = [home.dagster_home, home.reports]
    manifests = [
        path.read_text(encoding="utf-8") for path in home.data.rglob("*.json") if home.landing not in path.parents
    ]
    names = [path.name for path in home.data.rglob("*") if home.landing not in path.parents]
    assert leaked(home, places, [finished.output, finished.errors, *manifests, *names]) == set()


def test_the_leak_test_would_find_one(finished: Finished, tmp_path: Path) -> None:
    ((number, name),) = query(
        finished.deployment,
        "SELECT citizen_id, name FROM published.population WHERE length(name) = 3 AND length(citizen_id) = 18 "
        "AND unicode(name[2]) > 65535 ORDER BY citizen_id LIMIT 1",  # a rare character is escaped in two halves
    )
    assert leaked(finished.deployment, [], [f"x{number}9"]) == {number}
    assert leaked(finished.deployment, [], [json.dumps({"a": name})]) == {name}
    (tmp_path / "event.db").write_bytes(b"\x00\xff" + str(number).encode())
    assert leaked(finished.deployment, [tmp_path], []) == {number}


def test_a_blocked_dataset_ends_the_run_with_3_and_the_others_are_published(blocked: Finished) -> None:
    assert blocked.code == 3, blocked.output + blocked.errors
    assert "被阻断" in blocked.output and "婚姻登记" in blocked.output
    published = {
        name
        for (name,) in query(
            blocked.deployment, "SELECT dataset FROM governance.reconciliation WHERE published IS NOT NULL"
        )
    }
    delivered = {"birth", "education", "house", "legal_person", "marriage", "population"}
    assert published & delivered == {"birth", "education", "house", "legal_person"}
    told = {(alert.dataset, alert.kind) for alert in alerts.alerts(blocked.deployment)}
    assert told == {("marriage", "blocked"), ("population", "blocked")}


def test_the_reason_and_its_query_stand_on_the_blocked_datasets_assets_alone(blocked: Finished) -> None:
    with instance(blocked.deployment) as dagster:
        told = {name: dagster.fetch_observations(AssetKey([name, "published"]), limit=5).records for name in DATASETS}
    assert {name for name, records in told.items() if records} == {"marriage", "population"}
    for name in ("marriage", "population"):
        (observation,) = [record.asset_observation for record in told[name]]
        assert (
            observation is not None
            and observation.partition == "2026-11-18"
            and observation.metadata["结果"].value == "被阻断"
        )
        assert "人口基本信息" in str(observation.metadata["原因"].value) or name == "marriage"
        assert [row[1] for row in query(blocked.deployment, str(observation.metadata["查询"].value))] == [name]


def test_tables_for_which_an_input_is_missing_are_no_failure_of_the_city(blocked: Finished) -> None:
    """The first night, and neither persons nor marriages were published."""
    with instance(blocked.deployment) as dagster:
        assert {run.job_name: run.status.value for run in dagster.get_runs()} == {
            "nightly": "FAILURE",
            "city": "SUCCESS",
        }
        (told,) = dagster.fetch_observations(AssetKey(["population", "published"]), limit=1).records
        closing = [event.message for event in dagster.all_logs(told.run_id)][-1]
    assert closing.startswith("2026-11-18 没有做完的：marriage（读入，被阻断）、population（读入，被阻断）。")
    assert "工作簿或压缩文件不完整" in closing and "没有找到表头" in closing


def test_a_blocked_run_leaks_nothing_either(blocked: Finished, finished: Finished) -> None:
    home = blocked.deployment
    # The values are those of the whole sample: what could not be read here was read there.
    assert leaked(finished.deployment, [home.dagster_home, home.reports], [blocked.output, blocked.errors]) == set()


def test_the_night_is_scored_and_every_figure_can_be_asked_after(finished: Finished) -> None:
    """On the committed sample: every query beside a figure gives as many lines, and its rules the same counts."""
    lines = query(
        finished.deployment, "SELECT part, failed, b, query, rules_query FROM governance.scorecard ORDER BY ALL"
    )
    assert len({date for (date,) in query(finished.deployment, "SELECT date FROM governance.scorecard")}) == 3
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as connection:
        for part, failed, assessed, rows, rules in lines:
            if rows is not None:
                assert len(connection.execute(str(rows)).fetchall()) == failed, rows
            if rules is not None and part != "punctuality":
                counted = f"SELECT sum(checked), sum(failed) FROM ({rules})"
                assert connection.execute(counted).fetchall() == [(assessed, failed)], rules
    assert sum(rows is not None for *_, rows, _ in lines) > 200


def test_the_night_leaves_a_report_for_the_city_and_each_department(finished: Finished) -> None:
    asked = "SELECT DISTINCT department FROM governance.scorecard WHERE kind = 'department'"
    departments = {str(name) for (name,) in query(finished.deployment, asked)}
    for date in ("2026-11-18", "2026-11-19", "2026-11-20"):
        folder = finished.deployment.reports / date
        reported = {path.parent.name for path in folder.glob("*/数据质量检测报告.html")}
        assert reported == {"全市", *departments}
        assert {path.suffix for path in folder.glob("*/数据质量检测报告.*")} == {".docx", ".html"}
    assert (finished.deployment.reports / "cockpit.html").is_file()
    assert {alert.kind for alert in alerts.notices(finished.deployment)} >= {"found"}


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_an_order_that_the_readme_shows_is_one_of_the_sample_s(finished: Finished, repository: Path, page: str) -> None:
    numbers = set(re.findall(r"ZLGD-[\w-]+", (repository / page).read_text(encoding="utf-8")))
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as connection:
        known = {number for (number,) in connection.execute("SELECT order_no FROM governance.work_orders").fetchall()}
    assert numbers and numbers <= known
