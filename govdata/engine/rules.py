"""Rules as predicates over standardised columns. The engine and the GX suite both evaluate these trees, each on its
own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from govdata.engine.functions import expand
from govdata.engine.syntax import alias, column, sql, text
from govdata.standards import expressions
from govdata.standards.kinds import Subject
from govdata.standards.model import (
    BoundRule,
    Registry,
    Row,
    Typed,
    Unique,
)
from govdata.standards.types import TYPES
from govdata.storage.tables.system_columns import UNPARSED
from govdata.trees.shared_calls import Shared, mark, mark_result, share


def parsed_row(rule: BoundRule, registry: Registry) -> exp.Expression:
    """The tree of a rule of kind ``row`` as it was declared."""
    assert isinstance(rule.spec, Row)
    names = [item.name for item in registry.datasets[rule.dataset].columns]
    known = list(registry.code_sets)
    return expressions.parse(rule.spec.expression, columns=names, code_sets=known, value=rule.column, of_rule=True)


def unparsed(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the delivered text of the rule's column could not be read (the text is kept in ``_unparsed``)."""
    assert rule.column is not None
    if TYPES[registry.element(rule.dataset, rule.column).type].unreadable is None and not rule.empties:
        return exp.false()
    return sql("CASE WHEN :m IS NULL THEN FALSE ELSE map_contains(:m, :n) END", m=column(UNPARSED), n=rule.column)


def subject(rule: BoundRule, registry: Registry) -> Subject:
    """What the rule judges: its column, and row expressions with their functions expanded."""
    return Subject(
        value=None if rule.column is None else column(rule.column),
        unread=lambda: unparsed(rule, registry),
        condition=lambda _: mark_result(expand(parsed_row(rule, registry)), rule.id),
    )


def failed(rule: BoundRule, registry: Registry) -> exp.Expression:
    """``violation``, a delta's removals not left out."""
    spec = Typed() if rule.empties else rule.spec
    return spec.violation(subject(rule, registry))


def violation(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the row fails ``rule``, FALSE elsewhere, never NULL; over standardised columns, ``_unparsed`` and
    ``_delivery_date``.

    A rule about a value does not judge a NULL (``required`` does); a row rule fails only where it is false, as a SQL
    CHECK constraint. A rule that empties what it refuses left its verdict in ``_unparsed``, as the type's own does.
    Raises ``TypeError`` for kind ``unique``, which is judged over the table."""
    return unless_removed(rule, registry, failed(rule, registry))


def applicable(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the row could be judged (B of GB/T 36344: elements assessed), never NULL."""
    spec = Typed() if rule.empties else rule.spec
    return unless_removed(rule, registry, spec.applicable(subject(rule, registry)))


def unless_removed(rule: BoundRule, registry: Registry, condition: exp.Expression) -> exp.Expression:
    """A delta's removal names a key and need not say anything else, so only rules about its key judge it."""
    delivery = registry.datasets[rule.dataset].delivery
    if (
        delivery.mode != "delta"
        or delivery.operation is None
        or set(rule.columns) <= {*delivery.key, delivery.operation}
    ):
        return condition
    operation = column(delivery.operation)
    kept = mark(exp.Paren(this=sql(":o IS DISTINCT FROM 'D'", o=operation)), "kept", [operation])
    return sql(":c AND :k", c=condition, k=kept)


@dataclass(frozen=True)
class Fact:
    """A column that predicates share: its SQL with its name, and the columns it ``reads``."""

    sql: str
    reads: frozenset[str]


def layers(dataset: str, registry: Registry) -> tuple[Mapping[str, Fact], ...]:
    """What all predicates of the dataset share, by name: the facts, then the results of row rules over them."""

    def make() -> tuple[Mapping[str, Fact], ...]:
        kept = shared(dataset, registry)
        return tuple(
            {name: Fact(text(alias(tree, name)), _read(tree)) for name, tree in layer.items()}
            for layer in (kept.facts, kept.results)
        )

    return registry.keep(("printed facts", dataset), make)


def _read(tree: exp.Expression) -> frozenset[str]:
    """Columns of the rows that ``tree`` reads; those of a code table it asks are none."""
    return frozenset(item.name for item in tree.find_all(exp.Column) if item.find_ancestor(exp.Select) is None)


def judged_rows(dataset: str, registry: Registry, relation: str) -> str:
    """SQL of the standardised rows of ``relation`` with the facts that the rules' predicates share as columns."""
    rows = f"SELECT * FROM {relation}"
    for layer in layers(dataset, registry):
        rows = f"SELECT {', '.join(['*', *(fact.sql for fact in layer.values())])} FROM ({rows})"
    return rows


def assessed(rule: BoundRule, registry: Registry) -> str:
    """SQL over ``judged_rows``: true where the rule could be judged, by whichever row; of a unique rule, where all of
    its key is there."""
    if isinstance(rule.spec, Unique):
        return " AND ".join(f"{text(column(name))} IS NOT NULL" for name in rule.spec.columns)
    tree = shared(rule.dataset, registry).trees[APPLICABLE + rule.id]
    return registry.keep(("printed applicable", rule.dataset, rule.id), lambda: text(tree))


VIOLATION, APPLICABLE = "violation ", "applicable "


def shared(
    dataset: str, registry: Registry, guarded: frozenset[str] | None = None, answered: frozenset[str] = frozenset()
) -> Shared:
    """The predicates of all rules of ``dataset`` that judge a row, over standardised columns and the facts they share.
    Keys are ``VIOLATION`` or ``APPLICABLE`` followed by the rule's id.

    None: both are asked of every row, so the conditions of row rules are shared too. Otherwise violations alone are
    asked, and those of the rules ``guarded`` of so few rows that they give no reason for a fact. The rules ``answered``
    are left out. Made once for the registry: once for the pass and once for the suite."""

    def make() -> Shared:
        judging = [
            rule for rule in registry.rules(dataset) if not isinstance(rule.spec, Unique) and rule.id not in answered
        ]
        trees = {VIOLATION + rule.id: violation(rule, registry) for rule in judging}
        counted = [VIOLATION + rule.id for rule in judging if rule.id not in (guarded or ())]
        if guarded is None:
            trees |= {APPLICABLE + rule.id: applicable(rule, registry) for rule in judging}
        return share(trees, counted, results=guarded is None)

    return registry.keep(("shared", dataset, guarded, answered), make)
