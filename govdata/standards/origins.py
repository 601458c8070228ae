"""Where a dataset comes from: delivered by a department, or derived from published tables as its contract says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from govdata.standards import expressions
from govdata.standards.derivations import DERIVATIONS, Derivation, Links, Place, Said
from govdata.standards.format import DatasetProperties
from govdata.standards.master_model import Masters
from govdata.standards.model import Dataset, Element
from govdata.standards.source import Document, Everything, Findings
from govdata.standards.spelling import suggestion


def read(
    properties: DatasetProperties, columns: Collection[str], masters: Masters
) -> tuple[Derivation | None, list[str]]:
    """How the table is made, None where a department delivers it; and what is wrong with what is written, in
    Chinese."""
    if (properties.origin is None) == (properties.delivery is None):
        return None, ["应写 delivery（部门交付）或 origin（由已发布的表生成）之一"]
    if properties.origin is None:
        return None, []
    given = [value for name in DERIVATIONS if (value := getattr(properties.origin, name)) is not None]
    if len(given) != 1:
        return None, [f"origin 应正好写 {'、'.join(DERIVATIONS)} 之一"]
    made: Derivation = given[0]
    if unread := [kind for kind in made.masters_read() if kind not in masters]:
        return made, [f"没有名为“{kind}”的主数据（standards/masters）{suggestion(kind, masters)}" for kind in unread]
    output, reasons = made.output(masters), []
    if missing := [name for name in output if name not in columns]:
        reasons.append(f"origin 生成的列合同里没有：{'、'.join(missing)}")
    if unknown := [name for name in columns if name not in output]:
        reasons.append(f"origin 不生成这些列：{'、'.join(unknown)}")
    return made, reasons


def check(
    datasets: Mapping[str, Dataset],
    documents: Mapping[str, Document],
    elements: Mapping[str, Element],
    masters: Masters,
    findings: Findings,
) -> None:
    """What a derived table reads must be there: its tables, in no circle, and their columns. ``datasets``: those that
    were read without a problem; ``documents``: dataset → contract of all that are declared."""
    for dataset in datasets.values():
        if dataset.derived is None:
            continue
        document = documents[dataset.name]
        place = _place(document, dataset.derived)
        for path, message in _problems(dataset, dataset.derived, datasets, documents, elements, masters):
            where = ".".join(["origin", *map(str, path)])
            findings.add(dataset.file, message, document.line((*place, *path)), where)


def _place(document: Document, made: Derivation) -> Place:
    """Where the derivation is written in its contract."""
    written = document.data["schema"][0]["customProperties"]
    number = next(i for i, entry in enumerate(written) if entry["property"] == "origin")
    return ("schema", 0, "customProperties", number, "value", made.NAME)


def _problems(
    dataset: Dataset,
    made: Derivation,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    masters: Masters,
) -> Iterator[tuple[Place, str]]:
    yield from made.mistakes(masters)
    for table in made.inputs(masters):
        if table not in declared:
            yield (), f"没有名为“{table}”的数据集{suggestion(table, declared)}"
        elif _reads(datasets, masters, table, dataset.name):
            yield (), f"表之间互为来源：{dataset.name} 与 {table}"
    for said in made.says(masters):
        if said.table in datasets:
            yield from _misread(said, datasets[said.table], elements)
    for kind, table in made.links_read().items():
        read = datasets[table].derived if table in datasets else None
        if table in datasets and not (isinstance(read, Links) and read.master == kind):
            yield ("links",), f"数据集 {table} 不是 {kind} 的关联表（origin: links: {{master: {kind}}}）"


def _reads(
    datasets: Mapping[str, Dataset], masters: Masters, table: str, wanted: str, seen: frozenset[str] = frozenset()
) -> bool:
    """Whether ``table`` is ``wanted`` or made of it."""
    made = datasets[table].derived if table in datasets and table not in seen else None
    return table == wanted or any(
        _reads(datasets, masters, below, wanted, seen | {table}) for below in (made.inputs(masters) if made else ())
    )


def _misread(said: Said, dataset: Dataset, elements: Mapping[str, Element]) -> Iterator[tuple[Place, str]]:
    types = {column.name: str(elements[column.element].type) for column in dataset.columns}
    if said.column:
        if said.text not in types:
            yield said.path, f"数据集 {dataset.name} 没有名为“{said.text}”的列{suggestion(said.text, types)}"
        return
    try:
        _, kind = expressions.parse_value(said.text, columns=types, code_sets=Everything())
    except expressions.ExpressionError as error:
        yield said.path, f"表达式有误：{error}"
        return
    if said.kind is not None and kind not in (said.kind, "any"):
        yield said.path, f"表达式的类型不对，应为{expressions.KIND_NAMES[said.kind]}"
