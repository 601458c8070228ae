"""Dates and times as programs print them and people say them, in the plain shapes that ``moment`` reads: 2026/11/18
星期三, 18-Nov-2026, 下午8:30, 8点半, 20261118T083000, Wed Nov 18 08:30:00 CST 2026. A two-digit year, and an hour that
names two (晚上12点, 上午12:30), stay as they are."""

from __future__ import annotations

from sqlglot import exp

from govdata.trees import bound, sql

PLAIN = "[-+0-9:./ TZ年月日时分秒]*"
COMPACT = "^[0-9]{8}[. T_日]|[ T][0-9]{4}(?:[0-9]{2})?$|^[0-9]{1,2}-|-[0-9]{2}[.]|:[0-9]{2}分"
"""Nothing here is to be done with a text of ``PLAIN`` characters, which nearly all are, save for those that show one of
these: digits without separators, the day before the month, a clock with points."""

MONTHS = " jan feb mar apr may jun jul aug sep oct nov dec"
WORD = "[A-Za-z]{3,9}"
BUSINESS = "出生|登记|注册|成立|核准|入学|毕业|签发|发证|更新|变更|迁入|落户|死亡|注销"

FORMS: tuple[tuple[str, str], ...] = (
    (r'^="([^"]*)"$', r"\1"),
    (r"^[(（\[【]([^()（）\[\]【】]*)[)）\]】][。，,;；、]*$", r"\1"),
    (rf"^(?:(?:{BUSINESS})(?:日期|时间)[:：]?|公元|公历|阳历|生于|[于自从])[ ]*([12][0-9]{{3}})", r"\1"),
    (r"([0-9日号时点分秒])[ ]*[(（]?(?:出生|[公阳]历|[生起止])?[)）]?[。，,;；、]*$", r"\1"),
    ("[ ,，]*[(（]?(?:星期|周|礼拜)[一二三四五六日天][)）]?[ ]*", " "),
    ("[ ]+$", ""),
    # java.util.Date and JavaScript's Date as text, in China
    (
        rf"^{WORD} ({WORD}) ([0-9]{{1,2}}) ([0-9:]{{8}})(?: (?:CST|GMT[+]0?8(?::?00)?))? ([0-9]{{4}})$",
        r"\4-\1-\2 \3",
    ),
    (rf"^{WORD} ({WORD}) ([0-9]{{1,2}}) ([0-9]{{4}}) ([0-9:]{{8}}) GMT[+]0800.*$", r"\3-\1-\2 \4"),
    (rf"^(?:{WORD},? )?([0-9]{{1,2}})[- /]?({WORD})[-. /,]*([0-9]{{4}})", r"\3-\2-\1"),
    (rf"^(?:{WORD},? )?({WORD})[. ]+([0-9]{{1,2}})(?:st|nd|rd|th)?,?[ ]+([0-9]{{4}})", r"\3-\1-\2"),
    (r"^([0-9]{1,2})-([0-9]{1,2})月[ ]*-([0-9]{4})", r"\3-\2-\1"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})(?:[.]0+|日)$", r"\1-\2-\3"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})[ T_]([0-9]{2}):?([0-9]{2}):?([0-9]{2})$", r"\1-\2-\3 \4:\5:\6"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})[ T_]([0-9]{2}):?([0-9]{2})$", r"\1-\2-\3 \4:\5"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2})([0-9]{2})([0-9]{2})$", r"\1 \2:\3:\4"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2})([0-9]{2})$", r"\1 \2:\3"),
    # DB2
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{2})[.]([0-9]{2})[.]([0-9]{2})(?:[.][0-9]+)?$", r"\1 \2:\3:\4"),
    ("([0-9日号])[_,，]([0-9]{1,2}:[0-9]{2})", r"\1 \2"),
    ("([0-9][点时])半", r"\130分"),
    ("(:[0-9]{2})分$", r"\1"),
    ("(?i)[ ]*([0-9]{1,2}(?::[0-9]{2}){1,2})(?:[.][0-9]+)?[ ]*([ap])[.]?m[.]?$", r" \2m\1"),
    ("[ ]*([0-9]{1,2}(?::[0-9]{2}){1,2})(?:[.][0-9]+)?[ ]*([上下]午)$", r" \2\1"),
)
"""Pattern → what it becomes, in order. An element may have no step that takes off a spreadsheet's ``="…"`` and ``.0``,
brackets and marks at the end: what is read as a date is the type's own."""

HALVES = "am|pm|上午|早上|早晨|清晨|凌晨|早|中午|下午|傍晚|晚上|晚间|晚"
HALF = f"(?i)[ ]*({HALVES})[ ]*([0-9]{{1,2}})(:[0-9]{{2}}:[0-9]{{2}}|[:点时])"
"""Half of the day, the hour, and what follows it: with seconds a program wrote it, for which 12 begins the half."""

HOUR = """CASE
    WHEN half = 'pm' AND hour BETWEEN 1 AND 12 THEN hour % 12 + 12
    WHEN half IN ('下午', '傍晚') AND hour BETWEEN 1 AND 23 THEN CASE WHEN hour < 12 THEN hour + 12 ELSE hour END
    WHEN half IN ('晚上', '晚间', '晚') AND hour BETWEEN 5 AND 11 THEN hour + 12
    WHEN half IN ('晚上', '晚间', '晚') AND hour BETWEEN 18 AND 23 THEN hour
    WHEN half = '中午' AND hour IN (1, 2) THEN hour + 12
    WHEN half = '中午' AND hour IN (11, 12) THEN hour
    WHEN half IN ('am', '凌晨') AND hour = 12 OR half = '上午' AND hour = 12 AND strlen(:behind) = 6 THEN 0
    WHEN half IN ('am', '上午', '早上', '早晨', '清晨', '凌晨', '早') AND hour < 12 THEN hour
END"""
"""The hour of the whole day, NULL where the words leave it open or contradict it."""


def plain(x: exp.Expression) -> exp.Expression:
    """The text in a plain shape where it is one of these, else as it is."""
    formed = x
    for pattern, form in FORMS:
        formed = sql("regexp_replace(:x, :p, :f)", x=formed, p=pattern, f=form)
    said = bound(bound(formed, "named", _month), "clocked", _clock)
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) AND NOT regexp_matches(:x, :o) THEN :x ELSE :c END",
        x=x,
        p=PLAIN,
        o=COMPACT,
        c=said,
    )


def _month(x: exp.Expression) -> exp.Expression:
    """2026-Nov-18 with the month's number; 0 where the word is no month."""
    return sql(
        "CASE WHEN regexp_matches(:x, :p) THEN regexp_replace(:x, :p, '\\1-' || CAST("
        "(strpos(:months, ' ' || lower(regexp_extract(:x, :p, 2))) + 3) // 4 AS VARCHAR) || '-') ELSE :x END",
        x=x,
        p="^([0-9]{4})-([A-Za-z]{3})[a-z]*-",
        months=MONTHS,
    )


def _clock(x: exp.Expression) -> exp.Expression:
    """下午8:30 as 20:30."""
    part = {
        name: sql("regexp_extract(:x, :p, :g)", x=x, p=HALF, g=group)
        for name, group in (("half", 1), ("hour", 2), ("behind", 3))
    }
    hour = sql(
        "list_transform([TRY_CAST(:hour AS INTEGER)], lambda hour: "
        "list_transform([lower(:half)], lambda half: :day)[1])[1]",
        hour=part["hour"],
        half=part["half"],
        day=sql(HOUR, behind=part["behind"]),
    )
    return sql("coalesce(regexp_replace(:x, :p, ' ' || CAST(:h AS VARCHAR) || :b), :x)", x=x, p=HALF, h=hour, b=r"\3")
