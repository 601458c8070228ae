"""What stands in the tables of the catalogue's pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = Any
"""None, a text, a number, a ``{link, text}``, a ``{number}`` that stands under others, or a list of these."""


@dataclass(frozen=True)
class Grid:
    """A table of a page, by its accessible name."""

    name: str
    columns: Sequence[str]
    lines: Sequence[Sequence[Cell]]


def row(cells: Sequence[Cell], *words: str | None) -> Mapping[str, Any]:
    """A row of the index and all that it can be found by."""
    shown = [cell.get("text", "") if isinstance(cell, dict) else str(cell) for cell in cells if cell is not None]
    text = " ".join(dict.fromkeys(word for word in (*shown, *words) if word))
    return {"cells": cells, "find": unicodedata.normalize("NFKC", text).lower()}


def count(number: int | None) -> Cell:
    return None if number is None else {"number": f"{number:,}"}


def link(target: str, text: str) -> Mapping[str, str]:
    return {"link": target, "text": text}
