"""Where a dataset comes from: delivered by a department, or derived from published tables as its contract says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from govdata.standards import expressions
from govdata.standards.derivations import DERIVATIONS, Derivation, Links
from govdata.standards.format import DatasetProperties
from govdata.standards.master_model import Masters
from govdata.standards.model import Dataset, Element
from govdata.standards.source import Everything, Findings
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
    declared: Collection[str],
    elements: Mapping[str, Element],
    masters: Masters,
    findings: Findings,
) -> None:
    """What a derived table reads must be there: its tables, in no circle, and their columns."""
    for dataset in datasets.values():
        for message in _problems(dataset, datasets, declared, elements, masters) if dataset.derived else ():
            findings.add(dataset.file, message, None, "origin")


def _problems(
    dataset: Dataset,
    datasets: Mapping[str, Dataset],
    declared: Collection[str],
    elements: Mapping[str, Element],
    masters: Masters,
) -> list[str]:
    assert dataset.derived is not None
    found: list[str] = []
    for table in dataset.derived.inputs(masters):
        if table not in declared:
            found.append(f"没有名为“{table}”的数据集{suggestion(table, declared)}")
        elif _reads(datasets, masters, table, dataset.name):
            found.append(f"表之间互为来源：{dataset.name} 与 {table}")
        elif table in datasets:
            _check_input(dataset.derived, datasets[table], elements, found.append)
    for kind, table in dataset.derived.links_read().items():
        made = datasets[table].derived if table in datasets else None
        if table in datasets and not (isinstance(made, Links) and made.master == kind):
            found.append(f"数据集 {table} 不是 {kind} 的关联表（origin: links: {{master: {kind}}}）")
    return found


def _reads(
    datasets: Mapping[str, Dataset], masters: Masters, table: str, wanted: str, seen: frozenset[str] = frozenset()
) -> bool:
    """Whether ``table`` is ``wanted`` or made of it."""
    made = datasets[table].derived if table in datasets and table not in seen else None
    return table == wanted or any(
        _reads(datasets, masters, below, wanted, seen | {table}) for below in (made.inputs(masters) if made else ())
    )


def _check_input(
    made: Derivation, dataset: Dataset, elements: Mapping[str, Element], add: Callable[[str], None]
) -> None:
    types = {column.name: elements[column.element].type for column in dataset.columns}
    for name in made.columns_read():
        if name not in types:
            add(f"数据集 {dataset.name} 没有名为“{name}”的列{suggestion(name, types)}")
    for place, text in made.expressions().items():
        try:
            expressions.parse(text, columns=types, code_sets=Everything())
        except expressions.ExpressionError as error:
            add(f"{place} 的表达式有误：{error}")
