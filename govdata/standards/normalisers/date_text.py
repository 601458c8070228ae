from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.types.date import date_of
from govdata.trees import sql


class DateText(NormaliserKind):
    name = "date"
    title = "日期统一为YYYY-MM-DD"
    types = frozenset({"text", "date"})
    pattern = "."
    examples = (Example("1990年1月1日", "1990-01-01"), Example("不详", "不详"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("coalesce(CAST(:d AS VARCHAR), :x)", d=date_of(x), x=x)
