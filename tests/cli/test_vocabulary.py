"""``govdata standards list`` and ``show``: what an officer looks up, in Chinese, within 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from govdata import cli
from tests.cli.conftest import Call

HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.standards, "console", lambda: Console(width=80, color_system=None))


def lines(text: str) -> list[str]:
    told = text.splitlines()
    assert all(cell_len(line.rstrip()) <= 80 for line in told)
    return told


def test_without_a_kind_it_says_what_can_be_listed(call: Call) -> None:
    code, out, _ = call(HOUSE, "standards", "list")
    assert code == 0
    for word in ("elements", "数据元", "codes", "代码集", "normalisers", "kinds", "rules"):
        assert word in out


@pytest.mark.parametrize(
    ("kind", "word", "there", "not_there"),
    [
        ("elements", "身份", "citizen_id", "company_name"),
        ("codes", "性别", "GB/T 2261.1", "民族"),
        ("normalisers", "占位", "placeholder_dates", "halfwidth"),
        ("kinds", "正则", "not_pattern", "check_digit"),
        ("rules", "校验码", "citizen_id.check_digit", "primary_key_unique"),
        ("rules", "主键", "population：primary_key_unique", "citizen_id.check_digit"),
        ("rules", "MOTHER_NAME_agrees", "birth：mother_name_agrees", "citizen_id.check_digit"),
    ],
)
def test_a_list_of_what_has_the_word(call: Call, kind: str, word: str, there: str, not_there: str) -> None:
    code, out, _ = call(HOUSE, "standards", "list", kind, word)
    assert code == 0 and there in out and not_there not in out
    assert lines(out)[-1].endswith(f"（含“{word}”的）")


def test_an_element_in_full(call: Call) -> None:
    code, out, _ = call(HOUSE, "standards", "show", "citizen_id")
    assert code == 0
    lines(out)
    for told in ("公民身份号码", "GB 11643-1999 4", "upgrade_15_to_18", "check_digit: gb11643", "敏感个人信息"):
        assert told in out
    assert "population.citizen_id" in out and "必填、主键" in out and "标准化为 11010519491231002X" in out
    code, out, _ = call(HOUSE, "standards", "show", "sex")
    assert code == 0 and "代码集" in out and "GB/T 2261.1" in out


def test_every_element_can_be_shown(call: Call) -> None:
    from govdata import standards
    from govdata.cli import vocabulary

    registry = standards.load(HOUSE / "standards")
    for name in registry.elements:
        terminal = Console(width=80, color_system=None, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        vocabulary.shown(name, registry, terminal)
        assert registry.elements[name].name in terminal.export_text()


def test_a_slip_is_answered_with_the_nearest(call: Call) -> None:
    code, _, err = call(HOUSE, "standards", "list", "elemnts")
    assert code == 1 and "是否想写 elements" in err
    code, _, err = call(HOUSE, "standards", "show", "citizenid")
    assert code == 1 and "是否想写 citizen_id" in err
