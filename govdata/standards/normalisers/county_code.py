from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

COUNTY_CODE = "^([1-8][0-9]{5})(?:[0-9]{3}|[0-9]{6})$"
_IN_PARTS = "^([1-8][0-9]) ?([0-9]{2}) ?([0-9]{2})(?: [0-9]{3}){0,2}$"
"""As GB/T 2260 prints codes (19 01 01), and the statistical bureau (190101 001 002); not two codes (190101 190102)."""


class CountyCode(NormaliserKind):
    """Codes of towns (nine digits, GB/T 10114) and villages (twelve, of the statistical bureau) begin with their
    county's."""

    name = "county_code"
    title = "9位、12位区划代码取前6位（县级）；分节写的连起来"
    types = TEXTUAL
    pattern = f"{COUNTY_CODE}|^[0-9]+ [0-9 ]+$"
    examples = (
        Example("190101001002", "190101"),
        Example("190101001", "190101"),
        Example("19 01 01", "190101"),
        Example("190101 190102", "190101 190102"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        joined = sql("regexp_replace(:x, :p, '\\1\\2\\3')", x=x, p=_IN_PARTS)
        return sql("regexp_replace(:x, :p, '\\1')", x=joined, p=COUNTY_CODE)
