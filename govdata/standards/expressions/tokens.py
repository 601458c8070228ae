"""The words, numbers, texts and operators of a row expression, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from govdata.errors import GovdataError

MAX_LENGTH = 4000
MAX_TOKENS = 500

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+(\.[0-9]+)?)(?![A-Za-z0-9_.])
      | (?P<text>'(?:[^']|'')*')
      | (?P<operator><>|!=|<=|>=|[=<>+\-*/(),])""",
    re.VERBOSE | re.ASCII,
)


class ExpressionError(GovdataError):
    """A row expression that cannot be used; the message is Chinese and says where."""


@dataclass(frozen=True)
class Token:
    type: Literal["word", "number", "text", "operator", "end"]
    text: str  # words in lower case, texts without their quotes
    position: int  # from 1


def tokens_of(text: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"表达式超过 {MAX_LENGTH} 个字符")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if text.startswith(("--", "/*"), position):
            raise ExpressionError(f"第 {position + 1} 个字符处：不允许注释")
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] == "'":
                raise ExpressionError(f"第 {position + 1} 个字符处：单引号没有闭合")
            if text[position] in "，（）＝＜＞“”‘’；":
                raise ExpressionError(f"第 {position + 1} 个字符处：标点要用半角")
            if text[position] == '"':
                raise ExpressionError(f"第 {position + 1} 个字符处：文本用单引号，列名不加引号")
            raise ExpressionError(f"第 {position + 1} 个字符处：不认识的写法")
        found = match.group()
        if match.lastgroup == "word":
            tokens.append(Token("word", found.lower(), position + 1))
        elif match.group("number") is not None:
            tokens.append(Token("number", found, position + 1))
        elif match.lastgroup == "text":
            content = found[1:-1].replace("''", "'")
            if "\0" in content:
                raise ExpressionError(f"第 {position + 1} 个字符处：文本含有控制字符")
            tokens.append(Token("text", content, position + 1))
        elif match.lastgroup == "operator":
            tokens.append(Token("operator", found, position + 1))
        if len(tokens) > MAX_TOKENS:
            raise ExpressionError(f"表达式过长（超过 {MAX_TOKENS} 个词）")
        position = match.end()
    tokens.append(Token("end", "", len(text) + 1))
    return tokens
