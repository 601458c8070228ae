from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Texts, Whole
from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql


class UnitScale(NormaliserKind):
    """Only a number with such a unit behind it; one without a unit is never scaled."""

    name = "unit_scale"
    title = "以较大单位计量的数值换算为标准单位"
    types = frozenset({"integer", "decimal"})
    keeps_numbers = True
    arguments = (
        Texts("units", "较大的单位，如 [kg, 千克, 公斤]"),
        Whole("times", "一个较大的单位是标准单位的几倍", high=1_000_000),
    )
    examples = (
        Example("3.35kg", "3350", {"units": ["kg", "公斤"], "times": 1000}),
        Example("3.35（公斤）", "3350", {"units": ["kg", "公斤"], "times": 1000}),
        Example("3.3505 公斤", "3350.5", {"units": ["kg", "公斤"], "times": 1000}),
        Example("3350", "3350", {"units": ["kg"], "times": 1000}),
        Example("3-4kg", "3-4kg", {"units": ["kg"], "times": 1000}),
    )

    def search(self, args: Mapping[str, Any]) -> str:
        names = "|".join(re.escape(unit) for unit in sorted(args["units"], key=len, reverse=True))
        return rf"^([0-9]{{1,9}}(?:\.[0-9]{{1,6}})?)[ ]*(?:{names}|[(（](?:{names})[)）])$"

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        number = sql("TRY_CAST(nullif(regexp_extract(:x, :p, 1), '') AS DECIMAL(15, 6))", x=x, p=self.search(args))
        scaled = sql("CAST(CAST(:n * :t AS DECIMAL(28, 6)) AS VARCHAR)", n=number, t=args["times"])
        return sql("coalesce(regexp_replace(:s, '[.]?0+$', ''), :x)", s=scaled, x=x)
