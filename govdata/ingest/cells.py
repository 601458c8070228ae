"""A close look at a sheet of an .xlsx, cell by cell and as XML: every spelling of it (prefixes, cells without a place,
CDATA) means the same here. It costs ten times what a search of the bytes costs, and is only taken where that search
found a reason."""

from __future__ import annotations

import datetime
import re
import zipfile
from dataclasses import dataclass, field

from govdata.ingest.number_formats import BUILT_IN, Form, form_of
from govdata.ingest.package import Package, parser
from govdata.ingest.source import Unreadable

MAX_ERRORS = 200_000  # cells with an error in one sheet
MAX_STYLES = 64 << 20  # bytes
_PIECE = 1 << 20
UNCALCULATED = "工作表中有公式没有保存计算结果，请用表格软件打开并保存后交付"
_AT = re.compile(r"([A-Z]{1,3})(\d{1,7})")

Errors = dict[tuple[int, int], str]
"""(row, column) of a cell, both from 0 → the error it shows."""


@dataclass
class Cells:
    """What the workbook's reader does not tell of a sheet. ``forms``: column → runs (first row, last row, how its
    numbers are shown), rows and columns from 0. ``merged``: merged cells, where the reader knows none. ``last``: the
    farthest row and column with content. ``spelled``: with CDATA or comments, of which the workbook's reader loses
    text, or in another encoding than UTF-8. ``from_1904``: its days are counted from 1904 on.
    ``uncalculated``: rows with a formula whose result nobody calculated."""

    errors: Errors = field(default_factory=dict)
    forms: dict[int, list[tuple[int, int, Form]]] = field(default_factory=dict)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    last: tuple[int, int] = (-1, -1)
    spelled: bool = False
    from_1904: bool = False
    uncalculated: set[int] = field(default_factory=set)

    def show(self, row: int, column: int, form: Form, value: float) -> None:
        """The number ``value`` in this cell is shown in this form. Cells of a column come in their order."""
        runs = self.forms.setdefault(column, [])
        if runs and runs[-1][1] == row - 1 and runs[-1][2] == form:
            runs[-1] = runs[-1][0], row, form
        else:
            runs.append((row, row, form))
        if not form.day and not _begins_a_month(value, self.from_1904):
            self._days.add(column)

    _days: set[int] = field(default_factory=set)
    """Columns of dates within months: their format hides the day, but it was meant."""

    def forms_of(self, column: int) -> list[tuple[int, int, Form]]:
        return [run for run in self.forms[column] if run[2].day or column not in self._days]


def _begins_a_month(serial: float, from_1904: bool) -> bool:
    if not 0 <= serial < 2_958_466:  # 9999-12-31
        return False
    first = datetime.date(1904, 1, 1) if from_1904 else datetime.date(1899, 12, 30)
    return (first + datetime.timedelta(days=int(serial))).day == 1 and serial == int(serial)


def column_number(letters: str) -> int:
    """From 1: A is 1, XFD 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def telling_styles(archive: zipfile.ZipFile, part: str | None) -> dict[str, Form]:
    """Style of a cell (its attribute ``s``) → form, of the number formats that say more than the number does."""
    if part is None:
        return {}
    if archive.getinfo(part).file_size > MAX_STYLES:
        raise Unreadable("工作簿的样式过大，拒绝读取")
    formats = {number: form for number, code in BUILT_IN.items() if (form := form_of(code))}
    styles: list[str] = []
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        local = name.rpartition(":")[2]
        if local == "numFmt":
            number, form = attributes.get("numFmtId", ""), form_of(attributes.get("formatCode", ""))
            formats.pop(number, None)
            if form:
                formats[number] = form
        elif local == "cellXfs":
            inside = True
        elif local == "xf" and inside:
            styles.append(attributes.get("numFmtId", ""))

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and name.rpartition(":")[2] != "cellXfs"

    made = parser()
    made.StartElementHandler, made.EndElementHandler = start, end
    made.Parse(archive.read(part), True)
    return {str(number): formats[style] for number, style in enumerate(styles) if style in formats}


def look(archive: zipfile.ZipFile, part: str, forms: dict[str, Form], found: Package) -> Cells:
    """Raises ``Unreadable`` for a formula that was saved without its result, for too many errors and for a document
    type; ``expat.ExpatError`` where the part is no XML."""
    seen = _Look(forms, found)
    made = parser()
    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = seen.start, seen.end, seen.text
    made.StartCdataSectionHandler = made.CommentHandler = seen.spelled
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            if b"\0" in piece:
                seen.spelled()
            made.Parse(piece, False)
        made.Parse(b"", True)
    return seen.cells


class _Look:
    def __init__(self, forms: dict[str, Form], found: Package) -> None:
        self.cells = Cells(from_1904=found.from_1904)
        self.forms, self.uncalculated = forms, found.uncalculated
        self.row = self.column = -1
        self.kind, self.style = "n", ""
        self.formula = self.has_value = self.reading = False
        self.value: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            at = _AT.fullmatch(attributes.get("r", ""))
            if at:
                self.row, self.column = int(at[2]) - 1, column_number(at[1]) - 1
            else:
                self.column += 1
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
            self.formula = self.has_value = False
            self.value = []
        elif local == "v" or local == "is":
            self.has_value = True
            self.reading = local == "v"
        elif local == "f":
            self.formula = True
        elif local == "row":
            said = attributes.get("r", "")
            self.row, self.column = int(said) - 1 if said.isdecimal() and len(said) < 8 else self.row + 1, -1

    def spelled(self, *_: object) -> None:
        self.cells.spelled = True

    def text(self, text: str) -> None:
        if self.reading:
            self.value.append(text)

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "v":
            self.reading = False
        elif local == "c":
            self._cell()

    def _cell(self) -> None:
        value = "".join(self.value).strip()
        missing = not value and not (self.kind == "str" and self.has_value)  # an empty text is a result too
        if self.formula and missing:
            raise Unreadable(UNCALCULATED)
        if self.formula and self.uncalculated and self.kind == "n" and value == "0":
            self.cells.uncalculated.add(self.row)
        if not self.has_value:
            return
        cells = self.cells
        cells.last = max(cells.last[0], self.row), max(cells.last[1], self.column)
        if self.kind == "e" and value.startswith("#"):
            cells.errors[self.row, self.column] = value[:20]
            if len(cells.errors) > MAX_ERRORS:
                raise Unreadable(f"工作表中出错的单元格（#N/A、#REF!等）超过{MAX_ERRORS}个，请改正公式后交付")
        elif self.kind == "n" and value and (form := self.forms.get(self.style)):
            cells.show(self.row, self.column, form, float(value))
