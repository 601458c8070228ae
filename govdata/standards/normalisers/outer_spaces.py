from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import INVISIBLE, QUOTES, WHITESPACE
from govdata.trees import sql


class OuterSpaces(NormaliserKind):
    """For codes and numbers without a check digit: what a space parts may be two values (1 1, 190101 190102)."""

    name = "outer_spaces"
    title = "去除空白和不可见字符；两个数字之间的空白保留，那可能是两个值"
    touches = WHITESPACE + INVISIBLE + QUOTES
    keeps_dates = True
    keeps_numbers = True
    examples = (Example("01 汉 族", "01汉族"), Example("\u200b61 ", "61"), Example("1\u3000 1", "1 1"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        seen = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{INVISIBLE}]")
        bare = sql("trim(regexp_replace(:x, :w, ' ', 'g'), :q)", x=seen, w=f"[{WHITESPACE}]+", q=" " + QUOTES)
        before = sql("regexp_replace(:x, '([^0-9]) ', '\\1', 'g')", x=bare)
        return sql("regexp_replace(:x, ' ([^0-9])', '\\1', 'g')", x=before)
