"""A figure as a page shows it: heads and cells with their texts and where they lead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govdata.reports.cockpit.figures import NUMERIC, SCOPES, Asked, Column, Figure, Row
from govdata.reports.cockpit.words import FORMATS, NONE, Language, flag, sayer, word
from govdata.standards.model import Registry

LOOKS = {**dict.fromkeys(NUMERIC, "n"), "date": "d", "code": "c", "rule": "r"}
LONG = 16
"""A text of more characters is given room, so that no column of two characters is made of it."""
_OTHER = re.compile(r"[^a-z0-9._-]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_BREAK = re.compile(r"(?<=[/._])")


def file_name(scope: str, value: str) -> str:
    """Of the page of one thing. Names that are no file names everywhere, and upper case, get a digest."""
    named = value.replace("/", ".")
    plain = _OTHER.sub("", named)
    told = plain if plain == named else f"{plain[:60]}.{hashlib.sha256(value.encode()).hexdigest()[:10]}".lstrip(".")
    return f"{scope}-{told}.html"


@dataclass(frozen=True)
class Cell:
    """``look``: its class in the style; ``is_foreign``: Chinese on an English page."""

    text: str
    href: str | None = None
    look: str = ""
    is_foreign: bool = False

    @property
    def pieces(self) -> list[str]:
        """Between which the line may break: the words of an identifier."""
        return _BREAK.split(self.text) if self.look == "r" else [self.text]


@dataclass(frozen=True)
class Shown:
    """A table of a page; ``about``: the scope it is of. The first column names its row."""

    id: str
    about: str
    title: str
    meaning: str
    query: str
    heads: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Names:
    """What things are called, and which have a page. ``pages``: by scope; ``base``: from a page to the
    folder of the pages."""

    language: Language
    registry: Registry
    districts: Mapping[str, str]
    pages: Collection[tuple[str, str]]
    base: str

    def shown(self, asked: Asked, figure: Figure, rows: Sequence[Row], scope: str = "") -> Shown:
        say = sayer(self.language)
        return Shown(
            figure.id,
            scope,
            say(figure.zh, figure.en),
            say(figure.meaning_zh, figure.meaning_en),
            asked.printed(figure, scope),
            tuple((say(column.zh, column.en), column.kind in NUMERIC) for column in figure.columns),
            tuple(tuple(self.cell(column, row) for column in figure.columns) for row in rows),
        )

    def cell(self, column: Column, row: Row) -> Cell:
        text, leads = self.text(column, row), column.leads
        return Cell(
            text,
            self.link(leads, row[leads]) if leads else self.link(column.kind, row[column.name]),
            "t" if column.kind == "text" and len(text) > LONG else LOOKS.get(column.kind, ""),
            self.language == "en" and bool(_HAN.search(text)),
        )

    def text(self, column: Column, row: Row) -> str:
        value, say = row[column.name], sayer(self.language)
        if value is None:
            return NONE
        if column.kind == "word":
            return word(value, say)
        if column.kind == "flag":
            return flag(value, say)
        if column.kind == "element":
            return self._element(str(row.get("kind")), str(value))
        return self.name(column.kind, value) if column.kind in SCOPES else FORMATS[column.kind](value)

    def name(self, kind: str, value: Any) -> str:
        """What a thing with a page of its own is called."""
        if kind == "dataset":
            known = self.registry.datasets.get(value)
            return known.title if known else word(value, sayer(self.language))
        return self.districts.get(value, str(value)) if kind == "district" else str(value)

    def link(self, kind: str, value: Any) -> str | None:
        return f"{self.base}{file_name(kind, value)}" if (kind, value) in self.pages else None

    def _element(self, kind: str, element: str) -> str:
        master = self.registry.masters.get(kind)
        known = master.elements.get(element) if master else None
        return known.name if known else element
