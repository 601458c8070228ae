"""``govdata explain``: one row and one cell from the delivered file on."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata import publish
from govdata.access.explain import explain
from govdata.storage import access_log
from tests.cli.conftest import Call
from tests.masters.conftest import Small, small

__all__ = ["small"]

FIRST, SECOND = Date(2026, 11, 19), Date(2026, 11, 20)
ROLES = "looker: {name: 查看, level: 4, doors: [explain]}\nblind: {name: 不看姓名, level: 4, hides: [words], doors: [explain]}\n"
SHOWN = ("--reveal", "--role", "looker", "--purpose", "核对")
PEOPLE = "id,name,place,state,died\nA1, 甲 ,190101,1,2020/1/2\n错一,乙,999999,1,\nA3,丙,190101,1,没有的日\n"


@pytest.fixture
def city(small: Small) -> Small:
    small.write("roles.yaml", ROLES)
    small.deliver("people", FIRST, PEOPLE)
    small.deliver("people", SECOND, "id,name,place,state,died\nA3,丙,190101,1,\n")
    return small


def row_of(city: Small, line: int) -> str:
    query = f"FROM governance.findings SELECT _row_id WHERE _source_row = {line} AND date = DATE '{FIRST}'"
    found = city.ask(query) or city.ask(f"SELECT _row_id FROM governance.repairs WHERE _source_row = {line}")
    return str(found[0][0])


def test_a_cell_is_walked_through_its_steps(city: Small, call: Call) -> None:
    home, row = city.deployment.home, row_of(city, 2)
    code, out, _ = call(home, "explain", row, "name", *SHOWN)
    assert code == 0 and "交付.csv 第 2 行" in out
    assert "交付    “ 甲 ”" in out and "strip  “甲”" in out and "存入    “甲”" in out and "governance.repairs" in out
    _, out, _ = call(home, "explain", row, "died", *SHOWN)
    assert "“2020/1/2”" in out and "存入    “2020-01-02”" in out


def test_values_are_masked_unless_asked_for(city: Small, call: Call) -> None:
    home, row = city.deployment.home, row_of(city, 2)
    for out in (call(home, "explain", row)[1], call(home, "explain", row, "name")[1]):
        assert "甲" not in out and "汉1" in out and "--reveal" in out
    assert "（name）：“ 甲 ” → “甲”" in call(home, "explain", row, *SHOWN)[1]


def test_what_a_role_does_not_see_stays_masked_and_the_look_is_logged(city: Small, call: Call) -> None:
    home, row = city.deployment.home, row_of(city, 2)
    asked = ("explain", row, "--reveal", "--purpose", "核对", "--role", "blind")
    assert "甲" not in call(home, *asked)[1] and "2020-01-02" in call(home, *asked)[1]
    assert [(line.subject, line.role, line.revealed) for line in access_log.read(city.deployment)] == [
        (row, "blind", True)
    ] * 2
    code, out, err = call(home, "explain", row, "--reveal", "--purpose", "核对")
    assert (code, out) == (1, "") and "须说明角色：--role（looker 查看、blind 不看姓名）" in err


def test_a_held_back_row_names_its_rules(city: Small, call: Call) -> None:
    code, out, _ = call(city.deployment.home, "explain", row_of(city, 3), "--dataset", "people")
    assert code == 0 and "结果：隔离：id.shape" in out and "编号写法不对" in out
    assert "不符合  place.code_set" in out and "（仅提示）" in out and "发布：" not in out


def test_what_became_of_a_published_row(city: Small) -> None:
    """The second delivery is a whole one without the row."""
    publish.rebuild_catalogue(city.deployment, city.registry)
    found = explain(city.deployment, city.registry, row_of(city, 2))
    assert (found.fate, found.shown, found.hidden) == ("clean", (FIRST,), SECOND)
    asked = {each.rule.id: each.outcome for each in found.rules}
    assert asked["id.shape"] == "passed" and asked["place.code_set"] == "passed"


def test_a_rule_without_anything_to_judge_is_not_passed(city: Small) -> None:
    found = explain(city.deployment, city.registry, row_of(city, 3))
    (died,) = [cell for cell in found.cells if cell.column == "died"]
    assert died.delivered is None and {each.outcome for each in died.judged} == {"unasked"}


def test_changed_standards_are_told(city: Small, call: Call) -> None:
    row = row_of(city, 3)
    elements = city.deployment.standards / "elements" / "all.yaml"
    elements.write_text(elements.read_text(encoding="utf-8").replace("[A-Z][0-9]+", "[A-Z]+[0-9]+"), encoding="utf-8")
    _, out, _ = call(city.deployment.home, "explain", row)
    assert "此后有改动" in out and "不符合  id.shape" in out


def test_what_is_asked_wrongly_is_told(city: Small, call: Call) -> None:
    home = city.deployment.home
    assert "没有列 nam" in call(home, "explain", row_of(city, 2), "nam")[2]
    assert "没有这一行" in call(home, "explain", "nowhere-1")[2]
    assert "没有数据集" in call(home, "explain", "nowhere-1", "--dataset", "peple")[2]


def test_a_rejected_record_says_why(small: Small, call: Call) -> None:
    small.deliver(
        "people", FIRST, "id,name,place,state,died\nA1,甲,190101,1,\nA2,乙,190101,1,,多,余\n" + "A9,丁,190101,1,\n" * 40
    )
    ((row, reason),) = small.ask("SELECT _row_id, reason FROM governance.rejected")
    code, out, _ = call(small.deployment.home, "explain", row)
    assert code == 0 and f"结果：拒收：{reason}" in out
    ((dropped, kept),) = small.ask("SELECT _row_id, kept_row_id FROM governance.duplicates LIMIT 1")
    assert f"重复，未保留，保留的是 {kept}" in call(small.deployment.home, "explain", dropped)[1]
