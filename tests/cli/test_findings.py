"""``govdata findings`` and the ways ``govdata sql`` shows an answer."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console

from govdata import cli, publish
from tests.cli.conftest import Call
from tests.masters.conftest import Small, small

__all__ = ["small"]

DAY = Date(2026, 11, 20)
PEOPLE = "id,name,place,state,died\nA1,=cmd,190101,1,\n错一,乙,999999,1,\n错二,丙,190101,1,\n"


@pytest.fixture
def home(small: Small) -> Path:
    small.deliver("people", DAY, PEOPLE)
    small.deliver("births", Date(2026, 11, 19), "no,mother,mother_name,born\n错,A1,甲,2026-01-01\n")
    publish.rebuild_catalogue(small.deployment, small.registry)
    return small.deployment.home


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.query, "console", lambda: Console(width=60, force_terminal=True, color_system=None))


@pytest.mark.slow
def test_the_newest_delivery_s_rules_with_most_rows_first(home: Path, call: Call) -> None:
    code, out, _ = call(home, "findings")
    assert code == 0 and "2026-11-19" not in out
    assert out.index("id.shape") < out.index("place.code_set") and "编号写法不对" in out and "乙" not in out
    assert "2026-11-19" in call(home, "findings", "--dataset", "births")[1]


@pytest.mark.slow
def test_on_a_narrow_terminal_a_rule_s_sentence_stands_below_it(
    home: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    lines = call(home, "findings")[1].splitlines()
    assert lines[0] == "2026-11-20" and "2 行  错误  people  id.shape" in lines
    assert "  编号写法不对" in lines[lines.index("2 行  错误  people  id.shape") + 1]


@pytest.mark.slow
def test_a_rule_s_rows_by_file_and_line(home: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    _, out, _ = call(home, "findings", "--date", "2026-11-20", "--dataset", "people", "--rule", "id.shape")
    assert "第 2 行" in out and "交付.csv" in out and "_source_row" in out and "错二" not in out


@pytest.mark.slow
def test_all_rows_as_a_workbook_of_texts(home: Path, call: Call, tmp_path: Path) -> None:
    target = tmp_path / "问题.xlsx"
    code, out, _ = call(home, "findings", "--xlsx", str(target))
    assert code == 0 and "3 行" in out
    rows = list(openpyxl.load_workbook(target).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[0][:3] == ("dataset", "date", "rule_id") and len(rows) == 4
    code, _, err = call(home, "findings", "--xlsx", str(target))
    assert code == 1 and "已存在，不覆盖" in err


@pytest.mark.slow
def test_a_query_s_workbook_has_no_formula_and_no_number(home: Path, call: Call, tmp_path: Path) -> None:
    target = tmp_path / "人.xlsx"
    call(home, "sql", "SELECT name, '190101199001011234' AS id FROM published.people", "--xlsx", str(target))
    (cells,) = openpyxl.load_workbook(target).active.iter_rows(min_row=2)  # type: ignore[union-attr]
    assert [(cell.value, cell.data_type) for cell in cells] == [("=cmd", "s"), ("190101199001011234", "s")]


@pytest.mark.slow
def test_a_wide_answer_is_shown_as_records(home: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    wide = call(home, "sql", "SELECT * FROM published.people")[1]
    assert "── 第 1 行" in wide and "_delivery_date  2026-11-20" in wide and "┃" not in wide
    assert "┃" in call(home, "sql", "SELECT id, name FROM published.people")[1]


def test_what_is_asked_wrongly_is_told(home: Path, call: Call) -> None:
    assert "没有数据集 peple" in call(home, "findings", "--dataset", "peple")[2]
    assert "不是日期" in call(home, "findings", "--date", "昨天")[2]
