"""Dataset contracts 数据集合同: ODCS files → ``Dataset`` values and their bound rules.

What a contract says must be done or refused: a key of ODCS that asks for a check govdata would not execute is a
problem, not a comment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from govdata.standards import masks, origins
from govdata.standards.contracts import overrides
from govdata.standards.contracts.columns import check_columns, column_of, types_of
from govdata.standards.contracts.context import Context, custom_values
from govdata.standards.contracts.delivery import check_delivery, check_volume, delivery_mode, schedule_of
from govdata.standards.contracts.rules import bind, check_names, dataset_rules, whole_names
from govdata.standards.format import ContractFile, DatasetProperties, SchemaEntry
from govdata.standards.lists import Lists
from govdata.standards.master_model import Masters
from govdata.standards.model import BoundRule, CodeSet, Dataset, Element, Volume
from govdata.standards.source import NAME, Document, Findings, read_yaml
from govdata.standards.validation import validate
from govdata.storage.tables.system_columns import CHINESE

SUFFIX = ".odcs.yaml"


@dataclass(frozen=True)
class Contract:
    """A contract as read: the dataset, its rules in order and the document they stand in."""

    dataset: Dataset
    rules: tuple[BoundRule, ...]


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
        elif path.name.endswith(f"{CHINESE}{SUFFIX}"):
            table = path.name.removesuffix(f"{CHINESE}{SUFFIX}")
            findings.add(file, f"数据集名不能以 {CHINESE} 结尾：目录里的 {table}{CHINESE} 是表 {table} 的中文视图")
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
    codes: dict[str, frozenset[str]] = {}
    for document in documents:
        known = (elements, declared_elements, code_sets, declared_sets, codes, lists, masters or {})
        context = Context(document, findings, *known)
        written = validate(ContractFile, document.data, document, (), findings)
        if written is None:
            continue
        name = Path(document.file).name.removesuffix(SUFFIX)
        if written.id != name:
            findings.add(document.file, f"id “{written.id}”与文件名不一致，应为“{name}”", document.line(("id",)))
        before = len(findings.found)
        contract = _contract(written, context)
        if contract is not None and len(findings.found) == before:
            contracts[contract.dataset.name] = contract
    return contracts


def _contract(written: ContractFile, context: Context) -> Contract | None:
    schema = written.schema_[0]
    expected = Path(context.document.file).name.removesuffix(SUFFIX)
    if schema.name != expected:
        context.add(f"数据集名“{schema.name}”与文件名不一致，应为“{expected}”", "name")
    context.names = [entry.name for entry in schema.properties]
    types = types_of(context)
    context.columns = types if types.keys() == set(context.names) else context.names
    before = len(context.findings.found)
    properties = custom_values(DatasetProperties, schema.customProperties, ("customProperties",), context, None)
    columns = [column_of(position, entry, context) for position, entry in enumerate(schema.properties)]
    check_columns(schema, columns, context)
    for position, reason in masks.lifted([column for column in columns if column is not None], context.elements):
        context.add(reason, "properties", position, where=schema.properties[position].name)
    schedule = schedule_of(written.slaProperties, context)
    derived = None
    if properties is not None:
        raw = context.document.data["schema"][0].get("customProperties", [])
        place = [i for i, entry in enumerate(raw) if entry.get("property") == "origin"][:1]
        derived, reasons = origins.read(properties, context.names, context.masters)
        for reason in reasons:
            context.add(reason, "customProperties", *place, where="origin")
        check_delivery(properties, columns, context)
        check_volume(properties, context)
        _check_overrides(properties, schema, context)
    rules = dataset_rules(schema, context)
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
        delivery=delivery_mode(properties.delivery),
        derived=derived,
        columns=tuple(known),
        rules=tuple(rule for rule, _ in rules),
        volume=Volume(**properties.volume.model_dump()),
        schedule=schedule,
        sharing=properties.sharing,
        entry=properties.catalogue,
        file=context.document.file,
    )
    bound = bind(dataset, schema, rules, context)
    check_names(bound, context)
    return Contract(dataset, bound)


def _check_overrides(properties: DatasetProperties, schema: SchemaEntry, context: Context) -> None:
    index = next((i for i, entry in enumerate(schema.customProperties) if entry.property == "overrides"), 0)
    for rule, reason in overrides.problems(properties.overrides, whole_names(schema)):
        column, _, its_rule = rule.partition(".")
        if its_rule and column in context.names:
            reason = f"规则“{rule}”属于列 {column}：写在该列的 overrides 里，名称为 {its_rule}"
        context.add(reason, "customProperties", index, "value", rule, where="overrides")
