"""The columns of a contract: each names an element, and says what is its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from govdata.standards import expressions, steps
from govdata.standards.arguments import Codes
from govdata.standards.contracts import overrides
from govdata.standards.contracts.context import Context, custom_values
from govdata.standards.format import (
    ColumnProperties,
    PropertyEntry,
    SchemaEntry,
)
from govdata.standards.header import normalise_header
from govdata.standards.lists import with_lists
from govdata.standards.model import (
    Column,
    Element,
    LogicalType,
    Normaliser,
)
from govdata.standards.source import Loc
from govdata.standards.spelling import suggestion
from govdata.standards.types import TYPES
from govdata.storage.tables import system_columns

_RESULT_COLUMNS = {column for column in system_columns.QUARANTINE if not column.startswith("_")}
"""Columns the stages add under a name without a leading underscore."""


def column_of(position: int, entry: PropertyEntry, context: Context) -> Column | None:
    path: Loc = ("properties", position)
    name = entry.name

    def add(message: str, *inner: str | int) -> None:
        context.add(message, *path, *inner, where=name)

    if name in expressions.RESERVED or name in _RESULT_COLUMNS:
        add(f"列名“{name}”是保留字", "name")
    if name in context.names[:position]:
        add(f"列“{name}”重复", "name")
    if entry.unique:
        add("unique 不会被执行：唯一性请写成 quality 的 unique 规则，或用 primaryKey", "unique")
    if entry.logicalTypeOptions is not None:
        add("logicalTypeOptions 不会被执行：请在数据元里写规则", "logicalTypeOptions")
    for index, quality in enumerate(entry.quality):
        if quality.type != "text":
            add("列上的 quality 不会被执行：请写在数据元或数据集的 quality 里", "quality", index)
    properties = custom_values(ColumnProperties, entry.customProperties, (*path, "customProperties"), context, name)
    if properties is None:
        return None
    places = {
        custom.property: ("customProperties", index, "value") for index, custom in enumerate(entry.customProperties)
    }
    element = context.elements.get(properties.element)
    if element is None and properties.element not in context.declared_elements:
        add(
            f"没有名为“{properties.element}”的数据元{suggestion(properties.element, context.declared_elements)}",
            *places["element"],
        )
    if element is not None:
        allowed = TYPES[element.type].odcs
        if entry.logicalType is not None and entry.logicalType not in allowed:
            add(f"logicalType 应为 {'、'.join(allowed)}（数据元 {element.id} 的类型是 {element.type}）", "logicalType")
        _check_synonyms(properties, element, places, context, add)
        known = [rule.name for rule in element.rules] + (["required"] if entry.required else [])
        for rule, reason in overrides.problems(properties.overrides, known):
            add(reason, *places["overrides"], rule)
    replaced = with_lists(
        properties.normalise or [], context.lists, lambda step, reason: add(reason, *places["normalise"], step)
    )
    if element is not None:
        for step, reason in steps.refusals([used.name for used in replaced], element.type):
            add(reason, *places["normalise"], step)
    for step, used in enumerate(replaced):
        for reason in _unread(used, context):
            add(reason, *places["normalise"], step)
    if properties.normalise is None and element is not None:
        for used in element.normalise:
            for reason in _unread(used, context):
                add(f"数据元 {element.id} 的{reason}；请在本列写 normalise", *places["element"])
    return Column(
        name=name,
        title=entry.businessName or (element.name if element else name),
        element=properties.element,
        required=entry.required,
        primary_key=entry.primaryKey,
        headers=tuple(properties.headers),
        synonyms=properties.synonyms,
        **({} if properties.optional_header is None else {"optional_header": properties.optional_header}),
        normalise=None if properties.normalise is None else replaced,
        description=entry.description,
        sharing=properties.sharing,
        opening=properties.opening,
        secret=properties.secret,
        former_names=tuple(properties.former_names),
        may_vanish=properties.may_vanish,
    )


def _unread(step: Normaliser, context: Context) -> Iterator[str]:
    """What a step would look for in another column and never find: the column itself, or a code."""
    for argument, other in step.columns.items():
        if other not in context.names:
            near = suggestion(other, context.names)
            yield f"标准化步骤 {step.name} 的参数 {argument}：没有名为“{other}”的列{near}"
    for item in step.kind.arguments:
        if not isinstance(item, Codes) or item.name not in step.args:
            continue
        other = step.columns[item.of]
        element = context.element_of(other)
        if element is None:
            continue
        told = f"标准化步骤 {step.name} 的参数 {item.name}"
        if element.code_set is None:
            yield f"{told}：列 {other} 不是代码列，没有代码可比"
            continue
        known = context.codes_of(element.code_set)
        for code in step.args[item.name]:
            if known is not None and code not in known:
                yield f"{told}：代码“{code}”不在列 {other} 的代码集 {element.code_set} 中"


def _check_synonyms(
    properties: ColumnProperties, element: Element, places: Mapping[str, Loc], context: Context, add: Any
) -> None:
    """Each stands for a code, and can be met: what means "no value" for the element is read as that first."""
    if not properties.synonyms:
        return
    if element.code_set is None:
        add(f"synonyms 只用于代码类数据元，{element.id} 不是", *places["synonyms"])
        return
    known = context.codes_of(element.code_set)
    if known is None:
        return
    for source, code in properties.synonyms.items():
        if code not in known:
            add(f"同义词“{source}”指向的代码“{code}”不在代码集 {element.code_set} 中", *places["synonyms"], source)
        elif source != source.strip():
            add(f"同义词“{source}”首尾有空白", *places["synonyms"], source)
        elif source in (element.null_tokens or ()):
            add(f"同义词“{source}”永远对不上：数据元 {element.id} 把它视为空", *places["synonyms"], source)


def check_columns(schema: SchemaEntry, columns: list[Column | None], context: Context) -> None:
    """Headers must lead to one column. Compared as a reader of files would: without case, width and blanks."""
    owners: dict[str, str] = {}
    for position, column in enumerate(columns):
        if column is None:
            continue
        custom = schema.properties[position].customProperties
        index = next((i for i, entry in enumerate(custom) if entry.property == "headers"), 0)
        for number, header in enumerate((column.name, *column.headers)):
            owner = owners.setdefault(normalise_header(header), column.name)
            if owner != column.name:
                place: Loc = ("name",) if number == 0 else ("customProperties", index, "value", number - 1)
                context.add(f"表头“{header}”已属于列 {owner}", "properties", position, *place, where=column.name)
    _check_former_names(columns, context)
    positions = [entry.primaryKeyPosition for entry in schema.properties if entry.primaryKey]
    if any(position is not None for position in positions) and len(set(positions)) < len(positions):
        context.add("primaryKeyPosition 有缺漏或重复", "properties")


def _check_former_names(columns: list[Column | None], context: Context) -> None:
    """A former name leads to one column, and to none that is still there: its values would have two homes."""
    owners: dict[str, str] = {}
    for position, column in enumerate(columns):
        for former in column.former_names if column is not None else ():
            assert column is not None
            owner = former if former in context.names else owners.setdefault(former, column.name)
            if owner != column.name or former == column.name:
                reason = "仍是合同里的列" if former in context.names else f"已是列 {owner} 的旧名"
                context.add(f"旧列名“{former}”{reason}", "properties", position, where=column.name)


def types_of(context: Context) -> dict[str, LogicalType]:
    """Types of the columns whose element is sound."""
    elements = {name: context.element_of(name) for name in context.names}
    return {name: element.type for name, element in elements.items() if element is not None}
