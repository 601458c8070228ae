"""Contracts against the official JSON Schema of the Open Data Contract Standard v3.1.0.

``odcs-v3.1.0.schema.json`` is the standard's own artefact, unchanged (Bitol, a project of LF AI & Data; Apache License 2.0), as
the Python package open-data-contract-standard 3.1.2 carries it. See NOTICE.md beside it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.standards.source import Document, Findings

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMA_FILE = Path(__file__).with_name("odcs-v3.1.0.schema.json")


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The official JSON Schema (draft 2019-09)."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft201909Validator

    return Draft201909Validator(schema())


def check(document: Document, findings: Findings) -> None:
    """Adds every violation of the official schema, at its line. What the loader already said of that line is not repeated."""
    said = {(problem.file, problem.line) for problem in findings.found}
    for error in _validator().iter_errors(document.data):
        for leaf in _leaves(error):
            line = document.line(tuple(leaf.absolute_path))
            if (document.file, line) not in said:
                place = ".".join(str(part) for part in leaf.absolute_path) or None
                findings.add(document.file, f"不符合 ODCS v3.1.0：{_message(leaf)}", line, place)


def _leaves(error: ValidationError) -> list[ValidationError]:
    """The errors worth reading: of alternatives, those of the branch that got furthest."""
    if not error.context:
        return [error]
    from jsonschema.exceptions import best_match

    best = best_match([error])
    return [best if best is not None else error]


def _message(error: ValidationError) -> str:
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"缺少“{'、'.join(missing)}”"
        case "enum":
            return f"应为 {'、'.join(str(value) for value in error.validator_value)} 之一"
        case "const":
            return f"应为 {error.validator_value}"
        case "type":
            return f"类型应为 {error.validator_value}"
        case "additionalProperties" | "unevaluatedProperties":
            return "有标准里没有的键"
        case "pattern":
            return "写法不对（只可用字母、数字、- 和 _）" if error.validator_value == "^[A-Za-z0-9_-]+$" else "写法不对"
        case "minLength" | "minItems":
            return "不能为空"
    return "内容不合要求"
