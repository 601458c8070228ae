"""The normalisers: each takes a text expression (never NULL-producing for a non-NULL text unless it says so) and
returns the
text it standardises to.

A step declares what it can touch: an RE2 character class (a text without such a character is left alone by the step)
or, where a
class cannot say it, a whole pattern. The compiler tests once per column whether any step can touch the text and skips
the chain for
all others, which is nearly every cell of a real delivery."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from govdata.engine.characters import COMPATIBILITY, MARKUP, layout_markup, unified_ideographs
from govdata.engine.syntax import literal, sql
from govdata.standards.model import Normaliser
from govdata.standards.types.date import date_of
from govdata.standards.types.moment import DATE_ONLY, arabic
from govdata.trees.check_digits import check_digit_ok, gb11643_digit
from govdata.trees.numerals import HAN, HAN_DIGITS, digits_zh

# Spaces a person cannot see or tell apart: ASCII controls and space, NEL, NBSP, U+1680, U+2000–200A, line and paragraph
# separators, U+202F, U+205F, U+3000.
WHITESPACE = r"\x00-\x20\x7F\x85\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
# Characters without any width: soft hyphen, combining grapheme joiner, zero-width and direction marks, word joiner,
# BOM.
INVISIBLE = r"\xAD\x{034F}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}"
# What spreadsheets and people put before a number to keep it text: apostrophes and back-ticks.
QUOTES = "'`\u2018\u2019\u00b4"
FULLWIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALFWIDTH = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + " "
FULLWIDTH_CLASS = "！-～\u3000"
FULLWIDTH_ALNUM = "".join(c for c, h in zip(FULLWIDTH, HALFWIDTH, strict=True) if h.isalnum())
HALFWIDTH_ALNUM = "".join(h for h in HALFWIDTH if h.isalnum())
NAME_DOTS = "\u2022\u30fb\uff0e\uff65\u2027\u2219\u22c5\u0387\u16eb\u2024\u25cf\uff61."
NAME_DOTS_OF_HAN = "\u2022\u30fb\uff0e\uff65\u2027\u2219\u22c5\u0387\u16eb\u2024\u25cf"
SPACED_NAME = "H( H){1,3}|HH( H){1,2}|H HH( H)?|H H HH".replace("H", f"[{HAN}]")
"""A name of two to four characters set with spaces, at least one character alone."""
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\uff5e~"
BRACKETS = "()[]【】〔〕﹙﹚"
LOOKALIKE_X = "x\u0425\u0445\u03a7\u03c7\u00d7\u2715\u2716\uff38\uff58"
LOWER = "abcdefghijklmnopqrstuvwxyz"
# Only ASCII letters have a case here: upper() of other scripts differs between engines (ß), and codes have no such
# letters.

Step = Callable[[exp.Expression, dict[str, Any]], exp.Expression]


@dataclass(frozen=True)
class NormaliserSpec:
    """``touches``: body of an RE2 character class; a text without such characters is unchanged. ``pattern``: RE2 that a
    text
    must contain to be changed, where a class cannot say it. Either may depend on the arguments."""

    step: Step
    touches: str | None = None
    pattern: str | Callable[[dict[str, Any]], str] | None = None


def escape_class(characters: str) -> str:
    return "".join("\\" + c if c in r"\]^-[" else c for c in characters)


def _halfwidth(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """DuckDB's ``translate`` reads its two alphabets anew for every text, so texts without such characters, most of
    those touched, pass."""
    return sql(
        "CASE WHEN regexp_matches(:x, :p) THEN translate(:x, :f, :t) ELSE :x END",
        x=x,
        p=f"[{FULLWIDTH_CLASS}]",
        f=FULLWIDTH,
        t=HALFWIDTH,
    )


def _strip(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    edge = f"[{WHITESPACE}{QUOTES}]"
    visible = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{INVISIBLE}]")
    return sql("regexp_replace(:x, :p, '', 'g')", x=visible, p=f"^{edge}+|{edge}+$")


def _remove_spaces(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    bare = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{WHITESPACE}{INVISIBLE}]")
    return sql("regexp_replace(:x, :p, '', 'g')", x=bare, p=f"^[{QUOTES}]+|[{QUOTES}]+$")


def _collapse_spaces(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, :p, ' ', 'g')", x=x, p=f"[{WHITESPACE}]+")


def _excel_text(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """``="123"`` back to 123, and the ``.0`` a spreadsheet hangs on an integer. Lost digits (3.4E+17) are left as they
    are:
    nobody can know them."""
    unwrapped = sql("""regexp_replace(:x, '^=?"([^"]*)"$', '\\1')""", x=x)
    return sql(r"regexp_replace(:x, '^([0-9]{1,15})\.0+$', '\1')", x=unwrapped)


def _upgrade(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """GB 11643-1999: century digits after the sixth digit, then the check digit; sequences 996–999 of the 1989 edition
    marked
    centenarians (18xx)."""
    seventeen = sql(
        "left(:x, 6) || CASE WHEN substr(:x, 13, 2) = '99' AND right(:x, 1) >= '6' THEN '18' ELSE '19' END || "
        "substr(:x, 7, 9)",
        x=x,
    )
    upgraded = sql(":s || :d", s=seventeen, d=gb11643_digit(seventeen))
    return sql("CASE WHEN regexp_full_match(:x, :p) THEN :u ELSE :x END", x=x, u=upgraded, p=FIFTEEN)


FIFTEEN = "[1-9][0-9]{7}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}"


def _uscc_lookalike(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """I, O, S and Z do not exist in GB 32100 §4.2 and look like 1, 0, 5 and 2; the repair counts only where the check
    digit then
    proves it."""
    repaired = sql("translate(:x, 'IOSZ', '1052')", x=x)
    return sql("CASE WHEN :ok THEN :r ELSE :x END", ok=check_digit_ok("gb32100", repaired), r=repaired, x=x)


def _org_code_hyphen(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, '^([0-9A-Z]{8})([0-9X])$', '\\1-\\2')", x=x)


def _name_dots(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """U+00B7 between the parts of a Chinese-script name (GB/T 18030 practice of 公安 and 民政); names in other scripts
    keep their dots."""
    dots = f"[·{escape_class(NAME_DOTS)}]+"
    inner = sql("regexp_replace(:x, :e, '', 'g')", x=x, e=f"^{dots}|{dots}$")
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) THEN regexp_replace(:i, :d, '·', 'g') ELSE :x END",
        x=x,
        i=inner,
        p=f"[·{escape_class(NAME_DOTS)}]*[{HAN}][{HAN}·{escape_class(NAME_DOTS)}]*",
        d=dots,
    )


def _name_spaces(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """Spaces that set a Chinese-script name of up to four characters are lay-out and go, so do those beside a dot.
    Others may part two
    persons, or stand for the dot of a name in another tongue: one of each run stays, as between the words of a
    Latin-script name."""
    visible = sql("regexp_replace(:x, :p, '', 'g')", x=x, p=f"[{INVISIBLE}]")
    single = sql("trim(regexp_replace(:x, :w, ' ', 'g'))", x=visible, w=f"[{WHITESPACE}]+")
    joined = sql("regexp_replace(:x, :d, '\\1', 'g')", x=single, d=f" ?([·{NAME_DOTS_OF_HAN}]) ?")
    return sql(
        "CASE WHEN regexp_matches(:x, :h) THEN CASE WHEN regexp_full_match(:s, :l) THEN replace(:s, ' ', '') ELSE :j "
        "END ELSE :s END",
        x=x,
        h=f"[{HAN}]",
        s=single,
        j=joined,
        l=SPACED_NAME,
    )


def _han_spaces(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """A space beside a Chinese character is lay-out; between Latin words it parts them."""
    before = sql("regexp_replace(:x, :p, '\\1', 'g')", x=x, p=f"([{HAN}（）])[{WHITESPACE}]+")
    return sql("regexp_replace(:x, :p, '\\1', 'g')", x=before, p=f"[{WHITESPACE}]+([{HAN}（）])")


def _address(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """Spaces go, except one between numbers or Latin words, which it parts: 20号 3 501 is not 20号3501."""
    narrow = sql("translate(:x, :f, :h)", x=x, f=FULLWIDTH_ALNUM + "－＃", h=HALFWIDTH_ALNUM + "-#")
    visible = sql("regexp_replace(:x, :p, '', 'g')", x=narrow, p=f"[{INVISIBLE}]")
    single = sql("trim(regexp_replace(:x, :p, ' ', 'g'))", x=visible, p=f"[{WHITESPACE}]+")
    left = sql("regexp_replace(:x, '([^0-9A-Za-z]) ', '\\1', 'g')", x=single)
    return sql("regexp_replace(:x, ' ([^0-9A-Za-z])', '\\1', 'g')", x=left)


MOBILE = "(?:[+]?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"
ANOTHER_NUMBER = "(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[2-9][0-9]{6,7}|[2-9][0-9]{6,7})"


def _phone(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """Separators and +86 go from a mobile number, whose it is in brackets behind it goes too, and of two numbers the
    first stays; an area
    code set apart gets its hyphen."""
    x = sql(
        "regexp_replace(:x, :p, '\\1')",
        x=x,
        p=f"^({MOBILE})(?:[(（][{HAN}]+[)）]|[ ]*(?:[/、,，;；|或]|[ ])[ ]*{ANOTHER_NUMBER})$",
    )
    x = sql(
        "regexp_replace(:x, :p, '\\1-\\2')", x=x, p=r"^(?:[(（]|)(0[0-9]{2,3})(?:[)）][- —]*|[ ]+)([2-9][0-9]{6,7})$"
    )
    bare = sql(r"regexp_replace(:x, '[-+() （）—－]', '', 'g')", x=x)
    return sql(
        "CASE WHEN regexp_full_match(:b, '(0?086|86)?1[3-9][0-9]{9}') THEN right(:b, 11) ELSE :x END", b=bare, x=x
    )


def _marriage_certificate(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    dashed = sql("translate(:x, :f, :t)", x=x, f=DASHES, t="-" * len(DASHES))
    return sql("regexp_replace(:x, '^(B?[JL])([0-9]{6})-?([0-9]{4})-?([0-9]{6})$', '\\1\\2-\\3-\\4')", x=dashed)


def _certificate_prefix(x: exp.Expression, args: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, :p, '')", x=x, p=_prefix_pattern(args))


def _prefix_pattern(args: dict[str, Any]) -> str:
    return "^(" + "|".join(re.escape(prefix) for prefix in args["prefixes"]) + ")[:：]?"


def _unit_suffix(x: exp.Expression, args: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, :p, '')", x=x, p=_suffix_pattern(args))


def _suffix_pattern(args: dict[str, Any]) -> str:
    units = sorted(args["units"], key=len, reverse=True)
    return "[ ]*(" + "|".join(re.escape(unit) for unit in units) + ")$"


def _placeholder_dates(x: exp.Expression, args: dict[str, Any]) -> exp.Expression:
    """A value that is a date stands for that day in every usual spelling, with and without a time; any other as it is
    written."""
    return sql("CASE WHEN regexp_matches(:x, :p) THEN NULL ELSE :x END", x=x, p=_placeholder_pattern(args))


def _placeholder_pattern(args: dict[str, Any]) -> str:
    return "^(?:" + "|".join(_spellings(str(value)) for value in args["values"]) + ")$"


def _spellings(value: str) -> str:
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None or "-00" in value or "-99" in value:
        return re.escape(value)
    year, month, day = value.split("-")
    return rf"{year}(?:{month}{day}|[-/.年]0?{int(month)}[-/.月]0?{int(day)}[日号]?)(?:[ T].*)?"


def _pad_left(x: exp.Expression, args: dict[str, Any]) -> exp.Expression:
    length = int(args["length"])
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) THEN lpad(:x, :n, '0') ELSE :x END",
        x=x,
        p=f"[0-9]{{1,{length - 1}}}",
        n=length,
    )


def _prefix_code(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, :p, '\\1')", x=x, p=PREFIX_CODE)


PREFIX_CODE = rf"^([0-9A-Z]+)[ ]*[-_:：|、.．—][ ]*([{HAN}（(].*)$"
"""Group 1 the code, group 2 the label behind it."""


ATTACHED_CODE = rf"^[\[(（【]?([0-9A-Z]+)[\])）】]?[ ]*[(（\[【]?([{HAN}][^)）\]】]*)[)）\]】]?$"
"""1男, [1]男, 1(男). Group 1 the code, group 2 the label; only a label that is known and agrees makes it one."""

CODE_BEHIND = rf"^([{HAN}].*?)[ ]*[-_:：|、(（\[【][ ]*([0-9A-Z]+)[)）\]】]?$"
"""男-1, 男(1). Group 1 the label, group 2 the code; likewise."""

COUNTY_CODE = "([1-8][0-9]{5})(?:[0-9]{3}|[0-9]{6})"


def _county_code(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """Codes of towns (nine digits, GB/T 10114) and villages (twelve, of the statistical bureau) begin with their
    county's."""
    return sql("regexp_replace(:x, :p, '\\1')", x=x, p=f"^{COUNTY_CODE}$")


STUDENT_NUMBER = "^([GJL])[-_./]([0-9]{17}[0-9X])$"


def _student_number(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql("regexp_replace(:x, :p, '\\1\\2')", x=x, p=STUDENT_NUMBER)


def _time_required(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    """A day without a time is no moment: midnight is not invented, the text stays for the type to refuse."""
    return sql(
        "CASE WHEN regexp_full_match(:d, :p) THEN :x || :said ELSE :x END",
        d=arabic(x),
        p=DATE_ONLY,
        x=x,
        said=" 没有时间",
    )


def _date_text(x: exp.Expression, _: dict[str, Any]) -> exp.Expression:
    return sql("coalesce(CAST(:d AS VARCHAR), :x)", d=date_of(x), x=x)


NORMALISERS: dict[str, NormaliserSpec] = {
    "halfwidth": NormaliserSpec(_halfwidth, touches=FULLWIDTH_CLASS),
    "strip": NormaliserSpec(_strip, pattern=f"^[{WHITESPACE}{QUOTES}]|[{WHITESPACE}{QUOTES}]$|[{INVISIBLE}]"),
    "remove_spaces": NormaliserSpec(_remove_spaces, touches=WHITESPACE + INVISIBLE + QUOTES),
    "collapse_spaces": NormaliserSpec(_collapse_spaces, touches=WHITESPACE),
    "uppercase": NormaliserSpec(
        lambda x, _: sql("translate(:x, :f, :t)", x=x, f=LOWER, t=LOWER.upper()), touches="a-z"
    ),
    "lowercase": NormaliserSpec(
        lambda x, _: sql("translate(:x, :f, :t)", x=x, f=LOWER.upper(), t=LOWER), touches="A-Z"
    ),
    "lookalike_x": NormaliserSpec(
        lambda x, _: sql("regexp_replace(:x, :p, 'X')", x=x, p=f"[{LOOKALIKE_X}]$"), pattern=f"[{LOOKALIKE_X}]$"
    ),
    "excel_text": NormaliserSpec(_excel_text, pattern=r'"$|\.0+$'),
    "upgrade_15_to_18": NormaliserSpec(_upgrade, pattern=f"^{FIFTEEN}$"),
    "uscc_lookalike": NormaliserSpec(_uscc_lookalike, touches="IOSZ"),
    "org_code_hyphen": NormaliserSpec(_org_code_hyphen, pattern="^[0-9A-Z]{8}[0-9X]$"),
    "name_dots": NormaliserSpec(_name_dots, touches=escape_class(NAME_DOTS) + "·"),
    "name_spaces": NormaliserSpec(_name_spaces, touches=WHITESPACE + INVISIBLE),
    "han_spaces": NormaliserSpec(_han_spaces, touches=WHITESPACE),
    "brackets": NormaliserSpec(
        lambda x, _: sql("translate(:x, :f, :t)", x=x, f=BRACKETS, t="（）" * (len(BRACKETS) // 2)),
        touches=escape_class(BRACKETS),
    ),
    "address": NormaliserSpec(_address, touches=WHITESPACE + INVISIBLE + escape_class(FULLWIDTH_ALNUM + "－＃")),
    "phone": NormaliserSpec(_phone, pattern=r"[-+() （）—－/、,，;；|或]|^0?086|^86"),
    "marriage_certificate": NormaliserSpec(_marriage_certificate, pattern=f"[{escape_class(DASHES)}]|[0-9]{{10}}"),
    "certificate_prefix": NormaliserSpec(_certificate_prefix, pattern=_prefix_pattern),
    "unit_suffix": NormaliserSpec(_unit_suffix, pattern=_suffix_pattern),
    "date": NormaliserSpec(_date_text, pattern="."),
    "time_required": NormaliserSpec(_time_required, pattern="."),
    "placeholder_dates": NormaliserSpec(_placeholder_dates, pattern=_placeholder_pattern),
    "digits_zh": NormaliserSpec(lambda x, _: digits_zh(x), touches=HAN_DIGITS + "十拾"),
    "pad_left": NormaliserSpec(_pad_left, pattern=lambda args: f"^[0-9]{{1,{int(args['length']) - 1}}}$"),
    "prefix_code": NormaliserSpec(_prefix_code, pattern=PREFIX_CODE),
    "layout_markup": NormaliserSpec(layout_markup, pattern=MARKUP),
    "unified_ideographs": NormaliserSpec(unified_ideographs, touches=COMPATIBILITY),
    "county_code": NormaliserSpec(_county_code, pattern=f"^{COUNTY_CODE}$"),
    "student_number": NormaliserSpec(_student_number, pattern=STUDENT_NUMBER),
}
"""The text steps. ``money`` and ``currency_of`` read a second column and live in ``govdata.engine.money``."""


def apply(step: Normaliser, value: exp.Expression) -> exp.Expression:
    return NORMALISERS[step.name].step(value, step.args)


def touched(
    steps: tuple[Normaliser, ...], value: exp.Expression, null_tokens: tuple[str, ...] = (), also: Iterable[str] = ()
) -> exp.Expression | None:
    """TRUE where some step may change ``value``, where it is one of ``null_tokens``, or where one of the patterns
    ``also`` is found in it;
    None where nothing can."""
    classes = "".join(spec.touches for step in steps if (spec := NORMALISERS[step.name]).touches)
    patterns = [f"[{classes}]"] if classes else []
    for step in steps:
        pattern = NORMALISERS[step.name].pattern
        if pattern is not None:
            patterns.append(pattern(step.args) if callable(pattern) else pattern)
    if tokens := "|".join(re.escape(token) for token in null_tokens if token):
        patterns.append(f"^(?:{tokens})$")
    patterns.extend(also)
    return sql("regexp_matches(:x, :p)", x=value, p=literal("|".join(patterns))) if patterns else None
