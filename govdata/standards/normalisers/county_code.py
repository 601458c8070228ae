from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

COUNTY_CODE = "^([1-8][0-9]{5})(?:[0-9]{3}|[0-9]{6})$"


class CountyCode(NormaliserKind):
    """Codes of towns (nine digits, GB/T 10114) and villages (twelve, of the statistical bureau) begin with their
    county's."""

    name = "county_code"
    title = "9位、12位区划代码取前6位（县级）"
    types = TEXTUAL
    pattern = COUNTY_CODE
    examples = (Example("190101001002", "190101"), Example("190101001", "190101"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '\\1')", x=x, p=COUNTY_CODE)
