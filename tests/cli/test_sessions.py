"""Sessions at a terminal of 60 and of 80 columns: what a person reads in the window."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import openpyxl
import pytest
from rich.cells import cell_len

from tests.conftest import Finished
from tests.faults import city
from tests.terminal import Session, recorded
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("finished")]

WIDTHS = pytest.mark.parametrize("width", [60, 80])

LARGE_AND_THEN_ENDED = """
import os, pathlib, signal, time
from govdata import engine
from govdata.storage import pace
added, original = pace.add, engine.standardize
def add(rows):
    added(rows)
    time.sleep(3)
def standardize(*arguments):
    time.sleep(3)
    started = " ".join(path.read_text() for path in pathlib.Path("/proc/self/task").glob("*/children")).split()
    for number in [*map(int, started), os.getpid()]:  # as a terminal's Ctrl-C does
        os.kill(number, signal.SIGINT)
    time.sleep(1)
    return original(*arguments)
pace.add, engine.standardize = add, standardize
"""
"""Reading takes as long as that of a large file does; Ctrl-C while the first dataset is standardised."""


ENDED_TWICE = """
import os, signal, time
from govdata.ingest import processes, run
run.MANY = 2
processes.WORKERS = 2
original = processes.each
def each(*arguments):
    for read in original(*arguments):
        for _ in range(2):
            os.kill(os.getpid(), signal.{signal})
            time.sleep(1)
        yield read
processes.each = each
"""
"""Two signals while several processes read."""


def folded(session: Session, width: int) -> bool:
    """Whether each line fits the window: the terminal itself never had to cut one."""
    return all(cell_len(line) <= width for line in session.left)


@WIDTHS
def test_the_bar_lives_until_ctrl_c_says_how_to_go_on(zygote: Zygote, tmp_path: Path, width: int) -> None:
    deployment = city.lay_down(tmp_path / "a home", 1)
    session = recorded(zygote, deployment, "run", width=width, before=LARGE_AND_THEN_ENDED)
    assert session.code == 128 + signal.SIGINT, session.said
    bar = [window for window in session.seen if "正在结束" not in window]
    reading = [window for window in bar if re.search("已读入 [0-9]+ 行，约 [0-9]+ 行/秒", window)]
    assert len(set(reading)) > 2 and all(f"{city.day(0)}" in window for window in reading), "it moves while it reads"
    assert any("标准化" in window and re.search("共 [0-9]+ 行", window) for window in bar), bar[-1]
    assert session.said.index("标准化") < session.said.index("正在结束") < session.said.index("再次运行即可继续")
    command = f"GOVDATA_HOME='{deployment.home}' "
    assert command in session.text.partition("再次运行即可继续：")[2], session.left
    assert "Traceback" not in session.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_while_processes_read_says_how_to_go_on_and_nothing_else(
    zygote: Zygote, tmp_path: Path, number: signal.Signals
) -> None:
    deployment = city.lay_down(tmp_path / "home", 1)
    delivered = deployment.delivery("cards", city.day(0))
    (cards,) = delivered.iterdir()
    head, *lines = cards.read_bytes().splitlines(keepends=True)
    (delivered / f"全量2{cards.suffix}").write_bytes(b"".join([head, *lines[::2]]))
    cards.write_bytes(b"".join([head, *lines[1::2]]))
    session = recorded(zygote, deployment, "run", width=60, before=ENDED_TWICE.format(signal=number.name))
    assert session.code == 128 + number, session.said
    assert session.text.partition("再次运行即可继续：")[2].endswith("govdata run"), session.left
    assert "warn" not in session.said.lower() and "Traceback" not in session.said, session.said


@WIDTHS
def test_the_summary_tells_what_became_of_each_and_where_else_a_delivery_lies(
    zygote: Zygote, tmp_path: Path, width: int
) -> None:
    """One dataset blocked, one with an empty folder, a delivery beside its folder and one in a folder whose name is
    nearly a date."""
    deployment = city.lay_down(tmp_path / "a home", 1)
    (rooms,) = deployment.delivery("rooms", city.day(0)).iterdir()
    rooms.rename(deployment.landing / "rooms" / rooms.name)
    (deployment.landing / "people").mkdir()
    (deployment.landing / "people" / "a.csv").write_text("1", encoding="utf-8")
    city.write(deployment.landing / "rooms" / "20261120" / "a.csv", ["LB00000001,0,I"])
    (cards,) = deployment.delivery("cards", city.day(0)).iterdir()
    cards.write_bytes(b"")
    session = recorded(zygote, deployment, "run", width=width)
    text = "\n".join(session.left)
    assert session.code == 3, session.said
    assert re.search("^借阅证.*已阻断", text, re.MULTILINE) and re.search("^阅览室.*没有交付", text, re.MULTILINE), text
    assert "在“读入”被阻断" in text and "空文件" in text, text
    for misplaced in (
        f"landing/rooms/{rooms.name} 不在日期文件夹里",
        "landing/rooms/20261120 不是日期，是否为 2026-11-20",
        "landing/people",
        f"没有文件，按没有交付处理：landing/rooms/{city.day(0)}",
    ):
        assert misplaced in session.text, text
    commands = re.findall(r"GOVDATA_HOME='[^']+' \S+ (?:sql '[^']+'|ui)", session.text)
    assert len(commands) == 2 and all(
        shlex.split(command)[0] == f"GOVDATA_HOME={deployment.home}" for command in commands
    )
    assert "warning" not in session.said.lower() and "asset check" not in session.said


@WIDTHS
def test_a_wide_table_is_shown_as_records(zygote: Zygote, finished: Finished, width: int) -> None:
    query = "SELECT * FROM published.population LIMIT 2"
    session = recorded(zygote, finished.deployment, "sql", query, width=width)
    assert session.code == 0, session.said
    lines = [line.split() for line in session.left]
    for column in ("citizen_id", "household_division", "_delivery_date", "_row_id"):
        assert sum(line[:1] == [column] for line in lines) == 2, session.left
    assert session.left[-1].endswith("2 行")


def test_a_query_has_its_limits(zygote: Zygote, finished: Finished) -> None:
    endless = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range % 7 = b.range % 5"
    late = recorded(zygote, finished.deployment, "sql", "--seconds", "1", endless, width=60)
    assert late.code == 1 and late.left[0].startswith("查询超过 1 秒，已中止"), late.left
    large = "SELECT list(md5(a.range::VARCHAR)) FROM range(10000000) a"
    before = "import os; os.environ['GOVDATA_QUERY_MEMORY'] = '100MB'"
    beyond = recorded(zygote, finished.deployment, "sql", large, width=60, before=before)
    assert beyond.code == 1 and beyond.text.startswith("查询需要的内存超过 100MB，已中止"), beyond.left
    assert "GOVDATA_QUERY_MEMORY" in beyond.text and "SET " not in beyond.said, "nothing that a person cannot do"


def test_a_table_goes_into_a_workbook_and_into_csv(zygote: Zygote, finished: Finished, tmp_path: Path) -> None:
    query, book = "SELECT citizen_id, sex FROM published.population ORDER BY 1", tmp_path / "人口 表.xlsx"
    session = recorded(zygote, finished.deployment, "sql", query, "--xlsx", str(book), width=80)
    assert session.code == 0 and f"已写入 {book}，" in session.text, session.left
    cells = list(openpyxl.load_workbook(book, read_only=True).worksheets[0].iter_rows(min_row=2))
    assert {cell.data_type for row in cells for cell in row} <= {"s", "inlineStr"}
    assert f"{len(cells):,} 行" in session.text
    shown = recorded(zygote, finished.deployment, "sql", query, "--csv", width=80)
    assert shown.said.startswith("citizen_id,sex") and len(shown.left) == len(cells) + 1, (
        "no mark before the first name"
    )
    assert {len(line.split(",")[0]) for line in shown.left[1:]} == {18}
    again = recorded(zygote, finished.deployment, "sql", query, "--xlsx", str(book), width=60)
    assert again.code == 1 and "已存在，不覆盖" in again.text, again.left


@WIDTHS
def test_a_deadline_after_the_night_is_told_by_the_check(zygote: Zygote, tmp_path: Path, width: int) -> None:
    deployment = city.lay_down(tmp_path / "home", 1)
    contract = deployment.standards / "datasets" / "rooms.odcs.yaml"
    schedule = "{property: frequency, value: 1, unit: d}"
    text = contract.read_text(encoding="utf-8")
    assert schedule in text
    late = f"{schedule}\n  - {{property: deliveryDeadline, value: '06:00'}}"
    contract.write_text(text.replace(schedule, late), encoding="utf-8")
    session = recorded(zygote, deployment, "standards", "check", width=width)
    assert session.code == 0 and session.text.count("晚于夜间运行") == 1, session.left
    told = "阅览室（rooms）的交付期限 06:00 晚于夜间运行 02:00：夜间没有的由补收（late_deliveries）处理"
    assert told in session.text, session.left


@WIDTHS
def test_findings_are_read_without_a_wide_window(zygote: Zygote, finished: Finished, width: int) -> None:
    arguments = ("findings", "--dataset", "population", "--date", "2026-11-20")
    session = recorded(zygote, finished.deployment, *arguments, width=width)
    assert session.code == 0 and session.left[0] == "2026-11-20" and folded(session, width), session.left
    assert re.match("[0-9]+ 行  (错误|警告)  population  [a-z_.]+$", session.left[1]), session.left
    assert re.match("  .*[，。；]", session.left[2]) and not re.match("  ", session.left[-1]), "below it what is wrong"
    assert re.fullmatch("[0-9]+ 行", session.left[-1])
