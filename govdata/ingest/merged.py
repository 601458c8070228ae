"""Merged cells of a sheet: down a column the value belongs to every record the cell spans; over all columns it heads a
group of records, and a number in it says how many there are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from govdata.ingest.source import Tally
from govdata.ingest.totals import whole

Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last (row, column) of a merged cell, from 0."""

_COUNT = re.compile(r"(?<![\d.])(\d{1,3}(?:[,，]\d{3})+|\d{1,9})\s*[所个户人条家名项件例笔行辆处宗套](?!月)")


class Merged:
    """The merged cells below row ``header`` of a table whose first column is ``first`` and that is ``width`` columns
    wide."""

    def __init__(self, ranges: Iterable[Range], header: int, first: int, width: int) -> None:
        self._bands: dict[int, int | None] = {}  # row → number its text says
        self._down: list[tuple[int, int, int]] = []  # first and last row, column of the table
        self._across: set[int] = set()  # rows with a cell over several columns, of which all but the first are empty
        for (top, left), (bottom, right) in sorted(ranges):
            if top <= header:
                continue
            if width > 1 and left <= first and right >= first + width - 1:
                self._bands |= dict.fromkeys(range(top, bottom + 1))
                continue
            if 0 <= left - first < width:
                if bottom > top:
                    self._down.append((top, bottom, left - first))
                if min(right - first, width - 1) > left - first:
                    self._across.update(range(top, bottom + 1))
        self._next = 0
        self._hanging: dict[int, tuple[int, int, Any]] = {}  # column → first and last row, value
        self._records: Counter[int] = Counter()  # bands above a record → records
        self._spanning: set[tuple[int, int]] = set()  # merged cells of which a record got the value
        self._filled = 0
        self._wide = 0  # records with a cell over several columns

    def is_band(self, row: int, text: str | None) -> bool:
        """Whether ``row`` is one cell over all columns; ``text`` is what it says."""
        if row not in self._bands:
            return False
        counts = _COUNT.findall(text or "")
        self._bands[row] = whole(counts[-1]) if counts else None
        return True

    def fill(self, row: int, cells: list[Any]) -> None:
        """Put the values that hang down into ``row`` where its own cells are empty. A row must come after those above
        it."""
        while self._next < len(self._down) and self._down[self._next][0] <= row:
            top, bottom, column = self._down[self._next]
            self._next += 1
            if top == row and column < len(cells) and cells[column] not in ("", None):
                self._hanging[column] = top, bottom, cells[column]
        for column, (top, bottom, value) in list(self._hanging.items()):
            if row > bottom:
                del self._hanging[column]
            elif cells[column] in ("", None):
                cells[column] = value
                self._filled += 1
                self._spanning.add((top, column))

    def count(self, rows: Iterable[int]) -> None:
        """Records were read from these rows."""
        if self._across:
            rows = list(rows)
            self._wide += len(self._across.intersection(rows))
        if self._bands:
            bands = list(self._bands)
            self._records.update(bisect_right(bands, row) for row in rows)

    def tell(self, tally: Tally) -> None:
        """What was filled, and whether as many records were read under each band as it says."""
        if self._filled:
            tally.tell(
                "merged",
                f"{len(self._spanning)} 处纵向合并的单元格，其值补入所跨的每条记录（{self._filled} 格）",
                self._filled,
            )
        if self._wide:
            told = f"{self._wide} 条记录里有横向合并的单元格，其值只属于合并的第一列，其余各列为空"
            tally.tell("merged", told, self._wide)
        below = [self._records[number] for number in range(1, len(self._bands) + 1)]
        agreed = 0
        for index, (row, said) in enumerate(self._bands.items()):
            if said is None:
                continue
            sums = (
                list(accumulate(below[index:])) if not below[index] else below[index : index + 1]
            )  # a group of groups: any end
            if said in sums:
                agreed += 1
            else:
                told = f"第{row + 1}行的分组行写明 {said}，其下读到 {below[index]} 条"
                tally.tell("total_differs", told, row=row + 1)
        if agreed:
            tally.tell("total_agrees", f"{agreed} 个分组行写明的数目与读到的相符", agreed)
