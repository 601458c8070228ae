"""A piece of a document against its written form, every error translated into Chinese and given its line."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from govdata.standards.format import Written
from govdata.standards.source import Document, Findings, Loc
from govdata.standards.spelling import suggestion

Model = TypeVar("Model", bound=Written)


def validate(
    model: type[Model],
    data: Any,
    document: Document,
    loc: Loc,
    findings: Findings,
    where: str | None = None,
    paths: dict[str, Loc] | None = None,
) -> Model | None:
    """``data`` (at ``loc`` of ``document``) as ``model``; None, and the problems in ``findings``, when it does not fit.

    ``paths`` says where a key of ``data`` really stands in the document, for data that was gathered from several
    places.
    """
    if not isinstance(data, dict):
        findings.add(document.file, f"应为映射（键: 值），却是{_kind(data)}", document.line(loc), where)
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        reported: set[Loc] = set()
        for detail in error.errors(include_url=False, include_context=True, include_input=True):
            real = _real(tuple(part for part in detail["loc"] if part != "[key]"), data)
            if detail["type"] == "none_required" or real in reported:
                continue  # another branch of the same union
            reported.add(real)
            place = (*(paths or {}).get(str(real[0]), (*loc, real[0])), *real[1:]) if real else loc
            at_parent = detail["type"] in ("missing", "extra_forbidden")
            path = ".".join(str(part) for part in (real[:-1] if at_parent else real))
            label = ".".join(part for part in (where or "", path) if part) or None
            findings.add(document.file, _message(detail, real, model), document.line(place), label)
    return None


def _real(inner: Loc, data: Any) -> Loc:
    """``inner`` without the parts pydantic adds for the branches of a union: only what can be followed in the data
    stays."""
    followed: list[str | int] = []
    for position, part in enumerate(inner):
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and part in range(len(data))):
            data = cast(Any, data)[part]
            followed.append(part)
        elif position == len(inner) - 1 and isinstance(data, dict):
            followed.append(part)  # a key that is missing
    return tuple(followed)


def _message(detail: ErrorDetails, inner: Loc, model: type[Written]) -> str:
    context = detail.get("ctx", {})
    key = inner[-1] if inner else ""
    given = detail.get("input")
    match detail["type"]:
        case "missing":
            return f"缺少“{_plain(key)}”"
        case "extra_forbidden":
            return f"未知的键“{key}”{suggestion(str(key), _known_keys(model, inner[:-1]))}"
        case "value_error":
            return str(context.get("error", "")) or "值不对"
        case "string_type":
            if isinstance(given, (int, float, bool)):
                return "应为文本，请加引号"
            return "值为空（文字 null 要加引号）" if given is None else f"应为文本，却是{_kind(given)}"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"应为整数，却是{_kind(given)}"
        case "float_type" | "float_parsing":
            return f"应为数值，却是{_kind(given)}"
        case "bool_type" | "bool_parsing":
            return f"应为 true 或 false，却是{_kind(given)}"
        case "list_type":
            return f"应为列表，却是{_kind(given)}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"应为映射（键: 值），却是{_kind(given)}"
        case "literal_error":
            return (
                "应为 "
                f"{str(context.get('expected', '')).replace(' or ', '、').replace(', ', '、').replace(chr(39), '')} "
                "之一"
            )
        case "string_too_short" | "too_short":
            return "不能为空"
        case "too_long":
            return f"至多 {context.get('max_length')} 项"
        case "greater_than_equal":
            return f"不能小于 {context.get('ge')}"
        case "less_than_equal":
            return f"不能大于 {context.get('le')}"
        case "string_pattern_mismatch":
            return _PATTERNS.get(str(context.get("pattern")), "写法不对")
    return "值不对"


_PATTERNS = {
    r"^[a-z][a-z0-9_]{0,62}$": "名称应以小写字母开头，只含小写字母、数字和下划线，至多63个字符",
    r"^0[1-6]0[1-9]$": "应为 GB/T 36344 的四位指标编号，如 '0302'",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "应为日期 YYYY-MM-DD",
    r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$": "应为日期 YYYY-MM-DD 或四位年份（加引号）",
    r"^[a-z][a-z0-9_]{0,62}\.csv$": "应为 <标识>.csv，不含路径",
}


def _plain(key: Any) -> str:
    return "schema" if key == "schema_" else str(key)


def _known_keys(model: type[Written], path: Loc) -> list[str]:
    """Keys that may stand where the unknown one stood, found by following the fields' annotations."""
    current = model
    for part in path:
        field = next((f for name, f in current.model_fields.items() if part in (name, f.alias)), None)
        if field is not None and (inside := _written_in(field.annotation)) is not None:
            current = inside  # a part that is no field is a key or a position inside the one before
    return [field.alias or name for name, field in current.model_fields.items()]


def _written_in(annotation: Any) -> type[Written] | None:
    """The Written model inside an annotation such as ``list[RuleEntry] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Written):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _written_in(argument)) is not None:
            return found
    return None


def _kind(value: Any) -> str:
    if value is None:
        return "空值"
    if isinstance(value, bool):
        return "真假值"
    if isinstance(value, (int, float)):
        return "数值"
    if isinstance(value, str):
        return "文本"
    return "列表" if isinstance(value, (list, tuple)) else "映射"
