from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

SPACE_MARKUP = (
    "&(?:nbsp|ensp|emsp|thinsp|zwnj|zwj|#160|#[xX][aA]0|#12288|#[xX]3000);|</?(?:[bB][rR]|p|P) ?/?>"
    "|_x00(?:09|0[aAdD]|20)_"
)
LINE_ENDS = r"(?:\\[nrt])+($|[^A-Za-z])"
QUOTED = '^"([^"]+)"$'
DOT_MARKUP = "&(?:middot|#183|#[xX][bB]7);"


class LayoutMarkup(NormaliserKind):
    """Escapes that can only be layout, and quotes around the whole. Any other (``&amp;``, ``&#36213;``, tags) stays,
    for the rule on garbled text to tell."""

    name = "layout_markup"
    title = "去除残留的排版标记（如&nbsp;、<br/>、\\n、_x000D_）和整个值外面的双引号，&middot;还原为间隔号"
    types = TEXTUAL
    pattern = f"{SPACE_MARKUP}|{DOT_MARKUP}|{LINE_ENDS}|{QUOTED}"
    examples = (
        Example("示例市&nbsp;东湖<br/>商贸", "示例市 东湖 商贸"),
        Example("阿依古丽&middot;买买提", "阿依古丽·买买提"),
        Example(r"\t示例市东湖区_x000D_\r\n", " 示例市东湖区  "),
        Example('"示例市东湖区"', "示例市东湖区"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        bare = sql("regexp_replace(:x, :p, '\\1')", x=x, p=QUOTED)
        whole = sql("regexp_replace(:x, :p, ' \\1', 'g')", x=bare, p=LINE_ENDS)
        spaced = sql("regexp_replace(:x, :p, ' ', 'g')", x=whole, p=SPACE_MARKUP)
        return sql("regexp_replace(:x, :p, '·', 'g')", x=spaced, p=DOT_MARKUP)
