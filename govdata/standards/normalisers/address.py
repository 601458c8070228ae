from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import INVISIBLE, WHITESPACE, escape_class
from govdata.standards.normalisers.halfwidth import FULLWIDTH_ALNUM, HALFWIDTH_ALNUM
from govdata.trees import sql


class Address(NormaliserKind):
    """Spaces go, except one between numbers or Latin words, which it parts: 20号 3 501 is not 20号3501."""

    name = "address"
    title = "地址外形整理"
    types = TEXTUAL
    touches = WHITESPACE + INVISIBLE + escape_class(FULLWIDTH_ALNUM + "－＃")
    examples = (
        Example("示例市 光明路１８３号２８栋", "示例市光明路183号28栋"),
        Example("示例市 光明路 20 3 501", "示例市光明路20 3 501"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        narrow = sql("translate(:x, :f, :h)", x=x, f=FULLWIDTH_ALNUM + "－＃", h=HALFWIDTH_ALNUM + "-#")
        visible = sql("regexp_replace(:x, :p, '', 'g')", x=narrow, p=f"[{INVISIBLE}]")
        single = sql("trim(regexp_replace(:x, :p, ' ', 'g'))", x=visible, p=f"[{WHITESPACE}]+")
        left = sql("regexp_replace(:x, '([^0-9A-Za-z]) ', '\\1', 'g')", x=single)
        return sql("regexp_replace(:x, ' ([^0-9A-Za-z])', '\\1', 'g')", x=left)
