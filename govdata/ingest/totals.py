"""Control totals: what a table says below its records of how many there are, or of their sums, held against what was
read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from govdata.ingest.headers import is_total
from govdata.ingest.source import Tally

Footer = tuple[int, Sequence[str | None]]
"""Row number from 1, and its cells."""

_NUMBER = r"(\d{1,3}(?:[,，]\d{3})+|\d{1,9})"
_SAID = re.compile(
    rf"(?<!本页)(?<!本组)(?:共\s*计?|^\s*总\s*计)\s*[:：]?\s*{_NUMBER}\s*[所个户人条家名项件例笔行辆处宗套](?!月)"
    rf"|(?:记录(?:总|条)?数|总条数)\s*[:：]\s*{_NUMBER}(?!\d)"
    rf"|^\W*(?:已选择)?\s*{_NUMBER}\s*(?:行|rows?\b|record\(s\) selected)"
    rf"|\bfetched:?\s*{_NUMBER}\s*row",  # Hive: Time taken: 0.2 seconds, Fetched: 12 row(s); Impala: Fetched 12 row(s)
    re.IGNORECASE,
)
_OF_RECORDS = re.compile(r"[条笔行]|记录|row|record", re.IGNORECASE)
_PARTIAL = re.compile(r"\W*(注[:：]\s*)?((仅|只)(显示|导出|展示|列出)|更多(数据|记录|信息))")
_PLAIN = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")


def plain_number(text: str | None) -> Decimal | None:
    """A cell that is a number and nothing else, perhaps with commas between thousands."""
    written = (text or "").strip()
    return Decimal(written.replace(",", "")) if _PLAIN.fullmatch(written) else None


def whole(text: str) -> int:
    return int(re.sub("[,，]", "", text))


def compare(tally: Tally, footers: Sequence[Footer], sums: Callable[[int], Decimal | None] | None = None) -> None:
    """Tell in ``tally``, which must be complete, what of ``footers`` agrees with it. ``sums``: column from 0 → the sum
    of its cells, None where they are not all numbers; without it only numbers of records are compared.

    That a table has fewer records than it says is a ``total_differs``; another sum than that of its total row, where
    an average or a share may stand, is only told (``sum_differs``)."""
    for row, cells in footers:
        said = [whole(next(filter(None, found.groups()))) for cell in cells if (found := _SAID.search(cell or ""))]
        for number in said[-1:]:
            if number == tally.records:
                tally.tell("total_agrees", f"表尾写明 {number}，与读到的相符", row=row)
            else:
                tally.tell("total_differs", f"表尾写明 {number}，读到 {tally.records} 条", row=row)
        if not said and any(_PARTIAL.match((cell or "").strip()) for cell in cells):
            tally.tell("total_differs", f"表尾写明只导出了一部分，读到 {tally.records} 条，请交付全部", row=row)
        if not said and is_total(cells):
            _total_row(tally, row, cells, sums)


def compare_above(tally: Tally, rows: Sequence[Footer]) -> None:
    """Tell in ``tally``, which must be complete, what of the numbers above the header (共12人, 导出记录数：12) agrees
    with it. Only a number of records must: a title may count something else."""
    for row, cells in rows:
        for cell in cells:
            found = _SAID.search(cell or "")
            if found is None:
                continue
            number = whole(next(filter(None, found.groups())))
            if number == tally.records:
                tally.tell("total_agrees", f"表头之上写明 {number}，与读到的相符", row=row)
            else:
                kind = "total_differs" if _OF_RECORDS.search(found[0]) else "sum_differs"
                tally.tell(kind, f"表头之上写明 {number}，读到 {tally.records} 条", row=row)


def _total_row(
    tally: Tally, row: int, cells: Sequence[str | None], sums: Callable[[int], Decimal | None] | None
) -> None:
    for column, cell in enumerate(cells):
        number = plain_number(cell)
        if number is None:
            continue
        summed = sums(column) if sums is not None else None
        if number == tally.records or number == summed:
            tally.tell("total_agrees", f"第{row}行合计的第{column + 1}列与读到的相符", row=row)
        elif summed is not None:
            tally.tell("sum_differs", f"第{row}行合计的第{column + 1}列与读到的记录之和不符", row=row)
