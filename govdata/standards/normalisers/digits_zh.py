from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees.numerals import NUMERALS, digits_zh


class DigitsZh(NormaliserKind):
    name = "digits_zh"
    title = "汉字数字转阿拉伯数字"
    touches = NUMERALS
    keeps_numbers = True
    examples = (Example("三十九", "39"), Example("二〇二六", "2026"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return digits_zh(x)
