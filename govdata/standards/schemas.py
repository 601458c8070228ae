"""JSON Schemas for editors: what an element page, the code-set index and a contract may say, made from
``govdata.standards.format``.

They are kept in ``standards/schemas``; ``python -m govdata.standards.schemas <standards folder>`` writes them and the
reference page anew. An editor with a YAML language server completes and checks from them, where a page's first line
says so or its settings map the folder:

    # yaml-language-server: $schema=../schemas/elements.schema.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from govdata.standards import odcs, reference
from govdata.standards.anomaly_settings import Anomalies
from govdata.standards.cross import CrossRuleEntry
from govdata.standards.format import (
    CodeSetEntry,
    ColumnProperties,
    DatasetProperties,
    DefaultsFile,
    ElementEntry,
    GovdataRule,
    Name,
)
from govdata.standards.master_model import Master
from govdata.standards.role_settings import Role
from govdata.standards.scoring_settings import Scoring
from govdata.standards.workorder_settings import WorkOrders

DRAFT = "https://json-schema.org/draft/2019-09/schema"
OFFICIAL = "odcs-v3.1.0.schema.json"


def all_schemas() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema."""
    return {
        "elements.schema.json": _page(dict[Name, ElementEntry], "数据元页面：标识 → 数据元"),
        "defaults.schema.json": _page(DefaultsFile, "数据元的默认值"),
        "index.schema.json": _page(dict[Name, CodeSetEntry], "代码集索引：标识 → 代码集"),
        "rules.schema.json": _page(dict[Name, CrossRuleEntry], "跨表规则页面：规则名 → 规则"),
        "masters.schema.json": _page(Master, "主数据：怎样关联、各属性以谁为准"),
        "workorders.schema.json": _page(WorkOrders, "问题数据工单的设置"),
        "scoring.schema.json": _page(Scoring, "数据质量评分的设置"),
        "anomalies.schema.json": _page(Anomalies, "异常提示的设置"),
        "roles.schema.json": _page(dict[Name, Role], "角色：谁能看到未脱敏的值"),
        "dataset.schema.json": _contract(),
        OFFICIAL: odcs.schema(),
    }


def text(schema: dict[str, Any]) -> str:
    """A schema as it is written to its file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path) -> None:
    """Writes every schema into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in all_schemas().items():
        (folder / name).write_text(text(schema), encoding="utf-8")


def _page(kind: Any, title: str) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema()
    _tidy(schema)
    return {"$schema": DRAFT, "title": title, **schema}


def _tidy(node: Any) -> None:
    """Makes pydantic's schema an editor's: ``patternProperties`` alone would let every other name through; generated
    titles only repeat the keys; a default of null is no value anyone may write; a docstring's lines are one text."""
    if isinstance(node, dict):
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split())
        if "patternProperties" in node:
            node["additionalProperties"] = False
        if isinstance(node.get("title"), str):
            del node["title"]
        if "default" in node and not node["default"] and not isinstance(node["default"], dict):
            del node["default"]
        for value in node.values():
            _tidy(value)
    elif isinstance(node, list):
        for value in node:
            _tidy(value)


def _contract() -> dict[str, Any]:
    """The official schema, and on top of it what govdata's customProperties and rules must look like."""
    definitions: dict[str, Any] = {}
    dataset = _custom_properties(DatasetProperties, definitions)
    column = _custom_properties(ColumnProperties, definitions)
    rule = _inline(GovdataRule, definitions)
    governed = {"properties": {"engine": {"const": "govdata"}}, "required": ["engine"]}
    properties = {
        "customProperties": dataset,
        "properties": {
            "type": "array",
            "items": {"properties": {"customProperties": column}, "required": ["name", "customProperties"]},
        },
        "quality": {"type": "array", "items": {"if": governed, "then": rule}},
    }
    schema_object = {"properties": properties, "required": ["name", "properties", "customProperties"]}
    return {
        "$schema": DRAFT,
        "title": "数据集合同（ODCS v3.1.0 加 govdata 的约定）",
        "allOf": [{"$ref": OFFICIAL}],
        "properties": {
            "apiVersion": {"const": "v3.1.0"},
            "schema": {"type": "array", "minItems": 1, "maxItems": 1, "items": schema_object},
        },
        "required": ["name", "domain", "team", "schema"],
        "$defs": definitions,
    }


def _custom_properties(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """ODCS's list of {property, value}, each value held to its field."""
    schema = _inline(model, definitions)
    described = [
        {"const": name, "description": field.get("description", "")} for name, field in schema["properties"].items()
    ]
    values = [
        {"if": {"properties": {"property": {"const": name}}}, "then": {"properties": {"value": field}}}
        for name, field in schema["properties"].items()
    ]
    present = [_says(name) for name in schema.get("required", ())]
    if model is DatasetProperties:  # a department delivers it, or it is made of published tables
        present.append({"oneOf": [_says("delivery"), _says("origin")]})
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"property": {"oneOf": described}},
            "required": ["property", "value"],
            "allOf": values,
        },
        "allOf": present,
    }


def _says(name: str) -> dict[str, Any]:
    return {"contains": {"properties": {"property": {"const": name}}}}


def _inline(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """The model's schema with its definitions moved to ``definitions``."""
    schema = model.model_json_schema()
    definitions.update(schema.pop("$defs", {}))
    _tidy(schema)
    _tidy(definitions)
    return schema


if __name__ == "__main__":
    write(Path(sys.argv[1]) / "schemas")
    (Path(sys.argv[1]) / reference.FILE).write_text(reference.page(), encoding="utf-8")
