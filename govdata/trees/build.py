"""Building SQL as syntax trees.

Every expression is a sqlglot tree. A fixed template of ours is parsed once; what comes from YAML (names, values,
patterns) enters only as an identifier or literal node in place of a ``:placeholder``, so nothing declared can become
syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import cast

import sqlglot
from sqlglot import exp

SPELLING = "duckdb"
"""The dialect our templates are written in."""


@cache
def _template(text: str) -> exp.Expression:
    tree = cast(exp.Expression, sqlglot.parse_one(text, dialect=SPELLING))
    for node in tree.walk():
        # Where the parser found it: no use to us, and half the cost of every copy.
        cast(exp.Expression, node)._meta = None
    return tree


def sql(template: str, **parts: exp.Expression | str | int | float | None) -> exp.Expression:
    """The tree of ``template`` with ``parts`` in place of its ``:placeholders``; a Python str or number becomes a
    literal."""
    tree = _template(template).copy()
    for placeholder in list(tree.find_all(exp.Placeholder)):
        part = parts[placeholder.this]
        placeholder.replace(wrap(own(part) if isinstance(part, exp.Expression) else literal(part)))
    return tree


def own(part: exp.Expression) -> exp.Expression:
    """The part where no tree has it yet, else a copy: copying only from the second use on keeps deep trees cheap to
    build."""
    return part if part.parent is None else part.copy()


def literal(value: str | int | float | bool | None) -> exp.Expression:
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(value)


def wrap(node: exp.Expression) -> exp.Expression:
    """Parentheses where a template's operators could otherwise tear the part apart."""
    return (
        exp.Paren(this=node)
        if isinstance(node, exp.Binary | exp.Unary | exp.Between | exp.In) and not isinstance(node, exp.Paren)
        else node
    )


def column(name: str, table: str | None = None) -> exp.Column:
    """A column reference; always quoted, so a column may have any name."""
    return exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True) if table else None
    )


def alias(expression: exp.Expression, name: str) -> exp.Alias:
    return cast(
        exp.Alias, exp.alias_(expression, exp.to_identifier(name, quoted=True), copy=expression.parent is not None)
    )


def derived(query: exp.Expression, name: str = "s") -> exp.Expression:
    """``(query) AS name``. The query is taken over, not copied: layers are built one over the other, and copying each
    would cost the square."""
    return cast(exp.Expression, exp.alias_(exp.Subquery(this=query), name, table=True, copy=False))


def conjunction(parts: Iterable[exp.Expression]) -> exp.Expression:
    items = [wrap(own(part)) for part in parts]
    return cast(exp.Expression, exp.and_(*items, copy=False)) if items else exp.true()


def disjunction(parts: Iterable[exp.Expression]) -> exp.Expression:
    items = [wrap(own(part)) for part in parts]
    return cast(exp.Expression, exp.or_(*items, copy=False)) if items else exp.false()


def one_of(value: exp.Expression, values: Iterable[str]) -> exp.Expression:
    """Whether ``value`` is one of a few texts. Not ``IN`` (nor ``list_contains``, which DuckDB reads as ``IN``): beyond
    a handful of constants it becomes a join of the whole row, outside the CASE that was to guard it."""
    return sql("regexp_full_match(:x, :p)", x=value, p="|".join(re.escape(item) for item in values))


def list_of(items: Iterable[exp.Expression]) -> exp.Array:
    return exp.Array(expressions=list(items))


def bound(value: exp.Expression, name: str, then: Callable[[exp.Expression], exp.Expression]) -> exp.Expression:
    """``then`` of ``value``, which is worked out once however often ``then`` names it: SQL has no LET within an
    expression, so the value is the only element of a list."""
    lambda_ = exp.Lambda(this=wrap(then(exp.column(name))), expressions=[exp.to_identifier(name)])
    return sql("list_transform([:x], :f)[1]", x=value, f=lambda_)


def try_cast(value: exp.Expression, kind: str) -> exp.TryCast:
    """``TRY_CAST(value AS kind)``; a type cannot stand in a template."""
    return exp.TryCast(this=value.copy(), to=exp.DataType.build(kind, dialect=SPELLING))


def text(expression: exp.Expression) -> str:
    """The tree as it is spelled here, which is DuckDB's own SQL."""
    return expression.sql(dialect=SPELLING, copy=False)
