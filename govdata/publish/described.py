"""What people are told of a contract's table and its columns, from the declared standards."""

from __future__ import annotations

from govdata.standards.model import Column, Element, Registry

PERSONAL = {"none": "非个人信息", "general": "个人信息", "sensitive": "敏感个人信息"}


def column_comment(column: Column, element: Element) -> str:
    """What an analyst must know of a column: title, meaning, standard, codes, unit, sensitivity."""
    personal = "" if element.sensitivity.personal == "none" else f"，{PERSONAL[element.sensitivity.personal]}"
    parts = [
        column.title if column.title == element.name else f"{column.title}（数据元：{element.name}）",
        column.description or None,
        f"标准：{element.basis}" if element.basis else None,
        f"代码集：codes.{element.code_set}" if element.code_set else None,
        f"单位：{element.unit}" if element.unit else None,
        f"敏感级别：{element.sensitivity.level}级{personal}",
    ]
    return "；".join(part for part in parts if part)


def described(dataset: str, registry: Registry) -> tuple[str, dict[str, str]]:
    """The table's comment and its columns' comments."""
    contract = registry.datasets.get(dataset)
    if contract is None:
        return dataset, {}
    note = "；".join(part for part in (contract.owner, contract.purpose, contract.limitations) if part)
    columns = {column.name: column_comment(column, registry.elements[column.element]) for column in contract.columns}
    return f"{contract.title}（{note}）", columns
