"""Tables that are laid out as rows and cells in markup: HTML and XML Spreadsheet 2003, which systems name .xls. They
are laid out here as a workbook's sheets are and then read as those are (``workbook.open_sheets``).

lxml reads both: libxml2 knows every way HTML is broken in, reads entities nowhere else and asks no network. A cell that
spans rows has its value in each of them, which is what spanning says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import python_calamine as calamine
from lxml import etree

from govdata.ingest import physical, source
from govdata.ingest.cells import UNCALCULATED
from govdata.ingest.encodings import detect
from govdata.ingest.headers import Headers
from govdata.ingest.merged import Range
from govdata.ingest.number_formats import Form, form_of
from govdata.ingest.source import Ignored, Opened, Unreadable
from govdata.ingest.workbook import SheetSource, as_shown, cell_text, open_sheets

MAX_MARKUP = 256 << 20  # bytes: its tree is in memory while it is read
MAX_CELLS = 16 << 20
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_SHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
_IN_TABLES = re.compile(r"<(script|style|head|table)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(?:00:00:00(?:\.0+)?|(\d\d:\d\d:\d\d)(?:\.0+)?)")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d+)?(?:E[+-]?\d{1,3})?", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """A cell: ``at`` its column where it says so, ``across`` and ``down`` how many columns and rows it takes."""

    text: str
    at: int | None = None
    across: int = 1
    down: int = 1


@dataclass
class Grid:
    """A sheet as ``workbook`` wants one."""

    name: str
    rows: list[list[str]] = field(default_factory=list)
    hidden: bool = False
    start: tuple[int, int] = (0, 0)
    merged: int = 0
    merged_cell_ranges: list[Range] = field(default_factory=list)  # those within one row: what goes down is filled here

    @property
    def visible(self) -> calamine.SheetVisibleEnum:
        return calamine.SheetVisibleEnum.Hidden if self.hidden else calamine.SheetVisibleEnum.Visible

    @property
    def typ(self) -> calamine.SheetTypeEnum:
        return calamine.SheetTypeEnum.WorkSheet

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)

    @property
    def height(self) -> int:
        return len(self.rows)

    def iter_rows(self) -> Iterator[list[str]]:
        return (list(row) for row in self.rows)


class GridBook:
    """Grids by name, as a workbook has its sheets."""

    def __init__(self, grids: list[Grid]) -> None:
        self.sheets_metadata = grids
        self._grids = {grid.name: grid for grid in grids}

    def get_sheet_by_name(self, name: str) -> Grid:
        return self._grids[name]


def lay_out(grid: Grid, rows: Iterable[tuple[int | None, list[Span]]]) -> Grid:
    """Fill ``grid`` from (row number or None for the next one, cells). Raises ``Unreadable`` beyond what a sheet can
    hold."""
    filled: list[list[str]] = []
    cells = 0
    hanging: dict[int, tuple[int, str]] = {}  # column → rows a cell above still takes, its text
    for number, spans in rows:
        while number is not None and len(filled) < min(number, MAX_ROWS):
            filled.append([])
        row: dict[int, str] = {column: text for column, (left, text) in hanging.items() if left}
        hanging = {column: (left - 1, text) for column, (left, text) in hanging.items() if left > 1}
        column = 0
        for span in spans:
            column = span.at if span.at is not None else column
            while span.at is None and column in row:
                column += 1
            if column + span.across > MAX_COLUMNS:
                raise Unreadable("表格过宽，拒绝读取", grid.name)
            for offset in range(span.across):
                row[column + offset] = "" if offset else span.text
                if span.down > 1:
                    hanging[column + offset] = (span.down - 1, "" if offset else span.text)
            if span.across > 1 and span.down == 1:
                grid.merged_cell_ranges.append(((len(filled), column), (len(filled), column + span.across - 1)))
            grid.merged += span.down > 1 and bool(span.text)
            column += span.across
        filled.append([row.get(place, "") for place in range(max(row, default=-1) + 1)])
        cells += len(filled[-1])
        if len(filled) > MAX_ROWS or cells > MAX_CELLS:
            raise Unreadable("表格过大，请改为CSV后交付", grid.name)
    width = max(map(len, filled), default=0)
    if width * len(filled) > MAX_CELLS:
        raise Unreadable("表格过大，请改为CSV后交付", grid.name)
    empty = min((next(at for at, text in enumerate(row) if text) for row in filled if any(row)), default=0)
    grid.start = (0, empty)  # as a workbook's sheet begins at its first column with a cell
    grid.rows = [(row + [""] * (width - len(row)))[empty:] for row in filled]
    return grid


def _markup(path: Path) -> bytes:
    if path.stat().st_size > MAX_MARKUP:
        raise Unreadable(f"网页或XML文件超过{MAX_MARKUP >> 20} MB，请改为CSV后交付")
    return path.read_bytes()


def open_html(path: Path, headers: Headers | None) -> Opened:
    """The tables of an HTML page, each as a sheet 表1, 表2 … Tables that only hold other tables are passed over."""
    data = _markup(path)
    encoding = detect(path)
    declared = _CHARSET.search(data[:4096])
    name = encoding.name
    if name == "gb18030" and declared and declared[1].lower() in (b"big5", b"big5-hkscs"):
        name = "big5hkscs"
    try:
        text = data[encoding.bom :].decode(name)
    except UnicodeDecodeError:
        raise Unreadable("网页（HTML）中有无法按其编码识别的字节") from None
    if len(re.findall("<table\\b", text, re.IGNORECASE)) > len(re.findall("</table\\b", text, re.IGNORECASE)):
        raise Unreadable("网页（HTML）中的表格没有结束标记（可能在传输中被截断）")
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    root = etree.fromstring(text.replace("\0", "").encode(), parser)
    if any(
        error.level == etree.ErrorLevels.FATAL for error in parser.error_log
    ):  # what stands behind is not in the tree
        raise Unreadable("网页（HTML）嵌套过深或损坏，不能完整读取")
    grids: list[Grid] = []
    frames = 0
    for table in root.iter("table") if root is not None else ():
        rows = [row for row in table.iter("tr") if _nearest(row, "table") is table]
        if any(row.find(".//table") is not None for row in rows) and not _own_records(rows):
            frames += len(rows)
            continue
        grids.append(lay_out(Grid(f"表{len(grids) + 1}"), ((None, _html_cells(row)) for row in rows)))
    if not grids:
        raise Unreadable("网页（HTML）中没有表格")
    _demand_all(physical.markup_rows(text, "tr"), frames + sum(len(grid.rows) for grid in grids))
    opened = _opened(grids, "html", encoding.label if name == encoding.name else name.upper(), headers)
    if len(opened.sources) == 1:
        cast(SheetSource, opened.sources[0]).said_beside = _IN_TABLES.sub(" ", text)
    layout = Ignored("版面", "只含其他表格的表格（网页的版面）", frames)
    return replace(opened, ignored=(*opened.ignored, *([layout] if frames else ())))


def _demand_all(counted: int, read: int) -> None:
    """Every row of the markup is in a table that was laid out."""
    if counted != read:
        raise Unreadable(f"表格的行数核对不符：文件中数得 {counted} 行，读到 {read} 行")


def _own_records(rows: list[etree._Element]) -> bool:
    """A table with a table in some of its cells that still has several plain rows of cells."""
    plain = [row for row in rows if row.find(".//table") is None and len(_html_cells(row)) > 1]
    return len(plain) > 2


def _nearest(element: etree._Element, tag: str) -> etree._Element | None:
    return next(element.iterancestors(tag), None)


def _html_cells(row: etree._Element) -> list[Span]:
    cells = [cell for cell in row.iter("td", "th") if _nearest(cell, "tr") is row]
    return [Span(_html_text(cell), None, _number(cell.get("colspan")), _number(cell.get("rowspan"))) for cell in cells]


def _number(text: str | None) -> int:
    return max(1, min(int(text), MAX_ROWS)) if text and text.strip().isdecimal() and len(text) < 9 else 1


def _html_text(cell: etree._Element) -> str:
    """The text a browser shows: white space is one blank, ``<br>`` and paragraphs end a line."""
    parts: list[str] = []

    def gather(element: etree._Element) -> None:
        if element.tag in ("script", "style", "table"):
            return
        if element.tag in ("input", "select"):  # a page to fill in: what is filled in is shown
            parts.append(_entered(element))
            return
        if element.tag == "br" or (element.tag in ("p", "div", "li") and "".join(parts).strip()):
            parts.append("\0")
        parts.append(element.text or "")
        for child in element:
            gather(child)
            parts.append(child.tail or "")

    try:
        gather(cell)
    except RecursionError:
        raise Unreadable("网页（HTML）的单元格嵌套过深，拒绝读取") from None
    return "\n".join(re.sub(r"[ \t\r\n\f]+", " ", line).strip(" \u00a0") for line in "".join(parts).split("\0")).strip(
        "\n"
    )


def _entered(element: etree._Element) -> str:
    """What a field of a form holds: its text, its chosen option, or a tick."""
    if element.tag == "select":
        options = element.findall(".//option")
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return "、".join("".join(map(str, option.itertext())).strip() for option in chosen)
    kind = (element.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return "√" if element.get("checked") is not None else ""
    return "" if kind in ("hidden", "button", "submit", "reset", "image", "file") else element.get("value") or ""


def open_xmlss(path: Path, headers: Headers | None) -> Opened:
    """The worksheets of an XML Spreadsheet 2003."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=True
    )
    data = _markup(path).lstrip(b"\r\n\t ")
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data[:4096]:
        raise Unreadable("XML表格中有文档类型声明（DTD），拒绝读取")
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Unreadable("XML表格（XML Spreadsheet 2003）损坏或被截断，不能读取")
    forms = _forms(root)
    grids: list[Grid] = []
    laid = 0
    for sheet in root.iter(f"{_SHEET}Worksheet"):
        name = sheet.get(f"{_SHEET}Name") or f"表{len(grids) + 1}"
        hidden = sheet.findtext(f"{_EXCEL}WorksheetOptions/{_EXCEL}Visible", "")
        rows = sheet.findall(f"{_SHEET}Table/{_SHEET}Row")
        laid += len(rows)
        grids.append(
            lay_out(
                Grid(name, hidden=hidden.startswith("Sheet")), ((_index(row), _xml_cells(row, forms)) for row in rows)
            )
        )
    if not grids:
        raise Unreadable("XML表格（XML Spreadsheet 2003）中没有工作表")
    _demand_all(physical.markup_rows(etree.tostring(root, encoding="unicode"), "Row"), laid)
    if len({grid.name for grid in grids}) < len(grids):
        raise Unreadable("XML表格（XML Spreadsheet 2003）中有同名的工作表")
    opened = _opened(grids, "xmlss", None, headers)
    if root.find(f"{_EXCEL}ExcelWorkbook/{_EXCEL}Date1904") is not None:
        for sheet in opened.sources:
            sheet.from_1904 = True
    return opened


def _index(element: etree._Element) -> int | None:
    """Place from 0, where the element says so."""
    text = element.get(f"{_SHEET}Index")
    return _number(text) - 1 if text else None


def _forms(root: etree._Element) -> dict[str, Form]:
    """Style → how its numbers are shown, where that says more than the number."""
    forms: dict[str, Form] = {}
    for style in root.iterfind(f"{_SHEET}Styles/{_SHEET}Style"):
        declared = style.find(f"{_SHEET}NumberFormat")
        form = form_of(declared.get(f"{_SHEET}Format", "")) if declared is not None else None
        if form is not None:
            forms[style.get(f"{_SHEET}ID", "")] = form
    return forms


def _xml_cells(row: etree._Element, forms: dict[str, Form]) -> list[Span]:
    style = row.get(f"{_SHEET}StyleID", "")
    return [
        Span(
            _xml_text(cell, forms.get(cell.get(f"{_SHEET}StyleID", style))),
            _index(cell),
            1 + _extra(cell.get(f"{_SHEET}MergeAcross")),
            1 + _extra(cell.get(f"{_SHEET}MergeDown")),
        )
        for cell in row.iterfind(f"{_SHEET}Cell")
    ]


def _extra(text: str | None) -> int:
    return _number(text) if text and text.strip() != "0" else 0


def _xml_text(cell: etree._Element, form: Form | None) -> str:
    data = cell.find(f"{_SHEET}Data")
    if data is None:
        if cell.get(f"{_SHEET}Formula"):
            raise Unreadable(UNCALCULATED)
        return ""
    text, kind = "".join(map(str, data.itertext())), data.get(f"{_SHEET}Type")
    if kind == "DateTime" and (parts := _MOMENT.fullmatch(text)):
        day, time = parts.groups()
        if form is not None and not form.day and day.endswith("-01") and not time:
            return day[:7]
        return " ".join(filter(None, [day if day > "1900" else "", time])) or day
    if kind == "Number" and _NUMBER.fullmatch(text) and (form is not None or not text.isdecimal()):
        value = float(text)
        return cell_text(as_shown(value, form) if form is not None else value) or ""
    return {"1": "TRUE", "0": "FALSE"}.get(text, text) if kind == "Boolean" else text


def _opened(grids: list[Grid], format: str, encoding: str | None, headers: Headers | None) -> Opened:
    opened = open_sheets(GridBook(grids), format, headers, {})
    merged = {grid.name: grid.merged for grid in grids}
    for sheet in opened.sources:
        if encoding:
            sheet.details["编码"] = encoding
        if count := merged.get(sheet.sheet or ""):
            sheet.details["合并单元格"] = f"{count} 个跨行的单元格，其值属于它跨过的每一行"
            sheet.tally.tell("merged", sheet.details["合并单元格"], count)
    return opened


source.register("html", open_html)
source.register("xmlss", open_xmlss)
