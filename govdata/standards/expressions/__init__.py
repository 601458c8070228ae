"""Row expressions: a small closed language in SQL's spelling, read into sqlglot nodes.

The grammar (docs/standards-format.md) is parsed here by hand rather than by sqlglot, so what is not written below
cannot be said: no subquery, no star, no cast but ``DATE '…'``, no comment, no function outside the two tables. Every
value becomes a literal node and every name a quoted identifier, so nothing of the text can become syntax in any engine.
Types are checked where the columns' types are known, because ``sex = 1`` on text is a run-time error on one engine and
a wrong answer on another.

    expression  = or
    or          = and { OR and }            and = not { AND not }            not = NOT not | predicate
    predicate   = sum [ (= <> != < <= > >=) sum | [NOT] IN ( sum, … ) | [NOT] BETWEEN sum AND sum | [NOT] LIKE 'text' |
    IS [NOT] NULL ]
    sum         = product { (+ -) product } product = unary { (* /) unary }  unary = - unary | primary
    primary     = number | 'text' | DATE 'YYYY-MM-DD' | TRUE | FALSE | NULL | column | function ( … ) | CASE … END | (
    expression )
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlglot import exp

from govdata.standards.expressions.parser import MAX_DEPTH, Parser
from govdata.standards.expressions.tokens import MAX_LENGTH, MAX_TOKENS, ExpressionError
from govdata.standards.expressions.vocabulary import (
    ASKING,
    BUILT_IN,
    KEYWORDS,
    KIND_NAMES,
    RESERVED,
    VOCABULARY,
    Kind,
    Signature,
)

__all__ = [
    "ASKING",
    "BUILT_IN",
    "KEYWORDS",
    "KIND_NAMES",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TOKENS",
    "RESERVED",
    "VOCABULARY",
    "ExpressionError",
    "Kind",
    "Signature",
    "compared",
    "parse",
    "parse_value",
    "referenced_code_sets",
    "referenced_columns",
]


def parse(
    text: str,
    *,
    columns: Collection[str] | Mapping[str, str],
    code_sets: Collection[str],
    value: str | None = None,
    of_rule: bool = False,
) -> exp.Expression:
    """The tree of a row expression, boolean where ``columns`` maps each name to its type (a plain collection skips type
    checks).

    ``value`` is the column that the word ``value`` stands for, in an element's rule. ``code_sets`` are the known ids.
    ``of_rule``: the expression is a rule of a contract or an element, which alone may ask ``names_another``.
    Vocabulary functions are ``exp.Anonymous`` nodes with lower-case names. Raises ExpressionError, in Chinese.
    """
    return Parser(text, columns, code_sets, value, of_rule).parse()


def parse_value(
    text: str, *, columns: Collection[str] | Mapping[str, str], code_sets: Collection[str]
) -> tuple[exp.Expression, Kind]:
    """The tree of an expression for a value of any kind, which may be a constant, and its kind. Raises
    ExpressionError, in Chinese."""
    return Parser(text, columns, code_sets).parse_value()


def referenced_columns(expression: exp.Expression) -> tuple[str, ...]:
    """Names of the columns a tree reads, each once, in the order of the text."""
    return tuple(dict.fromkeys(node.name for node in expression.find_all(exp.Column, bfs=False)))


def referenced_code_sets(expression: exp.Expression) -> tuple[str, ...]:
    """Ids of the code sets a tree asks, each once."""
    calls = (node for node in expression.find_all(exp.Anonymous, bfs=False) if node.name in ASKING)
    return tuple(dict.fromkeys(call.expressions[1].name for call in calls))


def compared(expression: exp.Expression) -> Iterator[tuple[str, str]]:
    """(column, text) for every constant text that a tree compares with a column itself: by =, <>, IN or CASE."""
    for node in expression.find_all(exp.EQ, exp.NEQ, exp.In, exp.Case):
        left = node.this
        if isinstance(node, exp.In):
            others = node.expressions
        elif isinstance(node, exp.Case):
            others = [branch.this for branch in node.args["ifs"]]
        else:
            others = [node.expression]
            if isinstance(left, exp.Literal):
                left, others = node.expression, [left]
        if isinstance(left, exp.Column):
            yield from ((left.name, item.name) for item in others if isinstance(item, exp.Literal) and item.is_string)
