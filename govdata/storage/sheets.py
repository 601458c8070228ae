"""How wide a column and how high a row of a workbook has to be: of the programs that open one only Excel itself makes
rows as high as their texts, and none makes a column wider."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice

LOOKED_AT = 2_000
"""Texts of a column by which its width goes."""
HAN = 0x2E80
"""From here on characters are two wide."""


def units(text: str) -> int:
    """The width of ``text`` in figures, of its widest line."""
    return max((sum(2 if ord(each) >= HAN else 1 for each in line) for line in text.splitlines()), default=0)


def width(texts: Iterable[str], most: int) -> int:
    """Of a column with these texts, its head among them; ``most``: from where on they are wrapped or cut."""
    return min(most, 2 + max(map(units, islice(texts, LOOKED_AT)), default=6))


def height(text: str, width: int) -> int:
    """Points of a row with ``text`` wrapped in a column ``width`` wide."""
    return 16 * max(1, sum(math.ceil(units(line) / width) for line in text.splitlines()))
