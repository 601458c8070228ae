from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import mojibake, sql
from govdata.trees.reencoding import (
    ESCAPED,
    escaped,
    gb2312_read_as_latin,
    utf8_read_as_gbk,
    utf8_read_as_latin,
)

SUBSTITUTE = "\x1a"
"""What converters put for a character they do not know; unseen, it would be stripped."""


class GarbledText(NormaliserKind):
    """Before every other step: a full-width character may be a byte of what was written. What cannot be proved stays,
    for the rule on garbled text to tell."""

    name = "garbled_text"
    title = "按原编码还原乱码和转义（逐字可逆、还原后是正常文字的才还原）"
    remark = "丢了字节的（�、??、锟斤拷）无法还原，保留原文，由 garbled 规则提示。"
    types = TEXTUAL
    examples = (
        Example("寮犱笁", "张三"),
        Example("寮犱笁涓", "寮犱笁涓"),
        Example("å¼\u00a0ä¸‰", "张三"),
        Example("Ã¥Â¼Â\u00a0Ã¤Â¸Â‰", "张三"),
        Example("JosÃ© GarcÃ\u00ada", "José García"),
        Example("ÕÔÈô´¨", "赵若川"),
        Example("&#36213;若川", "赵若川"),
        Example(r"\u8d75\u82e5\u5ddd", "赵若川"),
        Example("%E8%B5%B5%E8%8B%A5", "赵若"),
        Example("锟斤拷", "锟斤拷"),
        Example("赵\x1a川", "赵\ufffd川"),
    )

    def search(self, args: Mapping[str, Any]) -> str:
        return "|".join((mojibake.as_gbk(), mojibake.as_latin(), ESCAPED, SUBSTITUTE))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql(
            "CASE WHEN regexp_matches(:x, :gbk) THEN coalesce(:as_gbk, :x) "
            "WHEN regexp_matches(:x, :latin) THEN coalesce(:as_latin, :of_gb, :x) "
            "WHEN regexp_matches(:x, :escaped) THEN coalesce(:unescaped, :x) "
            "WHEN contains(:x, :lost) THEN replace(:x, :lost, :shown) ELSE :x END",
            lost=SUBSTITUTE,
            shown="\ufffd",
            x=x,
            gbk=mojibake.as_gbk(),
            latin=mojibake.as_latin(),
            escaped=ESCAPED,
            as_gbk=utf8_read_as_gbk(x),
            as_latin=utf8_read_as_latin(x),
            of_gb=gb2312_read_as_latin(x),
            unescaped=escaped(x),
        )
