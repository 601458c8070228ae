from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Day
from govdata.standards.normalisers.base import Cell, Example, NormaliserKind, Stage
from govdata.standards.types.date import date_of
from govdata.standards.types.moment import DAY_ZERO, SERIAL
from govdata.trees import sql


class DayNumbers(NormaliserKind):
    """A spreadsheet's day number says nothing of itself: where an element's dates cannot lie, five digits are another
    number (12345), not a day of 1933."""

    name = "day_numbers"
    title = "电子表格的日期序号只在给定日期之后才当作日期"
    types = frozenset({"date"})
    keeps_dates = True
    arguments = (Day("earliest", "序号最早可能的日期，如 '1958-01-09'；更早的序号按不能识别处理"),)
    examples = (
        Example("43897", "2020-03-07", {"earliest": "1958-01-09"}),
        Example("12345", None, {"earliest": "1958-01-09"}),
        Example("1933-10-18", "1933-10-18", {"earliest": "1958-01-09"}),
    )

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        return Stage.VALUE

    def tree(self, cell: Cell, args: Mapping[str, Any]) -> exp.Expression:
        earliest = (Date.fromisoformat(args["earliest"]) - DAY_ZERO).days
        return sql(
            "CASE WHEN regexp_full_match(:x, :serial) AND TRY_CAST(:x AS DECIMAL(18, 9)) < :earliest THEN NULL "
            "ELSE :day END",
            x=cell.value,
            serial=SERIAL,
            earliest=earliest,
            day=date_of(cell.value),
        )
