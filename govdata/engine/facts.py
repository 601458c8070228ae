"""Facts about a row that several rules ask: the birth date inside an id number, its sex digit, whether its check digit is right.

An engine shares a common subexpression only where nothing guards it; under CASE, AND and OR each rule would work it out anew. So
the calls that are worth it are marked when they are expanded, and ``share`` moves each distinct one into a column of its own that
the rules refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from govdata.engine.syntax import column, text

MARK = "fact"


def mark(tree: exp.Expression, name: str, arguments: list[exp.Expression]) -> exp.Expression:
    """Mark the expansion of ``name(arguments)`` as worth sharing; only calls on plain columns and constants are."""
    if all(isinstance(argument, exp.Column | exp.Literal) for argument in arguments):
        tree.meta[MARK] = "~" + name + "(" + ", ".join(text(argument).replace('"', "") for argument in arguments) + ")"
    return tree


@dataclass(frozen=True)
class Shared:
    """``facts``: column name → expression over standardised columns; ``trees``: the trees given, referring to those columns."""

    facts: dict[str, exp.Expression]
    trees: dict[str, exp.Expression]


def share(trees: Mapping[str, exp.Expression]) -> Shared:
    facts: dict[str, exp.Expression] = {}

    def visit(node: exp.Expression) -> exp.Expression:
        name = node.meta.get(MARK) if node._meta else None
        if name is None:
            return node
        facts.setdefault(name, node.copy())
        return column(name)

    rewritten = {key: tree.copy().transform(visit, copy=False) for key, tree in trees.items()}
    return Shared(facts, rewritten)
