"""Contracts against the official JSON Schema of the Open Data Contract Standard v3.1.0.

``odcs-v3.1.0.schema.json`` is the standard's own artefact, unchanged (Bitol, a project of LF AI & Data; Apache License
2.0), as the Python package open-data-contract-standard 3.1.2 carries it. See NOTICE.md beside it.
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
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft201909Validator

    return Draft201909Validator(schema())


def check(document: Document, findings: Findings) -> None:
    """Adds every violation of the official schema, at its line. What the loader already said of that line is not
    repeated."""
    said = {(problem.file, problem.line) for problem in findings.found}
    for error in _validator().iter_errors(document.data):
        for leaf in _leaves(error):
            path = tuple(leaf.absolute_path)
            for key in _unexpected(leaf) or (None,):
                line = document.line(path if key is None else (*path, key))
                if (document.file, line) not in said:
                    message = _message(leaf) if key is None else f"标准里没有键“{key}”"
                    findings.add(
                        document.file,
                        f"不符合 ODCS v3.1.0：{message}",
                        line,
                        ".".join(str(part) for part in path) or None,
                    )


def _leaves(error: ValidationError) -> list[ValidationError]:
    """The errors worth reading: of alternatives, those of the branch that got furthest."""
    if not error.context:
        return [error]
    from jsonschema.exceptions import best_match

    best = best_match([error])
    return [best if best is not None else error]


def _unexpected(error: ValidationError) -> list[str]:
    """The keys an error about additional keys is about; jsonschema names them only in its message."""
    if error.validator not in ("additionalProperties", "unevaluatedProperties") or not isinstance(error.instance, dict):
        return []
    return [key for key in error.instance if repr(key) in error.message]


def _message(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            return f"缺少“{'、'.join(name for name in wanted if name not in given)}”"
        case "enum":
            return f"应为 {'、'.join(str(value) for value in wanted)} 之一"
        case "const":
            return f"应为 {wanted}"
        case "type":
            return f"类型应为 {wanted}"
        case "pattern":
            return "写法不对（只可用字母、数字、- 和 _）" if wanted == "^[A-Za-z0-9_-]+$" else "写法不对"
        case "minLength" | "minItems":
            return "不能为空"
    return "内容不合要求"
