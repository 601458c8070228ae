"""Rules as predicates over standardised columns. The engine and the GX suite both evaluate these trees, each on its own."""

from __future__ import annotations

from sqlglot import exp

from govdata.engine.functions import DELIVERY_DATE, expand, member, right_check_digit, right_form
from govdata.engine.syntax import column, conjunction, sql
from govdata.standards import expressions
from govdata.standards.model import (
    BoundRule,
    CheckDigit,
    DateRange,
    InCodeSet,
    Length,
    Pattern,
    Range,
    Registry,
    Required,
    Row,
    Typed,
    Unique,
)
from govdata.standards.types import TYPES
from govdata.trees.facts import Shared, mark, mark_result, share


def _bounds(value: exp.Expression, low: exp.Expression | float | None, high: exp.Expression | float | None) -> exp.Expression:
    parts = []
    if low is not None:
        parts.append(sql(":x >= :m", x=value, m=low))
    if high is not None:
        parts.append(sql(":x <= :m", x=value, m=high))
    return conjunction(parts)


def _date_bound(bound: str | None) -> exp.Expression | None:
    if bound is None:
        return None
    return DELIVERY_DATE.copy() if bound == "delivery_date" else sql("CAST(:d AS DATE)", d=bound)


def parsed_row(rule: BoundRule, registry: Registry) -> exp.Expression:
    """The tree of a rule of kind ``row`` as it was declared."""
    assert isinstance(rule.spec, Row)
    names = [item.name for item in registry.datasets[rule.dataset].columns]
    return expressions.parse(rule.spec.expression, columns=names, code_sets=list(registry.code_sets), value=rule.column)


def row_expression(rule: BoundRule, registry: Registry) -> exp.Expression:
    """The tree of a rule of kind ``row``, vocabulary functions expanded."""
    return mark_result(expand(parsed_row(rule, registry)), rule.id)


def unparsed(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the delivered text of the rule's column could not be read as its type (the text is kept in ``_unparsed``)."""
    assert rule.column is not None
    if TYPES[registry.element(rule.dataset, rule.column).type].unreadable is None:
        return exp.false()
    return sql("CASE WHEN :m IS NULL THEN FALSE ELSE map_contains(:m, :n) END", m=column("_unparsed"), n=rule.column)


def _predicate(rule: BoundRule, value: exp.Expression) -> exp.Expression:
    match rule.spec:
        case InCodeSet(code_set=code_set, current=current):
            return member(value, code_set, current=current)
        case Pattern(pattern=pattern, negate=negate):
            found = right_form(value, pattern)
            return exp.Not(this=found) if negate else found
        case Length(min=low, max=high):
            return _bounds(sql("length(:x)", x=value), low, high)
        case Range(min=low, max=high):
            return _bounds(value, low, high)
        case DateRange(min=low, max=high):
            return _bounds(sql("CAST(:x AS DATE)", x=value), _date_bound(low), _date_bound(high))
        case CheckDigit(algorithm=algorithm):
            return right_check_digit(algorithm, value)
    raise TypeError(rule.spec)


def violation(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the row fails ``rule``, FALSE elsewhere, never NULL; over standardised columns, ``_unparsed`` and ``_delivery_date``.

    A rule about a value does not judge a NULL (``required`` does); a row rule fails only where it is false, as a SQL CHECK constraint.
    Raises ``TypeError`` for kind ``unique``, which is judged over the table."""
    if isinstance(rule.spec, Row):
        return unless_removed(rule, registry, sql("NOT coalesce(:e, TRUE)", e=row_expression(rule, registry)))
    assert rule.column is not None
    value = column(rule.column)
    if isinstance(rule.spec, Required):
        unread = unparsed(rule, registry)
        failed = sql(":x IS NULL", x=value) if unread == exp.false() else sql(":x IS NULL AND NOT :u", x=value, u=unread)
    elif isinstance(rule.spec, Typed):
        failed = unparsed(rule, registry)
    else:
        # Not written with AND: see trees/check_digits.py. A predicate is NULL for a NULL value only.
        failed = sql("NOT coalesce(:p, :x IS NULL)", x=value, p=_predicate(rule, value))
    return unless_removed(rule, registry, failed)


def applicable(rule: BoundRule, registry: Registry) -> exp.Expression:
    """TRUE where the row could be judged (B of GB/T 36344: elements assessed), never NULL."""
    if isinstance(rule.spec, Row):
        return unless_removed(rule, registry, sql(":e IS NOT NULL", e=row_expression(rule, registry)))
    assert rule.column is not None
    value = column(rule.column)
    if isinstance(rule.spec, Required):
        judged: exp.Expression = exp.true()
    elif isinstance(rule.spec, Typed):
        judged = sql(":x IS NOT NULL OR :u", x=value, u=unparsed(rule, registry))
    else:
        judged = sql(":x IS NOT NULL", x=value)
    return unless_removed(rule, registry, judged)


def unless_removed(rule: BoundRule, registry: Registry, condition: exp.Expression) -> exp.Expression:
    """A delta's removal names a key and need not say anything else, so only rules about its key judge it."""
    delivery = registry.datasets[rule.dataset].delivery
    if delivery.mode != "delta" or delivery.operation is None or set(rule.columns) <= {*delivery.key, delivery.operation}:
        return condition
    operation = column(delivery.operation)
    kept = mark(exp.Paren(this=sql(":o IS DISTINCT FROM 'D'", o=operation)), "kept", [operation])
    return sql(":c AND :k", c=condition, k=kept)


VIOLATION, APPLICABLE = "violation ", "applicable "


_shared: dict[tuple[str, frozenset[str] | None], tuple[tuple[BoundRule, ...], Shared]] = {}


def shared(dataset: str, registry: Registry, guarded: frozenset[str] | None = None) -> Shared:
    """The predicates of all rules of ``dataset`` that judge a row, over standardised columns and the facts they share. Keys are
    ``VIOLATION`` or ``APPLICABLE`` followed by the rule's id.

    None: both are asked of every row, so the conditions of row rules are shared too. Otherwise violations alone are asked, and those of the
    rules ``guarded`` of so few rows that they give no reason for a fact. Kept while the registry is, once for the pass and once for the
    suite."""
    bound = registry.rules(dataset)
    known = _shared.get((dataset, guarded))
    if known is None or known[0] is not bound:
        judging = [rule for rule in bound if not isinstance(rule.spec, Unique)]
        trees = {VIOLATION + rule.id: violation(rule, registry) for rule in judging}
        counted = [VIOLATION + rule.id for rule in judging if rule.id not in (guarded or ())]
        if guarded is None:
            trees |= {APPLICABLE + rule.id: applicable(rule, registry) for rule in judging}
        known = _shared[(dataset, guarded)] = (bound, share(trees, counted, results=guarded is None))
    return known[1]
