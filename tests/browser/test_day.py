"""A day with one running interface, as who looks at it sees it: a changed standard, a delivery after the night, a
second interface, the end. The tests go on from one another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from govdata.deployment import Deployment
from govdata.operations import alerts
from tests.browser.chromium import WAIT, chromium
from tests.browser.test_ui import shot
from tests.faults import city
from tests.faults.services import followed, last_step, launch
from tests.servers import START_SECONDS, free_port, is_up, processes, start_interface
from tests.zygote import Zygote

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("day"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to look at"),
]

TEN_MINUTES = 600


@dataclass
class Day:
    """The deployment, its interface and what that says in its terminal."""

    deployment: Deployment
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    page: Page

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def day(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One night is done; the next delivery comes after its night: its folder is there when the interface is up."""
    folder = tmp_path_factory.mktemp("day")
    deployment, port, log = city.lay_down(folder / "home", 1), free_port(), folder / "log"
    assert zygote.run(deployment.home, "run", log=folder / "night") == 0
    process = start_interface(deployment, port, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_up(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        _deliver_late(deployment)
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
            page.set_default_timeout(WAIT)
            yield Day(deployment, process, port, log, page)
    finally:
        for left in processes(deployment):
            os.kill(left, signal.SIGKILL)
        process.wait(timeout=60)


def _deliver_late(deployment: Deployment) -> None:
    """The delivery of the day after, at rest for ten minutes."""
    city.deliver(deployment, 1)
    for name in ("cards", "rooms"):
        _at_rest(deployment.delivery(name, city.day(1)))


def _at_rest(delivered: Path) -> None:
    then = time.time() - TEN_MINUTES
    for path in (*delivered.iterdir(), delivered):
        os.utime(path, (then, then))


def test_a_changed_standard_is_shown_without_anybodys_click(day: Day, tmp_path: Path) -> None:
    """A page opened before shows it when it is opened anew; the terminal says so."""
    day.page.goto(f"{day.address}/assets/rooms/published")
    day.page.get_by_text("阅览室").first.wait_for()
    datasets = day.deployment.standards / "datasets"
    contract = (datasets / "rooms.odcs.yaml").read_text(encoding="utf-8")
    (datasets / "rooms.odcs.yaml").write_text(contract.replace("阅览室", "阅览大厅"), encoding="utf-8")
    (datasets / "halls.odcs.yaml").write_text(
        contract.replace("rooms", "halls").replace("阅览室", "报告厅"), encoding="utf-8"
    )
    deadline = time.monotonic() + START_SECONDS
    while "已重新加载" not in day.said():
        assert time.monotonic() < deadline, day.said()
        time.sleep(0.5)
    day.page.reload()
    day.page.get_by_text("阅览大厅").first.wait_for()
    shot(day.page, tmp_path, "changed")
    day.page.goto(f"{day.address}/asset-groups/")
    day.page.get_by_text("halls", exact=True).first.wait_for()
    shot(day.page, tmp_path, "new_contract")


def test_a_standard_with_a_problem_is_told_and_the_interface_goes_on(day: Day, tmp_path: Path) -> None:
    page = day.deployment.standards / "datasets" / "halls.odcs.yaml"
    good = page.read_text(encoding="utf-8")
    page.write_text(good.replace("element, value: night_no", "element, value: nowhere"), encoding="utf-8")
    deadline = time.monotonic() + START_SECONDS
    while "界面仍显示修改前的标准" not in day.said():
        assert time.monotonic() < deadline, day.said()
        time.sleep(0.5)
    assert "standards check" in day.said()
    day.page.goto(f"{day.address}/assets/halls/published")
    day.page.get_by_text("报告厅").first.wait_for()
    page.write_text(good, encoding="utf-8")
    _change_a_rule_and_deliver_halls(day.deployment)


def _change_a_rule_and_deliver_halls(deployment: Deployment) -> None:
    """Which the daemon takes up after what came before: see below."""
    elements = deployment.standards / "elements" / "reading.yaml"
    text = elements.read_text(encoding="utf-8")
    changed = text.replace("期次超出常理", "期次须在十以内").replace("max: 9000", "max: 10")
    elements.write_text(changed, encoding="utf-8")
    halls = deployment.delivery("halls", city.day(1))
    city.write(halls / "报告厅.csv", ["LB00000001,11,I", "LB00000002,1,I"])
    _at_rest(halls)


def test_a_delivery_after_the_night_is_taken_up_and_shown(day: Day, tmp_path: Path) -> None:
    """Nobody starts anything: the run of its date appears on the front page, and the asset has the date."""
    page, late = day.page, city.day(1).isoformat()
    page.goto(day.address)
    page.get_by_text(late).first.wait_for()
    page.get_by_text("late_deliveries").first.wait_for()
    shot(page, tmp_path, "taken_up")
    deadline = time.monotonic() + START_SECONDS
    while not day.deployment.snapshot("rooms", city.day(1)).exists():
        assert time.monotonic() < deadline, day.said()
        time.sleep(0.5)
    page.goto(f"{day.address}/assets/rooms/published?view=partitions&partition={late}")
    page.get_by_text("Materialized (2)").first.wait_for()
    page.get_by_text("No metadata entries").first.wait_for(state="detached")
    shot(page, tmp_path, "late_partition")


def test_the_daemon_runs_no_night_by_old_standards(day: Day, tmp_path: Path) -> None:
    """A contract that was added while the interface was up is delivered: by the standards the daemon began with nothing
    could be made of it. A rule that was changed meanwhile is the one that judges."""
    deadline = time.monotonic() + 2 * START_SECONDS  # the sensor looks every two minutes, when no run is on its way
    while not day.deployment.snapshot("halls", city.day(1)).exists():
        assert time.monotonic() < deadline, day.said()
        time.sleep(0.5)
    day.page.goto(f"{day.address}/assets/halls/standardized?view=checks")
    day.page.get_by_text("accuracy", exact=True).first.click()
    day.page.get_by_text("期次须在十以内").first.wait_for()
    day.page.get_by_text("不合格 1 项").first.wait_for()
    shot(day.page, tmp_path, "new_standards")


def services(day: Day) -> set[int]:
    """The web server and the daemon with their parent: of the processes below the interface those that last. A run, and
    whatever else ends meanwhile, lies deeper."""
    parents = {}
    for pid in processes(day.deployment):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    first = {pid for pid, parent in parents.items() if parent == day.process.pid}
    return first | {pid for pid, parent in parents.items() if parent in first}


def test_a_second_interface_says_why_it_does_not_start_and_the_first_goes_on(
    day: Day, zygote: Zygote, tmp_path: Path
) -> None:
    before = services(day)
    assert len(before) >= 3
    for port, said in ((day.port, f"端口 {day.port} 已被占用"), (free_port(), "已经有界面或定时服务在运行")):
        log = tmp_path / str(port)
        assert zygote.run(day.deployment.home, "ui", "--port", str(port), log=log) == 1
        text = log.read_text(encoding="utf-8")
        assert said in text and "http://" not in text and len(text.splitlines()) == 1, text
    assert day.process.poll() is None and before <= services(day)
    day.page.goto(f"{day.address}/automation")
    for name in ("late_deliveries", "nightly_schedule"):
        day.page.get_by_text(name).first.wait_for()
    shot(day.page, tmp_path, "automation")


def test_term_in_the_middle_of_a_run_ends_all_of_it_in_one_line(day: Day) -> None:
    """Also while the open page asks."""
    deadline = time.monotonic() + START_SECONDS
    while not followed(day.deployment):
        assert time.monotonic() < deadline, day.said()
        time.sleep(1)
    told_before = len(list(alerts.alerts(day.deployment)))
    again = launch(day.address, city.day(0).isoformat())
    while not last_step(day.deployment, again):
        assert time.monotonic() < deadline, day.said()
        time.sleep(0.1)
    day.process.send_signal(signal.SIGTERM)
    assert day.process.wait(timeout=60) == 0, day.said()
    assert processes(day.deployment) == {}
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        day.page.goto(day.address)
    said = [line for line in day.said().splitlines() if not re.search("http://127.0.0.1|标准", line)]
    assert said == ["正在结束；没有做完的运行不发布，下次启动时自动重做"]
    assert len(list(alerts.alerts(day.deployment))) == told_before
