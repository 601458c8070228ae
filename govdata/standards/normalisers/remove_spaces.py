from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import INVISIBLE, QUOTES, WHITESPACE
from govdata.trees import sql


class RemoveSpaces(NormaliserKind):
    name = "remove_spaces"
    title = "去除全部空白和不可见字符"
    touches = WHITESPACE + INVISIBLE + QUOTES
    keeps_dates = True
    keeps_numbers = True
    examples = (Example("190101 1990 0101", "19010119900101"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        bare = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{WHITESPACE}{INVISIBLE}]")
        return sql("regexp_replace(:x, :p, '', 'g')", x=bare, p=f"^[{QUOTES}]+|[{QUOTES}]+$")
