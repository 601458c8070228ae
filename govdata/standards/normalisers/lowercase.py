from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.normalisers.characters import LOWER
from govdata.trees import sql


class Lowercase(NormaliserKind):
    name = "lowercase"
    title = "转小写"
    touches = "A-Z"
    examples = (Example("Info@Example.CN", "info@example.cn"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("translate(:x, :f, :t)", x=x, f=LOWER.upper(), t=LOWER)
