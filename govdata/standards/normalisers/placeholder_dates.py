from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Texts
from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql


class PlaceholderDates(NormaliserKind):
    """A value that is a date stands for that day in every usual spelling, with and without a time; any other as it is
    written."""

    name = "placeholder_dates"
    title = "占位日期视为空"
    types = frozenset({"text", "date", "datetime"})
    arguments = (Texts("values", "占位的写法；写成 YYYY-MM-DD 的，那一天的各种写法都算"),)
    keeps_dates = True
    examples = (
        Example("00000000", None, {"values": ["00000000", "1900-01-01"]}),
        Example("1900/1/1", None, {"values": ["00000000", "1900-01-01"]}),
        Example("1990-01-01", "1990-01-01", {"values": ["00000000", "1900-01-01"]}),
    )

    def search(self, args: Mapping[str, Any]) -> str:
        return "^(?:" + "|".join(_spellings(str(value)) for value in args["values"]) + ")$"

    def blanks(self, args: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(args["values"])

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("CASE WHEN regexp_matches(:x, :p) THEN NULL ELSE :x END", x=x, p=self.search(args))


def _spellings(value: str) -> str:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None or "-00" in value or "-99" in value:
        return re.escape(value)
    year, month, day = value.split("-")
    return rf"{year}(?:{month}{day}|[-/.年]0?{int(month)}[-/.月]0?{int(day)}[日号]?)(?:[ T].*)?"
