"""A form filled from the masters: what is bound, where a value comes from, what is left to people."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName

from govdata.access import prefilling
from govdata.access.prefilling import Prefilled
from govdata.errors import GovdataError
from govdata.storage import access_log
from tests.access.conftest import City
from tests.access.test_screening import DAY, UNTIL, alive, dead, listed

__all__ = ["alive", "dead"]


def filled(city: City, form: Path, ids: Path, out: Path, **options: object) -> Prefilled:
    given = {"purpose": "高龄津贴", "expires": UNTIL, "date": DAY, "reveal": True, "role": "steward"} | options
    return prefilling.prefill(form, ids, out, city.registry, city.deployment, **given)  # type: ignore[arg-type]


def form(path: Path, cells: dict[str, str], names: dict[str, str] | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "申请表"
    for place, text in cells.items():
        sheet[place] = text
    for name, place in (names or {}).items():
        book.defined_names[name] = DefinedName(name, attr_text=f"申请表!{place}")
    book.save(path)
    return path


@pytest.mark.slow
def test_bound_cells_are_filled_with_source_and_age(city: City, dead: tuple, tmp_path: Path) -> None:
    made = form(
        tmp_path / "f.xlsx",
        {
            "A1": "姓名",
            "B1": "{{姓名}}",
            "B2": "状态：{{人员状态}}（{{person_status}}）",
            "B3": "{{公民身份号码}}",
            "B5": "不动",
        },
        {"出生日期": "$B$4"},
    )
    ids = listed(tmp_path / "ids.csv", [dead])
    told = filled(city, made, ids, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["申请表"]
    assert [sheet[f"B{n}"].value for n in range(1, 6)] == [dead[0], "状态：死亡（2）", dead[1], dead[2], "不动"]
    assert "人口基本信息（市公安局），截至 " in sheet["B1"].comment.text and "天前" in sheet["B1"].comment.text
    assert sheet["A1"].value == "姓名" and told.filled == 5 and not told.checks
    last = access_log.read(city.deployment)[-2:]
    assert {look.action for look in last} == {"prefill"} and all(look.revealed for look in last)


def test_values_are_masked_unless_asked_for(city: City, dead: tuple, tmp_path: Path) -> None:
    made = form(tmp_path / "f.xlsx", {"A1": "{{姓名}}", "A2": "{{证件号码}}", "A3": "{{出生日期}}"})
    filled(city, made, listed(tmp_path / "ids.csv", [dead]), tmp_path / "out.xlsx", reveal=False)
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["申请表"]
    assert [sheet[f"A{n}"].value for n in (1, 2, 3)] == [
        dead[0][0] + "*" * (len(dead[0]) - 1), dead[1][:6] + "*" * 12, dead[2][:4] + "年",
    ]  # fmt: skip


def test_a_list_form_has_a_row_for_each_and_tells_what_it_leaves(
    city: City, dead: tuple, alive: tuple, tmp_path: Path
) -> None:
    made = form(
        tmp_path / "f.xlsx", {"A1": "序号", "B1": "姓名", "A2": "{{序号}}", "B2": "{{姓名}}", "C2": "{{婚姻状况}}"}
    )
    ids = listed(tmp_path / "ids.csv", [alive, (dead[0], "", dead[2]), dead])
    told = filled(city, made, ids, tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    rows = list(book["申请表"].iter_rows(min_row=2, values_only=True))
    assert [row[:2] for row in rows] == [("1", alive[0]), ("2", None), ("3", dead[0])] and rows[0][2] == "未婚"
    checks = list(book[prefilling.CHECKS].iter_rows(min_row=2, values_only=True))
    assert [line[:4] for line in checks[:2]] == [("3", "申请表", "B3", "姓名"), ("3", "申请表", "C3", "婚姻状况")]
    assert told.empty >= 2


def test_a_form_for_one_is_copied_for_each_of_several(city: City, dead: tuple, alive: tuple, tmp_path: Path) -> None:
    made = form(tmp_path / "f.xlsx", {"A1": "{{姓名}}"})
    filled(city, made, listed(tmp_path / "ids.csv", [alive, dead]), tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["申请表", "申请表-2", prefilling.CHECKS]
    assert [book[name]["A1"].value for name in book.sheetnames[:2]] == [alive[0], dead[0]]


def test_contradictions_between_sources_come_back(city: City, tmp_path: Path) -> None:
    (row,) = city.ask(
        "SELECT name, identifier, CAST(birth_date AS VARCHAR) FROM published.person WHERE name_disagree > 0 "
        "AND identifier_kind = 'citizen_id' AND birth_date IS NOT NULL ORDER BY person_id LIMIT 1"
    )
    made = form(tmp_path / "f.xlsx", {"A1": "{{姓名}}"})
    told = filled(city, made, listed(tmp_path / "ids.csv", [row]), tmp_path / "out.xlsx")
    assert "governance.conflicts" in told.checks[0][-1]
    assert "说法不同" in openpyxl.load_workbook(tmp_path / "out.xlsx")["申请表"]["A1"].comment.text


@pytest.mark.parametrize(
    ("cells", "names", "told"),
    [
        ({"A1": "{{姓名}}", "C7": "{{工资}}"}, {}, r"申请表 \[C7\]：没有“工资”这一项"),
        ({"A1": "姓名"}, {}, "没有要填的单元格"),
        ({"A1": "x"}, {"姓名": "$A$1:$A$3"}, "名称“姓名”应只指一个单元格"),
        ({"A1": "{{序号}}", "B1": "{{姓名}}", "A2": "合计"}, {}, "第 1 行是逐行填的"),
    ],
)
def test_a_form_that_cannot_be_filled_is_refused(
    city: City, dead: tuple, alive: tuple, tmp_path: Path, cells: dict, names: dict, told: str
) -> None:
    ids = listed(tmp_path / "ids.csv", [dead, alive])
    with pytest.raises(GovdataError, match=told):
        filled(city, form(tmp_path / "f.xlsx", cells, names), ids, tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()


def test_what_is_no_workbook_is_said(city: City, dead: tuple, tmp_path: Path) -> None:
    (tmp_path / "f.xlsx").write_text("x", encoding="utf-8")
    with pytest.raises(GovdataError, match="不是能填写的 Excel 工作簿"):
        filled(city, tmp_path / "f.xlsx", listed(tmp_path / "ids.csv", [dead]), tmp_path / "out.xlsx")
