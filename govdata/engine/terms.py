"""Wider and narrower terms of a code set, by the parent that each code names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from govdata.standards.model import Code


def names(codes: Sequence[Code]) -> dict[str, set[str]]:
    """Code → all names it ever had."""
    found: dict[str, set[str]] = {}
    for code in codes:
        found.setdefault(code.code, set()).add(code.name_zh)
    return found


def parents(codes: Sequence[Code]) -> dict[str, str]:
    """Code → the code of the term around it, as its last row says; empty where there is none."""
    return {code.code: code.parent for code in codes}


def above(code: str, parents: Mapping[str, str]) -> list[str]:
    """Codes of the terms around this one, the nearest first."""
    found: list[str] = []
    while (code := parents.get(code, "")) and code not in found:
        found.append(code)
    return found
