"""What a contract changes of a rule it did not write: its severity, its message, or that it is not asked at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from govdata.standards.binding import grade_conflict
from govdata.standards.contracts.context import Context
from govdata.standards.format import CustomProperty, Override
from govdata.standards.model import Rule
from govdata.standards.source import Loc
from govdata.standards.spelling import suggestion


def problems(written: Mapping[str, Override], known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The rule's name and why what is said of it cannot be done. ``known``: the rules there are."""
    for name, override in written.items():
        if name not in known:
            yield name, f"overrides 里的规则“{name}”不存在{suggestion(name, known)}（可用：{'、'.join(known) or '无'}）"
        elif override.disabled and (override.severity or override.message):
            yield name, f"规则“{name}”已停用，不能同时改 severity 或 message"
        elif not (override.disabled or override.severity or override.message):
            yield name, f"规则“{name}”没有写任何改动"


def applied(
    rules: Iterable[Rule], custom: list[CustomProperty], path: Loc, where: str, context: Context
) -> tuple[Rule, ...]:
    """``rules`` as the ``overrides`` among ``custom`` (at ``path``) want them, in their order, without those that are
    disabled."""
    index = next((i for i, entry in enumerate(custom) if entry.property == "overrides"), None)
    if index is None:
        return tuple(rules)
    overrides: Mapping[str, Mapping[str, Any]] = custom[index].value
    kept: list[Rule] = []
    for rule in rules:
        override = overrides.get(rule.name)
        if override is None:
            kept.append(rule)
        elif not override.get("disabled"):
            changes: dict[str, Any] = {key: override[key] for key in ("severity", "message") if key in override}
            if override.get("severity") == "error":
                changes["empties"] = False  # the contract wants the row withheld
            changed = rule.model_copy(update=changes)
            if reason := grade_conflict(changed, context.code_sets):
                context.add(reason, *path, "customProperties", index, "value", rule.name, where=where)
            kept.append(changed)
    return tuple(kept)
