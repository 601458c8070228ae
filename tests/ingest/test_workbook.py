"""Workbooks: where the table is, what cells become as text, and workbooks that cannot be read."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from govdata.errors import DeliveryError
from govdata.ingest import archive, formats, workbook
from govdata.ingest.workbook import cell_text

from .conftest import Bureau

HEADER = ["公民身份号码", "姓名", "住址", "备注信息"]


def xlsx(fill: Callable[[Any], None]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    fill(book)
    book.close()
    return out.getvalue()


def plain(rows: list[list[Any]], sheet: str = "人口") -> bytes:
    def fill(book: Any) -> None:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)

    return xlsx(fill)


def test_title_rows_merged_cells_footers_and_several_sheets(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        date = book.add_format({"num_format": "yyyy/m/d"})
        page = book.add_worksheet("城东")
        page.merge_range("A1:D1", "某区人口登记表")
        page.write("A2", "填报单位：某街道")
        page.write_row("A4", HEADER)
        page.write_string("A5", "190101199001010011")
        page.write_row("B5", ["甲某", "幸福路", ""])
        page.write_number("A6", 190101199001010038)
        page.write("B6", "乙某")
        page.write_datetime("C6", datetime.datetime(1990, 1, 2), date)
        page.write_boolean("D6", True)
        page.write_row("A8", ["合计", "", 2])
        page.write_row("A9", ["制表人：某"])
        other = book.add_worksheet("城西")
        other.write_row("A1", [HEADER[1], HEADER[0], "自定义"])
        other.write_row("A2", ["丙某", "190101199001010054", 1.5])
        notes = book.add_worksheet("填表说明")
        notes.write_row("A1", ["本表由派出所填写"])
        book.add_worksheet("空").hide()
        hidden = book.add_worksheet("隐藏")
        hidden.write_row("A1", HEADER)
        hidden.write_row("A2", [7, "丁某", 0.1, 1e14])
        hidden.hide()

    bureau.deliver("a.xlsx", xlsx(fill))
    batch = bureau.ingest()
    rows = {(row["_source_file"], row["_source_row"]): row for row in bureau.raw(batch)}
    shown = {
        key: tuple(row[name] for name in ("id_number", "name", "address", "remark", "_extra"))
        for key, row in rows.items()
    }
    assert shown == {
        ("a.xlsx#城东", 5): ("190101199001010011", "甲某", "幸福路", None, None),
        ("a.xlsx#城东", 6): ("1.9010119900101E+17", "乙某", "1990-01-02", "TRUE", None),
        ("a.xlsx#城西", 2): ("190101199001010054", "丙某", None, None, '{"自定义":"1.5"}'),
        ("a.xlsx#隐藏", 2): ("7", "丁某", "0.1", "100000000000000", None),
    }
    sources = {source.sheet: source for source in batch.sources}
    assert sources["第1个有表头的工作表（名称未显示）"].not_records == {
        "表头之前的行": 2,
        "空行": 2,
        "表头": 1,
        "表尾（合计、制表人等）": 2,
    }
    assert sources["填表说明"].note == "工作表，没有合同的表头" and sources["空"].note == "隐藏的空工作表"
    assert len({row["_row_id"].split("-")[0] for row in rows.values()}) == 3


def test_old_workbook(bureau: Bureau) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("s")
    for column, title in enumerate(HEADER):
        page.write(2, column, title)
    page.write(3, 0, 1.90101198001011e17)
    page.write(3, 1, "甲某")
    page.write(3, 2, datetime.date(2020, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    page.write(3, 3, 5)
    out = io.BytesIO()
    book.save(out)
    assert bureau.one(out.getvalue(), "a.xls")[0] == [(4, "1.90101198001011E+17", "甲某", "2020-01-02", "5")]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("", None), ("x ", "x "), (True, "TRUE"), (1.0, "1"), (5, "5"), (-3.0, "-3"), (0.1, "0.1"), (1.5, "1.5"),
        (190101900101001.0, "190101900101001"),
        (190101198001011234.0, "1.90101198001011E+17"), (1e15, "1E+15"), (0.30000000000000004, "0.3"), (1000.1000000000001, "1000.1"),
        (57.00000000000001, "57"), (1234567.8900000001, "1234567.89"), (0.00001, "0.00001"), (-0.1, "-0.1"), (1 / 3, "0.333333333333333"),
        (1e-12, "1E-12"),
        (datetime.date(2020, 1, 2), "2020-01-02"), (datetime.datetime(2020, 1, 2), "2020-01-02"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "2020-01-02 03:04:05"), (datetime.time(3, 4), "03:04:00"),
    ],
)  # fmt: skip
def test_cells_as_text(cell: Any, text: str | None) -> None:
    assert cell_text(cell) == text


def test_row_numbers_and_text_against_openpyxl(bureau: Bureau) -> None:
    rows = [["标题"], [], HEADER] + [
        [f"19010119900101{i:04}", "某" * (i % 5 + 1), None if i % 3 else "路", f"{i}x"] for i in range(300)
    ]
    content = plain(rows)
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    expected = [(cells[0].row, *(cell.value for cell in cells)) for cells in page.iter_rows(min_row=4)]
    assert bureau.one(content, "a.xlsx")[0] == expected


def test_many_rows_are_cut_into_batches(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "BATCH", 50)
    rows = [[str(i), "某", "", ""] for i in range(230)]
    records, _ = bureau.one(plain([HEADER, *rows[:100], HEADER, *rows[100:], ["合计", "", "", "230"]]), "a.xlsx")
    assert [record[1] for record in records] == [str(i) for i in range(230)]
    assert records[99][0] == 101 and records[100][0] == 103


def _blocked(bureau: Bureau, name: str, content: bytes) -> str:
    bureau.deliver(name, content)
    with pytest.raises(DeliveryError) as caught:
        bureau.ingest()
    assert [problem.file for problem in caught.value.problems] == [name]
    return str(caught.value)


def test_a_sheet_that_goes_on_without_header_blocks(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        first, second = book.add_worksheet("一"), book.add_worksheet("二")
        first.write_row(0, 0, HEADER)
        first.write_row(1, 0, ["1", "a", "b", "c"])
        for row in range(5):
            second.write_row(row, 0, [str(row), "a", "b", "c"])

    assert "[二]" in _blocked(bureau, "a.xlsx", xlsx(fill))


def test_password_protected(bureau: Bureau) -> None:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(plain([HEADER, ["1", "a"]]))).encrypt("geheim", out)
    assert "密码" in _blocked(bureau, "a.xlsx", out.getvalue())


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_truncated(bureau: Bureau, keep: float) -> None:
    content = plain([HEADER, *([str(i), "a", "b", "c"] for i in range(500))])
    assert "不完整" in _blocked(bureau, "a.xlsx", content[: int(len(content) * keep)])


def test_truncated_old_workbook(bureau: Bureau) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("s")
    for row in range(2000):
        for column in range(4):
            page.write(row, column, HEADER[column] if row == 0 else f"{row}x{column}")
    out = io.BytesIO()
    book.save(out)
    assert "工作簿" in _blocked(bureau, "a.xls", out.getvalue()[: len(out.getvalue()) // 2])


def test_damaged_inside(bureau: Bureau) -> None:
    content = bytearray(plain([HEADER, *([str(i), "a", "b", "c"] for i in range(500))]))
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    content[at : at + 40] = bytes(40)
    assert "工作簿" in _blocked(bureau, "a.xlsx", bytes(content))


def test_zip_bomb(bureau: Bureau) -> None:
    out = io.BytesIO(plain([HEADER, ["1", "a"]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", bytes(100 << 20))
    assert "解压后过大" in _blocked(bureau, "a.xlsx", out.getvalue())


def test_an_archive_that_is_no_workbook_is_read_as_what_it_is(bureau: Bureau) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", b"GMSFHM,XM\n1,2\n")
    records, _ = bureau.one(out.getvalue(), "a.xlsx")
    assert [record[1:3] for record in records] == [("1", "2")]


def test_a_web_page_named_workbook(bureau: Bureau) -> None:
    assert "HTML" in _blocked(bureau, "a.xls", "<html><table><tr><td>姓名".encode())


def test_a_workbook_without_the_header(bureau: Bureau) -> None:
    message = _blocked(bureau, "a.xlsx", plain([["学校标识码", "学校名称"], ["3619000001", "某校"]]))
    assert "没有一个工作表含有表头" in message and "学校”（schools）" in message


def test_cells_with_an_error_keep_it_as_text(bureau: Bureau) -> None:
    """The reader knows no errors; they must not become empty cells that nobody is told of. The null tokens or the
    format rule decide."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "空"
    other = book.create_sheet("城东 & <一>")
    for column, text in enumerate(HEADER, 3):
        other.cell(3, column, text)
    for column, text in enumerate(["190101199001010011", "#N/A", "幸福路", "#REF!"], 3):
        other.cell(4, column, text)
    for column, text in enumerate(["190101199001010038", "乙某", "#DIV/0!", 't="e" <v>#N/A</v>'], 3):
        other.cell(5, column, text)
    out = io.BytesIO()
    book.save(out)
    records, rejects = bureau.one(out.getvalue(), "a.xlsx")
    assert not rejects
    assert records == [
        (4, "190101199001010011", "#N/A", "幸福路", "#REF!"),
        (5, "190101199001010038", "乙某", "#DIV/0!", 't="e" <v>#N/A</v>'),
    ]


def test_an_error_behind_a_long_formula_and_across_pieces(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govdata.ingest.archive._PIECE", 1 << 10)

    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        for row in range(1, 60):
            page.write_row(row, 0, [str(row), "甲"])
            page.write_formula(
                row, 2, "=" + "+".join(["VLOOKUP(A1,A1:B9,2)"] * (row * 5)), None, "#N/A" if row % 2 else "路"
            )

    records, _ = bureau.one(xlsx(fill), "a.xlsx")
    assert [record[3] for record in records] == ["#N/A" if row % 2 else "路" for row in range(1, 60)]


def test_too_many_errors_are_refused(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govdata.ingest.cells.MAX_ERRORS", 3)
    out = io.BytesIO()
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(HEADER)
    for row in range(5):
        page.append([str(row), "#N/A"])
    book.save(out)
    with pytest.raises(DeliveryError, match="出错的单元格"):
        bureau.one(out.getvalue(), "a.xlsx")


def test_dates_of_a_1904_workbook(bureau: Bureau) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": True})
    page = book.add_worksheet()
    page.write_row(0, 0, HEADER)
    page.write_row(1, 0, ["1", "甲"])
    page.write_datetime(1, 2, datetime.datetime(1990, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
    page.write_datetime(
        1, 3, datetime.datetime(2024, 2, 29, 10, 20), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    )
    book.close()
    records, _ = bureau.one(out.getvalue(), "a.xlsx")
    assert records == [(2, "1", "甲", "1990-01-02", "2024-02-29 10:20:00")]


def test_saved_results_are_read_also_of_other_workbooks(bureau: Bureau) -> None:
    """Nothing is worked out again and no other file is opened."""

    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_formula(1, 0, "=1+1", None, 7)
        page.write_formula(1, 1, "='[其他.xlsx]名单'!$A$1", None, "甲")
        page.write_formula(1, 2, '=HYPERLINK("file:///etc/passwd","路")', None, "路")
        page.write_formula(1, 3, '=WEBSERVICE("http://example.org/")', None, "x")

    records, _ = bureau.one(xlsx(fill), "a.xlsx")
    assert records == [(2, "7", "甲", "路", "x")]


def test_a_formula_without_a_saved_result_is_refused(bureau: Bureau) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(HEADER)
    page.append(["=1+1", "甲"])
    out = io.BytesIO()
    book.save(out)
    assert "没有保存计算结果" in _blocked(bureau, "a.xlsx", out.getvalue())


def test_a_workbook_with_macros_is_read_and_they_are_not_run(bureau: Bureau) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(plain([HEADER, ["1", "甲", "路", ""]]))) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.namelist():
            content = source.read(part)
            if part == "[Content_Types].xml":
                plain_type = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
                assert plain_type in content
                content = content.replace(plain_type, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
            target.writestr(part, content)
        target.writestr(
            "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 8
        )  # no project: running it would fail
    records, _ = bureau.one(out.getvalue(), "a.xlsm")
    assert records == [(2, "1", "甲", "路", None)]


def test_a_very_hidden_sheet_is_read_and_said_to_be_hidden(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("封面").write(0, 0, "x")
        page = book.add_worksheet("名单")
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, ["1", "甲"])
        page.very_hidden()

    path = bureau.deliver("a.xlsx", xlsx(fill))
    assert bureau.ingest().rows == 1
    hidden = [source for source in formats.open_file(path, None)[1].sources if source.sheet == "名单"]
    assert hidden[0].details["可见性"] == "隐藏的工作表"


@pytest.mark.parametrize("text", ["短", "长" * 400], ids=["many cells", "long texts"])
def test_a_sheet_that_would_fill_the_memory_is_refused(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The bound stands for 1 GiB in the reader; here it is brought down to what a test can write."""
    rows = [[f"19010119900101{number:04d}", f"{text}{number}", "甲路1号", ""] for number in range(400)]
    bureau.deliver("a.xlsx", plain([HEADER, *rows]))
    assert bureau.ingest().rows == 400
    monkeypatch.setattr(archive, "MAX_LOADED", 100_000)
    with pytest.raises(DeliveryError, match=r"工作表过大：\d+ 个有内容的单元格.*CSV"):
        bureau.ingest()


@pytest.mark.parametrize("rows", [2, 5])
def test_a_sheet_that_goes_on_with_its_last_column_empty_is_refused(bureau: Bureau, rows: int) -> None:
    """Eight columns, of which the last is empty in the second sheet: its records were passed over in silence."""
    header = ["GMSFHM", "XM", "ZZ", "BZ", "丙", "丁", "戊", "己"]

    def fill(book: Any) -> None:
        for sheet, lines in (
            ("一", [header, ["1", "甲", *"abcdef"]]),
            ("二", [[str(n), "乙", *"abcde"] for n in range(rows)]),
        ):
            page = book.add_worksheet(sheet)
            for number, line in enumerate(lines):
                page.write_row(number, 0, line)

    assert "续表" in _blocked(bureau, "a.xlsx", xlsx(fill))
