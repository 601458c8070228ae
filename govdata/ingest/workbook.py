"""Workbooks (.xlsx, .xls, .ods): every sheet that has the header is read, below title rows and above footers; cells
become text.

Numbers are written plainly; one of 10^15 and more is written as 3.40524198001011E+17, with the 15 digits a workbook
keeps, so that lost digits can be recognised later and are never invented. Fractions have 15 digits as Excel shows them,
whole numbers the leading zeros of their number format. Dates are ISO.
"""

from __future__ import annotations

import datetime
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import python_calamine as calamine

from govdata.ingest import oldbook, opendocument, physical, source, totals
from govdata.ingest.archive import probe, survey
from govdata.ingest.cells import UNCALCULATED, Cells
from govdata.ingest.header_lines import contrasts, looks_like_header
from govdata.ingest.headers import OTHER_ORDER, Headers, is_footer, is_title, named, ordinals, shape
from govdata.ingest.merged import Merged
from govdata.ingest.number_formats import Form
from govdata.ingest.packed import Unpacked
from govdata.ingest.placement import IDENTIFYING, SIDEWAYS, is_sideways
from govdata.ingest.sheet_header import HEADER_WITHIN, find_header
from govdata.ingest.source import Block, Ignored, Opened, Tally, Unreadable, header_said

BATCH = 20_000  # rows made into columns at a time
FOOTER_ROWS = 20
NOTE_ROWS = 5  # rows of one cell that a note below the table may go on for
_EPOCH = datetime.date(1899, 12, 31)

Cell = Any
Count = Callable[[str, int], int]
"""Sheet, rows with something in them as its reader saw them → the same by a second count."""
_FORMATS = {"html": "网页表格（HTML）", "xmlss": "XML表格（XML Spreadsheet 2003）"}


def cell_text(value: Cell) -> str | None:
    """A cell as text; NULL for an empty one."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (float, int)):
        if abs(value) >= 1e15:
            return format(float(value), ".15G")
        return str(int(value)) if value == int(value) else _fraction(value)
    if isinstance(value, datetime.datetime):
        plain = value.time() == datetime.time()
        return (
            value.date().isoformat()
            if plain
            else value.isoformat(" ", "seconds" if not value.microsecond else "milliseconds")
        )
    if isinstance(value, datetime.timedelta):  # as it is shown, 36:00:00
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return value.isoformat() if value is not None else None


def _fraction(value: float) -> str:
    """The 15 digits a workbook shows, 1000.1 for 1000.1000000000001; very small numbers keep their exponent."""
    text = format(value, ".15G")
    return format(Decimal(text), "f") if "E" in text and abs(value) > 1e-9 else text


def _column(values: tuple[Cell, ...]) -> pa.Array:
    if set(map(type, values)) == {str}:
        return source.text_column(list(values))
    return pa.array([cell_text(value) for value in values], pa.string())


class SheetSource:
    """One sheet (shape of ``source.Source``). Row numbers are the sheet's own, from 1."""

    encoding: str | None = None

    def __init__(
        self,
        book: calamine.CalamineWorkbook,
        name: str,
        format: str,
        header: int,
        columns: tuple[str, ...],
        headers: Headers | None,
        content: calamine.CalamineSheet | None,
        told: Cells,
        count: Count,
        beyond: tuple[int, ...] = (),
        hidden: bool = False,
    ) -> None:
        """``beyond``: the columns right of the header that have cells; what stands there (a remark) is read as a column
        without a name."""
        self.sheet: str | None = name
        self.format, self.tally = format, Tally()
        self.columns = columns + tuple(f"列{number + 1}" for number in beyond)
        self.titles, self._beside, self._hidden = columns, beyond, hidden
        self._ordinals = ordinals(columns, headers)
        self._book, self._header, self._headers, self._cells, self._count = book, header, headers, told, count
        self._apart, self._names = False, list[str]()  # is a blank row above; cells that may head another table
        self._above: list[totals.Footer] = []  # what stands above the header
        self.said_beside = ""  # text of a web page outside of its only table
        self.kept: Unpacked | None = None  # where the book lies if it is not the delivered file
        self._content = (
            content  # of the first sheet only, which mostly is the only one: the others are loaded again in their turn
        )
        self.header: int | None = header + 1
        self.from_1904 = told.from_1904
        self.details = {"格式": _FORMATS.get(format, f"工作簿（{format}）")} | header_said(self.header)
        if hidden:
            self.details["可见性"] = "隐藏的工作表"

    def blocks(self) -> Iterator[Block]:
        sheet = self._content or self._book.get_sheet_by_name(self.sheet or "")
        self._content = None
        tally = self.tally
        first = sheet.start[1] if sheet.start else 0
        ranges = getattr(sheet, "merged_cell_ranges", None) or self._cells.merged
        self._merged = Merged(ranges, self._header, first, len(self.titles))
        rows = _rows(sheet, self._cells)
        for _, cells in itertools.islice(rows, self._header + 1):
            tally.lines += 1
            kind = (
                source.HEADER if tally.lines == self._header + 1 else source.BLANK if _empty(cells) else source.PREAMBLE
            )
            tally.aside(kind, [tally.lines])
            if kind == source.PREAMBLE:
                self._above.append((tally.lines, _texts(cells)))
        held: list[tuple[int, list[Cell]]] = []  # rows not yet judged: the last of them may be footers
        while True:
            batch = list(itertools.islice(rows, BATCH))
            tally.lines += len(batch)
            held += [row for row in batch if self._is_record(*row)]
            if len(batch) < BATCH:
                end = self._records_end(held)
                yield from self._block(held[:end])
                self._remark([(number, [cell_text(cell) for cell in cells]) for number, cells in held[end:]])
                return
            yield from self._block(held[:-FOOTER_ROWS])
            held = held[-FOOTER_ROWS:]

    def physical(self) -> int:
        blank = self.tally.not_records[source.BLANK]
        return self._count(self.sheet or "", self.tally.lines - blank) + blank

    def _is_record(self, number: int, cells: list[Cell]) -> bool:
        """Not a blank row nor a band; into a record the values are put that merged cells hang down into it."""
        if _empty(cells):
            self.tally.aside(source.BLANK, [number])
            self._apart = True
            return False
        if self._above and _texts(cells) in (texts for _, texts in self._above):  # the title on every page
            self.tally.aside(source.REPEATED_HEADER, [number])
            return False
        self._refuse_another_table(number, cells)
        if self._merged.is_band(number - 1, cell_text(cells[0])):
            self.tally.aside(source.BAND, [number])
            return False
        self._merged.fill(number - 1, cells)
        if self._ordinals and all(
            cell in ("", None) for place, cell in enumerate(cells) if place not in self._ordinals
        ):
            self.tally.aside(source.FRAME, [number])
            return False
        return True

    def _refuse_another_table(self, number: int, cells: list[Cell]) -> None:
        """Names below a blank row, of no column of this table, and values below the names: they are no records."""
        texts = [cell_text(cell) or "" for cell in cells[: len(named([cell_text(cell) for cell in cells]))]]
        if self._names and contrasts(self._names, [texts]) and len(texts) == len(self._names):
            raise Unreadable(f"第{number - 1}行起是另一张表，工作表里有不止一张表，请分成几个工作表交付", self.sheet)
        names = self._apart and len(texts) > 1 and looks_like_header(texts) and not is_footer(texts)
        known = any(self._may_not_be_record(text) for text in texts) if names else True
        self._names = texts if not known else []
        self._apart = self._apart and len(texts) == 1  # a title may stand between

    def _remark(self, footers: list[tuple[int, list[str | None]]]) -> None:
        tally = self.tally
        if self._hidden:
            tally.tell("hidden_sheet", f"来自隐藏的工作表，{tally.records} 条记录", tally.records)
        if self._beside:
            told = f"表格右侧还有 {len(self._beside)} 列内容，表头没有它们的名称，按合同外的列保留"
            tally.tell("beside", told, len(self._beside))
        self._merged.tell(tally)
        if self.said_beside:
            footers = [*footers, (tally.lines, [self.said_beside])]
        totals.compare_above(tally, self._above)
        totals.compare(tally, footers, lambda column: self._sum(column, {row for row, _ in footers}))

    def _sum(self, column: int, footers: set[int]) -> Decimal | None:
        """Of the cells of a column; None where one is no number. The sheet is gone through once more: few have a
        total."""
        sheet = self._book.get_sheet_by_name(self.sheet or "")
        cells = (
            row[column] for number, row in _rows(sheet, Cells()) if number - 1 > self._header and number not in footers
        )
        numbers = [totals.plain_number(cell_text(cell)) for cell in cells if cell not in ("", None)]
        return None if None in numbers else sum(filter(None, numbers), Decimal(0))

    def _records_end(self, rows: list[tuple[int, list[Cell]]]) -> int:
        """Where the footers at the end of ``rows`` begin. A row of one cell, the first of several notes or the date of
        a signature, is one where a footer stands above it."""
        end = place = len(rows)
        while place > max(0, len(rows) - FOOTER_ROWS):
            texts = [cell_text(cell) for cell in rows[place - 1][1]]
            if is_footer(texts):
                end = place - 1
            elif len(self.titles) < 3 or sum(text is not None for text in texts) > 1 or end - place > NOTE_ROWS:
                break
            place -= 1
        self.tally.aside(source.FOOTER, (number for number, _ in rows[end:]))
        return end

    def _block(self, rows: list[tuple[int, list[Cell]]]) -> Iterator[Block]:
        if not rows:
            return
        width = len(self.titles)
        columns = list(zip(*(cells for _, cells in rows), strict=True))
        keep = [True] * len(rows)
        rejects: list[source.Reject] = []
        suspects = {
            index
            for index, cell in enumerate(columns[0])
            if isinstance(cell, str) and cell and self._may_not_be_record(cell)
        }
        key = self.key
        if key:
            suspects |= {
                index
                for index, cell in enumerate(columns[key])
                if isinstance(cell, str) and cell and self._may_not_be_record(cell)
            }
        for index in suspects:
            texts = [cell_text(cell) for cell in rows[index][1]]
            repeated = self._headers.is_header(texts) if self._headers else named(texts) == self.titles
            if repeated and self._headers and self._headers.another_order(self.titles, texts):
                raise Unreadable(OTHER_ORDER.format(row=rows[index][0]), self.sheet)
            if repeated or is_footer(texts, at_end=False):
                self.tally.aside(source.REPEATED_HEADER if repeated else source.FOOTER, [rows[index][0]])
                keep[index] = False
            above = index - 1  # the title of what follows, where the header comes again
            while repeated and above >= 0 and keep[above] and is_title(list(map(cell_text, rows[above][1]))):
                self.tally.aside(source.PREAMBLE, [rows[above][0]])
                keep[above] = False
                above -= 1
        for index in self._not_of_the_table(columns, keep):
            keep[index] = False
            content = "\t".join(cell_text(each) or "" for each in rows[index][1])
            rejects.append(source.Reject(rows[index][0], f"字段数不符：表头有{width}列，末列之后还有内容", content))
        if any(kept and row[0] - 1 in self._cells.uncalculated for row, kept in zip(rows, keep, strict=True)):
            raise Unreadable(UNCALCULATED, self.sheet)
        made = [_column(column) for column in columns[:width]]
        made += [pa.nulls(len(rows), pa.string())] * (width - len(made))
        made += [_column(columns[number]) for number in self._beside]
        numbers = pa.array([number for number, _ in rows], pa.int64())
        if not all(keep):
            mask = pa.array(keep)
            made, numbers = [column.filter(mask) for column in made], numbers.filter(mask)
        self._merged.count(number - 1 for number, kept in zip((row[0] for row in rows), keep, strict=True) if kept)
        yield Block(self.columns, tuple(made), numbers, tuple(rejects))

    def _not_of_the_table(self, columns: list[tuple[Cell, ...]], keep: list[bool]) -> list[int]:
        """Rows with cells right of the table that are no remark: where there is no header, or where the cell next to
        the table looks like the last column's do, which is what a row looks like into which a cell was put."""
        width = len(self.titles)
        filled = {
            index
            for beyond in columns[width:]
            for index, cell in enumerate(beyond)
            if keep[index] and cell not in ("", None)
        }
        if not filled or self._header < 0:
            return sorted(filled)
        usual = {shape(cell_text(cell) or "") for index, cell in enumerate(columns[width - 1]) if index not in filled}
        shapes = {index: shape(cell_text(columns[width][index]) or "") for index in filled}
        return sorted(index for index, own in shapes.items() if own in usual and re.search("[数字]", own))

    @property
    def key(self) -> int:
        if self._headers is None:
            return 0
        return next((i for i, name in enumerate(self.columns) if self._headers.column(name)), 0)

    def _may_not_be_record(self, cell: str) -> bool:
        known = self._headers.column(cell) is not None if self._headers else cell.strip() in self.columns
        return known or is_footer([cell, ""], at_end=False)


def _texts(cells: list[Cell]) -> list[str]:
    return [text for cell in cells if (text := (cell_text(cell) or "").strip())]


def _empty(cells: list[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _rows(sheet: calamine.CalamineSheet, told: Cells) -> Iterator[tuple[int, list[Cell]]]:
    """(sheet row number from 1, cells from the sheet's first filled column); rows above the first filled one come out
    empty. The errors in ``told`` are put where the reader gives an empty cell, a rule must see them; numbers become
    text where it has their digits."""
    first = sheet.start[1] if sheet.start else 0
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in told.errors.items():
        by_row.setdefault(row, []).append((column - first, text))
    pending = {column - first: told.forms_of(column)[::-1] for column in told.forms}  # the next run of rows last
    for number, cells in enumerate(sheet.iter_rows()):
        for column, text in by_row.get(number, ()):
            if 0 <= column < len(cells) and cells[column] in ("", None):
                cells[column] = text
        for column, runs in pending.items():
            while runs and runs[-1][1] < number:
                runs.pop()
            if runs and runs[-1][0] <= number and 0 <= column < len(cells):
                cells[column] = as_shown(cells[column], runs[-1][2])
        yield number + 1, cells


def as_shown(value: Cell, form: Form) -> Cell:
    if isinstance(value, datetime.date) and not form.day:
        return f"{value:%Y-%m}"
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15 and form.day
    return form.text(value) if number else value


def _beyond(sheet: calamine.CalamineSheet, header: int, width: int) -> tuple[int, ...]:
    """The columns right of a table that have cells below its header."""
    if header < 0 or sheet.width <= width:
        return ()
    rows = itertools.islice(sheet.iter_rows(), header + 1, None)
    return tuple(
        sorted(
            {width + number for cells in rows for number, cell in enumerate(cells[width:]) if cell not in ("", None)}
        )
    )


def open_workbook(path: Path, headers: Headers | None) -> Opened:
    """Find the sheets of a workbook that hold records (see ``open_sheets``)."""
    format = _format(path)
    if format == "xls" and (plain := oldbook.opened_as_excel_does(path)) is not None:
        return _held(plain, open_workbook(plain.path, headers))
    if format != "xlsx":
        probe(path)
    told, file = survey(path) if format == "xlsx" else ({}, None)
    old = oldbook.look(path) if format == "xls" else None
    told |= {name: sheet.cells for name, sheet in (old or {}).items()}
    try:
        with file or path.open("rb") as held:  # by a name without an ending: the reader would believe it
            book = calamine.CalamineWorkbook.from_path(f"/proc/self/fd/{held.fileno()}")
        told |= opendocument.look(path) if format == "ods" else {}
        opened = open_sheets(book, format, headers, told, _counter(path, format, old))
    except calamine.PasswordError:
        raise Unreadable(oldbook.PROTECTED) from None
    except (calamine.CalamineError, *opendocument.DAMAGED, OSError, ValueError):
        raise Unreadable("工作簿损坏或被截断，不能读取") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the reader's Rust code throws on damage it did not expect
            raise
        raise Unreadable("工作簿损坏，不能读取") from None
    for sheet in opened.sources:
        if blank := (old or {}).get(sheet.sheet or "", oldbook.OldSheet()).blank_results:
            told_of = f"{blank} 个公式的结果是空文本；若此文件由程序生成、没有用表格软件打开保存过，公式还没有算"
            sheet.tally.tell("remark", told_of, blank)
    if format == "xls" and old is None:
        for sheet in opened.sources:
            sheet.tally.tell(
                "remark", "旧版工作簿（.xls）的行数和数字格式没有能用另一个程序核对，前导零可能缺失；建议另存为 xlsx"
            )
    return opened


def _held(plain: Unpacked, opened: Opened) -> Opened:
    """The sources of ``opened``, which keep the file they read from."""
    for sheet in opened.sources:
        sheet.tally.tell("remark", "工作簿设有写保护（Excel 自带的密码），已按 Excel 的做法打开")
        sheet.details["保护"] = "仅写保护"
        cast(SheetSource, sheet).kept = plain
    return opened


def _counter(path: Path, format: str, old: dict[str, oldbook.OldSheet] | None) -> Count:
    if format == "xlsx":
        return lambda sheet, read: (
            read if physical.xlsx_rows(path, sheet) == read else physical.xlsx_rows(path, sheet, exactly=True)
        )
    if format == "ods":
        counted = physical.ods_rows(path)
        return lambda sheet, read: counted.get(sheet, 0)
    return (lambda sheet, read: old[sheet].rows) if old is not None else (lambda sheet, read: read)


def _format(path: Path) -> str:
    if path.open("rb").read(2) == b"\xd0\xcf":
        return "xls"
    with zipfile.ZipFile(path) as archive:
        return "ods" if "mimetype" in archive.namelist() and "content.xml" in archive.namelist() else "xlsx"


def open_sheets(
    book: Any, format: str, headers: Headers | None, told: dict[str, Cells], count: Count = lambda sheet, read: read
) -> Opened:
    """The sheets of ``book`` (a calamine workbook, or what has its ``sheets_metadata`` and ``get_sheet_by_name``) that
    hold records. Those without the header are named in ``ignored``; one that looks like a continuation of a sheet with
    the header (as many columns, no header of its own) is refused: its records would be lost."""
    sources: list[SheetSource] = []
    ignored: list[Ignored] = []
    bare: dict[str, int] = {}
    sideways = False
    for sheet in book.sheets_metadata:
        if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
            ignored.append(Ignored(sheet.name, "不是工作表（图表或宏）"))
            continue
        content = book.get_sheet_by_name(sheet.name)
        hidden = "" if sheet.visible == calamine.SheetVisibleEnum.Visible else "隐藏的"
        if not content.height:
            ignored.append(Ignored(sheet.name, f"{hidden}空工作表"))
            continue
        top = [[*map(cell_text, cells)] for _, cells in itertools.islice(_rows(content, Cells()), HEADER_WITHIN)]
        try:
            found = find_header(top, headers)
        except Unreadable as error:
            raise Unreadable(str(error), sheet.name) from None
        if found is None:
            rows = sum(not _empty(cells) for _, cells in _rows(content, Cells()))
            ignored.append(Ignored(sheet.name, f"{hidden}工作表，没有合同的表头", rows))
            bare[sheet.name] = _usual_width(content)
            sideways = sideways or is_sideways(top, headers)
            continue
        beyond = _beyond(content, found[0], len(found[1]))
        held, cells = (content if not sources else None), told.get(sheet.name, Cells())
        sources.append(SheetSource(book, sheet.name, format, *found, headers, held, cells, count, beyond, bool(hidden)))
    if not sources:
        if sideways:
            raise Unreadable(SIDEWAYS)
        wanted = f"工作簿中没有一个工作表含有表头；要找的列：{headers.looked_for}" if headers else "工作簿中没有数据"
        raise Unreadable(wanted)
    widths = {len(each.titles) for each in sources}
    for name, width in bare.items():
        if width > 2 and any(0 <= 8 * (full - width) <= full for full in widths):  # its last columns may be empty
            raise Unreadable("工作表没有表头，但列数与有表头的工作表相同，形似其续表；请补上表头", name)
    return Opened(tuple(sources), tuple(_with_records(part, book, sources, bare) for part in ignored))


def _with_records(part: Ignored, book: Any, sources: Sequence[SheetSource], widths: dict[str, int]) -> Ignored:
    """``part`` as a sheet that seems to hold records, where it does: its rows are alike and at least half as wide as
    the narrowest table that is read, or in some column stand numbers of the same form as in the key of one."""
    if part.name not in widths:
        return part
    width = widths[part.name]
    wide = width > 2 and 2 * width >= min(len(each.titles) for each in sources)
    if not wide and not _forms(book.get_sheet_by_name(part.name)) & _key_forms(book, sources):
        return part
    return replace(part, kind="ignored_records", reason=f"{part.reason}，但其中像是有记录")


def _key_forms(book: Any, sources: Sequence[SheetSource]) -> set[str]:
    return set().union(*(_forms(book.get_sheet_by_name(each.sheet or ""), each.key) for each in sources))


def _forms(sheet: calamine.CalamineSheet, column: int | None = None) -> set[str]:
    """The shapes (``数18``) of the long numbers in a sheet's first rows, or in one column of them."""
    rows = itertools.islice(_rows(sheet, Cells()), 200)
    texts = (
        cell_text(cell) or "" for _, cells in rows for cell in (cells if column is None else cells[column : column + 1])
    )
    return {shape(text) for text in texts if len(re.findall(r"\d", text)) >= IDENTIFYING}


def _usual_width(sheet: calamine.CalamineSheet) -> int:
    """The usual number of cells of a sheet that has at least two rows alike, else 0."""
    widths = Counter(
        len(named([cell_text(c) for c in cells]))
        for _, cells in itertools.islice(_rows(sheet, Cells()), 200)
        if not _empty(cells)
    )
    width, rows = max(widths.items(), key=lambda item: item[1], default=(0, 0))
    return width if rows >= 2 else 0


for _name in ("xlsx", "xls", "ods"):
    source.register(_name, open_workbook)
