"""How a file would be read as a delivery of a dataset, without delivering it: for whoever asks before the night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from govdata.batches import DeliveredFile, Delivery, RawBatch
from govdata.errors import Problem
from govdata.ingest.delivery import content_hash
from govdata.ingest.headers import shape
from govdata.ingest.reading import REJECTED_SCHEMA, Reading, raw_schema
from govdata.ingest.run import mode_of
from govdata.standards.model import Dataset, Registry
from govdata.storage.manifest import fingerprint

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them

SHAPES = 3
"""So many different shapes of a column's first values are shown."""


@dataclass
class ColumnSeen:
    """A contract column: the headers it came under, cells with a value, cells with a word that means none, and the
    shapes (``数18``) of its first values."""

    name: str
    title: str
    headers: tuple[str, ...] = ()
    filled: int = 0
    null_words: int = 0
    shapes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """``raw``: the batch as it would be, of no files; where there are ``problems`` the delivery would be refused."""

    path: Path
    raw: RawBatch
    columns: tuple[ColumnSeen, ...]
    unknown: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def filled(self) -> dict[str, int]:
        return {column.name: column.filled for column in self.columns}

    @property
    def misread(self) -> bool:
        """Most records were rejected: whatever the file is, it was not read as what it is."""
        return self.raw.rejected > self.raw.rows


def trial(path: Path, dataset: Dataset, registry: Registry, date: Date) -> Trial:
    """Read ``path`` to its end as a delivery of ``dataset`` on ``date``. Nothing is written. No value of a record is in
    what comes of it."""
    path = Path(path)
    file = DeliveredFile(name=path.name, size=path.stat().st_size, sha256=content_hash(path))
    delivery = Delivery(dataset=dataset.name, date=date, files=(file,), fingerprint=fingerprint(file.sha256))
    seen = _Sampler(raw_schema(dataset), dataset, registry)
    reading = Reading(delivery, dataset, registry, {path.name: path}, seen, _Nowhere(REJECTED_SCHEMA))
    sources = reading.read()
    raw = RawBatch(
        dataset=dataset.name,
        date=date,
        batch_id="trial",
        delivery_fingerprint=delivery.fingerprint,
        standards_hash=registry.hashes[dataset.name],
        mode=mode_of(delivery, dataset),
        files=(),
        rejected_files=(),
        sources=tuple(sources),
        columns=tuple(column.name for column in dataset.columns),
    )
    unknown: dict[str, None] = {}
    for _, names, mapping in reading.headers_seen:
        for name, target in zip(names, mapping.targets, strict=True):
            if target is None:
                unknown[name] = None
            elif name not in seen.columns[target].headers:
                seen.columns[target].headers += (name,)
        for target, unit in mapping.said:
            seen.columns[target].headers += (f"表头写明：{unit}",)
    return Trial(path, raw, tuple(seen.columns.values()), tuple(unknown), tuple(reading.problems))


@dataclass
class _Nowhere:
    schema: pa.Schema

    def write(self, table: pa.Table) -> None:
        pass


class _Sampler:
    """Looks at the raw tables of a reading and keeps none."""

    def __init__(self, schema: pa.Schema, dataset: Dataset, registry: Registry) -> None:
        self.schema = schema
        self.columns = {column.name: ColumnSeen(column.name, column.title) for column in dataset.columns}
        self._words: Mapping[str, pa.Array] = {
            column.name: pa.array(_null_words(column.element, registry), pa.string()) for column in dataset.columns
        }

    def write(self, table: pa.Table) -> None:
        for name, seen in self.columns.items():
            cells = table.column(name).drop_null()
            words = pc.is_in(pc.utf8_trim_whitespace(cells), value_set=self._words[name])
            empty = int(pc.sum(words).as_py() or 0)
            seen.null_words += empty
            seen.filled += len(cells) - empty
            if len(seen.shapes) < SHAPES:
                values = cells.filter(pc.invert(words)).slice(0, 50).to_pylist()
                seen.shapes = list(dict.fromkeys([*seen.shapes, *map(shape, values)]))[:SHAPES]


def _null_words(element: str, registry: Registry) -> tuple[str, ...]:
    own = registry.elements[element].null_tokens if element in registry.elements else None
    return own if own is not None else registry.null_tokens
