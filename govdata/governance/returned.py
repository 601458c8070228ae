"""A workbook of ours that comes back from people, read with the ingest's own reader: which columns are looked for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from govdata import ingest
from govdata.standards.model import Column, Dataset, DeliveryMode


@dataclass(frozen=True)
class Form:
    """``columns``: the titles that are read; said to the reader as it is said of a delivery."""

    name: str
    title: str
    columns: tuple[str, ...]

    @cached_property
    def headers(self) -> ingest.Headers:
        named = enumerate(self.columns)
        return ingest.Headers(
            Dataset(
                name=self.name,
                title=self.title,
                domain="",
                owner="",
                version="1",
                delivery=DeliveryMode(mode="snapshot", key=()),
                columns=tuple(
                    Column(name=f"{self.name}_{n}", title=title, element="text", required=True) for n, title in named
                ),
            )
        )

    def cells(self, block: ingest.Block) -> dict[str, list[str | None]]:
        """Title → cells of the columns that are the form's; others are nobody's."""
        meant = [self.headers.column(name) for name in block.names]
        found = zip(meant, block.columns, strict=True)
        return {self.columns[int(name.rpartition("_")[2])]: column.to_pylist() for name, column in found if name}


def text(cell: str | None) -> str:
    """A cell without blanks around it; full-width signs as half-width ones, the apostrophe of a text cell left out."""
    return unicodedata.normalize("NFKC", cell or "").strip().removeprefix("'")
