"""Whether a line that names columns is the header of a table: records that stand above it would be lost, in a form each
label has its value beside it, and some programs write each record downwards or to the right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from govdata.ingest.encodings import in_seven_bits
from govdata.ingest.headers import Headers, is_blank, shape
from govdata.ingest.showable import showable
from govdata.ingest.source import Unreadable

Row = Sequence[str | None]
IDENTIFYING = 8  # digits of a number that stands for one person or body
_LONG_NUMBER = re.compile(r"\d{14,}[\dXx]")
RECORDS_ABOVE = "第{row}行在表头之上，却像是一条记录，会漏读；请把表头放到所有记录之前"
FORM = "像是登记表（每项名称的旁边是它的值），不是表头在上、一行一条记录的表格；请按表格导出"
SIDEWAYS = "列名在第一列（一条记录占一列），请转置成表头在上、一行一条记录的表格后交付"
_DOWNWARDS = re.compile(
    r"^(\*{5,} *1\. row *\*{5,}|[-─]\[ *(RECORD|记录) 1 *\]|Row 1:\s*[-─]{3,}$)", re.IGNORECASE | re.MULTILINE
)
"""The first record as MySQL's ``\\G``, psql's ``\\x`` and ClickHouse's ``Vertical`` write it: a line for each cell."""


def demand_lines(text: str) -> None:
    """Raises ``Unreadable`` where ``text``, the beginning of a file, is plainly no lines of a record each, or no text
    until it is decoded once more."""
    if seven_bit := in_seven_bits(text):
        raise Unreadable(f"文件是{seven_bit}，请另存为UTF-8后交付")
    if _DOWNWARDS.search(text[:4000]):
        raise Unreadable("每条记录写成许多行（\\G、\\x 一类的竖排输出），请导出为一行一条记录的CSV")


def demand_upright(rows: Sequence[Row]) -> None:
    """Raises ``Unreadable`` where the names of the columns stand in the first column."""
    if is_sideways(rows, None):
        raise Unreadable(SIDEWAYS)


def is_sideways(rows: Sequence[Row], headers: Headers | None) -> bool:
    """The first column holds the names of the columns: by the contract, or without one where rows are of one shape each
    and columns are not. A sheet that explains the columns does so too, beside one with the records."""
    rows = [row for row in rows if _filled(row) > 1]
    names = [_cell(row, 0) for row in rows]
    if headers is not None:
        return headers.score(names)[0] > max(1, len(names) // 2)
    width = max(map(len, rows), default=0)
    across = [[_cell(row, place) for place in range(1, width)] for row in rows]
    down = list(zip(*across, strict=True))
    named = len(set(names)) == len(names) > 3 and all(map(showable, names))
    return named and width > 3 and 2 * _alike(across) >= len(across) and 5 * _alike(down) < len(down)


def _alike(lists: Sequence[Sequence[str]]) -> int:
    """How many of the lists hold cells that are nearly all of one shape."""
    shapes = (Counter(shape(cell) for cell in cells if cell) for cells in lists)
    return sum(bool(found) and 5 * max(found.values()) >= 4 * found.total() for found in shapes)


def demand_header(headers: Headers, above: Sequence[Row], names: Row, below: Sequence[Row]) -> None:
    """Raises ``Unreadable`` where the line ``names`` heads no table that begins with it. ``above``: the rows from the
    first on; ``below``: some of those that follow."""
    records = [row for row in below if not is_blank(row)]
    numbered = any(_LONG_NUMBER.fullmatch((name or "").strip()) for name in names)
    if (numbered and 2 * headers.score([name or "" for name in names])[0] <= _filled(names)) or _labels(
        headers, names, records[:1]
    ):
        raise Unreadable(FORM)
    key = next((number for number, name in enumerate(names) if name and headers.column(name)), 0)
    keys = {shape(_cell(row, key)) for row in records if re.search(r"\d", _cell(row, key))}
    for number, row in enumerate(above, 1):
        digits = len(re.findall(r"\d", _cell(row, key)))
        alike = shape(_cell(row, key)) in keys if records else digits >= IDENTIFYING
        if digits and alike and 2 * _filled(row) > _filled(names):
            raise Unreadable(RECORDS_ABOVE.format(row=number))


def _labels(headers: Headers, names: Row, first: Sequence[Row]) -> bool:
    """Below labels stand the labels of other columns."""
    pairs = [pair for row in first for pair in zip(names, row, strict=False)]
    known = [
        (headers.column(name or ""), headers.column(cell)) for name, cell in pairs if cell and headers.column(cell)
    ]
    return len(known) > 1 and all(above != below for above, below in known) and 2 * len(known) <= _filled(names)


def _cell(row: Row, column: int) -> str:
    return (row[column] or "").strip() if column < len(row) else ""


def _filled(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)
