"""What a figure of the cockpit is. All of them are declared once, in ``city`` and ``drill``: the pages show them, print
their queries, and the tests ask for them, from these declarations.

A figure is a table. Its query runs on the catalogue with ``govdata sql``. Where it is told of many things alike (every
department, dataset, rule, district) the query is of all of them, with their names in a column ``scope``, and a page's
printed query is that one with a condition: what a hundred pages show is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Literal, get_args

from govdata.storage import sql

Kind = Literal[
    "text", "word", "count", "score", "share", "change", "date", "flag", "code", "dataset", "department", "rule",
    "district", "element", "number",
]  # fmt: skip
"""How a value is written. ``word`` is of a closed vocabulary and translated; ``score`` of 100, ``share`` of 1; a
``dataset``, ``department``, ``rule`` (``dataset/rule``) or ``district`` (its code) leads to its page."""

Scope = Literal["department", "dataset", "rule", "district"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_NAMED = re.compile(r"\$([a-z_]+\d*)")
NUMERIC = ("count", "score", "share", "change", "number")


@dataclass(frozen=True)
class Column:
    """``leads``: the scope whose page the text leads to, where that is another column's value."""

    name: str
    kind: Kind
    zh: str
    en: str
    leads: Scope | None = None


@dataclass(frozen=True)
class Figure:
    """``query`` gives ``columns`` (and ``scope``, where the figure is ``of`` many) and may name ``$date`` and what
    ``Asked`` knows besides; ``order``: what its rows are ordered by. ``meaning``: the definition and what it reconciles
    with, Chinese and English. ``needs``: tables and macros of the catalogue without which there is no such figure."""

    id: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str
    columns: tuple[Column, ...]
    query: str
    order: str = ""
    of: Scope | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What the queries are filled with: the date, and SQL that depends on what the deployment has."""

    date: Date
    parts: Mapping[str, str]

    def whole(self, figure: Figure) -> str:
        """The query of everything the figure tells of."""
        text = self.filled(figure.query)
        order = f"scope, {figure.order}" if figure.of and figure.order else "scope" if figure.of else figure.order
        return f"{text} ORDER BY {order}" if order else text

    def printed(self, figure: Figure, scope: str | None = None) -> str:
        """The query as a page of ``scope`` prints it."""
        if figure.of is None:
            return self.whole(figure)
        text = f"SELECT * EXCLUDE (scope) FROM ({self.filled(figure.query)}) WHERE scope = {sql.text(scope or '')}"
        return f"{text} ORDER BY {figure.order}" if figure.order else text

    def filled(self, text: str) -> str:
        """``text`` with what it names."""
        known = {"date": f"DATE '{self.date.isoformat()}'", **self.parts}

        def fill(found: re.Match[str]) -> str:
            return known[found.group(1)]

        filled = _NAMED.sub(fill, text)
        return _NAMED.sub(fill, filled)  # what was filled in may name the date


Row = Mapping[str, Any]


def columns(*told: tuple[str, Kind, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*one) for one in told)


def by_scope(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows under the scope they are of."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["scope"]), []).append(row)
    return found
