"""Masks that another column of the same dataset lifts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from govdata.standards.model import Column, Element

KEPT = re.compile(r"keep_([0-9]+)_([0-9]+)")


def lifted(columns: Sequence[Column], elements: Mapping[str, Element]) -> list[tuple[int, str]]:
    """(position of the column, Chinese reason) of every column whose mask a birth date beside it lifts: what a citizen
    number masked 6+4 hides is nothing but the date of birth (GB 11643-1999 §4.1: six digits of region, eight of the
    date, four of sequence and check)."""
    births = [column.title for column in columns if _is_birth(elements.get(column.element))]
    found = []
    for position, column in enumerate(columns):
        element = elements.get(column.element)
        kept = KEPT.fullmatch(element.sensitivity.mask or "") if element is not None else None
        if births and element is not None and kept and int(kept[1]) >= 6 and int(kept[2]) >= 4:
            reason = (
                f"数据元 {element.id} 的脱敏方式 {element.sensitivity.mask} 遮住的正是出生日期，"
                f"本数据集又有“{births[0]}”，"
            )
            found.append((position, reason + "合起来就是完整的号码；请改用遮住末四位的方式，如 keep_6_0"))
    return found


def _is_birth(element: Element | None) -> bool:
    return (
        element is not None
        and element.type in ("date", "datetime")
        and any(word in element.name for word in ("出生", "生日"))
    )
