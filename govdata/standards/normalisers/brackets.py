from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import escape_class
from govdata.trees import sql

BRACKETS = "()[]【】〔〕﹙﹚［］｛｝＜＞〈〉﹝﹞〖〗"


class Brackets(NormaliserKind):
    name = "brackets"
    title = "括号统一为全角"
    types = TEXTUAL
    touches = escape_class(BRACKETS)
    examples = (Example("示例(集团)公司", "示例（集团）公司"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("translate(:x, :f, :t)", x=x, f=BRACKETS, t="（）" * (len(BRACKETS) // 2))
