from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import LOWER
from govdata.trees import sql


class Uppercase(NormaliserKind):
    name = "uppercase"
    title = "转大写"
    touches = "a-z"
    keeps_dates = True
    keeps_numbers = True
    examples = (Example("ma7f0kf4-6", "MA7F0KF4-6"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("translate(:x, :f, :t)", x=x, f=LOWER, t=LOWER.upper())
