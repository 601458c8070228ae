"""The UI in a headless Chromium: what an engineer sees after `govdata run` and `govdata ui`. Screenshots go to a
temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page

from tests.browser.chromium import WAIT, chromium
from tests.conftest import Finished
from tests.faults.services import runs
from tests.servers import free_port, program, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("finished")]


@pytest.fixture(scope="module")
def address(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`govdata ui` on a copy of the finished deployment (serving writes ticks and heartbeats)."""
    assert finished.code == 0, finished.output + finished.errors
    home = tmp_path_factory.mktemp("ui") / "home"
    shutil.copytree(finished.deployment.home, home)
    port = free_port()
    with serving([program("govdata"), "ui", "--port", str(port)], port, home, home, home.parent / "log") as address:
        yield address


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, locale="zh-CN")
        page.set_default_timeout(WAIT)
        yield page


@pytest.fixture(scope="module")
def morning(blocked: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`govdata ui` the morning after two datasets were blocked."""
    home = tmp_path_factory.mktemp("morning") / "home"
    shutil.copytree(blocked.deployment.home, home)
    port = free_port()
    with serving([program("govdata"), "ui", "--port", str(port)], port, home, home, home.parent / "log") as address:
        yield address


def shot(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=str(folder / f"{name}.png"))
    assert (folder / f"{name}.png").stat().st_size > 10_000


def test_the_asset_graph_shows_a_group_per_dataset(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/asset-groups/")
    for group in ("birth", "education", "house", "legal_person", "marriage", "population"):
        page.get_by_text(group, exact=True).first.wait_for()
    shot(page, tmp_path, "graph")


def test_the_front_page_has_the_runs_whoever_started_them(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    page.get_by_text("2026-11-20").first.wait_for()
    page.get_by_text("govdata/trigger: cli").first.wait_for()
    assert page.url.startswith(f"{address}/runs")
    shot(page, tmp_path, "front")


def test_the_cockpit_is_two_clicks_from_the_front_page(page: Page, address: str, tmp_path: Path) -> None:
    """The job of a run, then the link in what is said of it."""
    page.goto(address)
    page.get_by_role("link", name="city", exact=True).first.click()
    link = page.get_by_role("link", name="数据质量驾驶舱").first
    link.wait_for()
    with page.expect_response(f"{address}/reports/cockpit.html") as answered:
        link.click()
    assert answered.value.status == 200
    shot(page, tmp_path, "cockpit")


def test_the_whole_graph_unfolds_into_stages_and_the_city(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/asset-groups/")
    page.get_by_text("masters", exact=True).first.wait_for()
    page.wait_for_timeout(3000)
    page.keyboard.press("Alt+KeyE")
    for node in ("landing", "raw", "standardized", "published"):  # those beyond the window are not drawn
        page.get_by_text(node, exact=True).first.wait_for(state="attached")
    shot(page, tmp_path, "unfolded")
    page.goto(f"{address}/locations/govdata/asset-groups/birth")
    for node in ("landing", "raw", "quarantine", "repairs", "standardized", "published"):
        page.get_by_text(node, exact=True).first.wait_for(state="attached")
    shot(page, tmp_path, "unfolded_birth")
    for group, tables in (("masters", ("person", "organisation")), ("governance", ("work_orders", "catalogue"))):
        page.goto(f"{address}/locations/govdata/asset-groups/{group}/list")
        for table in tables:
            page.get_by_text(f"{group} / {table}", exact=True).first.wait_for()
        shot(page, tmp_path, f"unfolded_{group}")


def asked(finished: Finished, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_in_five_clicks_from_the_front_page_to_the_failing_rows(
    page: Page, address: str, finished: Finished, tmp_path: Path
) -> None:
    """What was wrong with yesterday's population delivery, and which rows: the fourth click shows every rule that
    failed and a query that lists its rows."""
    page.goto(address)
    page.get_by_role("link", name="Catalog").click()
    page.get_by_text("birth / raw").first.hover()
    while not page.get_by_text("population / standardized").count():
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(300)
    page.get_by_text("population / standardized").first.click()
    page.get_by_text("Checks", exact=True).first.click()
    page.get_by_text("completeness", exact=True).first.click()
    query = page.get_by_text("SELECT * FROM governance.findings WHERE dataset = 'population'").first
    query.wait_for()
    page.get_by_text("不合格率（%）").first.wait_for()
    page.get_by_text("Failed", exact=True).first.wait_for()
    ((rows,),) = asked(finished, f"SELECT count(*) FROM ({query.inner_text()}) WHERE date = DATE '2026-11-20'")
    assert rows
    page.get_by_text(f"不合格 {rows} 项").first.wait_for()
    shot(page, tmp_path, "five_clicks")


def test_a_check_shows_the_newest_delivery_not_the_worst(page: Page, address: str, tmp_path: Path) -> None:
    """Accuracy failed on the 18th and passed on the 20th."""
    page.goto(f"{address}/assets/population/standardized?view=checks")
    page.get_by_text("accuracy", exact=True).first.click()
    page.get_by_text("准确性：", exact=False).first.wait_for()
    page.get_by_text("0 条有不合格的行").first.wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()
    shot(page, tmp_path, "newest")


def test_data_that_is_old_is_not_in_time(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/population/published?view=checks")
    page.get_by_text("按合同至少应有").first.wait_for()  # the daemon tells so with its first look
    page.get_by_text("最新一期是 2026-11-20 的交付").first.wait_for()
    shot(page, tmp_path, "timely")


def test_an_asset_says_in_chinese_what_it_is_and_whose(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/population/published")
    page.get_by_text("市公安局").first.wait_for()
    page.get_by_text("公民身份号码").first.wait_for()
    shot(page, tmp_path, "asset")


def test_a_datasets_checks_show_counts_and_no_value(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/assets/population/standardized?view=checks")
    page.get_by_text("conformity", exact=True).first.click()
    page.get_by_text("不合格数", exact=True).first.wait_for()
    page.get_by_text("citizen_id.format").first.wait_for()
    shot(page, tmp_path, "checks")


def test_the_schedule_is_on(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/automation")
    page.get_by_text("nightly_schedule").first.wait_for()
    shot(page, tmp_path, "schedule")


def test_the_three_runs_are_there(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/runs")
    page.get_by_text("2026-11-20").first.wait_for()
    shot(page, tmp_path, "runs")


def test_a_jobs_page_has_the_runs_of_the_command_line(page: Page, address: str, tmp_path: Path) -> None:
    for job in ("nightly", "city"):
        page.goto(f"{address}/locations/govdata/jobs/{job}/runs")
        for date in ("2026-11-18", "2026-11-19", "2026-11-20"):
            page.get_by_text(date).first.wait_for()
        shot(page, tmp_path, f"job_{job}")


def test_what_was_never_delivered_does_not_look_broken(page: Page, address: str, tmp_path: Path) -> None:
    """Education is yearly. The first partition is the first delivery's, so that three dates are no hundredth of a
    year."""
    for stage in ("landing", "published"):
        page.goto(f"{address}/assets/education/{stage}?view=partitions")
        page.get_by_text("2026-11-18").first.wait_for()
        assert page.get_by_text("2026-11-17").count() == 0
        page.get_by_text("Failed (0)").wait_for()
        page.get_by_text("Materialized (1)").wait_for()
        shot(page, tmp_path, f"education_{stage}")


def test_a_blocked_delivery_says_why_on_its_assets(page: Page, morning: str, blocked: Finished, tmp_path: Path) -> None:
    for asset in ("raw", "published"):
        page.goto(f"{morning}/assets/population/{asset}?view=events")
        page.get_by_text("2026-11-18 在“读入”被阻断").first.wait_for()
        page.get_by_text("没有找到表头").first.wait_for()
        query = page.get_by_text("governance.reconciliation WHERE dataset = 'population'").first
        query.wait_for()
        assert len(asked(blocked, query.inner_text())) == 1
        shot(page, tmp_path, f"blocked_{asset}")
    page.goto(f"{morning}/assets/population/standardized?view=checks")
    page.get_by_text("reading", exact=True).first.click()
    page.get_by_text("2026-11-18 的交付没有读成").first.wait_for()
    shot(page, tmp_path, "blocked_checks")
    page.get_by_text("accuracy", exact=True).first.click()  # nothing of population was judged before
    page.get_by_text("还没有判定过：2026-11-18 的交付没有读成").first.wait_for()
    page.goto(f"{morning}/assets/population/published?view=partitions&partition=2026-11-18")
    page.get_by_text("View all historical events (1)").click()
    page.get_by_role("dialog").get_by_text("2026-11-18", exact=True).first.click()
    page.get_by_role("dialog").get_by_text("没有找到表头").first.wait_for()
    shot(page, tmp_path, "blocked_partition")
    page.goto(f"{morning}/assets/birth/published?view=events")
    page.get_by_text("2026-11-18").first.wait_for()
    assert page.get_by_text("被阻断").count() == 0


def test_the_run_of_two_blocked_deliveries_names_both_and_why(
    page: Page, morning: str, blocked: Finished, tmp_path: Path
) -> None:
    """Its page opens at the end of its log. What could not be made for want of them is no failure of the city."""
    run_ids = {run.job_name: run.run_id for run in runs(blocked.deployment)}
    page.goto(f"{morning}/runs/{run_ids['nightly']}")
    page.get_by_text("没有做完的：marriage（读入，被阻断）、population（读入，被阻断）").first.wait_for()
    page.get_by_text("工作簿或压缩文件不完整").first.wait_for()
    page.get_by_text("没有找到表头").first.wait_for()
    assert page.get_by_text("Stack Trace").count() == 0 and page.get_by_text('File "').count() == 0
    shot(page, tmp_path, "blocked_run")
    page.goto(f"{morning}/runs/{run_ids['city']}")
    page.get_by_text("Success", exact=True).first.wait_for()
    page.goto(f"{morning}/assets/masters/couple?view=checks")
    page.get_by_text("中有还没有发布过的，这张表没有做").first.wait_for()
    shot(page, tmp_path, "not_made")
