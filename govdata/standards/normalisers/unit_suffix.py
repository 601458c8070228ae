from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Texts
from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql


class UnitSuffix(NormaliserKind):
    name = "unit_suffix"
    title = "去除数值后的计量单位"
    keeps_dates = True
    arguments = (Texts("units", "要去除的单位"),)
    keeps_numbers = True
    examples = (
        Example("3290 g", "3290", {"units": ["克", "g"]}),
        Example("3290(克)", "3290", {"units": ["克", "g"]}),
        Example("克", "克", {"units": ["克", "g"]}),
    )

    def contradiction(self, args: Mapping[str, Any]) -> str | None:
        units = [unit for unit in args["units"] if not unit.strip("+-.0123456789")]
        return f"units 的“{units[0]}”是数字，会改变没有单位的数" if units else None

    def search(self, args: Mapping[str, Any]) -> str:
        units = sorted(args["units"], key=len, reverse=True)
        names = "|".join(re.escape(unit) for unit in units)
        return rf"([^ ])[ ]*(?:{names}|[(（](?:{names})[)）])$"

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '\\1')", x=x, p=self.search(args))
