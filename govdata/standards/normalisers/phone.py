from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql
from govdata.trees.numerals import HAN

MOBILE = "(?:[+]?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"
ANOTHER_NUMBER = "(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[2-9][0-9]{6,7}|[2-9][0-9]{6,7})"


class Phone(NormaliserKind):
    """Separators and +86 go from a mobile number, whose it is in brackets behind it goes too, and of two numbers the
    first stays; an area code set apart gets its hyphen."""

    name = "phone"
    title = "电话号码去除国家码和分隔符"
    types = TEXTUAL
    pattern = r"[-+() （）—－/、,，;；|或]|^0?086|^86"
    examples = (
        Example("+86 179 3992 3123", "17939923123"),
        Example("17939923123（母亲）", "17939923123"),
        Example("(0551)62345678", "0551-62345678"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        x = sql(
            "regexp_replace(:x, :p, '\\1')",
            x=x,
            p=f"^({MOBILE})(?:[(（][{HAN}]+[)）]|[ ]*(?:[/、,，;；|或]|[ ])[ ]*{ANOTHER_NUMBER})$",
        )
        x = sql(
            "regexp_replace(:x, :p, '\\1-\\2')",
            x=x,
            p=r"^(?:[(（]|)(0[0-9]{2,3})(?:[)）][- —]*|[ ]+)([2-9][0-9]{6,7})$",
        )
        bare = sql(r"regexp_replace(:x, '[-+() （）—－]', '', 'g')", x=x)
        return sql(
            "CASE WHEN regexp_full_match(:b, '(0?086|86)?1[3-9][0-9]{9}') THEN right(:b, 11) ELSE :x END", b=bare, x=x
        )
