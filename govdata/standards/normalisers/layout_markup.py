from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

SPACE_MARKUP = "&(?:nbsp|ensp|emsp|thinsp|zwnj|zwj|#160|#[xX][aA]0|#12288|#[xX]3000);|</?(?:[bB][rR]|p|P) ?/?>"
DOT_MARKUP = "&(?:middot|#183|#[xX][bB]7);"


class LayoutMarkup(NormaliserKind):
    """Escapes that can only be layout. Any other (``&amp;``, ``&#36213;``, tags) stays, for the rule on garbled text to
    tell."""

    name = "layout_markup"
    title = "去除残留的排版标记（如&nbsp;、<br/>），&middot;还原为间隔号"
    types = TEXTUAL
    pattern = f"{SPACE_MARKUP}|{DOT_MARKUP}"
    examples = (
        Example("示例市&nbsp;东湖<br/>商贸", "示例市 东湖 商贸"),
        Example("阿依古丽&middot;买买提", "阿依古丽·买买提"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        spaced = sql("regexp_replace(:x, :p, ' ', 'g')", x=x, p=SPACE_MARKUP)
        return sql("regexp_replace(:x, :p, '·', 'g')", x=spaced, p=DOT_MARKUP)
