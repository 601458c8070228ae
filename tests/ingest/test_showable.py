"""Delivered names of columns and sheets: headings are told, anything that may be a record's value is not."""

from __future__ import annotations

import json

import pytest
import xlsxwriter

from govdata.batches import RawBatch
from govdata.errors import DeliveryError
from govdata.ingest.showable import showable, shown
from tests.ingest.conftest import Bureau


@pytest.mark.parametrize(
    "name",
    [
        "备注",
        "姓名2",
        "东湖区",
        "Sheet1",
        "结婚登记",
        "联系电话（手机）",
        "2026-2027学年",
        "BZ",
        "审核人",
        "ＢＺ",
        "出生日期",
        "二",
    ],
)
def test_a_heading_is_told(name: str) -> None:
    assert showable(name) and shown(name, "第1列") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "王某某",
        "190101199001011234",
        "17900000000",
        "示例市东湖区人民路1号2栋3室",
        "2026-01-01",
        "王某(190101199001)",
        "甲" * 30,
    ],
)
def test_a_value_is_not(name: str) -> None:
    assert not showable(name) and shown(name, "第1列") == "第1列（名称未显示）"


def test_a_sheet_named_after_a_person_is_not_in_the_reason(bureau: Bureau) -> None:
    bureau.landing.mkdir(parents=True)
    book = xlsxwriter.Workbook(bureau.landing / "a.xlsx")
    book.add_worksheet("王某某").write_row("A1", ["姓名", "住址", "190101199001011234"])
    book.close()
    with pytest.raises(DeliveryError) as caught:
        bureau.ingest()
    assert (
        "第1个有表头的工作表" in str(caught.value)
        and "王某某" not in str(caught.value)
        and "19010119" not in str(caught.value)
    )


def test_the_manifest_tells_the_place_and_the_table_the_name(bureau: Bureau) -> None:
    bureau.deliver("a.csv", "GMSFHM,XM,ZZ,BZ,王某某,科室电话\n1,某,街,注,x,y\n")
    batch = bureau.ingest()
    assert batch.sources[0].unknown_columns == ("第5列（名称未显示）", "科室电话")
    assert json.loads(bureau.raw(batch)[0]["_extra"]) == {"王某某": "x", "科室电话": "y"}
    assert "王某某" not in RawBatch.model_dump_json(batch)


@pytest.mark.parametrize("name", ["[a](//h.cn)名称", "![](x)姓名", "<b>姓名", "＜b＞姓名", "姓名(<img>)", "`x`备注"])
def test_markup_is_no_heading(name: str) -> None:
    assert shown(name, "第1列") == "第1列（名称未显示）"


def test_what_is_told_moves_nothing() -> None:
    assert shown("姓\x1b\u202e名称", "第1列") == "姓\\x1b\\u202e名称"
