"""Money with its unit and currency inside the text or in a column beside it: 300(万元人民币), ¥1,000.00元, 50万美元,
300 with unit 万元."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import OtherColumn
from govdata.standards.normalisers.base import Cell, Example, NormaliserKind, Stage
from govdata.standards.normalisers.currency_of import NAMES, CurrencyOf, currency_in, tidy_amount
from govdata.trees import bound, literal, sql, try_cast
from govdata.trees.numerals import amount_in_digits

FACTORS: tuple[tuple[str, int], ...] = (
    ("亿", 100_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("万", 10_000),
    ("千", 1_000),
    ("百", 100),
)
NUMBER = r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,18})(?:\.[0-9]{1,8})?"
UNITS = "亿|千万|百万|十万|万|千|百"
AMOUNT = (
    rf"^[(]?(?:{NAMES})?[)]?[:：]?({NUMBER})(?:[(]?({UNITS})?(?:{NAMES})*整?[)]?(?:[(](?:{NAMES})+[)])?)[.。,，;；]?$"
)
"""After width and spaces are standardised; group 1 the number, group 2 the unit."""


BOOKED_NEGATIVE = "^[(][-+0-9.,]+[)]$"
"""Bookkeepers write (500) for -500."""
BOOKED = "[0-9],[0-9]{3}[.][0-9]{2}(?:[^0-9]|$)"
"""And ¥300,000.00: thousands parted and cents given, which nobody writes of 万元."""
CERTAIN = 1_000_000
"""In 元. From here on nobody takes an amount for one of 万元, which would be ten thousand million."""
PLAIN = "[-+]?(?:0+|[1-9][0-9]{6,}|[1-9][0-9]{0,2}(?:,[0-9]{3}){2,})(?:[.][0-9]+)?"
"""Amounts that need no unit: nought, and from ``CERTAIN`` on."""


class Money(NormaliserKind):
    name = "money"
    title = "金额换算为元"
    remark = "读单位列交付的文本，并与币种列（写了 currency_of 的列）核对"
    types = frozenset({"decimal"})
    arguments = (OtherColumn("unit_column", "单位列的名称", optional=True),)
    examples = (
        Example("300(万元人民币)", "3000000.00"),
        Example("￥1,000.00元", "1000.00"),
        Example("人民币壹佰贰拾万元整", "1200000.00"),
        Example("1亿5000万元", "150000000.00"),
        Example("1亿5千万元", "150000000.00"),
        Example("300", "3000000.00", {"unit_column": "unit"}, {"unit": "万元"}),
        Example("300", None, {"unit_column": "unit"}, {"unit": "箱"}),
        Example("650千元", None, {"unit_column": "unit"}, {"unit": "万元"}),
        Example("650万元", "6500000.00", {"unit_column": "unit"}, {"unit": "万元"}),
        Example("¥20,000,000.00元", "20000000.00", {"unit_column": "unit"}, {"unit": "万元"}),
        Example("壹佰万元", "1000000.00", {"unit_column": "unit"}, {"unit": "万元"}),
    )

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        return Stage.VALUE

    def tree(self, cell: Cell, args: Mapping[str, Any]) -> exp.Expression:
        unit = cell.delivered(args["unit_column"]) if "unit_column" in args else None
        scale = cell.scale if cell.scale is not None else 2
        return amount_of(cell.value, unit, scale, cell.informed(CurrencyOf.name))


def _factor(unit: exp.Expression) -> exp.Expression:
    """Factor of a unit text such as 万, 万元, 亿元, 元 or nothing."""
    case = exp.Case()
    for name, factor in FACTORS:
        case = case.when(sql("starts_with(:u, :n)", u=unit, n=name), literal(factor))
    return case.else_(literal(1))


def amount_of(
    x: exp.Expression, unit: exp.Expression | None, scale: int, currency: exp.Expression | None = None
) -> exp.Expression:
    """DECIMAL(24, scale) in whole currency units (元) of text ``x``; ``unit`` is the text of a unit column, used where
    ``x`` names no unit.

    Exact decimal arithmetic: 0.1万元 is 1000.00. NULL where ``x`` is not an amount or finer than the scale, and where
    it names another currency than ``currency``, the code of the column beside it, says (a bare 元 names none), or
    is less than ``CERTAIN`` in a smaller unit than the unit column's (500元 beside 万元: one of the two is a slip;
    500万元 beside 元 says it all, and so does ¥300,000.00元, as books are kept)."""
    amount = bound(amount_in_digits(tidy_amount(x)), "tidy", lambda tidy: _amount(tidy, unit, scale))
    if unit is not None:
        amount = sql("CASE WHEN NOT coalesce(:clash, FALSE) THEN :a END", clash=_clash(tidy_amount(x), unit), a=amount)
    if currency is None:
        return amount
    return sql(
        "CASE WHEN coalesce(:named = :beside, TRUE) THEN :a END",
        named=currency_in(x, bare=False),
        beside=currency,
        a=amount,
    )


def _clash(tidy: exp.Expression, unit: exp.Expression) -> exp.Expression:
    """TRUE where less than ``CERTAIN`` in digits with a unit of their own stands beside a column of a larger unit, and
    not as books are kept."""
    inside, outside = (
        sql("regexp_extract(:x, :p, 2)", x=tidy, p=AMOUNT),
        sql("regexp_extract(:u, :p)", u=tidy_amount(unit), p=UNITS),
    )
    return sql(
        "(:inside <> '' OR regexp_matches(:x, '[元圆块$¥€£]')) AND :f < :g AND :n * :f < :certain "
        "AND NOT regexp_matches(:x, :booked)",
        inside=inside,
        x=tidy,
        n=_number(tidy),
        f=_factor(inside),
        g=_factor(outside),
        certain=literal(CERTAIN),
        booked=BOOKED,
    )


def _amount(tidy: exp.Expression, unit: exp.Expression | None, scale: int) -> exp.Expression:
    own = sql("regexp_extract(:x, :p, 2)", x=tidy, p=AMOUNT)
    factor = _factor(own)
    if unit is not None:
        # Only a known unit text counts; an amount with an unknown unit, or with none anywhere, must not pass for 元.
        beside = sql("coalesce(:u, '')", u=tidy_amount(unit))
        factor = sql(
            "CASE WHEN :own <> '' OR regexp_matches(:x, '[元圆块$¥€£]') THEN :inside "
            "WHEN :u <> '' AND regexp_full_match(:u, :p) THEN :outside "
            "WHEN :u = '' AND regexp_matches(:x, :named) THEN :inside WHEN :u = '' AND regexp_full_match(:x, :plain) "
            "THEN 1 END",
            own=own,
            x=tidy,
            inside=factor,
            u=beside,
            p=rf"(?:单位:?)?[(]?(?:{NAMES})?[(]?({UNITS})?(?:{NAMES})*[)]?(?:[(](?:{NAMES})+[)])?",
            named=NAMES,
            plain=PLAIN,
            outside=_factor(sql("regexp_extract(:u, :p)", u=beside, p=UNITS)),
        )
    exact = sql("TRY_CAST(:n * :f AS DECIMAL(38, 8))", n=_number(tidy), f=factor)
    rounded = try_cast(exact, f"DECIMAL(24, {scale})")
    return sql(
        "CASE WHEN regexp_matches(:x, :p) AND NOT regexp_matches(:x, :negative) AND :e = :r THEN :r END",
        x=tidy,
        p=AMOUNT,
        negative=BOOKED_NEGATIVE,
        e=exact,
        r=rounded,
    )


def _number(tidy: exp.Expression) -> exp.Expression:
    return sql("TRY_CAST(replace(regexp_extract(:x, :p, 1), ',', '') AS DECIMAL(28, 8))", x=tidy, p=AMOUNT)
