from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.standards.types.date import CLOCK, DATE_PARTS, ZONE, arabic
from govdata.trees import sql

ISO_DATETIME = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"


def fast_datetime(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP of text in its usual shape, 2026-11-18 08:30:00; NULL for anything else."""
    # The whole shape: a cast alone would read "08:30 PM" and "08:30Z" and forget what follows the minutes.
    return sql("CASE WHEN :x LIKE '____-__-__ __:__:__' AND :x >= '0' AND NOT suffix(:x, 'Z') THEN TRY_CAST(:x AS TIMESTAMP) END", x=x)


def datetime_of(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP (Asia/Shanghai wall clock, seconds) of text; a date alone is midnight. ``…Z`` is UTC and shifted by eight hours."""
    pattern = f"^{DATE_PARTS}(?:{CLOCK})?{ZONE}$"
    digits = arabic(x)
    parts = sql("regexp_extract(:x, :p, 4)", x=digits, p=pattern)
    clock = sql(
        "concat(lpad(coalesce(nullif(:a, ''), nullif(:b, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:c, ''), nullif(:d, ''), '0'), 2, '0'), ':', "
        "lpad(coalesce(nullif(:e, ''), nullif(:f, ''), '0'), 2, '0'))",
        a=parts,
        **{
            name: sql("regexp_extract(:x, :p, :g)", x=digits, p=pattern, g=group)
            for name, group in (("b", 7), ("c", 5), ("d", 8), ("e", 6), ("f", 9))
        },
    )
    composed = sql(
        """CASE WHEN regexp_matches(:x, :p)
            THEN TRY_CAST(regexp_replace(:x, :p, '\\1-\\2-\\3 ') || :clock AS TIMESTAMP)
                + CASE WHEN right(:x, 1) = 'Z' THEN INTERVAL 8 HOUR ELSE INTERVAL 0 HOUR END
        END""",
        x=digits,
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


class DateTime(ElementType):
    """Wall clock of Asia/Shanghai, to the second."""

    name = "datetime"
    title = "日期时间"
    storage = "TIMESTAMP"
    odcs = ("timestamp",)
    row_kind = "date"
    unreadable = "不是有效的日期时间"
    quick = True
    ledger = "datetime"
    examples = (
        ("20261118083000", "2026-11-18 08:30:00"),
        ("2026/11/18 8:5", "2026-11-18 08:05:00"),
        ("2026-11-18T00:30:05Z", "2026-11-18 08:30:05"),
        ("2026年11月18日8时30分", "2026-11-18 08:30:00"),
        ("2026-11-18 25:00:00", None),
    )

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return datetime_of(x)

    def fast(self, x: exp.Expression) -> exp.Expression:
        return fast_datetime(x)
