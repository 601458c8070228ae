"""What calamine does not tell of an OpenDocument sheet (.ods): how its numbers are shown, and which cells are merged.

Source: OASIS OpenDocument 1.3, part 3, 9.1 (tables) and 19.385 (``office:value``: what is stored; the cell's paragraphs
are what is shown).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from lxml import etree

from govdata.ingest.cells import Cells
from govdata.ingest.number_formats import Form, form_shown

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_NUMBERS = ("float", "percentage", "currency")
_MONTH = re.compile(r"\d{4}\D{1,3}\d{1,2}\D?|\D+\d{4}")  # 2020年3月, März 2020
DAMAGED = (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, KeyError, NotImplementedError, RuntimeError)
"""What ``zipfile`` and ``lxml`` raise for a part that is missing, protected or spoilt."""
MAX_TOLD = 4 << 20  # cells of a sheet whose form is kept: what a row says is repeated may be the sheet to its end


def look(path: Path) -> dict[str, Cells]:
    """By sheet. Raises one of ``DAMAGED``, or ``OSError`` or ``ValueError``, for a damaged file."""
    found: dict[str, Cells] = {}
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as part:
        for _, table in etree.iterparse(part, tag=f"{_TABLE}table", resolve_entities=False, huge_tree=True):
            found[table.get(f"{_TABLE}name", "")] = _sheet(table)
            table.clear()
    return found


def _sheet(table: etree._Element) -> Cells:
    cells, row = Cells(), 0
    for line in table.iter(f"{_TABLE}table-row"):
        times, column = _repeated(line, "rows"), 0
        for cell in line.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            across = _repeated(cell, "columns")
            down, over = (int(cell.get(f"{_TABLE}number-{what}-spanned") or 1) for what in ("rows", "columns"))
            if down > 1 or over > 1:
                cells.merged.append(((row, column), (row + down - 1, column + over - 1)))
            if cell.get(f"{_TABLE}formula") and not cell.get(f"{_OFFICE}value-type") and cell.find(f"{_TEXT}p") is None:
                cells.uncalculated.add(row)
            if (told := _form(cell)) is not None and times * across < MAX_TOLD:
                for place in range(column, column + across):
                    for number in range(row, row + times):
                        cells.show(number, place, *told)
            column += across
        row += times
    return cells


def _repeated(element: etree._Element, what: str) -> int:
    return int(element.get(f"{_TABLE}number-{what}-repeated") or 1)


def _form(cell: etree._Element) -> tuple[Form, float] | None:
    """How a number or date is shown, and the number (of a date 0: the first of its month)."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind not in (*_NUMBERS, "date"):
        return None
    shown = "".join("".join(map(str, line.itertext())) for line in cell.iterchildren(f"{_TEXT}p")).strip()
    if kind == "date":
        day = cell.get(f"{_OFFICE}date-value") or ""
        return (Form(day=False), 2.0 if day.endswith("-01") else 0.5) if _MONTH.fullmatch(shown) else None
    value = float(cell.get(f"{_OFFICE}value") or 0)
    form = form_shown(shown, value)
    return (form, value) if form is not None else None
