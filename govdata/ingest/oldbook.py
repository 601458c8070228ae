"""What calamine does not tell of an old workbook (.xls), by a second reader: what number formats say, cells with an
error, and how many rows hold something. xlrd reads BIFF8 with its number formats and is the one library that
does; it is used beside calamine and not instead, since the two are then held against each other.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msoffcrypto
import xlrd
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

from govdata.ingest.cells import Cells
from govdata.ingest.number_formats import Form, form_of
from govdata.ingest.packed import Unpacked, unpacked
from govdata.ingest.source import Unreadable

BUILT_IN = "VelvetSweatshop"
"""The password Excel itself puts on a workbook that is only protected against writing, and opens such a one with.
Source: [MS-OFFCRYPTO] 2.4.2.3 and [MS-XLS] 2.4.117 (FilePass)."""

PROTECTED = "工作簿有密码保护，请去除密码后交付"


@dataclass
class OldSheet:
    """``rows``: those with something in them. ``blank_results``: formulas whose saved result is the empty text, which
    is also what programs save that cannot calculate."""

    rows: int = 0
    blank_results: int = 0
    cells: Cells = field(default_factory=Cells)


def look(path: Path) -> dict[str, OldSheet] | None:
    """By sheet; None where xlrd cannot read what calamine can, which the reading then has to tell."""
    try:
        with xlrd.open_workbook(
            path, logfile=io.StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
        ) as book:
            return {name: _sheet(book, name) for name in book.sheet_names()}
    except Exception:  # whatever a damaged file makes of it: it may quote cells
        return None


def _sheet(book: Any, name: str) -> OldSheet:
    sheet, found = book.sheet_by_name(name), OldSheet(cells=Cells(from_1904=book.datemode == 1))
    forms = {number: form for number, xf in enumerate(book.xf_list) if (form := _form(book, xf))}
    for row in range(sheet.nrows):
        kinds, values = sheet.row_types(row), sheet.row_values(row)
        found.rows += any(map(_is_filled, kinds, values))
        found.blank_results += sum(
            kind == xlrd.XL_CELL_TEXT and not value for kind, value in zip(kinds, values, strict=True)
        )
        if xlrd.XL_CELL_ERROR in kinds:
            _note_errors(found.cells, row, kinds, values)
        if forms:
            for column, kind in enumerate(kinds):
                numeric = kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE)
                if numeric and (form := forms.get(sheet.cell_xf_index(row, column))):
                    found.cells.show(row, column, form, values[column])
    book.unload_sheet(name)
    return found


def _form(book: Any, xf: Any) -> Form | None:
    declared = book.format_map.get(xf.format_key)
    return form_of(declared.format_str) if declared is not None else None


def _is_filled(kind: int, value: object) -> bool:
    return kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) and bool(str(value).strip())


def _note_errors(cells: Cells, row: int, kinds: Sequence[int], values: Sequence[Any]) -> None:
    for column, (kind, value) in enumerate(zip(kinds, values, strict=True)):
        if kind == xlrd.XL_CELL_ERROR:
            cells.errors[row, column] = xlrd.error_text_from_code.get(value, "#N/A")


def opened_as_excel_does(path: Path) -> Unpacked | None:
    """A workbook that is protected against writing only, without its protection; None where it has none.

    Raises ``Unreadable`` where another password than Excel's own is asked for."""
    with open(path, "rb") as file:
        try:
            office = msoffcrypto.OfficeFile(file)
            if not office.is_encrypted():
                return None
        except Exception:  # no such file, or a damaged one: its reader says what is wrong
            return None
        target = io.BytesIO()
        try:
            office.load_key(password=BUILT_IN)
            office.decrypt(target)
        except (InvalidKeyError, DecryptionError, FileFormatError, ParseError):
            raise Unreadable(PROTECTED) from None
        except Exception:  # the library's parsers raise whatever comes up
            raise Unreadable(PROTECTED) from None
    target.seek(0)
    return unpacked(target, path.stat().st_size)
