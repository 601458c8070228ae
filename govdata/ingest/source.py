"""What a reader of delivered data is: a source gives blocks of text columns with row numbers, rejects, and a tally of
what it saw.

Every format (text, workbook, JSON lines, Parquet) is read through this one interface; a database table is added by
registering an opener. A source never holds more than a block or two, so memory does not grow with the delivery (a
workbook's sheet is the exception: its format bounds it at 1,048,576 rows).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow as pa

from govdata.batches import NOTE_KINDS, ReadingNote

if TYPE_CHECKING:
    from govdata.ingest.headers import Headers

(HEADER, REPEATED_HEADER, PREAMBLE, BLANK, FRAME, BAND, FOOTER, DELETED, CONTINUATION) = (
    NOTE_KINDS[code].title
    for code in (
        "header",
        "repeated_header",
        "preamble",
        "blank",
        "frame",
        "band",
        "footer",
        "deleted",
        "continuation",
    )
)
_CODES = {kind.title: code for code, kind in NOTE_KINDS.items()}


class Unreadable(Exception):
    """The file cannot be read as a delivery. ``str(error)`` is a Chinese reason without any value of a record.
    ``member``: the file inside an archive."""

    def __init__(self, reason: str, sheet: str | None = None, member: str | None = None) -> None:
        super().__init__(reason)
        self.sheet, self.member = sheet, member


class Reject(NamedTuple):
    """A physical record that cannot be read: ``row`` is where it starts, ``content`` its text as far as it can be
    shown."""

    row: int
    reason: str
    content: str


@dataclass(frozen=True)
class Block:
    """Some records of a source: ``columns[i]`` holds the texts (NULL: empty) of the delivered column ``names[i]``;
    ``rows`` (int64) says where each record is found (see ``_source_row`` in docs/architecture.md). ``names`` may differ
    from block to block (JSON lines)."""

    names: tuple[str, ...]
    columns: tuple[pa.Array | pa.ChunkedArray, ...]
    rows: pa.Array | pa.ChunkedArray
    rejects: tuple[Reject, ...] = ()


@dataclass
class Tally:
    """Physical lines (or sheet rows, array elements) seen, and those that are no records by kind. It is kept by the
    scan of the physical file, apart from the parser that makes the columns, so that the two can be held against each
    other."""

    lines: int = 0
    not_records: Counter[str] = field(default_factory=Counter)
    told: list[ReadingNote] = field(default_factory=list)  # what else a person must know of the reading
    _between: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        return self.lines - self.not_records.total()

    def aside(self, kind: str, rows: Iterable[int]) -> None:
        """The lines ``rows`` (from 1) are no records but of ``kind``."""
        numbers = list(rows)
        if not numbers:
            return
        self.not_records[kind] += len(numbers)
        first, last = min(numbers), max(numbers)
        known = self._between.get(kind, (first, last))
        self._between[kind] = min(first, known[0]), max(last, known[1])

    def tell(self, kind: str, reason: str, count: int = 1, row: int | None = None, column: str | None = None) -> None:
        """``kind``: of ``NOTE_KINDS``; ``reason``: Chinese, without a record's value."""
        self.told.append(ReadingNote(kind=kind, reason=reason, count=count, first_row=row, last_row=row, column=column))

    @property
    def notes(self) -> tuple[ReadingNote, ...]:
        lines = (
            ReadingNote(kind=_CODES[kind], reason=kind, count=count, first_row=between[0], last_row=between[1])
            for kind, count in self.not_records.items()
            if count and (between := self._between.get(kind, (None, None)))
        )
        return (*lines, *self.told)


class Source(Protocol):
    """One table of delivered records. ``columns`` are the headers as delivered; ``details`` are said by ``inspect``
    (Chinese label → text) and nothing else; ``header``: the line the header starts on, 0 where there is none and the
    columns are called 列1, 列2, None where the format has no such line; ``from_1904``: bare numbers in it count days
    from 1904 on; ``tally`` is complete when ``blocks`` is exhausted. ``blocks`` may be run once; it raises
    ``Unreadable``."""

    format: str
    sheet: str | None
    encoding: str | None
    columns: tuple[str, ...]
    details: dict[str, str]
    header: int | None
    from_1904: bool
    tally: Tally

    def blocks(self) -> Iterator[Block]: ...

    def physical(self) -> int:
        """``tally.lines`` once more, by a pass over the file that shares nothing with ``blocks`` (``ingest.physical``).
        Asked when ``blocks`` is exhausted."""
        ...


HEADER_LINE = "表头行"


def header_said(header: int) -> dict[str, str]:
    """``Source.header`` among the details of a source."""
    return {HEADER_LINE: str(header) if header else "无"}


@dataclass(frozen=True)
class Ignored:
    """A part of a file that is not read, and why (Chinese). ``rows``: of it that hold something; ``kind``: of
    ``NOTE_KINDS``."""

    name: str
    reason: str
    rows: int = 0
    kind: str = "ignored_sheet"


@dataclass(frozen=True)
class Opened:
    """The sources in a file, and the parts of it that are not read."""

    sources: tuple[Source, ...]
    ignored: tuple[Ignored, ...] = ()


Opener = Callable[[Path, "Headers | None"], Opened]
"""Opens a file. With ``headers`` the header row is the one that maps best on the contract, without it is guessed from
the file's shape. Raises ``Unreadable``."""

_OPENERS: dict[str, Opener] = {}


def register(format: str, opener: Opener) -> None:
    """Add or replace the reader of ``format`` (the extension point; ``formats.recognise`` names the format of a
    file)."""
    _OPENERS[format] = opener


def opener(format: str) -> Opener | None:
    return _OPENERS.get(format)


def in_order(blocks: list[Block]) -> Iterator[Block]:
    """The blocks of one stretch of a file as one whose records stand in the file's order. Blocks without records only
    bring rejects."""
    filled = [block for block in blocks if len(block.rows)]
    if len(filled) <= 1:
        yield from blocks
        return
    names = tuple(dict.fromkeys(name for block in filled for name in block.names))
    tables = []
    for block in filled:
        by_name = dict(zip(block.names, block.columns, strict=True))
        columns = [by_name.get(name, pa.nulls(len(block.rows), pa.string())) for name in names]
        tables.append(pa.table([*columns, block.rows], names=[*map(str, range(len(names))), "row"]))
    whole = pa.concat_tables(tables).sort_by("row")
    yield Block(
        names,
        tuple(whole.columns[:-1]),
        whole.column("row"),
        tuple(reject for block in blocks for reject in block.rejects),
    )


def text_column(values: list[str | None]) -> pa.Array:
    """A text column; an empty text is no value."""
    return pa.array([value or None for value in values], pa.string())
