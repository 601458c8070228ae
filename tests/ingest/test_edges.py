"""Files from the edge of the field, each with the reading of a careful person: what is silently lost or changed there
is found here. A case is a file and its records, or what its refusal says, or what the run tells beside the records."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt  # type: ignore[import-untyped]

from govdata.errors import DeliveryError
from govdata.ingest import ingest, receive
from govdata.standards.model import Element, Sensitivity

from .conftest import DATE, PEOPLE, REGISTRY, Bureau

HEAD = ["公民身份号码", "姓名", "住址", "备注信息"]
CODES = ["GMSFHM", "XM", "ZZ", "BZ"]
ROWS = [[f"19010119900{n}01{n}01{n}", name, f"幸福路{n}号", f"备{n}"] for n, name in enumerate("甲乙丙丁戊己", 1)]
WANTED = [tuple(row) for row in ROWS]


def shown(value: str) -> list[tuple[str, ...]]:
    """The records where the first remark is ``value``."""
    return [(*WANTED[0][:3], value), *WANTED[1:]]


def text(rows: Sequence[Sequence[Any]] = ROWS, head: Sequence[str] = HEAD) -> str:
    return "".join(",".join(map(str, row)) + "\r\n" for row in [head, *rows])


def book(rows: Sequence[Sequence[Any]], change: Callable[[Any, Any], object] | None = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if change:
        change(made, sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def page(rows: Sequence[str | Sequence[str]]) -> str:
    """A row that is a text is written as it is."""
    lines = (row if isinstance(row, str) else "".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return "<html><body><table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></body></html>"


def xml(style: str, cell: str) -> str:
    """An XML Spreadsheet whose first remark is ``cell``."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    cells = [[f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in row] for row in [HEAD, *ROWS]]
    cells[1][3] = cell
    rows = "".join(f"<Row>{''.join(row)}</Row>" for row in cells)
    styles = f'<Styles><Style ss:ID="s"><NumberFormat ss:Format="{style}"/></Style></Styles>'
    sheet = f'<Worksheet ss:Name="a"><Table>{rows}</Table></Worksheet>'
    return f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}">{styles}{sheet}</Workbook>'


def number(style: str, value: str) -> str:
    return xml(style, f'<Cell ss:StyleID="s"><Data ss:Type="Number">{value}</Data></Cell>')


def ods(cells: dict[tuple[int, int], str]) -> bytes:
    """An OpenDocument sheet with some cells (row, column) as given."""
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    plain = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        "<table:table-row>"
        + "".join(cells.get((row, column), plain.format(text)) for column, text in enumerate(line))
        + "</table:table-row>"
        for row, line in enumerate([HEAD, *ROWS])
    )
    content = (
        f'<office:document-content xmlns:office="{names}office:1.0" xmlns:table="{names}table:1.0" '
        f'xmlns:text="{names}text:1.0"><office:body><office:spreadsheet><table:table table:name="a">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def value(kind: str, stored: str, seen: str) -> bytes:
    what = "date-value" if kind == "date" else "value"
    cell = f'<table:table-cell office:value-type="{kind}" office:{what}="{stored}"><text:p>{seen}</text:p>'
    return ods({(1, 3): cell + "</table:table-cell>"})


SPANNED = ods(
    {
        (1, 2): '<table:table-cell table:number-rows-spanned="3" office:value-type="string"><text:p>幸福路</text:p>'
        "</table:table-cell>",
        (2, 2): "<table:covered-table-cell/>",
        (3, 2): "<table:covered-table-cell/>",
    }
)


def dbf(rows: Sequence[Sequence[str]], page_mark: int, encoding: str) -> bytes:
    fields = list(zip(CODES, (18, 10, 20, 8), strict=True))
    head = b"".join(struct.pack("<11sc4xB15x", name.encode(), b"C", size) for name, size in fields)
    start = struct.pack("<BBBBIHH17xBxx", 3, 126, 1, 1, len(rows), 33 + len(head), 57, page_mark)
    body = b"".join(
        b" " + b"".join(cell.encode(encoding).ljust(size) for cell, (_, size) in zip(row, fields, strict=True))
        for row in rows
    )
    return start + head + b"\r" + body + b"\x1a"


OBJECTS = [dict(zip(CODES, row, strict=True)) for row in ROWS]
BANDED = page([HEAD, "<td colspan=4>东湖区（3人）</td>", *ROWS[:3], '<td colspan="4">西岭区（3人）</td>', *ROWS[3:]])
FIELDS = page([HEAD, *([*row[:2], f'<input type="text" value="{row[2]}"/>', row[3]] for row in ROWS)])
OPTIONS = page(
    [HEAD, *([*row[:3], f"<select><option>备0</option><option selected>{row[3]}</option></select>"] for row in ROWS)]
)
SIGNED = [["制表人：某", "", "审核人：某", "2026年11月26日"]]
NOTES = [[], ["注：1、本表由派出所填写。"], ["    2、住址写到门牌。"], ["    3、以户口簿为准。"]]
STAMP = [[None, None, "单位（盖章）：", None], [None, None, "2026年11月26日", None]]
PARTS = [
    *ROWS[:3],
    ["城东派出所小计", None, None, 3],
    *ROWS[3:],
    ["城西派出所小计", None, None, 3],
    ["总计", None, None, 6],
]
NUMBERED = [["序号", *HEAD], *([n, *row] for n, row in enumerate(ROWS, 1)), [7], [8]]
PAGED = [["人口表"], HEAD, *ROWS[:3], ["第1页 共2页"], ["人口表"], HEAD, *ROWS[3:], ["第2页 共2页"]]

SPOOLED = "\n".join(
    f"{'公民身份号码':<14}|{'姓名':<4}|住址|备注信息\n------------------|----|----|--------\n"
    + "".join("|".join(row) + "\n" for row in part)
    for part in (ROWS[:3], ROWS[3:])
)
RULED = "|".join(HEAD) + "\n" + "".join("|".join(row) + "\n" for row in ROWS) + "-" * 40 + "\n"

READ: dict[str, tuple[str, str | bytes, list[Any]]] = {
    "bands of a web page": ("a.xls", BANDED, WANTED),
    "fields of a web page": ("a.xls", FIELDS, WANTED),
    "options of a web page": ("a.xls", OPTIONS, WANTED),
    "zeros shown by XML Spreadsheet": ("a.xls", number("0000", "112"), shown("0112")),
    "a percent of XML Spreadsheet": ("a.xls", number("Percent", "0.125"), shown("12.5%")),
    "15 digits of XML Spreadsheet": ("a.xls", number("General", "0.30000000000000004"), shown("0.3")),
    "18 digits of XML Spreadsheet": ("a.xls", number("0", "190101199001011011"), shown("190101199001011011")),
    "an hour of XML Spreadsheet": (
        "a.xls",
        xml("h:mm", '<Cell><Data ss:Type="DateTime">1899-12-31T08:30:00.000</Data></Cell>'),
        shown("08:30:00"),
    ),
    "zeros shown by OpenDocument": ("a.ods", value("float", "112", "0112"), shown("0112")),
    "a percent of OpenDocument": ("a.ods", value("percentage", "0.125", "12.5%"), shown("12.5%")),
    "a currency of OpenDocument": ("a.ods", value("currency", "12", "$12.00"), shown("$12")),
    "a month of OpenDocument": ("a.ods", value("date", "2020-03-01", "2020年3月"), shown("2020-03")),
    "a day of OpenDocument": ("a.ods", value("date", "2020-03-01", "20/3/1"), shown("2020-03-01")),
    "merged cells of OpenDocument": (
        "a.ods",
        SPANNED,
        [(*row[:2], "幸福路" if number < 3 else row[2], row[3]) for number, row in enumerate(WANTED)],
    ),
    "UTF-8 in a dBASE table marked GBK": ("a.dbf", dbf(ROWS, 0x4D, "utf-8"), WANTED),
    "signatures in a row": ("a.xlsx", book([HEAD, *ROWS, *SIGNED]), WANTED),
    "signatures in a line": ("a.csv", text([*ROWS, *SIGNED]), WANTED),
    "nothing follows": ("a.xlsx", book([HEAD, *ROWS, ["（以下空白）"]]), WANTED),
    "numbered notes": ("a.xlsx", book([HEAD, *ROWS, *NOTES]), WANTED),
    "a stamp and its date": ("a.xlsx", book([HEAD, *ROWS, *STAMP]), WANTED),
    "totals of departments": ("a.xlsx", book([HEAD, *PARTS]), WANTED),
    "totals of departments in text": (
        "a.csv",
        text([["" if cell is None else cell for cell in row] for row in PARTS]),
        WANTED,
    ),
    "numbers without records": ("a.xlsx", book(NUMBERED), WANTED),
    "title and header on every page": ("a.xlsx", book(PAGED), WANTED),
    "types below the header": ("a.csv", text([["varchar(18)", "varchar(50)", "text", "text"], *ROWS]), WANTED),
    "types of a database below the header": (
        "a.tsv",
        text([["String", "Nullable(String)", "LowCardinality(String)", "Nullable(Date32)"], *ROWS]),
        WANTED,
    ),
    "types below the header in two languages": (
        "a.csv",
        text([CODES, ["C(18)", "C..50", "an..200", "N(18)"], *ROWS]),
        WANTED,
    ),
    "types below two headers of a sheet": (
        "a.xlsx",
        book([CODES, HEAD, ["C(18)", "C(50)", "DT", "N..5"], *ROWS]),
        WANTED,
    ),
    "padded headers and rules on every page": ("a.lst", SPOOLED, WANTED),
    "a rule below the table": ("a.txt", RULED, WANTED),
    "how many characters a header asks for": (
        "a.csv",
        text(head=["公民身份号码（18位）*", "姓名（与身份证一致）", *HEAD[2:]]),
        WANTED,
    ),
    "brackets below the header": ("a.csv", text([["(18位)", "(汉字)", "(全称)", "(选填)"], *ROWS]), WANTED),
    "units below the header": ("a.csv", text([["", "", "元/平方米", "人"], *ROWS]), WANTED),
    "strokes below the header": ("a.xlsx", book([HEAD, ["---", "---", "---", "---"], *ROWS]), WANTED),
    "examples below the header": ("a.csv", text([["示例：190101…", "示例：某某", "例：某路", ""], *ROWS]), WANTED),
    "demands below the header": ("a.xlsx", book([HEAD, ["必填", "必填", "选填", "选填"], *ROWS]), WANTED),
    "numbers without records in text": (
        "a.csv",
        text([*([n, *row] for n, row in enumerate(ROWS, 1)), [7, "", "", "", ""]], ["序号", *HEAD]),
        WANTED,
    ),
    "colons behind names": ("a.csv", text(head=[f"{name}：" for name in HEAD]), WANTED),
    "a record named as a total is one": (
        "a.csv",
        text([["19A", "合计", "幸福路", "备"], *ROWS]),
        [("19A", "合计", "幸福路", "备"), *WANTED],
    ),
}
REFUSED = {
    "a formula of XML Spreadsheet without its result": ("a.xls", xml("0", '<Cell ss:Formula="=RC[-1]"/>'), "公式没有"),
    "a formula of OpenDocument without its result": (
        "a.ods",
        ods({(1, 3): '<table:table-cell table:formula="of:=[.B2]"/>'}),
        "公式没有",
    ),
    "HZ": ("a.csv", text(head=CODES).encode("hz"), "HZ"),
    "another table of as many columns": (
        "a.csv",
        text() + "\r\n区划,人数,面积,说明\r\n东湖,3,2,x\r\n西岭,3,1,y\r\n",
        "第9行起是另一张表",
    ),
    "SPSS": ("a.csv", b"$FL2@(#) SPSS DATA FILE" + b"\0" * 200 + text().encode(), "SPSS"),
    "half a character in JSON": ("a.jsonl", '{"GMSFHM":"19A","XM":"\\ud83d"}\n', "JSON"),
}
TOLD = {
    "Big5 as GB18030": (
        "a.csv",
        text([[row[0], "陳", "幸福路號", "備註"] for row in ROWS], CODES).encode("big5"),
        "可能是BIG5",
    ),
    "Korean as GB18030": (
        "a.csv",
        text([[row[0], "김철수", "서울", "비고"] for row in ROWS], CODES).encode("euc-kr"),
        "可能是韩文",
    ),
    "Big5 in a dBASE table": (
        "a.dbf",
        dbf([[row[0], "陳", "幸福路號", "備註"] for row in ROWS], 0, "big5"),
        "可能是BIG5",
    ),
    "cells merged across a record": (
        "a.xlsx",
        book([HEAD, *ROWS], lambda _, sheet: sheet.merge_cells("C3:D3")),
        "1 条记录里有横向合并的单元格",
    ),
    "one page of ten": ("a.json", json.dumps({"code": 0, "data": {"rows": OBJECTS, "pages": 10}}), "只是其中一页"),
    "there is a next page": ("a.json", json.dumps({"list": OBJECTS, "hasNextPage": True}), "只是其中一页"),
    "a part of what there is": ("a.csv", text() + "仅显示前6条,,,\r\n", "只导出了一部分"),
    "more records beside the table of a page": (
        "a.xls",
        page([HEAD, *ROWS]).replace("</body>", "<p>共 100 条记录，当前显示 1-6 条</p></body>"),
        "写明 100，读到 6 条",
    ),
    "fewer records than JSON says": ("a.json", json.dumps({"total": 100, "rows": OBJECTS}), "JSON写明总数 100"),
}


@pytest.mark.parametrize("kind", READ)
def test_read(bureau: Bureau, kind: str) -> None:
    name, content, wanted = READ[kind]
    records, rejects = bureau.one(content, name)
    assert [record[1:] for record in records] == wanted and not rejects


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(bureau: Bureau, kind: str) -> None:
    name, content, said = REFUSED[kind]
    with pytest.raises(DeliveryError, match=said):
        bureau.one(content, name)


@pytest.mark.parametrize("kind", TOLD)
def test_told(bureau: Bureau, kind: str) -> None:
    name, content, said = TOLD[kind]
    bureau.deliver(name, content)
    batch = bureau.ingest()
    assert batch.rows == 6 and any(said in remark for source in batch.sources for remark in source.remarks)


def test_formulas_of_an_old_workbook_that_nobody_calculated_are_told(bureau: Bureau) -> None:
    made = xlwt.Workbook(encoding="utf-8")
    sheet = made.add_sheet("人口")
    for number, row in enumerate([HEAD, *ROWS]):
        for column, cell in enumerate(row[:3]):
            sheet.write(number, column, cell)
    sheet.write(0, 3, HEAD[3])
    sheet.write(1, 3, xlwt.Formula('B2&"x"'))
    out = io.BytesIO()
    made.save(out)
    bureau.deliver("a.xls", out.getvalue())
    (source,) = bureau.ingest().sources
    assert any("1 个公式的结果是空文本" in remark for remark in source.remarks)


@pytest.mark.parametrize(
    "name", ["a.csv.xltd", "a.csv.td", "a.xlsx.opdownload", "a.csv.baiduyun.p.downloading", "a.csv.!qB"]
)
def test_unfinished_downloads_are_no_delivery(bureau: Bureau, name: str) -> None:
    bureau.deliver(name, text()[:60])
    assert receive(bureau.deployment, bureau.people, DATE) is None


def test_one_row_of_a_sheet_without_header_is_a_record_too(bureau: Bureau) -> None:
    """As the second sheet of an .xls is that begins at row 65,537."""
    bureau.deliver("a.xlsx", book([HEAD, *ROWS[:5]], lambda made, _: made.create_sheet("续").append(ROWS[5])))
    batch = bureau.ingest()
    (note,) = [note for source in batch.sources for note in source.notes if note.kind == "ignored_records"]
    assert note.count == 1 and "像是有记录" in note.reason


def xml_spreadsheet(from_1904: bool) -> bytes:
    """XML Spreadsheet 2003 with a header and a record whose last cell is a bare number."""
    excel = '<ExcelWorkbook xmlns="urn:schemas-microsoft-com:office:excel"><Date1904/></ExcelWorkbook>'
    cells = [*(("String", cell) for cell in ("19A", "甲", "路")), ("Number", "42435")]
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="{kind}">{cell}</Data></Cell>' for kind, cell in row) + "</Row>"
        for row in ([("String", head) for head in HEAD], cells)
    )
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{name}" xmlns:ss="{name}">{excel if from_1904 else ""}'
        f'<Worksheet ss:Name="a"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()


@pytest.mark.parametrize("type", ["date", "datetime", "text"])
@pytest.mark.parametrize("from_1904", [True, False])
@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_bare_days_of_a_workbook_that_counts_from_1904(bureau: Bureau, suffix: str, type: str, from_1904: bool) -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": from_1904})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    sheet.write_row(1, 0, ["19A", "甲", "路", 42435])
    made.close()
    element = Element(id="e", name="e", definition="e", type=type, sensitivity=Sensitivity(level=1))
    registry = REGISTRY.model_copy(update={"elements": {"day": element}})
    columns = tuple(
        column.model_copy(update={"element": "day"}) if column.name == "remark" else column for column in PEOPLE.columns
    )
    people = PEOPLE.model_copy(update={"columns": columns})
    name = f"a.{suffix}"
    bureau.deliver(name, out.getvalue() if suffix == "xlsx" else xml_spreadsheet(from_1904))
    delivery = receive(bureau.deployment, people, DATE)
    assert delivery is not None
    if from_1904 and type != "text":
        with pytest.raises(DeliveryError, match=r"1904.*备注信息"):
            ingest(delivery, people, registry, bureau.deployment)
    else:
        assert bureau.records(ingest(delivery, people, registry, bureau.deployment)) == [
            (2, "19A", "甲", "路", "42435")
        ]
