"""What the functions of row expressions mean in SQL. The grammar is ``govdata.standards.expressions``; here each name
gets its tree."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from govdata.engine.places import names_another
from govdata.engine.syntax import column, list_of, literal, sql
from govdata.standards.kinds import member
from govdata.storage.tables import system_columns
from govdata.trees.check_digits import check_digit_ok
from govdata.trees.matching import matches
from govdata.trees.shared_calls import mark
from govdata.trees.variants import same_name

DELIVERY_DATE = column(system_columns.DELIVERY_DATE)


def id_birth_date(value: exp.Expression) -> exp.Expression:
    """DATE at positions 7–14 of an 18-character number (GB 11643-1999 §4.1.2; the same place in foreigners' numbers
    that start with 9); NULL where there is none."""
    # The digit test keeps words that a date parser knows ("infinity") out.
    return sql(
        "CASE WHEN strlen(:x) = 18 AND substr(:x, 7, 1) BETWEEN '1' AND '2' "
        "THEN CAST(try_strptime(substr(:x, 7, 8), '%Y%m%d') AS DATE) END",
        x=value,
    )


EIGHTEEN = "strlen(:x) = 18 AND length(:x) = 18"
"""Bytes and characters: 军字第023456号 has eighteen bytes too."""


def id_sex(value: exp.Expression) -> exp.Expression:
    """GB/T 2261.1 code by the 17th digit: odd 1 male, even 2 female (GB 11643-1999 §4.1.3)."""
    # Looked up by the place of the digit; what is no digit is at place 0, where a list has nothing.
    by_digit = list_of(literal("12"[digit % 2 == 0]) for digit in range(10))
    return sql(f"CASE WHEN {EIGHTEEN} THEN (:l)[strpos('0123456789', substr(:x, 17, 1))] END", x=value, l=by_digit)


def id_region(value: exp.Expression) -> exp.Expression:
    """The first six characters of an 18-character number: the county of the first coding."""
    return sql(f"CASE WHEN {EIGHTEEN} THEN left(:x, 6) END", x=value)


def years_between(start: exp.Expression, end: exp.Expression) -> exp.Expression:
    """Completed years: a year is complete on the anniversary; 29 February is reached on 1 March of a common year."""
    return sql(
        "year(:b) - year(:a) - CASE WHEN month(:b) * 100 + day(:b) < month(:a) * 100 + day(:a) THEN 1 ELSE 0 END",
        a=start,
        b=end,
    )


def months_between(start: exp.Expression, end: exp.Expression) -> exp.Expression:
    return sql(
        "(year(:b) - year(:a)) * 12 + month(:b) - month(:a) - CASE WHEN day(:b) < day(:a) THEN 1 ELSE 0 END",
        a=start,
        b=end,
    )


def days_between(start: exp.Expression, end: exp.Expression) -> exp.Expression:
    return sql("date_diff('day', CAST(:a AS DATE), CAST(:b AS DATE))", a=start, b=end)


def in_code_set(value: exp.Expression, code_set: exp.Expression, state: exp.Expression | None = None) -> exp.Expression:
    return member(value, code_set.name, current=state is not None)


FUNCTIONS: dict[str, Callable[..., exp.Expression]] = {
    "id_birth_date": id_birth_date,
    "id_sex": id_sex,
    "id_region": id_region,
    "age": years_between,
    "years_between": years_between,
    "months_between": months_between,
    "days_between": days_between,
    "delivery_date": lambda: DELIVERY_DATE.copy(),
    "in_code_set": in_code_set,
    "names_another": names_another,
    "matches": lambda value, pattern: matches(value, pattern.name),
    "check_digit_ok": lambda algorithm, value: check_digit_ok(algorithm.name, value),
    "to_number": lambda value: sql("TRY_CAST(:x AS DECIMAL(24, 6))", x=value),
    "year": lambda value: sql("year(:x)", x=value),
    "month": lambda value: sql("month(:x)", x=value),
    "same_name": same_name,
}


CHEAP = frozenset({"delivery_date", "year", "month", "to_number", "in_code_set", "id_region", "names_another"})
"""Calls that cost no more than reading the fact from a column of its own would, or that the engine shares by itself."""


def expand(expression: exp.Expression) -> exp.Expression:
    """Replace every vocabulary function of a parsed row expression by its tree. Raises ``KeyError`` on a name outside
    the vocabulary."""

    def visit(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            arguments = [expand(argument) for argument in node.expressions]
            expansion = exp.Paren(this=FUNCTIONS[name](*[argument.copy() for argument in arguments]))
            return expansion if name in CHEAP else mark(expansion, name, arguments)
        return node

    return expression.copy().transform(visit, copy=False)
