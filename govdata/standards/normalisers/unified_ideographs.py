from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

COMPATIBILITY = "\u2e80-\u2ef3\u2f00-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1f"
"""Radicals and compatibility ideographs: look like a unified ideograph and are another character."""


RADICALS = (
    "⺟母⺠民⻁虎⻄西⻅见⻆角⻉贝⻋车⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻝食⻢马⻣骨⻤鬼⻥鱼⻦鸟⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟"
)
"""Radicals of simplified characters, which a PDF's text shows for the whole character, each before the ideograph it is
(Unicode's EquivalentUnifiedIdeograph; NFKC knows two of them)."""


def _unified() -> tuple[str, str]:
    """Each compatibility ideograph and the one ideograph it is (NFKC); those that only look like one (U+FA0E) have no
    other."""
    ranges = ((0x2E80, 0x2EF4), (0x2F00, 0x2FD6), (0xF900, 0xFB00), (0x2F800, 0x2FA20))
    pairs = [(chr(code), unicodedata.normalize("NFKC", chr(code))) for low, high in ranges for code in range(low, high)]
    changed = {one: other for one, other in pairs if one != other and len(other) == 1}
    changed |= dict(zip(RADICALS[::2], RADICALS[1::2], strict=True))
    return "".join(changed), "".join(changed.values())


DOUBLED, UNIFIED = _unified()


class UnifiedIdeographs(NormaliserKind):
    name = "unified_ideographs"
    title = "兼容汉字和部首字符统一为通用汉字"
    types = TEXTUAL
    touches = COMPATIBILITY
    examples = (
        Example("\uf90a田市\u2fa6属", "金田市金属"),
        Example("⻋业", "车业"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql(
            "CASE WHEN regexp_matches(:x, :p) THEN translate(:x, :f, :t) ELSE :x END",
            x=x,
            p=f"[{COMPATIBILITY}]",
            f=DOUBLED,
            t=UNIFIED,
        )
