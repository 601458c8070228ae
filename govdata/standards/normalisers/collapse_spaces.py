from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import WHITESPACE
from govdata.trees import sql


class CollapseSpaces(NormaliserKind):
    name = "collapse_spaces"
    title = "合并连续空白"
    touches = WHITESPACE
    keeps_dates = True
    keeps_numbers = True
    examples = (Example("甲  \u3000乙", "甲 乙"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, ' ', 'g')", x=x, p=f"[{WHITESPACE}]+")
