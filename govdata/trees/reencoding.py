"""Garbled text back into what was written, as trees: where every character stands for bytes that no other character
stands for, and those bytes are text in the encoding it was written in, reading it so is the only way to read it.

Each tree is NULL where that cannot be proved: a lost byte, a character that the wrong encoding never makes, a result
that is no Chinese or Latin text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlglot import exp

from govdata.trees.build import sql

HAN = "\u3400-\u9fff\U00020000-\U000323af"
PLAIN = " -~·\u2010-\u2027\u3000-\u303f\uff01-\uff5e"
LETTERS = (
    "\u00c0\u00c1\u00c4-\u00d6\u00d8-\u00f6\u00f8-\u0151\u0154-\u015f"
    "\u0162-\u0177\u0179-\u017c\u017f\u01a0-\u024f\u1e00-\u1eff"
)
"""Latin letters that are not themselves what a wrong encoding makes of a byte (Â, Ã, Š, Œ, Ÿ, Ž, ƒ)."""

CHINESE = f"^[{PLAIN}{HAN}]*[{HAN}][{PLAIN}{HAN}]*$"
LATIN_TEXT = f"^[{PLAIN}{HAN}{LETTERS}]+$"

PRINTABLE = range(0x20, 0x7F)
LEADS = (*range(0x80, 0xC0), 0xC2, 0xC3, *range(0xE2, 0xEA), 0xEF)
"""Bytes of Chinese text and its punctuation in UTF-8, the middle dot and Western letters among it."""


def utf8_read_as_gbk(x: exp.Expression) -> exp.Expression:
    return _only(_decoded(x, *_gbk()), CHINESE)


def utf8_read_as_latin(x: exp.Expression) -> exp.Expression:
    """Latin-1 or Windows-1252, once or twice."""
    once = _decoded(x, *_latin())
    twice = _decoded(once, *_latin())
    return sql("coalesce(:t, :o)", t=_only(twice, LATIN_TEXT), o=_only(once, LATIN_TEXT))


UTF8_AS_LATIN = "[\u00e4-\u00e9][\u00a1-\u00bf]{2}"
"""A Chinese character of UTF-8: a text that shows one was not written in GB 2312, whose rows from E4 on are rare."""


def gb2312_read_as_latin(x: exp.Expression) -> exp.Expression:
    high = "".join(map(chr, range(0xA1, 0xFF)))
    joined = sql(
        "array_to_string(list_transform(regexp_extract_all(:x, :p), lambda c: CASE WHEN length(c) = 2 THEN "
        "substr(:table, 94 * strpos(:high, left(c, 1)) - 94 + strpos(:high, right(c, 1)), 1) ELSE c END), '')",
        x=x,
        p=f"[{high[0]}-{high[-1]}]{{2}}|(?s:.)",
        table=_gb2312(),
        high=high,
    )
    return sql(
        "CASE WHEN NOT regexp_matches(:x, :utf8) THEN :read END", x=x, utf8=UTF8_AS_LATIN, read=_only(joined, CHINESE)
    )


ESCAPED = r"&#[0-9]{5,6};|&#[xX][0-9A-Fa-f]{4,5};|\\u[0-9A-Fa-f]{4}|(?:%[0-9A-Fa-f]{2}){3,}"
"""A Chinese character in HTML, JSON or a web address. Shorter ones (``&#39;``, ``%20``) may have been meant."""


def escaped(x: exp.Expression) -> exp.Expression:
    character = (
        "CASE WHEN regexp_matches(c, '^&#[0-9]') THEN TRY(chr(CAST(regexp_extract(c, '[0-9]+') AS INTEGER))) "
        "WHEN regexp_matches(c, '^(?:&#|\\\\u)') "
        "THEN TRY(chr(CAST('0x' || regexp_extract(c, '[0-9A-Fa-f]{4,5}') AS INTEGER))) "
        "WHEN regexp_matches(c, '^%..%') THEN TRY(url_decode(c)) ELSE c END"
    )
    joined = sql(
        f"array_to_string(list_transform(regexp_extract_all(:x, :p), lambda c: coalesce({character}, c)), '')",
        x=x,
        p=f"{ESCAPED}|(?s:.)",
    )
    return _only(joined, CHINESE)


def _only(x: exp.Expression, pattern: str) -> exp.Expression:
    """``x`` where it is such text, else NULL."""
    return sql("nullif(regexp_extract(:x, :p), '')", x=x, p=pattern)


def _decoded(x: exp.Expression, alphabet: str, codes: str) -> exp.Expression:
    """The UTF-8 text of the bytes that the characters of ``x`` stand for. ``codes``: four hexadecimal digits, or two
    and two spaces, for what is not in the ``alphabet`` and then for each character of it."""
    return sql(
        "TRY(decode(unhex(replace(array_to_string(list_transform(regexp_extract_all(:x, '(?s).'), "
        "lambda c: substr(:codes, 4 * strpos(:alphabet, c) + 1, 4)), ''), ' ', ''))))",
        x=x,
        alphabet=alphabet,
        codes=codes,
    )


def _table(pairs: Iterable[tuple[str, bytes]]) -> tuple[str, str]:
    known = dict(pairs)
    return "".join(known), "no  " + "".join(f"{code.hex():4}" for code in known.values())


@cache
def _gbk() -> tuple[str, str]:
    trails = (*range(0x40, 0x7F), *LEADS)
    double = [bytes((lead, trail)) for lead in LEADS for trail in trails]
    return _table(_readings([*(bytes((code,)) for code in PRINTABLE), *double], "gbk"))


@cache
def _latin() -> tuple[str, str]:
    """Bytes that Windows-1252 leaves open are read as controls, as browsers do."""
    single = [bytes((code,)) for code in (*PRINTABLE, *range(0x80, 0x100))]
    return _table([*_readings(single, "latin-1"), *_readings(single, "cp1252")])


@cache
def _gb2312() -> str:
    """Each place of the 87 rows of 94, a replacement character where none is. GBK has the same, and the middle dot of
    names where GB 2312 tables have a Japanese one."""
    places = [bytes((row, place)) for row in range(0xA1, 0xF8) for place in range(0xA1, 0xFF)]
    known = {code: character for character, code in _readings(places, "gbk")}
    return "".join(known.get(code, "\ufffd") for code in places)


def _readings(codes: Iterable[bytes], encoding: str) -> Iterable[tuple[str, bytes]]:
    for code in codes:
        try:
            yield code.decode(encoding), code
        except UnicodeDecodeError:
            continue
