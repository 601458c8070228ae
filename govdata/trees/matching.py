"""Patterns as the cheapest predicate that means the same.

A declared pattern is matched against the whole value, so "contains" is written ``.*x.*``. As a full match that drags
the value through the automaton twice; as a search it may stop at the first hit, and for plain texts ``contains`` is ten
times cheaper than either. A search also sees past a line break, where ``.`` would not."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from sqlglot import exp

from govdata.trees.build import disjunction, sql

# Python's own reader of patterns; it has no public name.
parser: Any = import_module("re._parser")
constants: Any = import_module("re._constants")

MAX_TEXTS = 6
"""Beyond so many texts one pass of the automaton is cheaper than one ``contains`` each."""

ANYTHING = (".*", r"(?:.|\n)*")
"""How a pattern says that anything may stand there: within a line, and whatever the lines."""


def matches(value: exp.Expression, pattern: str) -> exp.Expression:
    """TRUE where the whole of ``value`` matches ``pattern`` (RE2), NULL only for NULL."""
    inner = searched(pattern)
    if inner is None:
        return sql("regexp_full_match(:x, :p)", x=value, p=pattern)
    texts = _plain_texts(inner)
    if texts is not None and len(texts) <= MAX_TEXTS:
        return disjunction(sql("contains(:x, :t)", x=value, t=text) for text in texts)
    return sql("regexp_matches(:x, :p)", x=value, p=inner)


def searched(pattern: str) -> str | None:
    """``inner`` of ``.*inner.*`` (or with ``(?:.|\\n)*`` at both ends), or None where the pattern is not of that form:
    an alternation outside groups binds weaker than what stands at its ends."""
    for ends in ANYTHING:
        inner = pattern[len(ends) : -len(ends)]
        if inner and pattern == ends + inner + ends and not pattern.endswith("\\" + ends):
            return None if "|" in _outside_groups(inner) else inner
    return None


def _outside_groups(pattern: str) -> str:
    """The pattern without escaped characters, character classes and groups."""
    bare = re.sub(r"\\.", "", pattern)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    while (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = shorter
    return bare


def _plain_texts(pattern: str) -> list[str] | None:
    """The texts a pattern stands for, where it is nothing but an alternation of plain texts."""
    try:
        return _texts(list(parser.parse(pattern)))
    except re.error:
        return None


def _texts(items: list) -> list[str] | None:
    if all(op is constants.LITERAL for op, _ in items):
        return ["".join(chr(code) for _, code in items)]
    if len(items) > 1 and items[0][0] is constants.LITERAL:
        # The parser moves a common beginning out of an alternation.
        rest = _texts(items[1:])
        return None if rest is None else [chr(items[0][1]) + text for text in rest]
    if len(items) != 1:
        return None
    op, argument = items[0]
    if op is constants.SUBPATTERN:
        return _texts(list(argument[-1]))
    if op is constants.IN and all(kind is constants.LITERAL for kind, _ in argument):
        return [chr(code) for _, code in argument]
    if op is constants.BRANCH:
        branches = [_texts(list(branch)) for branch in argument[1]]
        return (
            None
            if any(branch is None for branch in branches)
            else [text for branch in branches for text in branch or []]
        )
    return None
