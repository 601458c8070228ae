"""Whether a line that names columns is the header of a table: records that stand above it would be lost, and in a form
each label has its value beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from govdata.ingest.headers import Headers, is_blank, shape
from govdata.ingest.source import Unreadable

Row = Sequence[str | None]
IDENTIFYING = 8  # digits of a number that stands for one person or body
_LONG_NUMBER = re.compile(r"\d{14,}[\dXx]")
RECORDS_ABOVE = "第{row}行在表头之上，却像是一条记录，会漏读；请把表头放到所有记录之前"
FORM = "像是登记表（每项名称的旁边是它的值），不是表头在上、一行一条记录的表格；请按表格导出"


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
