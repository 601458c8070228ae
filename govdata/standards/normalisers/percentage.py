from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import bound, sql
from govdata.trees.numerals import NUMERALS, digits_zh

WORDS = (
    ("^(?:占|享有|拥有|各| )*", ""),
    ("^(?:½|一?半)$", "1/2"), ("^⅓$", "1/3"), ("^⅔$", "2/3"), ("^¼$", "1/4"), ("^¾$", "3/4"),
    ("^(?:全部|全额|整体)$", "1/1"), ("(?:的?份额|产权|%| )*$", ""),
    (f"^([0-9{NUMERALS}百]+)分之([0-9{NUMERALS}百]+)$", r"\2/\1"),
)  # fmt: skip
FRACTION = "^([0-9]{1,6})[/／]([0-9]{1,6})$"


class Percentage(NormaliserKind):
    """A fraction as the register writes it, 1/3 or 三分之一, in per cent to four digits. A bare 0.5 says neither."""

    name = "percentage"
    title = "份额换算为百分比（1/3、三分之一、占50%）"
    types = frozenset({"decimal"})
    pattern = "[^-+0-9.]"
    keeps_numbers = True
    examples = (
        Example("1/2", "50.0000"),
        Example("三分之一", "33.3333"),
        Example("百分之五十", "50.0000"),
        Example("各占1/4份额", "25.0000"),
        Example("50%", "50"),
        Example("3/2", "3/2"),
        Example("1/2/3", "1/2/3"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        for pattern, word in WORDS:
            x = sql("regexp_replace(:x, :p, :w)", x=x, p=pattern, w=word)
        return bound(x, "share", _percent)


def _percent(x: exp.Expression) -> exp.Expression:
    """Of a fraction below one, or of one whole (50/50 are two halves); any other text as it is."""
    digits = sql("replace(:d, '百', '100')", d=digits_zh(x))
    part = {
        name: sql("TRY_CAST(nullif(regexp_extract(:x, :p, :g), '') AS DECIMAL(18, 6))", x=digits, p=FRACTION, g=group)
        for name, group in (("a", 1), ("b", 2))
    }
    percent = sql("CAST(CAST(round(:a * 100 / :b, 4) AS DECIMAL(10, 4)) AS VARCHAR)", **part)
    return sql(
        "CASE WHEN :a > 0 AND (:a < :b OR :b = 1 AND :a = 1) THEN :percent ELSE :x END", x=x, percent=percent, **part
    )
