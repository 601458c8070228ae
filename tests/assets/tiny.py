"""A registry small enough to read, for tests about what Dagster does and not about what the stages do."""

from __future__ import annotations

from govdata.standards.model import (
    BoundRule,
    Column,
    Dataset,
    DeliveryMode,
    Element,
    Registry,
    Required,
    Schedule,
    Sensitivity,
)


def tiny_dataset(name: str, **changes: object) -> Dataset:
    facts: dict[str, object] = {
        "name": name,
        "title": f"测试表{name}",
        "domain": "测试",
        "owner": "市测试局",
        "version": "1.0.0",
        "delivery": DeliveryMode(mode="snapshot", key=("id",)),
        "columns": (Column(name="id", title="编号", element="id", required=True, primary_key=True),),
        "schedule": Schedule(deadline="01:00"),
    }
    return Dataset.model_validate(facts | changes)


def tiny_registry(*names: str) -> Registry:
    element = Element(
        id="id",
        name="编号",
        name_en="Number",
        definition="一个编号",
        standard="GB/T 2261.1-2003",
        clause="4",
        type="text",
        sensitivity=Sensitivity(level=3, personal="sensitive"),
    )
    datasets = {name: tiny_dataset(name) for name in names}
    bound = {
        name: (
            BoundRule(
                id="id.required",
                index=0,
                dataset=name,
                column="id",
                columns=("id",),
                spec=Required(),
                dimension="completeness",
                severity="error",
                message="必填",
            ),
        )
        for name in names
    }
    return Registry(
        elements={"id": element},
        code_sets={},
        datasets=datasets,
        null_tokens=(),
        bound=bound,
        hashes=dict.fromkeys(names, "0" * 12),
    )
