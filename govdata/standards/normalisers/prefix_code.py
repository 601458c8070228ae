from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind, Stage
from govdata.trees import sql
from govdata.trees.numerals import HAN

MARKED = rf"^([0-9A-Z]+)[ ]*[-_:：|、.．—][ ]*([{HAN}（(].*)$"
"""01-汉族. Group 1 the code, group 2 the label behind it."""

ATTACHED = rf"^[\[(（【]?([0-9A-Z]+)[\])）】]?[ ]*[(（\[【]?([{HAN}][^)）\]】]*)[)）\]】]?$"
"""1男, [1]男, 1(男). Group 1 the code, group 2 the label; only a label that is known and agrees makes it one."""

BEHIND = rf"^([{HAN}].*?)[ ]*[-_:：|、(（\[【][ ]*([0-9A-Z]+)[)）\]】]?$"
"""男-1, 男(1). Group 1 the label, group 2 the code; likewise."""

APPENDED = rf"^([{HAN}].*?)[ ]*([0-9A-Z]{{2,}})$"
"""汉族01. Likewise; a lone digit (男1) is more often a slip or a footnote."""

SHAPES = {MARKED: (1, 2), BEHIND: (2, 1), ATTACHED: (1, 2), APPENDED: (2, 1)}
"""Pattern of a code with a label beside it → groups of the code and of the label."""


class PrefixCode(NormaliserKind):
    """In a code column both parts are read and held against each other, see ``govdata.engine.codes``; elsewhere the
    code is taken."""

    name = "prefix_code"
    title = "取代码部分（如“01-汉族”取01）；代码列里标签与代码矛盾的保留原文"
    types = TEXTUAL
    pattern = "|".join(SHAPES)
    examples = (Example("01-汉族", "01"), Example("汉族", "汉族"))

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        return Stage.LABEL if coded else Stage.TEXT

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '\\1')", x=x, p=MARKED)


def code_part(value: exp.Expression) -> exp.Expression:
    """The code by the first shape that the text has, NULL where it has none."""
    return _part(value, 0)


def label_part(value: exp.Expression) -> exp.Expression:
    """The label beside the code, likewise."""
    return _part(value, 1)


def _part(value: exp.Expression, at: int) -> exp.Expression:
    found = [
        sql("nullif(regexp_extract(:x, :p, :g), '')", x=value, p=pattern, g=groups[at])
        for pattern, groups in SHAPES.items()
    ]
    return exp.Coalesce(this=found[0], expressions=found[1:])
