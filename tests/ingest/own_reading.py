"""govdata's own reading of a delimited file, without a contract or with one, in the shape ``pollution.same``
compares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govdata.ingest import formats
from govdata.ingest.headers import Headers
from govdata.standards.model import Column, Dataset, DeliveryMode

from .pollution import Reading


def read(path: Path, headers: Headers | None = None) -> tuple[Reading, int]:
    """The reading and the number of rejected lines. Raises ``Unreadable``."""
    _, opened = formats.open_file(path, headers)
    (source,) = opened.sources
    numbered: list[tuple[int, tuple[str | None, ...]]] = []
    rejected = 0
    for block in source.blocks():
        columns = [column.to_pylist() for column in block.columns]
        numbered += zip(block.rows.to_pylist(), zip(*columns, strict=True), strict=True)
        rejected += len(block.rejects)
    assert source.tally.records == len(numbered) + rejected
    numbered.sort(key=lambda item: item[0])
    names = None if source.details.get("表头行") == "无" else source.columns
    return (names, [cells for _, cells in numbered]), rejected


def read_with_contract(path: Path, header: Sequence[str]) -> tuple[Reading, int]:
    """As ``read``, with a contract whose columns may arrive under the names of ``header``."""
    named = [name.strip() for name in dict.fromkeys(header) if name.strip()]
    columns = tuple(Column(name=f"c{number}", title=name, element="e") for number, name in enumerate(named))
    dataset = Dataset(
        name="d",
        title="d",
        domain="d",
        owner="o",
        version="1",
        delivery=DeliveryMode(mode="snapshot", key=("c0",)),
        columns=columns,
    )
    return read(path, Headers(dataset))
