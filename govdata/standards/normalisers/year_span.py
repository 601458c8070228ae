from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

YEAR_SPAN = "^([0-9]{4})年?(?:[\u2010-\u2015\u2212~/]|--|\u2014\u2014|-|至|到)([0-9]{4})年?$"


class YearSpan(NormaliserKind):
    name = "year_span"
    title = "两个四位年份之间的连接号统一为-"
    types = TEXTUAL
    pattern = YEAR_SPAN
    examples = (
        Example("2026/2027", "2026-2027"),
        Example("2026——2027", "2026-2027"),
        Example("2026至2027", "2026-2027"),
        Example("2026年-2027年", "2026-2027"),
        Example("2026/12", "2026/12"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, :r)", x=x, p=YEAR_SPAN, r=r"\1-\2")
