"""Chinese numerals and what else a text may be written in, as character classes (bodies of RE2 classes) and trees."""

from __future__ import annotations

from sqlglot import exp

from govdata.trees.build import sql

HAN = r"\x{3007}\x{3400}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{323AF}"
HAN_DIGITS = "〇○零一二三四五六七八九壹贰叁肆伍陆柒捌玖"
ARABIC_DIGITS = "000123456789123456789"


def digits_zh(x: exp.Expression) -> exp.Expression:
    """Chinese numerals as digits: positional ones one by one (一九九〇), tens by their word (二十六 → 26, 十 → 10).
    Zeros are not invented elsewhere."""
    ten = "[十拾]"
    unit = "[一二三四五六七八九]"
    for pattern, replacement in (
        (f"({unit}){ten}({unit})", "\\1\\2"),
        (f"({unit}){ten}", "\\1零"),
        (f"{ten}({unit})", "一\\1"),
        (ten, "一零"),
    ):
        x = sql("regexp_replace(:x, :p, :r, 'g')", x=x, p=pattern, r=replacement)
    return sql("translate(:x, :f, :t)", x=x, f=HAN_DIGITS, t=ARABIC_DIGITS)
