"""``standards/roles.yaml`` → the roles by name, or what is wrong with them by file and line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from govdata.standards.role_settings import Role
from govdata.standards.source import NAME, Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.validation import validate

FILE = "roles.yaml"


def read(root: Path, elements: Collection[str], findings: Findings) -> dict[str, Role]:
    """The roles under ``root``; what is wrong goes to ``findings`` with file and line. Without the file there are none,
    and nobody sees a value in full."""
    if not (root / FILE).exists():
        return {}
    document = read_yaml(root / FILE, FILE, findings)
    if document is None:
        return {}
    if not isinstance(document.data, dict):
        findings.add(FILE, "应是 角色: 内容")
        return {}
    roles = {}
    for name, written in document.data.items():
        if not isinstance(name, str) or NAME.fullmatch(name) is None:
            findings.add(FILE, "角色应以小写字母开头，只含小写字母、数字和下划线", document.line((name,)), str(name))
            continue
        role = validate(Role, written, document, (name,), findings, where=name)
        if role is None:
            continue
        roles[name] = role
        for field in ("elements", "hides"):
            for number, element in enumerate(getattr(role, field)):
                if element not in elements:
                    told = f"没有数据元“{element}”{suggestion(element, elements)}"
                    findings.add(FILE, told, document.line((name, field, number)), f"{name}.{field}.{number}")
    return roles
