"""Regular expressions that mean the same in RE2 (DuckDB), Java (Spark) and Python.

A pattern always speaks of the whole value. The three engines agree only on a common part: this module refuses the rest
(look-around and back-references, which RE2 lacks; anchors, ``\\b``, ``\\p``, possessive repeats, class operators, named
groups and flags, on which they differ). ``\\d \\w \\s`` are ASCII in all three, hence ``re.ASCII`` here.

RE2 also has limits that no grammar tells (nested repeats, the size of the compiled program). Only the engine knows
them: ``judged_by`` lets it say so, at the very line a pattern is written on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

_ESCAPABLE = set("dDwWsSnrt") | set(r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""")
_QUANTIFIER = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_MAX_REPEAT = 1000  # RE2's own limit
_MAX_LENGTH = 1000

Judge = Callable[[str], str | None]
"""Why an engine cannot compile a pattern, in Chinese; None when it can."""

_judge: ContextVar[Judge | None] = ContextVar("judge", default=None)


@contextmanager
def judged_by(judge: Judge | None) -> Iterator[None]:
    """Within the block ``refusal`` also asks ``judge``."""
    token = _judge.set(judge)
    try:
        yield
    finally:
        _judge.reset(token)


def refusal(pattern: str) -> str | None:
    """Why ``pattern`` may not be used, in Chinese; None when it may."""
    judge = _judge.get()
    return _refusal(pattern) or (judge(pattern) if judge else None)


@lru_cache(maxsize=1024)
def _refusal(pattern: str) -> str | None:
    if not pattern:
        return "正则为空"
    if len(pattern) > _MAX_LENGTH:
        return f"正则超过 {_MAX_LENGTH} 个字符"
    if reason := _scan(pattern):
        return reason
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return "正则不能编译（括号、方括号或重复次数写错）"
    return None


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of ``value`` matches a pattern that was not refused."""
    return re.fullmatch(pattern, value, re.ASCII) is not None


def _scan(pattern: str) -> str | None:
    """Walks the pattern once, outside and inside character classes."""
    position, in_class, repeatable = 0, False, False
    while position < len(pattern):
        char = pattern[position]
        following = pattern[position + 1 : position + 2]
        if char == "\\":
            if following not in _ESCAPABLE or not following:
                if following.isdigit():
                    return f"不支持反向引用或八进制 \\{following}"
                return f"不支持 \\{following}（可用 \\d \\w \\s 和转义的标点；汉字直接写，如 [一-龥]）"
            position, repeatable = position + 2, True
            continue
        if in_class:
            if char == "]":
                in_class, repeatable = False, True
            elif char == "[":
                return "方括号里的 [ 要写成 \\["
            elif char in "&-|~" and following == char:
                return f"方括号里不能连写 {char}{char}"
        elif char == "[":
            in_class = True
            position += 1 if following == "^" else 0
            if pattern[position + 1 : position + 2] == "]":
                return "方括号为空，或以 ] 开头（要写成 \\]）"
        elif char in "^$":
            return "规则按整个值匹配，不写 ^ 和 $"
        elif char == "(":
            if following == "?" and pattern[position + 2 : position + 3] != ":":
                return "不支持 (?…) 形式（环视、命名组、标志等），只可用 (?:…)"
            position, repeatable = position + (2 if following == "?" else 0), False
        elif char == "|":
            repeatable = False
        elif char in "*+?{":
            if not repeatable:
                return f"{char} 前面没有可重复的内容，或重复符连写"
            end = position + 1
            if char == "{":
                quantifier = _QUANTIFIER.match(pattern, position)
                if quantifier is None:
                    return "花括号应为 {n}、{n,} 或 {n,m}；字面的花括号写成 \\{"
                low, _, high = quantifier.groups()
                if int(low) > _MAX_REPEAT or (high and int(high) > _MAX_REPEAT):
                    return f"重复次数超过 {_MAX_REPEAT}"
                if high and int(high) < int(low):
                    return "重复次数的下限大于上限"
                end = quantifier.end()
            if pattern[end : end + 1] == "?":  # lazy: the same whole-value matches
                end += 1
            position, repeatable = end, False
            continue
        elif char == "}":
            return "字面的花括号写成 \\}"
        else:
            repeatable = True
        position += 1
    return "方括号没有闭合" if in_class else None
