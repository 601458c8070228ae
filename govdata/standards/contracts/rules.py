"""The rules of a dataset: its own, those of its columns' elements, and what the contract changes of either."""

from __future__ import annotations

from govdata.standards import expressions
from govdata.standards.binding import (
    KEY_RULE,
    bind_column,
    bind_dataset_rule,
    column_rules,
    grade_conflict,
    primary_key_rule,
)
from govdata.standards.contracts import overrides
from govdata.standards.contracts.context import Context
from govdata.standards.format import (
    GovdataRule,
    Implementation,
    QualityEntry,
    SchemaEntry,
)
from govdata.standards.model import (
    BoundRule,
    Dataset,
    Row,
    Rule,
    Unique,
)
from govdata.standards.source import Loc
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

DatasetRule = tuple[Rule, tuple[str, ...]]
"""A rule over the whole dataset, and the columns it reads."""


def _key_rule(dataset: Dataset, schema: SchemaEntry) -> list[DatasetRule]:
    """The rule that a primary key gives, with the key's columns in order; nothing where there is no key."""
    key = sorted((entry.primaryKeyPosition or 0, entry.name) for entry in schema.properties if entry.primaryKey)
    names = tuple(name for _, name in key)
    return [(primary_key_rule(names, tuple(dataset.column(name).title for name in names)), names)] if names else []


def whole_names(schema: SchemaEntry) -> list[str]:
    """Names of the rules over the whole dataset, sound or not."""
    key = [KEY_RULE] if any(entry.primaryKey for entry in schema.properties) else []
    return key + [entry.name for entry in schema.quality if entry.engine == "govdata" and entry.name]


def dataset_rules(schema: SchemaEntry, context: Context) -> list[DatasetRule]:
    """The contract's own rules, each with its columns: those the contract names, then the others the rule reads."""
    rules: list[DatasetRule] = []
    known = {KEY_RULE}
    for position, quality in enumerate(schema.quality):
        rule = _dataset_rule(position, quality, context)
        if rule is None:
            continue
        if rule[0].name in known:
            context.add(f"规则“{rule[0].name}”重复", "quality", position, "name", where=rule[0].name)
            continue
        known.add(rule[0].name)
        rules.append(rule)
    return rules


def _dataset_rule(position: int, quality: QualityEntry, context: Context) -> DatasetRule | None:
    path: Loc = ("quality", position)
    if quality.type == "text":
        return None
    where = quality.name or f"quality.{position}"
    if quality.type != "custom" or quality.engine != "govdata":
        context.add("此 quality 不会被执行：应为 type: custom、engine: govdata，或 type: text", *path, where=where)
        return None
    raw = context.document.data["schema"][0]["quality"][position]
    fields = {key: raw[key] for key in GovdataRule.model_fields if key in raw}
    written = validate(GovdataRule, fields, context.document, (*context.loc, *path), context.findings, where)
    if written is None:
        return None
    implementation = written.implementation
    inner = (*path, "implementation")
    if (implementation.row is None) == (implementation.unique is None):
        context.add("implementation 应正好写 row、unique 之一", *inner, where=where)
        return None
    valid = True
    for key in ("unique", "columns"):
        names: list[str] = getattr(implementation, key) or []
        for index, name in enumerate(names):
            if name not in context.names:
                context.add(f"没有名为“{name}”的列{suggestion(name, context.names)}", *inner, key, index, where=where)
                valid = False
            elif name in names[:index]:
                context.add(f"列“{name}”重复", *inner, key, index, where=where)
                valid = False
    found = _dataset_spec(implementation, inner, where, context) if valid else None
    if found is None:
        return None
    spec, read = found
    rule = Rule(
        name=written.name,
        spec=spec,
        dimension=written.dimension,
        severity=written.severity,
        message=written.description,
        indicator=implementation.indicator,
        source=implementation.source,
        grade=implementation.grade,
    )
    if reason := grade_conflict(rule, context.code_sets):
        context.add(reason, *path, where=where)
    return rule, tuple(dict.fromkeys((*(implementation.columns or ()), *read)))


def _dataset_spec(
    implementation: Implementation, inner: Loc, where: str, context: Context
) -> tuple[Row | Unique, tuple[str, ...]] | None:
    """What the rule checks, and the columns it reads."""
    if implementation.unique is not None:
        return Unique(columns=tuple(implementation.unique)), tuple(implementation.unique)
    assert implementation.row is not None
    try:
        tree = expressions.parse(
            implementation.row, columns=context.columns, code_sets=context.declared_sets, of_rule=True
        )
    except expressions.ExpressionError as error:
        context.add(f"表达式有误：{error}", *inner, "row", where=where)
        return None
    for name, code in expressions.compared(tree):
        element = context.element_of(name)
        known = context.codes_of(element.code_set) if element is not None and element.code_set is not None else None
        if known is not None and code not in known:
            assert element is not None
            told = f"代码“{code}”不在列 {name} 的代码集 {element.code_set} 中，合格的值不会是它"
            context.add(told, *inner, "row", where=where)
    return Row(expression=implementation.row), expressions.referenced_columns(tree)


def bind(dataset: Dataset, schema: SchemaEntry, rules: list[DatasetRule], context: Context) -> tuple[BoundRule, ...]:
    """Every rule in order, as the contract's overrides want it: those of each column, the key's, the contract's
    own."""
    bound: list[BoundRule] = []
    for position, (column, entry) in enumerate(zip(dataset.columns, schema.properties, strict=True)):
        element = context.elements[column.element]
        place: Loc = ("properties", position)
        applied = overrides.applied(column_rules(column, element), entry.customProperties, place, column.name, context)
        bound += bind_column(dataset.name, column, element, applied, start=len(bound))
    whole = [*_key_rule(dataset, schema), *rules]
    columns = {rule.name: names for rule, names in whole}
    for rule in overrides.applied([rule for rule, _ in whole], schema.customProperties, (), "overrides", context):
        bound.append(bind_dataset_rule(dataset.name, rule, columns[rule.name], len(bound)))
    return tuple(bound)


def check_names(bound: tuple[BoundRule, ...], context: Context) -> None:
    """Two rules must not share the name they carry in Dagster and GX (``a.b__c`` and ``a__b.c`` would)."""
    owners: dict[str, str] = {}
    for rule in bound:
        owner = owners.setdefault(rule.check_name, rule.id)
        if owner != rule.id:
            context.add(f"规则 {rule.id} 与 {owner} 的检查名相同（{rule.check_name}），请改名")
