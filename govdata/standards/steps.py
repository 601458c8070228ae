"""What is wrong with a list of standardisation steps, whoever writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from govdata.standards.normalisers import NORMALISERS
from govdata.standards.types import TYPES


def refusals(names: Sequence[str], element_type: str) -> Iterator[tuple[int, str]]:
    """Position and Chinese reason of every step that stands twice, or that an element of the type cannot have."""
    for position, name in enumerate(names):
        if name in names[:position]:
            yield position, f"标准化步骤 {name} 重复"
        elif element_type not in NORMALISERS[name].types:
            yield position, f"类型为{TYPES[element_type].title}的数据元不能用标准化步骤 {name}"
