"""Text → the moment it names, as wall clock of Asia/Shanghai."""

from __future__ import annotations

from datetime import date as Date

from sqlglot import exp

from govdata.standards.types.spoken import plain
from govdata.trees import sql
from govdata.trees.numerals import NUMERALS, digits_zh

ISO_DATETIME = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
BETWEEN = r"[ ]?[-/.{}_、,\\\x{{2010}}-\x{{2015}} ][ ]?"
DATE_PARTS = rf"([0-9]{{4}}){BETWEEN.format('年')}([0-9]{{1,2}}){BETWEEN.format('月')}([0-9]{{1,2}})(?:[ ]?[日号])?"
CLOCK = (
    r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?|"
    r"[ ]*([0-9]{1,2})[时点]([0-9]{1,2})?分?(?:([0-9]{1,2})秒)?)"
)
ZONE = r"(?:[ ]*(?:Z|CST|[-+](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?))?"
MOMENT = f"^{DATE_PARTS}(?:{CLOCK}{ZONE})?$"
NO_MOMENT = "[ T][0-9]{1,2}:[0-9]{1,2}[ ]*-|[ T]0[0-9]:[0-9]$|^0000"
"""Hours to hours, 08:30-09:00 (a zone west of Greenwich is written behind seconds), minutes that lost a digit behind an
hour that has its nought (09:1), and the year nought."""
OFFSET = r"[:时点分秒][0-9.]*[ ]*([-+])(0[0-9]|1[0-4]):?([0-5][0-9])?$"
"""A search of its own: RE2 counts no more than nine groups."""
DATE_ONLY = f"{DATE_PARTS}|[0-9]{{8}}|[1-9][0-9]{{4}}(?:[.]0+)?"
"""A text that names a day and no time, digits Arabic: a spreadsheet's whole day number too."""

DAY_ZERO = Date(1899, 12, 30)
"""Where a spreadsheet's day numbers count from, from day 61 on."""
SERIAL = r"[1-9][0-9]{4}(\.[0-9]+)?"
NO_SERIAL = "(19[0-9]{2}|20[0-2][0-9])[1-9](\\.[0-9]+)?"
"""Five digits that read as a year and a month (20203 for March 2020): nobody can tell them from a day number, so they
are neither."""


def arabic(x: exp.Expression) -> exp.Expression:
    """Chinese numerals read as digits, only where there are some."""
    return sql("CASE WHEN regexp_matches(:x, :p) THEN :d ELSE :x END", x=x, p=f"[{NUMERALS}]", d=digits_zh(x))


def _serial(x: exp.Expression) -> exp.Expression:
    """Excel's 1900 date system: day 1 is 1900-01-01 and day 60 is a day that never was, so from 61 on the count starts
    at 1899-12-30. Five digits only: 10000 is 1927-05-18, 99999 is 2173-10-13; a shorter number is more likely a year.
    The fraction is a share of the day, in whole seconds."""
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) AND NOT regexp_full_match(:x, :no) "
        "THEN epoch_ms(CAST(round((TRY_CAST(:x AS DECIMAL(18, 9)) - 25569) * 86400) AS BIGINT) * 1000) END",
        x=x,
        p=SERIAL,
        no=NO_SERIAL,
    )


def _composed(x: exp.Expression) -> exp.Expression:
    """Year, month and day with any usual separator, with or without a time. 00 for an unknown month or day is no date,
    25:00 no time. A time of another zone (``Z``: UTC) is shifted to Beijing's."""
    digits = exp.column("digits")
    part = {group: sql("regexp_extract(:x, :p, :g)", x=digits, p=MOMENT, g=group) for group in range(4, 10)}
    clock = sql(
        "concat(lpad(coalesce(nullif(:a, ''), nullif(:b, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:c, ''), nullif(:d, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:e, ''), nullif(:f, ''), '0'), 2, '0'))",
        **{name: part[group] for name, group in (("a", 4), ("b", 7), ("c", 5), ("d", 8), ("e", 6), ("f", 9))},
    )
    ahead = sql(
        "CASE WHEN :sign <> '' THEN (CASE WHEN :sign = '-' THEN -1 ELSE 1 END) * "
        "(CAST(:h AS INTEGER) * 60 + coalesce(TRY_CAST(nullif(:m, '') AS INTEGER), 0)) WHEN right(:x, 1) = 'Z' THEN "
        "0 ELSE 480 END",
        x=digits,
        **{
            name: sql("regexp_extract(:x, :p, :g)", x=digits, p=OFFSET, g=group)
            for name, group in (("sign", 1), ("h", 2), ("m", 3))
        },
    )
    composed = sql(
        "CASE WHEN regexp_matches(:x, :p) AND NOT regexp_matches(:x, :no) "
        "THEN TRY_CAST(regexp_replace(:x, :p, '\\1-\\2-\\3 ') || :clock AS TIMESTAMP) + (480 - :ahead) * INTERVAL 1 "
        "MINUTE END",
        x=digits,
        p=MOMENT,
        no=NO_MOMENT,
        clock=clock,
        ahead=exp.Paren(this=ahead),
    )
    # Lists of one, so that what is said and the numerals are read once and not in each of a dozen places.
    said = sql("list_transform([:x], lambda said: :arabic)", x=plain(x), arabic=arabic(exp.column("said")))
    apart = sql("list_transform(:l, lambda said: regexp_replace(said, '([日号])([0-9])', '\\1 \\2'))", l=said)
    return sql("list_transform(:l, lambda digits: :composed)[1]", l=apart, composed=composed)


def moment_of(x: exp.Expression, *, epoch: exp.Expression) -> exp.Expression:
    """TIMESTAMP of text; a date alone is midnight. ``epoch``: TRUE where the text is a count of milliseconds since
    1970."""
    return sql(
        """CASE
            WHEN regexp_full_match(:x, :iso) THEN TRY_CAST(:x AS TIMESTAMP)
            WHEN regexp_full_match(:x, '[0-9]{14}') THEN try_strptime(:x, '%Y%m%d%H%M%S')
            WHEN regexp_full_match(:x, '(19|20)[0-9]{10}') THEN try_strptime(:x, '%Y%m%d%H%M')
            WHEN :epoch THEN epoch_ms(TRY_CAST(:x AS BIGINT) + 28800000)
            WHEN regexp_full_match(:x, '[0-9]{8}') AND :x >= '0001' THEN try_strptime(:x, '%Y%m%d')
            ELSE coalesce(:serial, :composed)
        END""",
        x=x,
        iso=ISO_DATETIME,
        epoch=epoch,
        serial=_serial(x),
        composed=_composed(x),
    )
