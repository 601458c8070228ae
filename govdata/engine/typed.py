"""Typed values from text. Each function gives NULL for a text that cannot be read as the type: the caller keeps the text as evidence."""

from __future__ import annotations

from sqlglot import exp

from govdata.engine.normalise import HAN_DIGITS, digits_zh
from govdata.engine.syntax import one_of, sql, try_cast
from govdata.standards.model import Element

ISO_DATETIME = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
CLOCK = r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?|[ ]*([0-9]{1,2})[时点]([0-9]{1,2})?分?(?:([0-9]{1,2})秒)?)"
ZONE = r"(?:[ ]*(?:Z|[+]08:?00|CST))?"
DATE_PARTS = r"([0-9]{4})[-/.年_]([0-9]{1,2})[-/.月_]([0-9]{1,2})[日号]?"

SQL_TYPES = {
    "text": "VARCHAR",
    "code": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}


def sql_type(element: Element) -> str:
    """DuckDB type of the element's standardised column."""
    return f"DECIMAL(24, {element.scale if element.scale is not None else 2})" if element.type == "decimal" else SQL_TYPES[element.type]


def _arabic(x: exp.Expression) -> exp.Expression:
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


def fast_datetime(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP of text in its usual shape, 2026-11-18 08:30:00; NULL for anything else."""
    # The whole shape: a cast alone would read "08:30 PM" and "08:30Z" and forget what follows the minutes.
    return sql("CASE WHEN :x LIKE '____-__-__ __:__:__' AND :x >= '0' AND NOT suffix(:x, 'Z') THEN TRY_CAST(:x AS TIMESTAMP) END", x=x)


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
        composed=_compose(_arabic(x)),
    )
    return sql("coalesce(:fast, :slow)", fast=fast_date(x), slow=slow)


def datetime_of(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP (Asia/Shanghai wall clock, seconds) of text; a date alone is midnight. ``…Z`` is UTC and shifted by eight hours."""
    pattern = f"^{DATE_PARTS}(?:{CLOCK})?{ZONE}$"
    arabic = _arabic(x)
    parts = sql("regexp_extract(:x, :p, 4)", x=arabic, p=pattern)
    clock = sql(
        "concat(lpad(coalesce(nullif(:a, ''), nullif(:b, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:c, ''), nullif(:d, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:e, ''), nullif(:f, ''), '0'), 2, '0'))",
        a=parts,
        **{
            name: sql("regexp_extract(:x, :p, :g)", x=arabic, p=pattern, g=group)
            for name, group in (("b", 7), ("c", 5), ("d", 8), ("e", 6), ("f", 9))
        },
    )
    composed = sql(
        """CASE WHEN regexp_matches(:x, :p)
            THEN TRY_CAST(regexp_replace(:x, :p, '\\1-\\2-\\3 ') || :clock AS TIMESTAMP)
                + CASE WHEN right(:x, 1) = 'Z' THEN INTERVAL 8 HOUR ELSE INTERVAL 0 HOUR END
        END""",
        x=arabic,
        p=pattern,
        clock=clock,
    )
    # An Excel serial with a time: the fraction is a share of the day, whole seconds.
    serial = sql(
        "CASE WHEN regexp_full_match(:x, '[1-9][0-9]{4}(\\.[0-9]+)?') "
        "THEN epoch_ms(CAST(round((TRY_CAST(:x AS DECIMAL(18, 9)) - 25569) * 86400) AS BIGINT) * 1000) END",
        x=x,
    )
    return sql(
        """CASE
            WHEN regexp_full_match(:x, :iso) THEN TRY_CAST(:x AS TIMESTAMP)
            WHEN regexp_full_match(:x, '[0-9]{14}') THEN try_strptime(:x, '%Y%m%d%H%M%S')
            WHEN regexp_full_match(:x, '[0-9]{12}') AND left(:x, 2) IN ('19', '20') THEN try_strptime(:x, '%Y%m%d%H%M')
            WHEN regexp_full_match(:x, '[0-9]{12,13}') THEN epoch_ms(TRY_CAST(:x AS BIGINT) + 28800000)
            WHEN regexp_full_match(:x, '[0-9]{8}') THEN try_strptime(:x, '%Y%m%d')
            ELSE coalesce(:serial, :composed)
        END""",
        x=x,
        iso=ISO_DATETIME,
        serial=serial,
        composed=composed,
    )


def _number_text(x: exp.Expression) -> exp.Expression:
    """Thousands separators go where they part groups of three; anything else stays and then fails to be a number."""
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) THEN replace(:x, ',', '') ELSE :x END", x=x, p=r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"
    )


def integer_of(x: exp.Expression) -> exp.Expression:
    """BIGINT of text; 25.0 is 25, 25.5 is not an integer, 1e3 is not a number here."""
    number = _number_text(x)
    return sql(
        "CASE WHEN regexp_full_match(:n, :p) THEN TRY_CAST(regexp_replace(:n, '\\.0+$', '') AS BIGINT) END",
        n=number,
        p=r"[-+]?[0-9]{1,18}(\.0+)?",
    )


def decimal_of(x: exp.Expression, scale: int) -> exp.Expression:
    """DECIMAL(24, scale) of text. More digits than ``scale`` (after trailing zeros) would be lost in silence, so such a text is
    not read."""
    number = _number_text(x)
    return sql(
        "CASE WHEN regexp_full_match(:n, :p) THEN :t END",
        n=number,
        p=rf"[-+]?[0-9]{{1,{24 - scale}}}(\.[0-9]{{0,{scale}}}0*)?",
        t=try_cast(number, f"DECIMAL(24, {scale})"),
    )


def boolean_of(x: exp.Expression) -> exp.Expression:
    return sql(
        "CASE WHEN :yes THEN TRUE WHEN :no THEN FALSE END",
        yes=one_of(sql("lower(:x)", x=x), ["1", "true", "t", "y", "yes", "是", "有", "√"]),
        no=one_of(sql("lower(:x)", x=x), ["0", "false", "f", "n", "no", "否", "没有", "×"]),
    )


def value_of(element: Element, x: exp.Expression) -> exp.Expression:
    """The typed value of standardised text ``x``, NULL where it cannot be read."""
    match element.type:
        case "date":
            return date_of(x)
        case "datetime":
            return datetime_of(x)
        case "integer":
            return integer_of(x)
        case "decimal":
            return decimal_of(x, element.scale if element.scale is not None else 2)
        case "boolean":
            return boolean_of(x)
        case _:
            return x


__all__ = ["date_of", "datetime_of", "decimal_of", "integer_of", "sql_type", "value_of"]
