"""Columns whose name in the contract changed: what was published under the old name is not lost to the new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

FormerNames = Mapping[str, tuple[str, ...]]
"""Column → what the contract called it earlier, newest first."""


def source(name: str, present: Collection[str], former: FormerNames) -> str | None:
    """Which of the columns ``present`` holds the values of ``name``: its own, else the first of its former names; None:
    none does."""
    return next((known for known in (name, *former.get(name, ())) if known in present), None)


def unexplained(columns: Iterable[str], present: Collection[str], former: FormerNames) -> list[str]:
    """Those of the columns ``present`` that none of ``columns`` reads."""
    read = {source(name, present, former) for name in columns}
    return [name for name in present if name not in read]
