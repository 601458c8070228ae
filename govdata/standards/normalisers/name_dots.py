from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import escape_class
from govdata.trees import sql
from govdata.trees.numerals import HAN

NAME_DOTS = "\u2022\u30fb\uff0e\uff65\u2027\u2219\u22c5\u0387\u16eb\u2024\uff61\ufe52\u2e31\u2e33\u1427\ua78f."
BLOB = "\u25cf"
"""A dot drawn too large between two parts of a name; beside a single character it stands for one that is not shown."""


class NameDots(NormaliserKind):
    """U+00B7 between the parts of a Chinese-script name (GB/T 18030 practice of 公安 and 民政); names in other scripts
    keep their dots."""

    name = "name_dots"
    title = "姓名间隔号统一为·"
    types = TEXTUAL
    touches = escape_class(NAME_DOTS + BLOB) + "·"
    examples = (
        Example("巴哈尔．吐尔地", "巴哈尔·吐尔地"),
        Example("巴哈尔●吐尔地", "巴哈尔·吐尔地"),
        Example("赵若川.", "赵若川"),
        Example("赵..", "赵.."),
        Example("王●", "王●"),
        Example("John F. Smith", "John F. Smith"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        dot = f"[·{escape_class(NAME_DOTS)}]"
        drawn = sql("regexp_replace(:x, :p, '\\1·\\2')", x=x, p=f"([{HAN}]{{2}}){BLOB}([{HAN}]{{2}})")
        inner = sql("regexp_replace(:x, :e, '', 'g')", x=drawn, e=f"^{dot}|{dot}$")
        return sql(
            "CASE WHEN regexp_full_match(:x, :p) THEN regexp_replace(:i, :d, '·', 'g') ELSE :x END",
            x=drawn,
            i=inner,
            # One dot at an edge is a slip, several stand for what is not shown.
            p=f"{dot}?[{HAN}](?:[{HAN}·{escape_class(NAME_DOTS)}]*[{HAN}])?{dot}?",
            d=f"{dot}+",
        )
