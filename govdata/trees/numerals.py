"""Chinese numerals and what else a text may be written in, as character classes (bodies of RE2 classes) and trees."""

from __future__ import annotations

from sqlglot import exp

from govdata.trees.build import sql

HAN = r"\x{3007}\x{3400}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{323AF}"
HAN_DIGITS = "〇○零一二三四五六七八九壹贰叁肆伍陆柒捌玖"
ARABIC_DIGITS = "000123456789123456789"
NUMERALS = HAN_DIGITS + "十拾廿卅"
"""What dates and small numbers are written with."""


def digits_zh(x: exp.Expression) -> exp.Expression:
    """Chinese numerals as digits: positional ones one by one (一九九〇), tens by their word (二十六 → 26, 十 → 10).
    Zeros are not invented elsewhere. 廿 without 日 behind it is a day of the lunar month."""
    ten = "[十拾]"
    unit = "[一二三四五六七八九壹贰叁肆伍陆柒捌玖]"
    for pattern, replacement in (
        (f"廿({unit}?[日号])", "二十\\1"),
        (f"卅({unit}?[日号])", "三十\\1"),
        (f"({unit}){ten}({unit})", "\\1\\2"),
        (f"({unit}){ten}", "\\1零"),
        (f"{ten}({unit})", "一\\1"),
        (ten, "一零"),
    ):
        x = sql("regexp_replace(:x, :p, :r, 'g')", x=x, p=pattern, r=replacement)
    return sql("translate(:x, :f, :t)", x=x, f=HAN_DIGITS, t=ARABIC_DIGITS)


ONES = "一二三四五六七八九"
AMOUNTS, PLAIN_AMOUNTS = "壹贰叁肆伍陆柒捌玖拾佰仟萬億〇○圆", "一二三四五六七八九十百千万亿零零元"
BELOW_TEN_THOUSAND = f"(?:[{ONES}]千)?零?(?:[{ONES}]百)?零?(?:[{ONES}]?十)?零?[{ONES}]?"
IN_WORDS = f"(?:{BELOW_TEN_THOUSAND}亿)?(?:{BELOW_TEN_THOUSAND}万)?{BELOW_TEN_THOUSAND}"
COLLOQUIAL = f"[百千][{ONES}](?:$|[万亿])|[万亿][{ONES}]$|零$|^[百千万亿零]|[亿万]万"
"""一百二 is a hundred and twenty to one and a hundred and two to another."""


TWO_UNITS = "([0-9]{1,8})亿([0-9]{1,4})(千?)万"


def _one_unit(x: exp.Expression) -> exp.Expression:
    """1亿5000万 and 1亿5千万 as 15000万; any other text as it is."""
    part = {
        name: sql("regexp_extract(:x, :p, :g)", x=x, p=TWO_UNITS, g=group)
        for name, group in (("a", 1), ("b", 2), ("k", 3))
    }
    return sql(
        "CASE WHEN regexp_matches(:x, :p) AND strlen(:b || repeat('000', strlen(:k) // 3)) <= 4 THEN "
        "regexp_replace(:x, :p, :a || lpad(:b || repeat('000', strlen(:k) // 3), 4, '0') || '万') ELSE :x END",
        x=x,
        p=TWO_UNITS,
        **part,
    )


def amount_in_digits(x: exp.Expression) -> exp.Expression:
    """A text whose one number is written in words (人民币壹佰贰拾万元整) with it in digits, one with two units in one
    (1亿5000万); any other as it is. 元 is added where 万 or 亿 were the only unit. A lone 一 is more often a dash."""
    plain = sql("translate(:x, :f, :t)", x=x, f=AMOUNTS, t=PLAIN_AMOUNTS)
    words = exp.column("words")
    below = sql("regexp_replace(:w, '^.*亿', '')", w=words)
    total = sql(
        ":h * 100000000 + :m * 10000 + :o",
        h=_below_ten_thousand(sql("regexp_extract(:w, '^(.*)亿', 1)", w=words)),
        m=_below_ten_thousand(sql("regexp_extract(:w, '^(.*)万', 1)", w=below)),
        o=_below_ten_thousand(sql("regexp_replace(:w, '^.*万', '')", w=below)),
    )
    unit = sql(
        "CASE WHEN regexp_matches(:w, '[万亿]') AND NOT regexp_matches(:x, '元') THEN '元' ELSE '' END",
        w=words,
        x=plain,
    )
    digits = sql(
        "CASE WHEN :w = '零' THEN replace(:x, :w, '0') WHEN regexp_full_match(:w, :p) AND NOT regexp_matches(:w, :c) "
        "THEN replace(:x, :w, CAST(:total AS VARCHAR) || :unit) END",
        w=words,
        x=plain,
        p=IN_WORDS,
        c=COLLOQUIAL,
        total=total,
        unit=unit,
    )
    return sql(
        "CASE WHEN regexp_matches(:x, :words) AND length(:x) > 1 AND NOT regexp_matches(:x, '[0-9]') THEN "
        "coalesce(list_transform([regexp_extract(:plain, :run)], lambda words: :digits)[1], :x) "
        "WHEN contains(:x, '亿') THEN :one ELSE :x END",
        x=x,
        one=_one_unit(x),
        words=f"[{ONES}零十百千{AMOUNTS[:-1]}]",
        plain=plain,
        run=f"[零{ONES}十百千万亿]+",
        digits=digits,
    )


def _below_ten_thousand(x: exp.Expression) -> exp.Expression:
    """The number that words up to 九千九百九十九 name, 0 for none."""
    digit = {
        place: sql("coalesce(strpos(:d, nullif(regexp_extract(:x, :p, 1), '')), 0)", d=ONES, x=x, p=pattern)
        for place, pattern in (
            ("k", f"([{ONES}])千"),
            ("h", f"([{ONES}])百"),
            ("t", f"([{ONES}])十"),
            ("o", f"([{ONES}])$"),
        )
    }
    return sql(
        ":k * 1000 + :h * 100 + (CASE WHEN contains(:x, '十') THEN greatest(:t, 1) ELSE 0 END) * 10 + :o", x=x, **digit
    )
