"""Delimited text: a vectorised scan finds the lines that are plainly whole records, Arrow's CSV parser turns those into
columns in one go, and only the remaining lines go through the careful reader, which makes each a record or a reject
with its reason.

An unclosed quote costs its own line: a record may run over several lines only when its quotes close properly, its
fields then number what they should, and the lines it would take in do not look like records of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from govdata.ingest import fixed_width, physical, source, totals
from govdata.ingest.dialect import HEADER_WITHIN, Layout, detect
from govdata.ingest.encodings import DOUBTFUL, Chunk, Encoding, chunks
from govdata.ingest.encodings import detect as detect_encoding
from govdata.ingest.headers import (
    OTHER_ORDER,
    Headers,
    named,
    no_header,
    ordinals,
)
from govdata.ingest.placement import demand_lines, demand_upright
from govdata.ingest.records import read_records
from govdata.ingest.scan import scan
from govdata.ingest.source import Block, Opened, Tally, Unreadable, header_said
from govdata.ingest.text_chunk import ChunkReader

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them

SAMPLE = 256 << 10  # bytes the layout is found in


class TextSource:
    """One delimited text file (shape of ``source.Source``)."""

    format: str = "text"
    sheet: str | None = None
    from_1904: bool = False

    def __init__(self, path: Path, encoding: Encoding, layout: Layout, headers: Headers | None) -> None:
        self.path = path
        self.encoding: str | None = encoding.label
        self.columns = layout.columns
        self.tally = Tally()
        self.above: list[totals.Footer] = []
        self.footers: list[totals.Footer] = []
        self._encoding, self.layout, self.headers = encoding, layout, headers
        self.header_left = (
            layout.header_line or 0
        ) + layout.header_lines  # lines up to the end of the header still to come
        self.header_cells = self._cells_that_head()
        self.ordinals = ordinals(self.columns, headers)
        self.header: int | None = 0 if layout.header_line is None else layout.header_line + 1
        self.details = {
            "格式": "文本",
            "编码": encoding.label,
            "方言": layout.dialect.label,
        } | header_said(self.header)
        if encoding.doubt:
            self.tally.tell("remark", DOUBTFUL.format(encoding=encoding.name.upper(), doubt=encoding.doubt))

    def _cells_that_head(self) -> pa.Array:
        """Texts in the first known column that betray a repeated header, whose columns may be in another order."""
        known = (*(self.headers.texts() if self.headers else ()), *self.columns)
        return pa.array([mark + cell for cell in dict.fromkeys(known) for mark in ("", "\ufeff", "\f")], pa.string())

    @property
    def key(self) -> int:
        if self.headers is None:
            return 0
        return next((i for i, name in enumerate(self.columns) if self.headers.column(name)), 0)

    def blocks(self) -> Iterator[Block]:
        pending = Chunk(b"")
        for chunk in chunks(self.path, self._encoding):
            if pending.data:
                shift = len(scan(pending.data, 10, None, None))
                chunk = Chunk(
                    pending.data + chunk.data,
                    pending.faults | {line + shift: why for line, why in chunk.faults.items()},
                    chunk.last,
                )
            reading = ChunkReader(self, chunk)
            yield from reading.blocks()
            pending = reading.rest
        totals.compare_above(self.tally, self.above)
        totals.compare(self.tally, self.footers)

    def physical(self) -> int:
        return physical.lines(self.path, self._encoding)

    def is_header(self, fields: list[str], row: int) -> bool:
        """Whether the record at line ``row`` repeats the header. Raises ``Unreadable`` where it does so in another
        order."""
        repeated = self.headers.is_header(fields) if self.headers else sorted(named(fields)) == sorted(self.columns)
        other = self.headers.another_order(self.columns, fields) if self.headers else named(fields) != self.columns
        if repeated and other:
            raise Unreadable(OTHER_ORDER.format(row=row))
        return repeated


def open_text(path: Path, headers: Headers | None) -> Opened:
    """Find encoding and layout of a text file."""
    encoding = detect_encoding(path)
    sample = next(chunks(path, encoding, SAMPLE, limit=SAMPLE), None)
    if sample is None or not sample.data.strip(b"\x00 \t\r\n"):
        raise Unreadable("文件没有内容")
    text = sample.data.decode(errors="replace")
    demand_lines(text)
    layout = detect(text, headers)
    if layout is None:
        raise Unreadable(no_header(text, headers))
    if headers is None and layout.header_line is not None:
        demand_upright(read_records(text, layout.dialect, HEADER_WITHIN))
    if headers is not None and (columns := fixed_width.instead_of(layout, text, headers)):
        return Opened((fixed_width.FixedWidthSource(path, encoding, columns, headers),))
    return Opened((TextSource(path, encoding, layout, headers),))


source.register("text", open_text)
