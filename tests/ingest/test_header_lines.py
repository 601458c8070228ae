"""Headers of several lines, as printed forms have them: read as a careful person would, or refused."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from govdata.errors import DeliveryError
from tests.ingest.conftest import Bureau

Rows = list[list[Any]]

RECORDS: Rows = [[1, "19A", "甲", "路1号", "街1号", "x"], [2, "19B", "乙", "路2号", "街2号", None]]
READ = [("19A", "甲", "街1号", "x"), ("19B", "乙", "街2号", None)]

TWO = [["序号", "人员信息", None, "地址", None, "备注信息"], [None, "身份证号", "姓名", "籍贯", "住址", None]]
THREE = [
    ["序号", "基本情况", None, None, None, "备注信息"],
    [None, "身份证号", "姓名", "地址", None, None],
    [None, None, None, "籍贯", "住址", None],
]
FIVE = [
    ["序号", "登记信息", None, None, None, "备注信息"],
    [None, "个人情况", None, None, None, None],
    [None, "身份证号", "居住情况", None, None, None],
    [None, None, "姓名", "地址", None, None],
    [None, None, None, "籍贯", "住址", None],
]
TITLE: Rows = [["示例市人口信息表", *[None] * 5], [None, None, None, None, None, "单位：人"]]
NUMBERING: Rows = [["甲", "乙", "丙", "1", "2", "3"]]

HEADERS: dict[str, Rows] = {
    "two lines": TWO,
    "three lines": THREE,
    "five lines": FIVE,
    "below a title": TITLE + THREE,
    "with numbered columns": TITLE + TWO + NUMBERING,
    "headings over all": [
        ["人员信息", None, None, "地址信息", None, "其他"],
        ["序号", "身份证号", "姓名", "籍贯", "住址", "备注信息"],
    ],
    "numbered from one": [["序号", "身份证号", "姓名", "籍贯", "住址", "备注信息"], ["1", "2", "3", "4", "5", "6"]],
}


def workbook(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def text(rows: Rows) -> bytes:
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\r\n" for row in rows).encode(
        "gb18030"
    )


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize(("make", "name"), [(workbook, "a.xlsx"), (text, "a.csv")], ids=["workbook", "text"])
def test_the_names_of_a_header_of_several_lines(bureau: Bureau, make: Any, name: str, kind: str) -> None:
    records, rejects = bureau.one(make(HEADERS[kind] + RECORDS), name)
    assert [record[1:] for record in records] == READ and not rejects
    assert [record[0] for record in records] == [len(HEADERS[kind]) + 1, len(HEADERS[kind]) + 2]


def test_cells_that_span_lines_of_a_web_page(bureau: Bureau) -> None:
    head = (
        "<tr><th rowspan=3>序号<th colspan=4>基本情况<th rowspan=3>备注信息<tr><th rowspan=2>身份证号<th rowspan=2>姓名"
        "<th colspan=2>地址<tr><th>籍贯<th>住址"
    )
    body = "".join("<tr>" + "".join(f"<td>{'' if cell is None else cell}" for cell in row) for row in RECORDS)
    records, _ = bureau.one(f"<html><meta charset=utf-8><table>{head}{body}</table></html>", "a.xls")
    assert [record[1:3] for record in records] == [row[:2] for row in READ]
    assert [record[3] for record in records] == ["街1号", "街2号"]


@pytest.mark.parametrize("heading", ["父亲", "母亲信息", "配偶情况", "监护人信息", "户主"])
def test_what_stands_under_another_persons_heading_is_not_ours(bureau: Bureau, heading: str) -> None:
    alone = [["序号", heading, None, "住址", "籍贯", "备注信息"], [None, "身份证号", "姓名", None, None, None]]
    over_all = [[heading, None, None, "其他", None, None], ["序号", "身份证号", "姓名", "住址", "籍贯", "备注信息"]]
    for rows in (alone, over_all):
        with pytest.raises(DeliveryError, match="缺少必需的列"):
            bureau.one(workbook(rows + RECORDS), "a.xlsx")


@pytest.mark.parametrize(
    "second",
    [["19A", "甲", None, None], [None, None, "1990", "路"], ["19A", None, "路", None]],
)
def test_a_record_below_headings_is_a_record(bureau: Bureau, second: list[Any]) -> None:
    rows = [["身份证号", "姓名", "住址", None, "备注信息"], [*second, None], ["19B", "乙", "街", "市", None]]
    records, rejects = bureau.one(workbook(rows), "a.xlsx")
    assert [record[0] for record in records] == [2, 3] and not rejects


def test_the_first_record_may_have_a_number_in_each_cell(bureau: Bureau) -> None:
    records, _ = bureau.one("身份证号,姓名,住址\n1,2,4\n19B,乙,街\n")
    assert len(records) == 2
