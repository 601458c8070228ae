"""Han characters that are one character in another form: what is written unsimplified or in a variant form, and its
simplified form. OpenCC's table, character by character; words are no use for names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

from govdata.trees.build import sql

if TYPE_CHECKING:
    import opencc

_HAN = (range(0x3400, 0xA000), range(0x20000, 0x323B0))


@cache
def alphabets() -> tuple[str, str]:
    """Characters in another form, and at the same places their simplified ones."""
    import opencc

    signs = [chr(code) for block in _HAN for code in block]
    simple = opencc.OpenCC("t2s").convert("\n".join(signs)).split("\n")
    pairs = [(sign, plain) for sign, plain in zip(signs, simple, strict=True) if sign != plain and len(plain) == 1]
    return "".join(sign for sign, _ in pairs), "".join(plain for _, plain in pairs)


@cache
def _unsimplified() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("s2tw")


def traditional(texts: Sequence[str]) -> list[str]:
    """Each text in traditional characters, in order; no text may have a line break."""
    return _unsimplified().convert("\n".join(texts)).split("\n") if texts else []


def same_name(left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Whether two names are one, whatever form of their characters or letters they are written in; NULL where one is.

    ``translate`` reads its alphabets anew for every text (half a millisecond), so only names that differ, are equally
    long and have such a character go through it."""
    complex_, simple = alphabets()
    return sql(
        "CASE WHEN :a = :b THEN TRUE WHEN length(:a) <> length(:b) THEN FALSE WHEN upper(:a) = upper(:b) THEN TRUE "
        "WHEN regexp_matches(:a || :b, :p) THEN translate(:a, :f, :t) = translate(:b, :f, :t) "
        "WHEN :a IS NOT NULL AND :b IS NOT NULL THEN FALSE END",
        a=left,
        b=right,
        p=f"[{complex_}]",
        f=complex_,
        t=simple,
    )
