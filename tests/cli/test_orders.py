"""``govdata orders``: what people see and do, and that nothing they can say closes an order."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pytest

from govdata import governance
from govdata.governance import workbook
from govdata.governance.calendar import Calendar
from govdata.governance.orders import ISSUED
from tests.cli.conftest import Call
from tests.governance.conftest import City
from tests.governance.test_closing import BAD_PLACE, GOOD, PLACE


@pytest.fixture
def number(city: City) -> str:
    city.night(0, [*GOOD, BAD_PLACE])
    return city.order(PLACE).number


def test_list_and_show(city: City, number: str, call: Call) -> None:
    home = city.deployment.home
    code, out, _ = call(home, "orders", "list")
    assert code == 0 and number in out and "待签收" in out and "超期" in out and "区划不在代码集中" in out
    assert "没有工单" in call(home, "orders", "list", "--department", "卫健")[1]
    heading, sentence, *_ = call(home, "orders", "list", columns=60)[1].splitlines()
    assert heading.startswith(f"{number}  待签收") and "待整改1条：区划不在代码集中" in sentence
    code, out, _ = call(home, "orders", "show", number)
    assert code == 0 and "10 个工作日" in out and "派发  govdata" in out and "待整改 1" in out
    code, _, err = call(home, "orders", "show", "GD-1")
    assert code == 1 and "没有编号为 GD-1 的工单" in err


def test_what_people_do_is_in_the_log_with_actor_and_reason(city: City, number: str, call: Call) -> None:
    home = city.deployment.home
    assert call(home, "orders", "mark", number, "签收", "--by", "李四")[0] == 0
    assert call(home, "orders", "remind", number, "--by", "王五", "--reason", "尽快")[0] == 0
    assert call(home, "orders", "assign", number, "卫健", "--by", "王五")[0] == 0
    assert call(home, "orders", "waive", number, "--reason", "属实", "--by", "王五")[0] == 0
    events = [(event.kind, event.actor, event.reason, event.department) for event in city.events[2:]]
    assert events == [
        ("SIGN", "李四", None, None),
        ("REMIND", "王五", "尽快", None),
        ("TRANSFER", "王五", None, "卫健"),
        ("WAIVE", "王五", "属实", None),
    ]
    assert city.ask("SELECT department, state_name, reminded FROM governance.work_orders") == [("卫健", "待签收", 1)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mark", "{}", "办结", "--by", "李四"], "没有“办结”"),
        (["mark", "{}", "复核通过", "--by", "李四"], "不能复核通过"),
        (["mark", "{}", "作废", "--by", "李四"], "理由"),
        (["mark", "{}", "挂起", "--by", "李四", "--reason", "等"], "到哪一天"),
        (["mark", "{}", "延期", "--by", "李四", "--reason", "等", "--until", "2001-01-01"], "不能早于今天"),
        (["assign", "{}", "月球局", "--by", "李四"], "没有部门“月球局”"),
        (["waive", "{}", "--reason", "属实", "--by", "李四", "--item", "R0"], "条目 R0 不属于"),
        (["remind", "{}", "--by", " "], "办理人"),
    ],
)
def test_what_is_not_possible_is_refused_and_not_logged(
    city: City,
    number: str,
    call: Call,
    arguments: list[str],
    said: str,
) -> None:
    before = city.events
    code, _, err = call(city.deployment.home, "orders", *(argument.format(number) for argument in arguments))
    assert code == 1 and said in err
    assert city.events == before


def test_receive_says_what_was_read(city: City, number: str, call: Call, tmp_path: Path) -> None:
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    code, out, _ = call(city.deployment.home, "orders", "receive", str(path))
    assert code == 0 and "收下反馈 0 条，未填写 1 条" in out and "回执：" in out
    assert "没有要收的文件" in call(city.deployment.home, "orders", "receive")[1]


def test_a_night_reads_the_inbox_judges_and_writes(city: City) -> None:
    city.judged("people", city.day(0), [*GOOD, BAD_PLACE])
    night = governance.close_night(city.registry, city.deployment, city.day(0))
    assert (night.open, night.overdue, dict(night.events), len(night.workbooks)) == (
        1,
        0,
        {"EVIDENCE": 1, "ISSUE": 1},
        1,
    )
    assert city.ask("SELECT state_name, open_items FROM governance.work_orders") == [("待签收", 1)]


def test_a_suspension_ended_by_hand_leaves_the_days_that_were_left(city: City, number: str, call: Call) -> None:
    home = city.deployment.home
    city.say("SUSPEND", number, 4, reason="等待上级", until=city.day(1000))
    assert call(home, "orders", "mark", number, "恢复", "--by", "李四")[0] == 0
    order, today = city.order(PLACE), city.events[-1].date
    left = Calendar().between(city.day(4), Date(2026, 3, 16))
    assert (order.state, order.due) == (ISSUED, Calendar().after(today, left)) and left == 6
