from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import INVISIBLE, WHITESPACE, escape_class
from govdata.standards.normalisers.name_dots import BLOB, NAME_DOTS
from govdata.trees import sql
from govdata.trees.numerals import HAN

SPACED_NAME = "H( H){1,3}|HH( H){1,2}|H HH( H)?|H H HH".replace("H", f"[{HAN}]")
"""A name of two to four characters set with spaces, at least one character alone."""
WITH_SEX = f"[{HAN}] [{HAN}]{{2}} [男女]"
"""赵 若川 男: the cell beside it, not a fourth character."""


class NameSpaces(NormaliserKind):
    """Spaces that set a Chinese-script name of up to four characters are lay-out and go, so do those beside a dot.
    Others may part two persons, or stand for the dot of a name in another tongue: one of each run stays, as between the
    words of a Latin-script name."""

    name = "name_spaces"
    title = "去除姓名中的空白"
    types = TEXTUAL
    touches = WHITESPACE + INVISIBLE
    examples = (
        Example("周 阳鑫", "周阳鑫"),
        Example("阿布都 · 热合曼", "阿布都·热合曼"),
        Example("张三\u3000李四", "张三 李四"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        visible = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{INVISIBLE}]")
        single = sql("trim(regexp_replace(:x, :w, ' ', 'g'))", x=visible, w=f"[{WHITESPACE}]+")
        joined = sql("regexp_replace(:x, :d, '\\1', 'g')", x=single, d=f" ?([·{escape_class(NAME_DOTS + BLOB)}]) ?")
        return sql(
            "CASE WHEN NOT regexp_matches(:x, :h) THEN :s "
            "WHEN regexp_full_match(:s, :l) AND NOT regexp_full_match(:s, :m) THEN replace(:s, ' ', '') ELSE :j END",
            x=x,
            h=f"[{HAN}]",
            s=single,
            j=joined,
            l=SPACED_NAME,
            m=WITH_SEX,
        )
