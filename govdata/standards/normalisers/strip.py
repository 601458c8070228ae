from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import INVISIBLE, QUOTES, WHITESPACE
from govdata.trees import sql


class Strip(NormaliserKind):
    name = "strip"
    title = "去除首尾空白、不可见字符和单引号"
    pattern = f"^[{WHITESPACE}{QUOTES}]|[{WHITESPACE}{QUOTES}]$|[{INVISIBLE}]"
    keeps_dates = True
    keeps_numbers = True
    examples = (Example(" 张三\u3000", "张三"), Example("'190101", "190101"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        edge = f"[{WHITESPACE}{QUOTES}]"
        visible = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{INVISIBLE}]")
        return sql("regexp_replace(:x, :p, '', 'g')", x=visible, p=f"^{edge}+|{edge}+$")
