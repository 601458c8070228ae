from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.standards.types.moment import moment_of
from govdata.trees import sql

EPOCH = "regexp_full_match(:x, '[1-3][0-9]{12}')"
"""Milliseconds, 13 digits, from 2001 to 2096."""


def fast_datetime(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP of text in its usual shape, 2026-11-18 08:30:00; NULL for anything else."""
    # The whole shape: a cast alone would read "08:30 PM", "08: 0:00", "08:30:0." and "08:30Z" and forget what follows
    # the minutes.
    return sql(
        "CASE WHEN :x LIKE '____-__-__ __:__:__' AND :x >= '0001' AND right(:x, 1) BETWEEN '0' AND '9' "
        "AND strpos(right(:x, 8), ' ') = 0 THEN TRY_CAST(:x AS TIMESTAMP) END",
        x=x,
    )


def datetime_of(x: exp.Expression) -> exp.Expression:
    """TIMESTAMP (Asia/Shanghai wall clock, seconds) of text; a date alone is midnight. Times of other zones are
    shifted."""
    return moment_of(x, epoch=sql(EPOCH, x=x))


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
        ("2026-11-18T09:30:05+09:00", "2026-11-18 08:30:05"),
        ("2026年11月18日8时30分", "2026-11-18 08:30:00"),
        ("2026/11/18 星期三 下午 8:30", "2026-11-18 20:30:00"),
        ("2026-11-18 8:30 PM", "2026-11-18 20:30:00"),
        ("2026年11月18日晚上8点半", "2026-11-18 20:30:00"),
        ("2026/11/18 上午 12:00:00", "2026-11-18 00:00:00"),
        ("20261118T083000", "2026-11-18 08:30:00"),
        ("2026-11-18 上午12:30", None),
        ("2026-11-18 晚上12点", None),
        ("2026-11-18 20:30 AM", None),
        ("2026-11-18 25:00:00", None),
    )

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return datetime_of(x)

    def fast(self, x: exp.Expression) -> exp.Expression:
        return fast_datetime(x)

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        """Whole seconds, years of four digits."""
        if arrives not in ("TIMESTAMP", "TIMESTAMP_NS"):
            return None
        moment = sql("CAST(:x AS TIMESTAMP)", x=x)
        return sql(
            "CASE WHEN :m BETWEEN CAST('0001-01-01' AS TIMESTAMP) AND CAST('9999-12-31 23:59:59' AS TIMESTAMP) "
            f"AND CAST(CAST(CAST(:m AS TIMESTAMP_S) AS TIMESTAMP) AS {arrives}) = :x THEN :m END",
            m=moment,
            x=x,
        )
