"""How wide a column and how high a row of a workbook has to be, and on how many pages it is printed: of the programs
that open one only Excel itself makes rows as high as their texts, and none makes a column wider."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

LOOKED_AT = 2_000
"""Texts of a column by which its width goes."""
HAN = 0x2E80
"""From here on characters are two wide."""
PAGE = 240
"""Width of the columns on a page of A4 across at three fifths of their size, smaller than which 11 points cannot be
read."""


def units(text: str) -> int:
    """The width of ``text`` in figures, of its widest line."""
    return max((sum(2 if ord(each) >= HAN else 1 for each in line) for line in text.splitlines()), default=0)


def width(texts: Iterable[str], most: int) -> int:
    """Of a column with these texts, its head among them; ``most``: from where on they are wrapped or cut."""
    return min(most, 2 + max(map(units, islice(texts, LOOKED_AT)), default=6))


def height(text: str, width: int) -> int:
    """Points of a row with ``text`` wrapped in a column ``width`` wide."""
    return 16 * max(1, sum(math.ceil(units(line) / width) for line in text.splitlines()))


def pages(widths: Sequence[int], kept: range = range(0)) -> int:
    """On how many pages beside one another columns of these widths can be read, where the columns ``kept`` are
    repeated on each."""
    again = sum(widths[place] for place in kept)
    return max(1, math.ceil((sum(widths) - again) / max(PAGE - again, PAGE // 4)))


def printed(sheet: Any, footer: str, widths: Sequence[int] = (), kept: range = range(0)) -> None:
    """Sets up a sheet of XlsxWriter for paper: A4 across, columns of these ``widths`` on as many pages as they need (of
    no widths: one), those ``kept`` on each, and page numbers."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(pages(widths, kept), 0)
    sheet.print_across()
    if kept:
        sheet.repeat_columns(kept.start, kept.stop - 1)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.set_footer(f"&L{footer.replace('&', '&&')}&R第 &P 页，共 &N 页")
