"""The table check of columns: one that came with the last delivery and does not come tonight would be published as
empty in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from govdata.batches import CheckOutcome, RawBatch
from govdata.checks.table import outcome
from govdata.publish.layers import Layer
from govdata.standards.header import unmarked
from govdata.standards.model import Column, Dataset

ALIKE = 0.5
"""From this share of common characters on a Chinese header looks like another (户籍详细地址, 户籍地址: 0.8; 联系手机,
联系电话: 0.5)."""

ALIKE_LATIN = 0.75
"""The same for abbreviations, which share letters by chance (LXDH, LXSJ: 0.5)."""

_LEVELS = {"all": 2, "some": 1}


BY_CHANCE = 0.01
"""A column that came with values last time and is empty now blocks unless that could as well be chance: a small delta
may lawfully bring no value of a column that few records have."""


def delivered_columns(
    raw: RawBatch | None, before: Layer | None, dataset: Dataset, filled: Mapping[str, int] | None = None, rows: int = 0
) -> CheckOutcome:
    """``before``: the last delivery that was published, or None for the first. ``filled``: column → cells with a value,
    of the ``rows`` that were standardised; None where they are not known.

    A column fails where fewer of the files have it than last time (all, some, none), or where it is in none and an
    unknown column looks like it under another name. Not the column of operations of a whole delivery, which has none,
    nor one that ``may_vanish``. In JSON a key that is not there means "no value": there a column fails only beside
    unknown columns that are new. A column that came, and is empty in every row where last time it held values, fails
    too (``BY_CHANCE``).
    """
    if raw is None or not raw.columns or not any(source.delivered for source in raw.sources):
        return outcome("delivered_columns", checked=0, failed=0, reason=None, figures={})
    now, unknown = raw.coverage(), raw.unknown_columns
    fresh = [name for name in unknown if before is None or name not in before.unknown]
    plain = all("json" in source.format for source in raw.sources if source.delivered)
    judged = [
        column for column in dataset.columns if not column.may_vanish and not _has_no_operation(column, raw, dataset)
    ]
    reasons, vanished, emptied = [], [], list[str]()
    for column in judged:
        earlier = _earlier(column, before)
        level = _LEVELS.get(now.get(column.name, ""), 0)
        alike = _alike(column, fresh) if level == 0 else []
        lost = level < earlier and (fresh or not plain)
        if lost or alike:
            vanished.append(column.name)
            reasons.append(_told(column, level, before if lost else None, alike))
        elif level and before is not None and filled is not None and _is_emptied(column, before, filled, rows):
            emptied.append(column.name)
            reasons.append(
                f"列“{column.title}”（{column.name}）这次 {rows} 行全部为空，"
                f"{before.date.isoformat()} 的交付 {before.judged} 行中有 {_held(column, before)} 行有值"
            )
    if reasons and fresh:
        reasons.append("这次才出现的合同外的列：" + "、".join(f"“{name}”" for name in fresh))
    if reasons:
        reasons.append(
            "表头改了名的，写进合同该列的 headers；部门确实不再提供的（列或其中的值），在该列写 may_vanish: true；"
            "否则请部门重新交付"
        )
    figures: dict[str, float | int | str] = {"unknown_columns": len(unknown), "columns": ", ".join(vanished)}
    if emptied:
        figures["emptied"] = ", ".join(emptied)
    reason, failed = "；".join(reasons) or None, len(vanished) + len(emptied)
    return outcome("delivered_columns", checked=len(judged), failed=failed, reason=reason, figures=figures)


def _has_no_operation(column: Column, raw: RawBatch, dataset: Dataset) -> bool:
    return raw.mode == "snapshot" and column.name == dataset.delivery.operation


def _earlier(column: Column, before: Layer | None) -> int:
    """How the column came last time, under the name the contract had for it then."""
    known = before.delivered if before is not None else {}
    return max(_LEVELS.get(known.get(name, ""), 0) for name in (column.name, *column.former_names))


def _held(column: Column, before: Layer) -> int:
    """Cells with a value that the column had last time."""
    return max(before.filled.get(name, 0) for name in (column.name, *column.former_names))


def _is_emptied(column: Column, before: Layer, filled: Mapping[str, int], rows: int) -> bool:
    held = _held(column, before)
    if not held or not rows or filled.get(column.name, rows):
        return False
    return bool((1 - held / (before.judged + 1)) ** rows < BY_CHANCE)


def _alike(column: Column, unknown: Sequence[str]) -> list[str]:
    """The unknown columns that look like ``column`` under another header."""
    known = {unmarked(text) for text in (column.title, column.name, *column.headers)}
    return [name for name in unknown if any(_resemble(unmarked(name), text) for text in known)]


def _resemble(one: str, other: str) -> bool:
    needed = ALIKE_LATIN if one.isascii() or other.isascii() else ALIKE
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= needed


def _told(column: Column, level: int, before: Layer | None, alike: Sequence[str]) -> str:
    place = "这次的文件里没有" if level == 0 else "这次只有部分文件有"
    text = f"列“{column.title}”（{column.name}）{place}"
    if before is not None:
        text = f"{text}，{before.date.isoformat()} 交付的{'都' if level else ''}有"
    if alike:
        text = f"{text}，像是改名为" + "或".join(f"“{name}”" for name in alike)
    return text
