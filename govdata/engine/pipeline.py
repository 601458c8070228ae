"""From text rows to typed, judged rows: one query, built in layers.

Each layer is one SELECT over the one before, so that a column's expression refers to the earlier result by name instead
of repeating it (nested guards would otherwise double the tree at every step). DuckDB runs the layers as one streaming
pipeline.

Working columns start with ``~`` and never leave the query: ``~raw~c`` the delivered text, ``~touch~c`` whether a text
step may change it, ``~unread~c`` delivered text that could not be typed, ``~fix~c`` whether the cell was altered,
``~v<i>`` whether rule i fails.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from sqlglot import exp

from govdata.engine import normalise, rules
from govdata.engine.codes import code_layer, dependent_layer, known_code_layer
from govdata.engine.dictionaries import ROWS, Dictionary, look_up, outcome
from govdata.engine.plans import ColumnPlan, cell
from govdata.engine.syntax import alias, column, derived, disjunction, list_of, one_of, replace_layer, sql
from govdata.engine.typed import typed_layers
from govdata.standards.model import BoundRule, Dataset, InCodeSet, Registry, Unique
from govdata.standards.normalisers import Stage
from govdata.storage.tables.system_columns import (
    DELIVERY_DATE,
    FAILED_RULES,
    IDENTITY,
    REPAIR_FLAGS,
    UNPARSED,
    WARNINGS,
)

Prefilters = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Column → rule id → patterns, see ``govdata.engine.prefilters``."""

NO_PREFILTERS: Prefilters = MappingProxyType({})

WORD = 60
"""Flags per UBIGINT word; below 63 so that every word also fits a signed 64-bit integer of another engine."""


def source_layer(
    plans: Sequence[ColumnPlan], relation: str, condition: exp.Expression | None = None, carried: Sequence[str] = ()
) -> exp.Select:
    """What was delivered in the planned columns; an empty text is no value. ``carried`` columns are taken along."""
    columns = [
        column(plan.name) if plan.typed else alias(sql("nullif(:x, '')", x=column(plan.name)), plan.name)
        for plan in plans
    ]
    query = exp.select(*columns, *[column(name) for name in carried]).from_(
        exp.Table(this=exp.to_identifier(relation, quoted=True))
    )
    return query.where(condition) if condition is not None else query


def touch_layer(query: exp.Expression, plans: Sequence[ColumnPlan], prefilters: Prefilters) -> exp.Expression:
    """``~touch~c``: whether a text step may change the cell, or a prefiltered rule is worth asking of it."""
    touched = [
        alias(sql("coalesce(:t, FALSE)", t=touch), f"~touch~{plan.name}")
        for plan in plans
        if (touch := _touched(plan, prefilters)) is not None
    ]
    return replace_layer(query, [], touched)


def _touched(plan: ColumnPlan, prefilters: Prefilters) -> exp.Expression | None:
    also = {pattern: None for patterns in prefilters.get(plan.name, {}).values() for pattern in patterns}
    steps = plan.at(Stage.TEXT, Stage.LABEL, Stage.CODES)
    return normalise.touched(steps, column(plan.name), plan.null_tokens, also)


def text_layers(
    query: exp.Expression,
    plans: Sequence[ColumnPlan],
    by_name: Mapping[str, ColumnPlan],
    prefilters: Prefilters,
    idle: Collection[str] = (),
) -> exp.Expression:
    """Run the text steps, then null tokens, then columns inferred from another."""
    chains = {
        plan.name: _nested_steps(plan)
        for plan in plans
        if plan.name not in idle and _touched(plan, prefilters) is not None
    }
    for depth in range(max(map(len, chains.values()), default=0)):
        changed = [
            alias(
                sql("CASE WHEN :t THEN :n ELSE :x END", t=column(f"~touch~{name}"), n=chain[depth], x=column(name)),
                name,
            )
            for name, chain in chains.items()
            if depth < len(chain)
        ]
        query = replace_layer(query, changed)
    inferred = []
    for plan in plans:
        for step in plan.at(Stage.INFERENCE):
            known = sql(":k IS NOT NULL", k=column(f"~code~{plan.name}")) if plan.coded else exp.false()
            value = step.kind.tree(cell(plan, by_name), step.args)
            inferred.append(alias(sql("CASE WHEN :known THEN NULL ELSE :x END", known=known, x=value), plan.name))
    return replace_layer(query, inferred) if inferred else query


def _nested_steps(plan: ColumnPlan) -> list[exp.Expression]:
    """The column's steps and null tokens, each expression over the result of the one before; a step that names its text
    once takes the steps before it inside, so that few layers are needed and nothing is written twice."""
    value = column(plan.name)
    nested: list[exp.Expression] = [value]
    for step in [
        *(partial(normalise.apply, step) for step in plan.steps),
        partial(without_null_tokens, plan.null_tokens),
    ]:
        named = sum(1 for node in step(value).find_all(exp.Column) if node == value)
        if nested[-1] == value or named == 1:
            nested[-1] = step(nested[-1])
        else:
            nested.append(step(value))
    return nested


def without_null_tokens(null_tokens: Sequence[str], value: exp.Expression) -> exp.Expression:
    """The text, NULL where it means "no value". A token is either delivered as such or left by a step, so only touched
    cells can be one."""
    return sql("CASE WHEN :hit THEN NULL ELSE :x END", hit=one_of(value, ["", *filter(None, null_tokens)]), x=value)


def words(flags: Sequence[exp.Expression]) -> list[exp.Expression]:
    """Pack booleans into UBIGINT words of ``WORD`` flags. The sum is only built where some flag is set, which is rare
    for violations."""
    result = []
    for start in range(0, len(flags), WORD):
        chunk = flags[start : start + WORD]
        terms: exp.Expression | None = None
        for bit, flag in enumerate(chunk):
            term = sql("CASE WHEN :f THEN CAST(:w AS UBIGINT) ELSE CAST(0 AS UBIGINT) END", f=flag, w=1 << bit)
            terms = term if terms is None else exp.Add(this=terms, expression=term)
        result.append(
            sql(
                "CASE WHEN :any THEN :sum ELSE CAST(0 AS UBIGINT) END",
                any=disjunction(chunk),
                sum=exp.Paren(this=terms),
            )
        )
    return result


def failed_list(bound: Sequence[BoundRule], flags: Mapping[str, exp.Expression]) -> exp.Expression:
    """Ids of the failed rules as a list, NULL where none failed; names are only decoded for rows that fail."""
    empty = sql("CAST(NULL AS VARCHAR[])")
    if not bound:
        return empty
    items = list_of(sql("CASE WHEN :f THEN :i END", f=flags[rule.id], i=rule.id) for rule in bound)
    return sql(
        "CASE WHEN :any THEN list_filter(:items, lambda e: e IS NOT NULL) ELSE :empty END",
        any=disjunction(flags[rule.id] for rule in bound),
        items=items,
        empty=empty,
    )


@dataclass(frozen=True)
class Way:
    """How the rows of a delivery are standardised and judged. ``prefilters``: what makes a cell worth judging by those
    rules; ``dictionaries``: those that answer for their columns."""

    plans: Sequence[ColumnPlan]
    prefilters: Prefilters = field(default_factory=lambda: NO_PREFILTERS)
    dictionaries: Sequence[Dictionary] = ()

    @property
    def direct(self) -> list[ColumnPlan]:
        """The columns for which no dictionary answers."""
        answered = {plan.name for item in self.dictionaries for plan in item.plans}
        return [plan for plan in self.plans if plan.name not in answered]


def delivered_query(
    way: Way, relation: str, condition: exp.Expression | None = None, carried: Sequence[str] = IDENTITY
) -> exp.Expression:
    """What can be read of the rows of ``relation`` as they were delivered: known codes, plain dates and numbers, and
    which cells a step may change. ``carried`` columns are taken along."""
    query = look_up(source_layer(way.plans, relation, condition, carried), way.dictionaries)
    return touch_layer(known_code_layer(query, way.direct), way.direct, way.prefilters)


def standardized_query(
    way: Way, relation: str, condition: exp.Expression | None = None, carried: Sequence[str] = IDENTITY
) -> exp.Expression:
    """Typed rows with ``_unparsed`` and the ``~fix~`` flags, not yet judged."""
    return finished_query(delivered_query(way, relation, condition, carried), way)


def finished_query(query: exp.Expression, way: Way, idle: Collection[str] = ()) -> exp.Expression:
    """``standardized_query`` over the rows of ``delivered_query``. ``idle``: columns of which all cells were read as
    they were delivered and none is touched: they are as they will be."""
    by_name = {plan.name: plan for plan in way.plans}
    direct = way.direct
    query = text_layers(query, direct, by_name, way.prefilters, idle)
    query = dependent_layer(code_layer(query, direct), direct, by_name)
    return typed_layers(query, direct, by_name, idle)


def idle_query(way: Way, relation: str) -> exp.Expression:
    """One row over those of ``delivered_query``, however many: whether a column has nothing left to do (see
    ``finished_query``), each under the column's name."""
    columns = []
    for plan in way.plans:
        unread = sql(":x IS NOT NULL", x=column(plan.name)) if plan.fast else exp.false()
        touched = column(f"~touch~{plan.name}") if _touched(plan, way.prefilters) is not None else exp.false()
        columns.append(alias(sql("NOT coalesce(bool_or(:u OR :t), FALSE)", u=unread, t=touched), plan.name))
    return exp.Select().select(*columns, copy=False).from_(exp.to_table(relation), copy=False)


def judged_query(
    query: exp.Expression,
    way: Way,
    dataset: Dataset,
    registry: Registry,
    conflicts: Mapping[str, exp.Expression] = MappingProxyType({}),
    idle: Collection[str] = (),
) -> exp.Expression:
    """Add one boolean ``~v<i>`` per rule to the rows of ``standardized_query``. ``conflicts``: rule id of kind unique →
    predicate that says the row is in conflict; of ``idle`` columns none is touched."""
    prefilters, dictionaries = way.prefilters, way.dictionaries
    searched = {rule: column(f"~touch~{name}") for name, ids in prefilters.items() for rule in ids}
    answered = {rule.id for item in dictionaries for rule in item.rules}
    passed = {rule for name, ids in prefilters.items() if name in idle for rule in ids}
    shared = rules.shared(dataset.name, registry, frozenset(searched), frozenset(answered))
    flags, kept = [], []
    for rule in registry.rules(dataset.name):
        if rule.id in answered:
            looked_up = column(f"~v{rule.index}")
            judged = rules.unless_removed(rule, registry, looked_up)
            if judged is not looked_up:
                kept.append(alias(judged, f"~v{rule.index}"))
            continue
        if isinstance(rule.spec, Unique):
            failed = conflicts.get(rule.id, exp.false())
        elif rule.id in passed:
            failed = exp.false()
        elif _looked_up(rule, dataset, registry):
            failed = rules.unless_removed(rule, registry, _unknown_code(rule))
        else:
            failed = shared.trees[rules.VIOLATION + rule.id]
            if rule.id in searched:
                failed = sql("CASE WHEN :touch THEN :f ELSE FALSE END", touch=searched[rule.id], f=failed)
        flags.append(alias(failed, f"~v{rule.index}"))
    asked = {item.name for flag in (*kept, *flags) for item in flag.find_all(exp.Column)}
    facts = [alias(tree, name) for name, tree in shared.facts.items() if name in asked]
    return replace_layer(replace_layer(query, [], facts) if facts else query, kept, flags)


def _looked_up(rule: BoundRule, dataset: Dataset, registry: Registry) -> bool:
    """Whether the rule asks just what mapping the column's source values to its own code set has answered."""
    if not isinstance(rule.spec, InCodeSet) or rule.column is None or rule.spec.current or rule.empties:
        return False
    return registry.element(dataset.name, rule.column).code_set == rule.spec.code_set


def _unknown_code(rule: BoundRule) -> exp.Expression:
    """The look-up of the code already says it; the GX suite asks the code table again when it re-counts."""
    return sql(":x IS NOT NULL AND NOT :k", x=column(rule.column or ""), k=column(f"~known~{rule.column}"))


def dictionary_query(
    dictionary: Dictionary, plans: Sequence[ColumnPlan], dataset: Dataset, registry: Registry
) -> exp.Expression:
    """The dictionary's entries: its texts go the way of rows, and its rules are asked of each."""
    by_name = {plan.name: plan for plan in plans}
    keys = [by_name[name] for name in dictionary.key]
    query = standardized_query(Way(keys), dictionary.texts, carried=(DELIVERY_DATE, ROWS))
    flags = [
        alias(
            _unknown_code(rule) if _looked_up(rule, dataset, registry) else rules.failed(rule, registry),
            f"~v{rule.index}",
        )
        for rule in dictionary.rules
    ]
    return outcome(dictionary, replace_layer(query, [], flags))


def result_query(
    query: exp.Expression, plans: Sequence[ColumnPlan], dataset: Dataset, registry: Registry
) -> exp.Expression:
    """The row as it is written: contract columns, identity, ``_unparsed``, ``_warnings``, ``_repairs_<n>``,
    ``failed_rules``."""
    bound = registry.rules(dataset.name)
    flags = {rule.id: column(f"~v{rule.index}") for rule in bound}
    repairs = [
        alias(word, f"{REPAIR_FLAGS}{index}")
        for index, word in enumerate(words([column(f"~fix~{plan.name}") for plan in plans]))
    ]
    columns = [
        *[column(plan.name) for plan in plans],
        *[column(name) for name in IDENTITY],
        column(UNPARSED),
        alias(failed_list([rule for rule in bound if rule.severity == "warning"], flags), WARNINGS),
        *repairs,
        alias(failed_list([rule for rule in bound if rule.severity == "error"], flags), FAILED_RULES),
    ]
    return exp.Select().select(*columns, copy=False).from_(derived(query), copy=False)


def repair_words(count: int) -> int:
    return (count + WORD - 1) // WORD
