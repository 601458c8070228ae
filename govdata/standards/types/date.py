from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.standards.types.moment import moment_of
from govdata.trees import sql

EPOCH = """regexp_full_match(:x, '[1-3]?[0-9]{11,12}|-[0-9]{8,13}')
    AND (TRY_CAST(:x AS BIGINT) % 86400000 + 86400000) % 86400000 IN (0, 54000000, 57600000)"""
"""Milliseconds up to 2096 that are a midnight: in UTC, in Beijing, in Beijing's summer time of 1986 to 1991. Another
number of so many digits practically never is one."""
DAY_END = "^(.*[^ T])[ T]+24:00(?::00(?:[.]0+)?)?$"
"""The end of a day, which as a moment is the next day's beginning (ISO 8601), belongs to its day."""


def fast_date(x: exp.Expression) -> exp.Expression:
    """DATE of text in the two usual shapes, 1990-01-01 and 19900101; NULL for anything else. A date has the same
    separator twice, so the place of the first tells the shape; a space or sign before the year sorts before the
    digits, and a space behind seven of them would pass for the eighth."""
    return sql(
        """CASE
            WHEN strlen(:x) = 10 AND strpos(:x, '-') = 5 AND :x >= '0001' THEN TRY_CAST(:x AS DATE)
            WHEN strlen(:x) = 8 AND left(:x, 1) BETWEEN '0' AND '9' AND strpos(:x, ' ') = 0 AND :x >= '0001'
                THEN CAST(try_strptime(:x, '%Y%m%d') AS DATE)
        END""",
        x=x,
    )


def date_of(x: exp.Expression) -> exp.Expression:
    """DATE of text: 1990-01-01 1990-1-1 1990/01/01 1990.1.1 19900101 1990年1月1日 一九九〇年一月一日 32874 (Excel),
    timestamps (the day in Beijing), epoch milliseconds."""
    day = sql("regexp_replace(:x, :end, '\\1')", x=x, end=DAY_END)
    return sql("coalesce(:fast, CAST(:slow AS DATE))", fast=fast_date(x), slow=moment_of(day, epoch=sql(EPOCH, x=x)))


class DateType(ElementType):
    name = "date"
    title = "日期"
    storage = "DATE"
    odcs = ("date",)
    row_kind = "date"
    unreadable = "不是有效日期"
    quick = True
    ledger = "date"
    examples = (
        ("19900307", "1990-03-07"),
        ("1990年3月7日", "1990-03-07"),
        ("一九九〇年三月七日", "1990-03-07"),
        ("32939", "1990-03-07"),
        ("199003071200", "1990-03-07"),
        ("1990-03-06T16:00:00Z", "1990-03-07"),
        ("1990-03-07 24:00:00", "1990-03-07"),
        ("1990/3/7 星期三", "1990-03-07"),
        ("07-Mar-1990", "1990-03-07"),
        ("Wed Mar 07 00:00:00 CST 1990", "1990-03-07"),
        ("20200306.0", "2020-03-06"),
        ('="2003-09-08"', "2003-09-08"),
        ("（2003-09-08）。", "2003-09-08"),
        ("07-MAR-90", None),
        ("农历1990年3月7日", None),
        ("1990-03-07 25:00:00", None),
        ("1990030 ", None),
        ("190101199003", None),
        ("20203", None),
        ("1583510400000", "2020-03-07"),
        ("1790000012300", None),
        ("1990-02-30", None),
        ("19900000", None),
    )

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return date_of(x)

    def fast(self, x: exp.Expression) -> exp.Expression:
        return fast_date(x)

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        """Years of four digits."""
        if arrives != "DATE":
            return None
        return sql("CASE WHEN :x BETWEEN CAST('0001-01-01' AS DATE) AND CAST('9999-12-31' AS DATE) THEN :x END", x=x)
