"""Characters that stand for others: layout escaped as HTML, ideographs that Unicode has twice."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlglot import exp

from govdata.engine.syntax import sql

SPACE_MARKUP = "&(?:nbsp|ensp|emsp|thinsp|zwnj|zwj|#160|#[xX][aA]0|#12288|#[xX]3000);|</?(?:[bB][rR]|p|P) ?/?>"
DOT_MARKUP = "&(?:middot|#183|#[xX][bB]7);"
MARKUP = f"{SPACE_MARKUP}|{DOT_MARKUP}"
"""Escapes that can only be layout. Any other (``&amp;``, ``&#36213;``, tags) stays, for the rule on garbled text to
tell."""

COMPATIBILITY = "\u2e80-\u2ef3\u2f00-\u2fd5\uf900-\ufaff\U0002f800-\U0002fa1f"
"""Radicals and compatibility ideographs: look like a unified ideograph and are another character."""


def layout_markup(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    spaced = sql("regexp_replace(:x, :p, ' ', 'g')", x=x, p=SPACE_MARKUP)
    return sql("regexp_replace(:x, :p, '·', 'g')", x=spaced, p=DOT_MARKUP)


def _unified() -> tuple[str, str]:
    """Each compatibility ideograph and the one ideograph it is (NFKC); those that only look like one (U+FA0E) have no
    other."""
    ranges = ((0x2E80, 0x2EF4), (0x2F00, 0x2FD6), (0xF900, 0xFB00), (0x2F800, 0x2FA20))
    pairs = [(chr(code), unicodedata.normalize("NFKC", chr(code))) for low, high in ranges for code in range(low, high)]
    changed = [(one, other) for one, other in pairs if one != other and len(other) == 1]
    return "".join(one for one, _ in changed), "".join(other for _, other in changed)


DOUBLED, UNIFIED = _unified()


def unified_ideographs(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql(
        "CASE WHEN regexp_matches(:x, :p) THEN translate(:x, :f, :t) ELSE :x END",
        x=x,
        p=f"[{COMPATIBILITY}]",
        f=DOUBLED,
        t=UNIFIED,
    )
