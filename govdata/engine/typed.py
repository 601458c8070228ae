"""Typed values from text, by the element's type (``govdata.standards.types``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlglot import exp

from govdata.engine import normalise
from govdata.engine.plans import ColumnPlan, cell
from govdata.engine.syntax import alias, column, disjunction, list_of, replace_layer, sql, try_cast
from govdata.standards.model import BoundRule, Element, Pattern
from govdata.standards.normalisers import Stage
from govdata.standards.types import TYPES
from govdata.storage.tables.system_columns import UNPARSED


def sql_type(element: Element) -> str:
    """DuckDB type of the element's standardised column."""
    return TYPES[element.type].sql_type(element.scale)


def value_of(element: Element, x: exp.Expression) -> exp.Expression:
    """The typed value of standardised text ``x``, NULL where it cannot be read."""
    return TYPES[element.type].value(x, element.scale)


def typed_value(plan: ColumnPlan, plans: Mapping[str, ColumnPlan]) -> exp.Expression:
    """The plan's value in a query of the columns ``plans``."""
    value = column(plan.name)
    if plan.canonical and not plan.textual:
        return try_cast(value, sql_type(plan.element))
    for step in plan.at(Stage.VALUE):
        return step.kind.tree(cell(plan, plans), step.args)
    if plan.textual and plan.empties is not None:
        return sql("CASE WHEN :p THEN :x END", x=value, p=_readable(plan, plan.empties))
    return value_of(plan.element, value)


def _readable(plan: ColumnPlan, rule: BoundRule) -> exp.Expression:
    if plan.coded:
        return column(f"~known~{plan.name}")
    assert isinstance(rule.spec, Pattern)
    return rule.spec.predicate(column(plan.name))


def altered(plan: ColumnPlan) -> exp.Expression:
    """TRUE where the standardised cell is not what was delivered, a cell that could not be read among them."""
    if plan.stands:
        return exp.false()
    raw, value = column(f"~raw~{plan.name}"), column(plan.name)
    if plan.typed:
        return sql(
            "CASE WHEN :f IS NULL AND :r IS NOT NULL THEN :c ELSE FALSE END",
            f=column(f"~fast~{plan.name}"),
            r=raw,
            c=_altered(plan, raw, value),
        )
    return _altered(plan, raw, value)


def _altered(plan: ColumnPlan, raw: exp.Expression, value: exp.Expression) -> exp.Expression:
    changed = TYPES[plan.element.type].altered(raw, value)
    # Comparing long texts with themselves is dear; a code is new even where no step touched the text.
    if plan.textual and not plan.coded and plan.steps == plan.written:
        touched = normalise.touched(plan.steps, value, plan.null_tokens)
        touch = exp.false() if touched is None else column(f"~touch~{plan.name}")
        changed = sql("CASE WHEN :t THEN :c ELSE FALSE END", t=touch, c=changed)
    return (
        sql("coalesce(:c, FALSE) OR :u IS NOT NULL", c=changed, u=column(f"~unread~{plan.name}"))
        if plan.hard
        else changed
    )


def typed_layers(
    query: exp.Expression,
    plans: Sequence[ColumnPlan],
    by_name: Mapping[str, ColumnPlan],
    idle: Collection[str] = (),
) -> exp.Expression:
    """Type the values of ``plans``, flag altered cells in ``~fix~c``, and keep what could not be read of all columns
    ``by_name`` in ``_unparsed``. Every cell of an ``idle`` column that is ``fast`` was read before."""
    hard = [plan for plan in plans if plan.hard]
    if hard:
        # The text goes under another name first, so that the typed value can take the column's.
        texts = [alias(column(plan.name), f"~text~{plan.name}") for plan in hard]
        values = [_value(plan, by_name, plan.name in idle) for plan in hard]
        query = replace_layer(query, [alias(value, plan.name) for plan, value in zip(hard, values, strict=True)], texts)
        unread = [
            alias(
                sql(
                    "CASE WHEN :x IS NULL AND :t IS NOT NULL THEN :r END",
                    x=column(plan.name),
                    t=column(f"~text~{plan.name}"),
                    r=column(f"~raw~{plan.name}"),
                ),
                f"~unread~{plan.name}",
            )
            for plan in hard
        ]
        query = replace_layer(query, [], unread)
    fixes = [alias(altered(plan), f"~fix~{plan.name}") for plan in plans]
    return replace_layer(
        query, [], [*fixes, alias(_unparsed([plan for plan in by_name.values() if plan.hard]), UNPARSED)]
    )


def _value(plan: ColumnPlan, by_name: Mapping[str, ColumnPlan], idle: bool) -> exp.Expression:
    """What the column becomes, in a query where it still has its text."""
    if not plan.fast:
        return typed_value(plan, by_name)
    read = column(f"~fast~{plan.name}")
    if idle and not plan.at(Stage.INFERENCE, Stage.CODES):
        return read
    return sql(
        "coalesce(:f, CASE WHEN :x IS NOT NULL THEN :v END)",
        f=read,
        x=column(plan.name),
        v=typed_value(plan, by_name),
    )


def _unparsed(plans: Sequence[ColumnPlan]) -> exp.Expression:
    empty = sql("CAST(NULL AS MAP(VARCHAR, VARCHAR))")
    if not plans:
        return empty
    any_unread = disjunction(sql(":u IS NOT NULL", u=column(f"~unread~{plan.name}")) for plan in plans)
    entries = list_of(sql("{'key': :n, 'value': :u}", n=plan.name, u=column(f"~unread~{plan.name}")) for plan in plans)
    return sql(
        "CASE WHEN :any THEN map_from_entries(list_filter(:entries, lambda e: e.value IS NOT NULL)) ELSE :empty END",
        any=any_unread,
        entries=entries,
        empty=empty,
    )
