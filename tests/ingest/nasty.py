"""Files of the kinds that bug reports and question threads show, made here by small builders: each with the right
reading, or what its refusal must say.

A case gives the file's name, its bytes, and the records (the contract's columns) or a part of the refusal."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import xlsxwriter
import xlwt
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table

HEAD = ["GMSFHM", "XM", "ZZ", "BZ"]
ROWS: list[list[Any]] = [["19A", "甲", "路1号", "x"], ["19B", "乙", "街2号", "y"], ["19C", "丙", "巷3号", "z"]]
READ = [tuple(row) for row in ROWS]


@dataclass(frozen=True)
class Case:
    """``records`` None: refused, and ``said`` is in the message; else ``said`` is in what the run tells, where given."""

    name: str
    content: bytes
    records: list[tuple[Any, ...]] | None = None
    said: str = ""
    rejects: int = 0


CASES: dict[str, Callable[[], Case]] = {}


def case(make: Callable[[], Case]) -> Callable[[], Case]:
    CASES[make.__name__] = make
    return make


def csv(rows: Sequence[Sequence[Any]] = ROWS, head: Sequence[str] = HEAD, end: str = "\r\n", mark: str = ",") -> str:
    return "".join(mark.join("" if cell is None else str(cell) for cell in row) + end for row in [head, *rows])


# ------------------------------------------------------------------------------------------------------------ workbooks


def xlsx(change: Callable[[Any, Any], None] | None = None, rows: Sequence[Sequence[Any]] = ROWS) -> bytes:
    """By openpyxl: header, ``rows``, and what ``change`` does to the book and its sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEAD, *rows]:
        sheet.append(row)
    if change:
        change(book, sheet)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def written(write: Callable[[Any, Any], None]) -> bytes:
    """By XlsxWriter."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate([HEAD, *ROWS]):
        sheet.write_row(number, 0, row)
    write(book, sheet)
    book.close()
    return held.getvalue()


def xls(change: Callable[[Any, Any], None] | None = None) -> bytes:
    """By xlwt."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("人口")
    for number, row in enumerate([HEAD, *ROWS]):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    if change:
        change(book, sheet)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def repacked(content: bytes, part: str, change: Callable[[str], str | None]) -> bytes:
    """A workbook with one part written otherwise; None: without it."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = change(old.read(info).decode()) if info.filename == part else old.read(info)
            if text is not None:
                new.writestr(info.filename, text)
    return held.getvalue()


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


@case
def rich_text() -> Case:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_rich_string(1, 2, "路", book.add_format({"bold": True}), "1", "号")

    return Case("a.xlsx", written(write), READ)


@case
def phonetic_text() -> Case:
    def furigana(text: str) -> str:
        return text.replace("<t>甲</t>", '<t>甲</t><rPh sb="0" eb="1"><t>コウ</t></rPh><phoneticPr fontId="1"/>')

    return Case("a.xlsx", repacked(xlsx(), STRINGS, furigana), READ)


@case
def escaped_control_characters() -> Case:
    """Excel writes a carriage return in a cell as ``_x000D_``."""
    return Case("a.xlsx", repacked(xlsx(), STRINGS, lambda text: text.replace("路1号", "路1号_x000D_")), READ)


@case
def filtered_rows() -> Case:
    def hide(_: Any, sheet: Any) -> None:
        sheet.auto_filter.ref = "A1:D4"
        sheet.row_dimensions[3].hidden = True

    return Case("a.xlsx", xlsx(hide), READ)


@case
def hidden_columns() -> Case:
    return Case("a.xlsx", xlsx(lambda _, sheet: setattr(sheet.column_dimensions["C"], "hidden", True)), READ)


@case
def the_total_row_of_an_excel_table() -> Case:
    def write(_: Any, sheet: Any) -> None:
        columns = [{"header": name} for name in HEAD]
        columns[0]["total_string"], columns[3]["total_function"] = "汇总", "count"
        sheet.add_table(0, 0, 4, 3, {"total_row": True, "columns": columns})

    return Case("a.xlsx", written(write), READ)


@case
def an_excel_table() -> Case:
    return Case("a.xlsx", xlsx(lambda _, sheet: sheet.add_table(Table(displayName="t", ref="A1:D4"))), READ)


@case
def rows_left_empty() -> Case:
    return Case("a.xlsx", xlsx(rows=[ROWS[0], [], [None, " "], ROWS[1], [], ROWS[2]]), READ)


@case
def a_table_away_from_the_corner() -> Case:
    def move(_: Any, sheet: Any) -> None:
        sheet.move_range("A1:D4", rows=5, cols=3)

    return Case("a.xlsx", xlsx(move), READ)


@case
def a_sheet_that_explains() -> Case:
    def explain(book: Any, _: Any) -> None:
        sheet = book.create_sheet("填表说明", 0)
        for text in ("一、本表由派出所填报。", "二、身份证号为18位。", "三、住址写到门牌。"):
            sheet.append([text])

    return Case("a.xlsx", xlsx(explain), READ)


@case
def a_sheet_for_each_month() -> Case:
    def months(book: Any, sheet: Any) -> None:
        sheet.delete_rows(3, 2)
        for number, row in enumerate(ROWS[1:], 2):
            other = book.create_sheet(f"{number}月")
            other.append(HEAD)
            other.append(row)

    return Case("a.xlsx", xlsx(months), READ)


@case
def sheets_with_their_own_order() -> Case:
    def other(book: Any, sheet: Any) -> None:
        sheet.delete_rows(4)
        second = book.create_sheet("二")
        second.append(["备注信息", "住址", "姓名", "身份证号"])
        second.append(ROWS[2][::-1])

    return Case("a.xlsx", xlsx(other), READ)


@case
def a_chart_sheet() -> Case:
    return Case("a.xlsx", xlsx(lambda book, _: book.create_chartsheet("图")), READ)


@case
def a_protected_sheet() -> Case:
    return Case("a.xlsx", xlsx(lambda _, sheet: sheet.protection.set_password("1")), READ)


@case
def a_wrong_dimension() -> Case:
    return Case(
        "a.xlsx",
        repacked(xlsx(), SHEET, lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1"', text)),
        READ,
    )


@case
def strict_open_xml() -> Case:
    """Saved as 严格 Open XML 电子表格: other names for the same things."""
    content = xlsx()
    for part in (SHEET, STRINGS, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", "xl/styles.xml"):
        content = repacked(
            content, part, lambda text: text.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
            .replace("http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://purl.oclc.org/ooxml/officeDocument/relationships"),
        )  # fmt: skip
    return Case("a.xlsx", content, READ)


@case
def shared_strings_in_capitals() -> Case:
    """A part named otherwise than its relationship says, as some report servers write it."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx())) as old, zipfile.ZipFile(held, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename.replace("sharedStrings", "SharedStrings"), old.read(info))
    return Case("a.xlsx", held.getvalue(), READ)


@case
def without_styles() -> Case:
    return Case("a.xlsx", repacked(xlsx(), "xl/styles.xml", lambda _: None), READ)


@case
def a_workbook_named_csv() -> Case:
    return Case("a.csv", xlsx(), READ)


@case
def an_old_workbook_named_xlsx() -> Case:
    return Case("a.xlsx", xls(), READ)


@case
def headers_with_line_ends_and_blanks() -> Case:
    def rename(_: Any, sheet: Any) -> None:
        for column, name in enumerate(("身份证\n号", " 姓　名 ", "住 址", "备注信息\u00a0"), 1):
            sheet.cell(1, column).value = name

    return Case("a.xlsx", xlsx(rename), READ)


@case
def dates_shown_in_chinese() -> Case:
    def dates(_: Any, sheet: Any) -> None:
        for row in (2, 3, 4):
            sheet.cell(row, 4).value = datetime.datetime(2020, 3, row)
            sheet.cell(row, 4).number_format = 'yyyy"年"m"月"d"日"'

    return Case("a.xlsx", xlsx(dates), [(*row[:3], f"2020-03-0{n}") for n, row in enumerate(READ, 2)])


@case
def notes_and_fonts() -> Case:
    def decorate(_: Any, sheet: Any) -> None:
        from openpyxl.comments import Comment

        sheet["B2"].comment, sheet["B2"].font = Comment("已核实", "某"), Font(strike=True)

    return Case("a.xlsx", xlsx(decorate), READ)


@case
def numbers_with_a_text_prefix() -> Case:
    def quoted(_: Any, sheet: Any) -> None:
        sheet["D2"].value, sheet["D2"].quotePrefix = "007", True

    return Case("a.xlsx", xlsx(quoted), [(*READ[0][:3], "007"), *READ[1:]])


@case
def an_id_kept_as_a_number() -> Case:
    """15 digits are left: nobody can tell the rest, and nothing is invented."""
    content = xlsx(lambda _, sheet: setattr(sheet["A2"], "value", 190101199003071019))
    return Case("a.xlsx", content, [("1.90101199003071E+17", *READ[0][1:]), *READ[1:]])


@case
def a_second_table_below_the_first() -> Case:
    rows = [*ROWS, [], ["区划", "人数"], ["东湖区", 2], ["西岭区", 1]]
    return Case("a.xlsx", xlsx(rows=rows), None, "不止一张表")


@case
def a_second_table_under_a_title() -> Case:
    rows = [*ROWS, [], ["附表：分区统计"], ["区划", "人数"], ["东湖区", 2], ["西岭区", 1]]
    return Case("a.xlsx", xlsx(rows=rows), None, "不止一张表")


@case
def records_behind_a_blank_row_with_cells_missing() -> Case:
    rows = [*ROWS, [], ["19D", "丁"], ["19E", "戊", "路"]]
    return Case("a.xlsx", xlsx(rows=rows), [*READ, ("19D", "丁", None, None), ("19E", "戊", "路", None)])


@case
def hours_beyond_a_day() -> Case:
    def hours(_: Any, sheet: Any) -> None:
        sheet["D2"].value, sheet["D2"].number_format = 1.5, "[h]:mm:ss"

    return Case("a.xlsx", xlsx(hours), [(*READ[0][:3], "36:00:00"), *READ[1:]])


@case
def bytes_that_no_encoding_has() -> Case:
    """Oracle's old UTF8 (surrogates apart), a character cut by a column's length: their lines alone are rejected."""
    text = csv(ROWS * 10).encode().replace("街".encode(), b"\xed\xa0\x81\xed\xb0\x80", 1)
    return Case("a.csv", text.replace("巷".encode(), "巷".encode()[:2], 1), [READ[0], *READ * 9], rejects=2)


@case
def signatures_below() -> Case:
    rows = [*ROWS, [], ["填报人：某", None, None, "审核人：某"], ["填报日期：2026年1月1日"]]
    return Case("a.xlsx", xlsx(rows=rows), READ)


@case
def an_xlsb() -> Case:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"\x83\x01\x00")
    return Case("a.xlsb", held.getvalue(), None, "xlsb")


@case
def old_with_formatted_dates() -> Case:
    def dates(_: Any, sheet: Any) -> None:
        style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
        sheet.write(4, 0, "19D")
        sheet.write(4, 1, "丁")
        sheet.write(4, 3, datetime.date(2020, 3, 7), style)

    return Case("a.xls", xls(dates), [*READ, ("19D", "丁", None, "2020-03-07")])


@case
def old_with_hidden_sheet() -> Case:
    def hidden(book: Any, _: Any) -> None:
        sheet = book.add_sheet("旧")
        for column, cell in enumerate(HEAD):
            sheet.write(0, column, cell)
            sheet.write(1, column, f"旧{column}")
        sheet.visibility = 1

    return Case("a.xls", xls(hidden), [*READ, ("旧0", "旧1", "旧2", "旧3")], "隐藏")


# ----------------------------------------------------------------------------------------------------------------- text


@case
def a_hint_for_excel() -> Case:
    return Case("a.csv", ("sep=;\r\n" + csv(mark=";")).encode("utf-8-sig"), READ)


@case
def two_marks() -> Case:
    return Case("a.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + csv().encode(), READ)


@case
def utf16_with_tabs() -> Case:
    return Case("a.txt", csv(mark="\t").encode("utf-16"), READ)


@case
def utf32() -> Case:
    return Case("a.txt", csv(mark="\t").encode("utf-32"), None, "不是文本")


@case
def carriage_returns_alone() -> Case:
    return Case("a.csv", csv(end="\r").encode("gbk"), READ)


@case
def carriage_returns_doubled() -> Case:
    return Case("a.csv", csv(end="\r\r\n").encode("gbk"), READ)


@case
def padded_with_zero_bytes() -> Case:
    """After a crash zeros may stand where records were: told, not passed over."""
    return Case("a.csv", csv().encode("gbk") + b"\x00" * 512, READ, rejects=1)


@case
def guarded_for_excel() -> Case:
    rows = [[f'="{row[0]}"', *row[1:]] for row in ROWS]
    return Case("a.csv", csv(rows).encode("gbk"), [(f'="{row[0]}"', *row[1:]) for row in READ])


@case
def guarded_with_tabs() -> Case:
    return Case(
        "a.csv",
        csv([[f"{row[0]}\t", *row[1:]] for row in ROWS]).encode("gbk"),
        [(f"{row[0]}\t", *row[1:]) for row in READ],
    )


@case
def every_header_quoted() -> Case:
    return Case("a.csv", csv(head=[f'"{name}"' for name in HEAD]).encode(), READ)


@case
def invisible_in_the_header() -> Case:
    return Case("a.csv", csv(head=["\u200bGMSFHM", "XM\u200e", "\u2060ZZ", "BZ\u00ad"]).encode(), READ)


@case
def a_character_cut_in_two() -> Case:
    return Case("a.csv", csv().encode("gbk")[:-2] + b"\xbd", READ[:2], rejects=1)


@case
def comments_above() -> Case:
    return Case("a.csv", ("# 导出时间 2026-01-01\n# 共3条\n" + csv(end="\n")).encode(), READ)


@case
def a_column_twice() -> Case:
    return Case("a.csv", csv([[*row, "q"] for row in ROWS], [*HEAD, "XM"]).encode(), None, "不止一个表头")


@case
def only_a_header() -> Case:
    return Case("a.csv", csv([]).encode(), [])


@case
def nothing_at_all() -> Case:
    return Case("a.csv", b"", None, "空")


@case
def only_blank_lines() -> Case:
    return Case("a.csv", b"\r\n \r\n\r\n", None, "")


@case
def insert_statements() -> Case:
    lines = "".join(f"INSERT INTO t_rk (GMSFHM, XM) VALUES ('{row[0]}', '{row[1]}');\n" for row in ROWS)
    return Case("a.sql", lines.encode(), None, "SQL")


@case
def markdown() -> Case:
    rows = "".join("| " + " | ".join(row) + " |\n" for row in [HEAD, ["---"] * 4, *ROWS])
    return Case("a.md", rows.encode(), [tuple(f" {cell} " for cell in row) for row in READ])


@case
def a_web_page_that_says_log_in() -> Case:
    return Case(
        "a.csv", b"<html><head><title>login</title></head><body><form action=/login></form></body></html>", None, "HTML"
    )


@case
def page_breaks() -> Case:
    body = csv(ROWS[:2], end="\n") + "\f" + csv(ROWS[2:], end="\n")
    return Case("a.txt", body.encode("gbk"), READ)


@case
def html_entities_as_names() -> Case:
    head = "".join(
        f"<th>{name}</th>" for name in ("&#36523;&#20221;&#35777;&#21495;", "&#22995;&#21517;", "住址", "备注信息")
    )
    rows = "".join("<tr>" + "".join(f"<td>{cell}&nbsp;</td>" for cell in row) + "</tr>" for row in ROWS)
    return Case("a.xls", f"<meta charset=utf-8><table><tr>{head}</tr>{rows}</table>".encode(), READ)


# ----------------------------------------------------------------------------------------------------------------- JSON


def objects() -> list[dict[str, Any]]:
    return [dict(zip(HEAD, row, strict=True)) for row in ROWS]


@case
def json_with_a_mark() -> Case:
    return Case("a.json", json.dumps(objects()).encode("utf-8-sig"), READ)


@case
def json_in_gbk() -> Case:
    return Case("a.json", json.dumps(objects(), ensure_ascii=False).encode("gbk"), READ)


@case
def json_in_utf16() -> Case:
    return Case("a.json", json.dumps(objects(), ensure_ascii=False).encode("utf-16"), READ)


@case
def json_in_a_call() -> Case:
    return Case("a.json", f"callback({json.dumps(objects())});".encode(), None, "JSON")


@case
def json_objects_without_separators() -> Case:
    return Case("a.json", "".join(json.dumps(item) for item in objects()).encode(), None, "JSON")


@case
def json_with_a_number_of_18_digits() -> Case:
    text = json.dumps(objects()).replace('"19A"', "190101199003071019")
    return Case("a.json", text.encode(), [("190101199003071019", *READ[0][1:]), *READ[1:]])


@case
def json_as_header_and_rows() -> Case:
    return Case("a.json", json.dumps([HEAD, *ROWS]).encode(), None, "JSON")


@case
def json_by_columns() -> Case:
    columns = {name: [row[number] for row in ROWS] for number, name in enumerate(HEAD)}
    return Case("a.json", json.dumps(columns).encode(), None, "JSON")


@case
def json_cut_off() -> Case:
    return Case("a.json", json.dumps(objects()).encode()[:-30], None, "")


@case
def json_one_record() -> Case:
    return Case("a.json", json.dumps(objects()[0]).encode(), READ[:1])


@case
def json_lines_with_blank_lines_and_commas() -> Case:
    return Case("a.jsonl", ",\n\n".join(json.dumps(item) for item in objects()).encode(), READ[2:], rejects=2)


@case
def json_with_not_a_number() -> Case:
    text = json.dumps(objects()).replace('"x"', "NaN")
    return Case("a.json", text.encode(), None, "")


# -------------------------------------------------------------------------------------------------------------- packed


def archive(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_csv", ".csv"), content)
    return held.getvalue()


@case
def zip_with_names_in_gbk() -> Case:
    plain = archive(AAAA_csv=csv().encode())
    return Case("a.zip", plain.replace(b"AAAA", "人口".encode("gbk")), READ)


@case
def zip_of_a_folder() -> Case:
    """As a Mac packs one."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("2026/", "")
        made.writestr("2026/a.csv", csv())
        made.writestr("__MACOSX/2026/._a.csv", b"\x00\x05\x16\x07")
        made.writestr("2026/.DS_Store", b"\x00\x00\x00\x01Bud1")
    return Case("a.zip", held.getvalue(), READ)


@case
def zip_with_a_letter() -> Case:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("a.csv", csv())
        made.writestr("说明.txt", "本次共报送3条，请查收。\n联系人：某\n")
    return Case("a.zip", held.getvalue(), None, "说明.txt")


@case
def gzip_of_several_members() -> Case:
    text = csv().encode()
    return Case("a.csv.gz", gzip.compress(text[:20]) + gzip.compress(text[20:]), READ)


@case
def a_tar() -> Case:
    import tarfile

    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as made:
        info = tarfile.TarInfo("a.csv")
        info.size = len(csv().encode())
        made.addfile(info, io.BytesIO(csv().encode()))
    return Case("a.tar.gz", held.getvalue(), None, "tar")


@case
def dbase_with_a_deleted_record() -> Case:
    fields = [("GMSFHM", 18), ("XM", 10), ("ZZ", 20), ("BZ", 4)]
    head = b"".join(struct.pack("<11sc4xB15x", name.encode(), b"C", size) for name, size in fields)
    start = struct.pack("<BBBBIHH17xBxx", 3, 126, 1, 1, 4, 33 + len(head), 1 + sum(size for _, size in fields), 0x4D)
    marked = [*(b" " for _ in ROWS), b"*"]
    body = b"".join(
        mark + b"".join(cell.encode("gbk").ljust(size) for cell, (_, size) in zip(row, fields, strict=True))
        for mark, row in zip(marked, [*ROWS, ["19D", "丁", "路", "x"]], strict=True)
    )
    return Case("a.dbf", start + head + b"\r" + body + b"\x1a", READ)


@case
def xml_spreadsheet_with_gaps() -> Case:
    """Cells and rows that say where they stand, an empty row, a number."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    rows = "".join(
        f'<Row ss:Index="{number * 2 + 1}">'
        + "".join(
            f'<Cell ss:Index="{column}"><Data ss:Type="String">{cell}</Data></Cell>'
            for column, cell in enumerate(row, 2)
        )
        + "</Row>"
        for number, row in enumerate([HEAD, *ROWS])
    )
    text = f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="a"><Table>{rows}</Table></Worksheet></Workbook>'
    return Case("a.xls", text.encode(), READ)


@case
def open_document_with_repeated_cells() -> Case:
    """LibreOffice fills a sheet to its end with one repeated row."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + '<table:table-cell table:number-columns-repeated="1020"/></table:table-row>'
        for row in [HEAD, *ROWS]
    )
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" xmlns:table="{office}table:1.0" '
        f'xmlns:text="{office}text:1.0"><office:body><office:spreadsheet><table:table table:name="a">{rows}'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>'
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", "<manifest/>")
    return Case("a.ods", held.getvalue(), READ)


@case
def a_page_of_frames() -> Case:
    """Excel's 另存为网页: the tables lie in other files."""
    page = '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><frameset><frame src="a.files/sheet001.htm"></frameset></html>'
    return Case("a.xls", page.encode(), None, "表格")


@case
def a_web_page_in_gbk() -> Case:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in [HEAD, *ROWS])
    return Case("a.xls", f'<html><head><meta charset="gb2312"></head><table>{rows}</table></html>'.encode("gbk"), READ)


@case
def seven_zip() -> Case:
    return Case("a.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + b"\x00" * 64, None, "7z")


@case
def rar() -> Case:
    return Case("a.rar", b"Rar!\x1a\x07\x01\x00" + b"\x00" * 64, None, "rar")


@case
def utf7() -> Case:
    rows = [[row[0], "赵若川", "示例市东湖区花园路", "户主"] for row in ROWS]
    return Case("a.csv", csv(rows, ["身份证号", "姓名", "住址", "备注信息"]).encode("utf-7"), said="UTF-7编码")


@case
def json_columns_numbered() -> Case:
    columns = {head: {str(n): row[i] for n, row in enumerate(ROWS)} for i, head in enumerate(HEAD)}
    return Case("a.json", json.dumps(columns).encode(), said="按列排列")


@case
def json_for_bulk_import() -> Case:
    lines = (
        json.dumps(line) + "\n"
        for row in ROWS
        for line in ({"index": {"_id": row[0]}}, dict(zip(HEAD, row, strict=True)))
    )
    return Case("a.jsonl", "".join(lines).encode(), said="批量导入格式")
