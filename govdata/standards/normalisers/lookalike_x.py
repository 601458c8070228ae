from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

LOOKALIKE_X = "x\u0425\u0445\u03a7\u03c7\u00d7\u2715\u2716\uff38\uff58"


class LookalikeX(NormaliserKind):
    name = "lookalike_x"
    title = "形近字母统一为X"
    types = TEXTUAL
    pattern = f"[{LOOKALIKE_X}]$"
    examples = (Example("19010119900101001×", "19010119900101001X"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, 'X')", x=x, p=self.pattern)
