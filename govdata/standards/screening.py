"""名单比对: what a list of people or organisations may say, and what is found of them, as an officer declares it on a
page of master data; and such a list as a dataset, so that it is read and standardised as deliveries are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from govdata.standards.written import Name, Text, Written

if TYPE_CHECKING:
    from govdata.standards.model import Column, Dataset, Registry

LIST = "list"
"""The name of the dataset that a list is read as."""


class ListColumn(Written):
    """名单可以有的一列"""

    column: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$")] = Field(
        description="数据集.列：按它的数据元、表头和写法读"
    )
    headers: list[Text] = Field([], description="名单里另外可能用的表头")


class ListFinding(Written):
    """比对出的一种情况"""

    name: Text = Field(description="中文名称，如 已死亡")
    when: Text = Field(description="行表达式：主数据的属性符合什么条件")


class Screening(Written):
    """名单比对"""

    number: Name = Field(description="号码列：columns 中的一个")
    columns: Annotated[dict[Name, ListColumn], Field(min_length=1)] = Field(
        description="名单的列：号码列之外都是主数据的属性，name 是名称列"
    )
    findings: Annotated[dict[Name, ListFinding], Field(min_length=1)] = Field(description="比对的情况")


def as_dataset(registry: Registry, kind: str, headers: Mapping[str, str]) -> tuple[Dataset, Registry]:
    """A list of masters of the ``kind`` as a dataset, and a registry that knows no other. ``headers``: column → the
    header that a person says it has, and no other."""
    from govdata.standards import binding
    from govdata.standards.model import Dataset, DeliveryMode

    master = registry.masters[kind]
    assert master.screening is not None
    columns = tuple(
        _column(registry, name, listed, headers.get(name)) for name, listed in master.screening.columns.items()
    )
    dataset = Dataset(
        name=LIST,
        title=f"{master.name}名单",
        domain="",
        owner="",
        version="",
        delivery=DeliveryMode(mode="snapshot", key=()),
        columns=columns,
    )
    bound: list = []
    for column in columns:
        element = registry.elements[column.element]
        bound += binding.bind_column(LIST, column, element, element.rules, len(bound))
    used = {column.element for column in columns}
    digests = {name: binding.digest(registry.elements[name]) for name in used}
    sets = {name: binding.digest(code_set) for name, code_set in registry.code_sets.items()}
    known = (registry.elements, digests, sets, registry.null_tokens)
    stamp = binding.dataset_hash(dataset, tuple(bound), *known)
    alone = {"datasets": {LIST: dataset}, "bound": {LIST: tuple(bound)}, "hashes": {LIST: stamp}}
    return dataset, registry.model_copy(update={**alone, "cross": ()})


def _column(registry: Registry, name: str, listed: ListColumn, header: str | None) -> Column:
    dataset, _, source = listed.column.partition(".")
    column = registry.datasets[dataset].column(source)
    told = {"title": header, "headers": (header,)} if header else {"headers": (*column.headers, *listed.headers)}
    free = {"required": False, "primary_key": False, "optional_header": True}
    return column.model_copy(update={"name": name, "former_names": (), **free, **told})
