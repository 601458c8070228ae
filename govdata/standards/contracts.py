"""Dataset contracts 数据集合同: ODCS files → ``Dataset`` values and their bound rules.

What a contract says must be done or refused: a key of ODCS that asks for a check govdata would not execute is a
problem, not a comment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from govdata.standards import expressions, markers, masks, origins, steps
from govdata.standards.binding import bind_column, bind_dataset_rule, column_rules, grade_conflict, primary_key_rule
from govdata.standards.format import (
    ColumnProperties,
    ContractFile,
    CustomProperty,
    DatasetProperties,
    DeliveryEntry,
    GovdataRule,
    Implementation,
    PropertyEntry,
    QualityEntry,
    SchemaEntry,
    SlaEntry,
    Written,
    suggestion,
)
from govdata.standards.header import normalise_header
from govdata.standards.lists import Lists, with_lists
from govdata.standards.master_model import Masters
from govdata.standards.model import (
    BoundRule,
    CodeSet,
    Column,
    Dataset,
    DeliveryMode,
    Element,
    LogicalType,
    Row,
    Rule,
    Schedule,
    Unique,
    Volume,
)
from govdata.standards.source import NAME, Document, Findings, Loc, read_yaml
from govdata.standards.types import TYPES
from govdata.standards.validation import validate
from govdata.storage.tables import rows

Model = TypeVar("Model", bound=Written)

SUFFIX = ".odcs.yaml"

_UNITS = {
    "day": "d",
    "days": "d",
    "week": "w",
    "weeks": "w",
    "month": "m",
    "months": "m",
    "yr": "y",
    "year": "y",
    "years": "y",
}
_UNITS |= {unit: unit for unit in "dwmy"}
_DEADLINE = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_RESULT_COLUMNS = {column for column in rows.QUARANTINE if not column.startswith("_")}
"""Columns the stages add under a name without a leading underscore."""


@dataclass(frozen=True)
class Contract:
    """A contract as read: the dataset, its rules in order and the document they stand in."""

    dataset: Dataset
    rules: tuple[BoundRule, ...]


@dataclass
class _Context:
    """What the checks of one contract share. ``loc``: where its schema object stands."""

    document: Document
    findings: Findings
    elements: Mapping[str, Element]
    declared_elements: Collection[str]
    code_sets: Mapping[str, CodeSet]
    declared_sets: Collection[str]
    codes: dict[str, frozenset[str]]  # of each code set asked for so far, kept from contract to contract
    lists: Lists | None = None
    masters: Masters = field(default_factory=dict)
    loc: Loc = ("schema", 0)
    names: list[str] = field(default_factory=list)
    # what row expressions are read with: the types where every column's element is sound, else the names alone
    columns: Collection[str] | Mapping[str, LogicalType] = ()

    def add(self, message: str, *path: str | int, where: str | None = None) -> None:
        """``path`` is from the schema object."""
        self.findings.add(self.document.file, message, self.document.line((*self.loc, *path)), where)


def read_documents(root: Path, findings: Findings) -> list[Document]:
    """The YAML of every contract under ``root``/datasets."""
    folder = root / "datasets"
    documents: list[Document] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        file = f"datasets/{path.name}"
        if path.name.startswith(".") or path.suffix not in (".yaml", ".yml"):
            continue
        if not path.name.endswith(SUFFIX):
            findings.add(file, f"合同的文件名应为 <数据集>{SUFFIX}，否则不会被读取")
        elif NAME.fullmatch(path.name.removesuffix(SUFFIX)) is None:
            findings.add(file, "数据集名应以小写字母开头，只含小写字母、数字和下划线，至多63个字符")
        elif (document := read_yaml(path, file, findings)) is not None:
            documents.append(document)
    return documents


def declared(documents: list[Document]) -> list[str]:
    """The names of the datasets whose contracts are there, sound or not."""
    return [Path(document.file).name.removesuffix(SUFFIX) for document in documents]


def read(
    documents: list[Document],
    elements: Mapping[str, Element],
    declared_elements: Collection[str],
    code_sets: Mapping[str, CodeSet],
    declared_sets: Collection[str],
    findings: Findings,
    lists: Lists | None = None,
    masters: Masters | None = None,
) -> dict[str, Contract]:
    """Every contract without a problem, by the dataset's name; the problems of the others are in ``findings``."""
    contracts: dict[str, Contract] = {}
    ids: dict[str, str] = {}
    codes: dict[str, frozenset[str]] = {}
    for document in documents:
        known = (elements, declared_elements, code_sets, declared_sets, codes, lists, masters or {})
        context = _Context(document, findings, *known)
        written = validate(ContractFile, document.data, document, (), findings)
        if written is None:
            continue
        if written.id in ids:
            findings.add(document.file, f"id “{written.id}”已用于 {ids[written.id]}", document.line(("id",)))
        ids.setdefault(written.id, document.file)
        before = len(findings.found)
        contract = _contract(written, context)
        if contract is not None and len(findings.found) == before:
            contracts[contract.dataset.name] = contract
    return contracts


def _contract(written: ContractFile, context: _Context) -> Contract | None:
    schema = written.schema_[0]
    expected = Path(context.document.file).name.removesuffix(SUFFIX)
    if schema.name != expected:
        context.add(f"数据集名“{schema.name}”与文件名不一致，应为“{expected}”", "name")
    context.names = [entry.name for entry in schema.properties]
    types = _types(context)
    context.columns = types if types.keys() == set(context.names) else context.names
    before = len(context.findings.found)
    properties = _custom(DatasetProperties, schema.customProperties, ("customProperties",), context, None)
    columns = [_column(position, entry, context) for position, entry in enumerate(schema.properties)]
    _check_columns(schema, columns, context)
    for position, reason in masks.lifted([column for column in columns if column is not None], context.elements):
        context.add(reason, "properties", position, where=schema.properties[position].name)
    schedule = _schedule(written.slaProperties, context)
    derived = None
    if properties is not None:
        raw = context.document.data["schema"][0].get("customProperties", [])
        place = [i for i, entry in enumerate(raw) if entry.get("property") == "origin"][:1]
        derived, reasons = origins.read(properties, context.names, context.masters)
        for reason in reasons:
            context.add(reason, "customProperties", *place, where="origin")
        _check_delivery(properties, columns, context)
        _check_volume(properties, context)
    rules = _dataset_rules(schema, context)
    known = [column for column in columns if column is not None]
    if properties is None or len(known) < len(columns) or len(context.findings.found) > before:
        return None
    if any(column.element not in context.elements for column in known):
        return None  # the element's own problem is reported with the element
    dataset = Dataset(
        name=schema.name,
        title=written.name,
        domain=written.domain,
        owner=written.team.name,
        version=written.version,
        purpose=written.description.purpose,
        limitations=written.description.limitations,
        delivery=_delivery(properties.delivery),
        derived=derived,
        columns=tuple(known),
        rules=tuple(rule for rule, _ in rules),
        volume=Volume(**properties.volume.model_dump()),
        schedule=schedule,
        sharing=properties.sharing,
        file=context.document.file,
    )
    bound = _bind(dataset, schema, rules, context)
    _check_names(bound, context)
    return Contract(dataset, bound)


# ------------------------------------------------------------------------------------------------------------- columns


def _custom(
    model: type[Model], written: list[CustomProperty], path: Loc, context: _Context, where: str | None
) -> Model | None:
    """ODCS's list of {property, value} as one value; each key keeps the line its entry stands on."""
    values: dict[str, Any] = {}
    places: dict[str, Loc] = {}
    repeated = False
    for position, entry in enumerate(written):
        place = (*path, position)
        if entry.property not in model.model_fields:
            context.add(
                f"未知的 customProperty “{entry.property}”{suggestion(entry.property, model.model_fields)}",
                *place,
                where=where,
            )
            repeated = True
        elif entry.property in values:
            context.add(f"customProperty “{entry.property}”重复", *place, where=where)
            repeated = True
        else:
            values[entry.property] = entry.value
            places[entry.property] = (*context.loc, *place, "value")
    result = validate(model, values, context.document, (*context.loc, *path), context.findings, where, places)
    return None if repeated else result


def _column(position: int, entry: PropertyEntry, context: _Context) -> Column | None:
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
    properties = _custom(ColumnProperties, entry.customProperties, (*path, "customProperties"), context, name)
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
        _check_overrides(properties, entry, element, places, add)
    own = properties.normalise if properties.normalise is not None else []
    replaced = with_lists(own, context.lists, lambda step, reason: add(reason, *places["normalise"], step))
    if element is not None:
        for step, reason in steps.refusals([used.name for used in replaced], element.type):
            add(reason, *places["normalise"], step)
    for step, used in enumerate(replaced):
        for argument, other in used.columns.items():
            if other not in context.names:
                add(f"标准化步骤 {used.name} 的参数 {argument}：没有名为“{other}”的列", *places["normalise"], step)
    if properties.normalise is None and element is not None:
        for used in element.normalise:
            for other in used.columns.values():
                if other not in context.names:
                    needed = f"数据元 {element.id} 的标准化步骤 {used.name} 要用列“{other}”"
                    add(f"{needed}，合同里没有；请在本列写 normalise", *places["element"])
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
        former_names=tuple(properties.former_names),
        may_vanish=properties.may_vanish,
    )


def _check_synonyms(
    properties: ColumnProperties, element: Element, places: Mapping[str, Loc], context: _Context, add: Any
) -> None:
    if not properties.synonyms:
        return
    if element.code_set is None:
        add(f"synonyms 只用于代码类数据元，{element.id} 不是", *places["synonyms"])
        return
    code_set = context.code_sets.get(element.code_set)
    if code_set is None:
        return
    if code_set.id not in context.codes:
        context.codes[code_set.id] = frozenset(code.code for code in code_set.codes)
    for source, code in properties.synonyms.items():
        if code not in context.codes[code_set.id]:
            add(f"同义词“{source}”指向的代码“{code}”不在代码集 {code_set.id} 中", *places["synonyms"], source)


def _check_overrides(
    properties: ColumnProperties, entry: PropertyEntry, element: Element, places: Mapping[str, Loc], add: Any
) -> None:
    known = [rule.name for rule in element.rules] + (["required"] if entry.required else [])
    for name, override in properties.overrides.items():
        place = (*places["overrides"], name)
        if name not in known:
            add(f"overrides 里的规则“{name}”不存在（可用：{'、'.join(known) or '无'}）", *place)
        elif override.disabled and (override.severity or override.message):
            add(f"规则“{name}”已停用，不能同时改 severity 或 message", *place)
        elif not (override.disabled or override.severity or override.message):
            add(f"规则“{name}”没有写任何改动", *place)


def _check_columns(schema: SchemaEntry, columns: list[Column | None], context: _Context) -> None:
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


def _check_former_names(columns: list[Column | None], context: _Context) -> None:
    """A former name leads to one column, and to none that is still there: its values would have two homes."""
    owners: dict[str, str] = {}
    for position, column in enumerate(columns):
        for former in column.former_names if column is not None else ():
            assert column is not None
            owner = former if former in context.names else owners.setdefault(former, column.name)
            if owner != column.name or former == column.name:
                reason = "仍是合同里的列" if former in context.names else f"已是列 {owner} 的旧名"
                context.add(f"旧列名“{former}”{reason}", "properties", position, where=column.name)


# ------------------------------------------------------------------------------------------------------------- dataset


def _delivery(written: DeliveryEntry | None) -> DeliveryMode:
    """A derived table is made whole each time."""
    if written is None:
        return DeliveryMode(mode="snapshot", key=())
    return DeliveryMode(
        mode=written.mode,
        key=tuple(written.key),
        operation=written.operation,
        snapshot_files=tuple(written.snapshot_files),
        settle=written.settle,
        marker=markers.marker(written.marker),
    )


def _check_delivery(properties: DatasetProperties, columns: list[Column | None], context: _Context) -> None:
    delivery = properties.delivery
    if delivery is None:
        return
    raw = context.document.data["schema"][0].get("customProperties", [])
    index = next((i for i, entry in enumerate(raw) if entry.get("property") == "delivery"), 0)
    place: Loc = ("customProperties", index, "value")
    by_name = {column.name: column for column in columns if column is not None}
    for position, key in enumerate(delivery.key):
        if key not in context.names:
            context.add(f"合并键“{key}”不是本数据集的列", *place, "key", position, where="delivery")
        elif key in delivery.key[:position]:
            context.add(f"合并键“{key}”重复", *place, "key", position, where="delivery")
        elif delivery.mode == "delta" and key in by_name and not by_name[key].required:
            context.add(
                f"合并键“{key}”所在的列应为 required: true，空值无法合并", *place, "key", position, where="delivery"
            )
    if delivery.mode == "delta" and not delivery.key:
        context.add("mode 为 delta 时要写明合并键 key", *place, where="delivery")
    if delivery.operation is not None and delivery.operation not in context.names:
        context.add(f"operation “{delivery.operation}”不是本数据集的列", *place, "operation", where="delivery")
    if delivery.marker is not None:
        for key, message in markers.problems(delivery.marker.name, delivery.marker.count):
            context.add(message, *place, "marker", key, where="delivery")
    if delivery.mode == "snapshot" and (delivery.operation or delivery.snapshot_files):
        context.add("operation 和 snapshot_files 只用于 mode: delta", *place, where="delivery")


def _check_volume(properties: DatasetProperties, context: _Context) -> None:
    volume = properties.volume
    if volume.max_rows is not None and volume.min_rows > volume.max_rows:
        raw = context.document.data["schema"][0].get("customProperties", [])
        index = next((i for i, entry in enumerate(raw) if entry.get("property") == "volume"), 0)
        context.add("min_rows 大于 max_rows", "customProperties", index, "value", where="volume")


def _schedule(entries: list[SlaEntry], context: _Context) -> Schedule:
    every, unit, deadline = 1, "d", None
    seen: set[str] = set()

    def add(message: str, position: int, key: str) -> None:
        context.findings.add(
            context.document.file, message, context.document.line(("slaProperties", position, key)), "slaProperties"
        )

    for position, entry in enumerate(entries):
        if entry.property not in ("frequency", "deliveryDeadline"):
            continue
        if entry.property in seen:
            add(f"{entry.property} 重复", position, "property")
        seen.add(entry.property)
        if entry.property == "frequency":
            if type(entry.value) is not int or entry.value < 1:
                add("frequency 的 value 应为正整数", position, "value")
            else:
                every = entry.value
            if entry.unit not in _UNITS:
                add("frequency 的 unit 应为 d、w、m、y 之一", position, "unit")
            else:
                unit = _UNITS[entry.unit]
        elif not isinstance(entry.value, str) or _DEADLINE.fullmatch(entry.value) is None:
            add("deliveryDeadline 的 value 应为 'HH:MM'，加引号", position, "value")
        else:
            deadline = entry.value
    return Schedule.model_validate({"every": every, "unit": unit, "deadline": deadline})


def _dataset_rules(schema: SchemaEntry, context: _Context) -> list[tuple[Rule, tuple[str, ...]]]:
    """The contract's own rules, each with its columns: those the contract names, then the others the rule reads."""
    rules: list[tuple[Rule, tuple[str, ...]]] = []
    known = {"primary_key_unique"}
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


def _dataset_rule(position: int, quality: QualityEntry, context: _Context) -> tuple[Rule, tuple[str, ...]] | None:
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
    implementation: Implementation, inner: Loc, where: str, context: _Context
) -> tuple[Row | Unique, tuple[str, ...]] | None:
    """What the rule checks, and the columns it reads."""
    if implementation.unique is not None:
        return Unique(columns=tuple(implementation.unique)), tuple(implementation.unique)
    assert implementation.row is not None
    try:
        tree = expressions.parse(implementation.row, columns=context.columns, code_sets=context.declared_sets)
    except expressions.ExpressionError as error:
        context.add(f"表达式有误：{error}", *inner, "row", where=where)
        return None
    return Row(expression=implementation.row), expressions.referenced_columns(tree)


def _types(context: _Context) -> dict[str, LogicalType]:
    """Types of the columns whose element is sound."""
    types: dict[str, LogicalType] = {}
    for entry in context.document.data["schema"][0]["properties"]:
        for custom in entry.get("customProperties") or ():
            if (
                custom.get("property") == "element"
                and isinstance(custom.get("value"), str)
                and custom["value"] in context.elements
            ):
                types[entry["name"]] = context.elements[custom["value"]].type
    return types


# ------------------------------------------------------------------------------------------------------------- binding


def _bind(
    dataset: Dataset, schema: SchemaEntry, rules: list[tuple[Rule, tuple[str, ...]]], context: _Context
) -> tuple[BoundRule, ...]:
    bound: list[BoundRule] = []
    for position, column in enumerate(dataset.columns):
        element = context.elements[column.element]
        applied = _overridden(position, column, element, schema, context)
        bound += bind_column(dataset.name, column, element, applied, start=len(bound))
    key = [(entry.primaryKeyPosition or 0, entry.name) for entry in schema.properties if entry.primaryKey]
    if key:
        names = tuple(name for _, name in sorted(key, key=lambda item: item[0]))
        rule = primary_key_rule(names, tuple(dataset.column(name).title for name in names))
        bound.append(bind_dataset_rule(dataset.name, rule, names, len(bound)))
    for rule, columns in rules:
        bound.append(bind_dataset_rule(dataset.name, rule, columns, len(bound)))
    return tuple(bound)


def _overridden(
    position: int, column: Column, element: Element, schema: SchemaEntry, context: _Context
) -> tuple[Rule, ...]:
    """The column's rules as the contract wants them."""
    custom = schema.properties[position].customProperties
    index = next((i for i, entry in enumerate(custom) if entry.property == "overrides"), None)
    overrides: Mapping[str, Mapping[str, Any]] = custom[index].value if index is not None else {}
    rules: list[Rule] = []
    for rule in column_rules(column, element):
        override = overrides.get(rule.name)
        if override is None:
            rules.append(rule)
        elif not override.get("disabled"):
            changes: dict[str, Any] = {key: override[key] for key in ("severity", "message") if key in override}
            if override.get("severity") == "error":
                changes["empties"] = False  # the contract wants the row withheld
            changed = rule.model_copy(update=changes)
            if reason := grade_conflict(changed, context.code_sets):
                context.add(
                    reason,
                    "properties",
                    position,
                    "customProperties",
                    index or 0,
                    "value",
                    rule.name,
                    where=column.name,
                )
            rules.append(changed)
    return tuple(rules)


def _check_names(bound: tuple[BoundRule, ...], context: _Context) -> None:
    """Two rules must not share the name they carry in Dagster and GX (``a.b__c`` and ``a__b.c`` would)."""
    owners: dict[str, str] = {}
    for rule in bound:
        owner = owners.setdefault(rule.check_name, rule.id)
        if owner != rule.id:
            context.add(f"规则 {rule.id} 与 {owner} 的检查名相同（{rule.check_name}），请改名")
