"""Facts about a row that several rules ask: the birth date inside an id number, its sex digit, whether its check digit
is right.

An engine shares a common subexpression only where nothing guards it; under CASE, AND and OR each rule would work it out
anew. So the calls that are worth it are marked when they are expanded, and ``share`` moves each distinct one into a
column of its own that the rules refer to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from govdata.trees.build import column, text

MARK = "fact"
RESULT = "~result("
DEAR = "~check_digit_ok("
"""A weighted sum is worth a column of its own even for one rule: under a guard its subexpressions would not be shared
either."""


def mark(tree: exp.Expression, name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """Mark the expansion of ``name(arguments)`` as one that may be shared; only calls on plain columns and constants
    are."""
    plain = [argument.unnest() for argument in arguments]
    if all(isinstance(argument, exp.Column | exp.Literal) for argument in plain):
        tree.meta[MARK] = (
            "~"
            + name
            + "("
            + ", ".join(text(cast(exp.Expression, argument)).replace('"', "") for argument in plain)
            + ")"
        )
    return tree


def mark_result(tree: exp.Expression, rule: str) -> exp.Expression:
    """Mark the whole condition of a row rule: both whether it holds and whether it could be told at all are asked of
    it."""
    whole = exp.Paren(this=tree)
    whole.meta[MARK] = f"{RESULT}{rule})"
    return whole


@dataclass(frozen=True)
class Shared:
    """``facts``: column name → expression over standardised columns; ``results``: column name → condition of a row rule
    over those and the facts; ``trees``: the trees given, referring to the columns of both."""

    facts: dict[str, exp.Expression]
    results: dict[str, exp.Expression]
    trees: dict[str, exp.Expression]


def share(trees: Mapping[str, exp.Expression], counted: Collection[str], *, results: bool) -> Shared:
    """Move every marked call that more than one of the ``counted`` trees makes, or one tree twice, into a fact; and,
    where ``results`` are wanted, every row rule's condition into a column of its own."""
    calls = Counter(
        name
        for key in counted
        for node in trees[key].walk()
        if (name := _marked(cast(exp.Expression, node))) is not None
    )
    facts: dict[str, exp.Expression] = {}
    conditions: dict[str, exp.Expression] = {}

    def visit(node: exp.Expression) -> exp.Expression:
        name = _marked(node)
        if name is None:
            return node
        if name.startswith(RESULT):
            if not results:
                return node
            if name not in conditions:
                conditions[name] = cast(exp.Expression, node.this).copy().transform(visit, copy=False)
            return column(name)
        if calls[name] < (1 if name.startswith(DEAR) else 2):
            return node
        facts.setdefault(name, node.copy())
        return column(name)

    rewritten = {key: tree.copy().transform(visit, copy=False) for key, tree in trees.items()}
    return Shared(facts, conditions, rewritten)


def _marked(node: exp.Expression) -> str | None:
    return node.meta.get(MARK) if node._meta else None
