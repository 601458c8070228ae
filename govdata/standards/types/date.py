from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.trees import sql
from govdata.trees.numerals import HAN_DIGITS, digits_zh

CLOCK = r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?|[ ]*([0-9]{1,2})[时点]([0-9]{1,2})?分?(?:([0-9]{1,2})秒)?)"
ZONE = r"(?:[ ]*(?:Z|[+]08:?00|CST))?"
DATE_PARTS = r"([0-9]{4})[-/.年_]([0-9]{1,2})[-/.月_]([0-9]{1,2})[日号]?"


def arabic(x: exp.Expression) -> exp.Expression:
    """Chinese numerals read as digits, only where there are some."""
    return sql("CASE WHEN regexp_matches(:x, :p) THEN :d ELSE :x END", x=x, p=f"[{HAN_DIGITS}十拾]", d=digits_zh(x))


def _compose(x: exp.Expression) -> exp.Expression:
    """Date from year, month and day parts with any usual separator; a time behind it is allowed and dropped. 00 for an unknown
    month or day stays NULL."""
    pattern = f"^{DATE_PARTS}(?:{CLOCK}{ZONE})?$"
    return sql("CASE WHEN regexp_matches(:x, :p) THEN TRY_CAST(regexp_replace(:x, :p, '\\1-\\2-\\3') AS DATE) END", x=x, p=pattern)


def _serial(x: exp.Expression) -> exp.Expression:
    """Excel's 1900 date system: day 1 is 1900-01-01 and day 60 is a day that never was, so from 61 on the count starts at 1899-12-30.
    Five digits only: 10000 is 1927-05-18, 99999 is 2173-10-13; a shorter number is more likely a year."""
    return sql(
        "CASE WHEN regexp_full_match(:x, '[1-9][0-9]{4}(\\.[0-9]+)?') THEN DATE '1899-12-30' + TRY_CAST(left(:x, 5) AS INTEGER) END", x=x
    )


def fast_date(x: exp.Expression) -> exp.Expression:
    """DATE of text in the two usual shapes, 1990-01-01 and 19900101; NULL for anything else. A date has the same separator twice, so the
    place of the first tells the shape; a space or sign before the year sorts before the digits."""
    return sql(
        """CASE
            WHEN strlen(:x) = 10 AND strpos(:x, '-') = 5 AND :x >= '0' THEN TRY_CAST(:x AS DATE)
            WHEN strlen(:x) = 8 AND left(:x, 1) BETWEEN '0' AND '9' THEN CAST(try_strptime(:x, '%Y%m%d') AS DATE)
        END""",
        x=x,
    )


def date_of(x: exp.Expression) -> exp.Expression:
    """DATE of text: 1990-01-01 1990-1-1 1990/01/01 1990.1.1 19900101 1990年1月1日 一九九〇年一月一日 32874 (Excel), timestamps,
    epoch milliseconds (+8)."""
    slow = sql(
        """CASE
            WHEN regexp_full_match(:x, '[0-9]{14}') THEN CAST(try_strptime(:x, '%Y%m%d%H%M%S') AS DATE)
            WHEN regexp_full_match(:x, '[0-9]{12,13}') THEN CAST(epoch_ms(TRY_CAST(:x AS BIGINT) + 28800000) AS DATE)
            ELSE coalesce(:serial, :composed)
        END""",
        x=x,
        serial=_serial(x),
        composed=_compose(arabic(x)),
    )
    return sql("coalesce(:fast, :slow)", fast=fast_date(x), slow=slow)


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
        ("1990-02-30", None),
        ("19900000", None),
    )

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return date_of(x)

    def fast(self, x: exp.Expression) -> exp.Expression:
        return fast_date(x)
