from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import WHITESPACE
from govdata.trees import sql
from govdata.trees.numerals import HAN


class HanSpaces(NormaliserKind):
    """A space beside a Chinese character is lay-out; between Latin words it parts them."""

    name = "han_spaces"
    title = "去掉汉字旁边的空白（西文词之间的保留）"
    types = TEXTUAL
    touches = WHITESPACE
    examples = (Example("示例 集团 ABC Trading 公司", "示例集团ABC Trading公司"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        before = sql("regexp_replace(:x, :p, '\\1', 'g')", x=x, p=f"([{HAN}（）])[{WHITESPACE}]+")
        return sql("regexp_replace(:x, :p, '\\1', 'g')", x=before, p=f"[{WHITESPACE}]+([{HAN}（）])")
