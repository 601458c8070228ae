"""Text in columns of fixed width, as mainframes and SQL*Plus write it: where each column begins is told by the header
that the contract knows, or by the rule drawn below it. Chinese characters count two (screens, GBK), one, or three
(UTF-8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from govdata.ingest import physical, source, totals
from govdata.ingest.dialect import Layout
from govdata.ingest.encodings import Encoding, chunks
from govdata.ingest.headers import FOOTER_LINES, Headers, is_blank, is_footer
from govdata.ingest.records import read_records
from govdata.ingest.source import Block, Reject, Tally, header_said

Measure = Callable[[str], int]
HEADER_WITHIN = 60
SAMPLE = 200  # lines the columns are tried on
ALIGNED = 0.9  # share of them that must keep to the columns
ASTRAY = "与表头的列不对齐（定宽文本），无法判断各列的值"
_LINE_END = re.compile(r"\r\n|\r|\n")
_RULE = re.compile(r"\s*-{2,}(?:\s+-+)+\s*")


def _on_screen(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


_MEASURES: tuple[Measure, ...] = (_on_screen, lambda char: 1, lambda char: len(char.encode()))


@dataclass(frozen=True)
class Columns:
    """``starts``: where each column begins, in what ``measure`` counts; ``line``: index of the header's line."""

    names: tuple[str, ...]
    starts: tuple[int, ...]
    measure: Measure
    line: int

    def cells(self, line: str) -> list[str] | None:
        """The values of a line; None where a text goes over the edge of its column."""
        parts = [""] * len(self.starts)
        at, column, gap = 0, 0, True
        for char in line.rstrip():
            while column + 1 < len(self.starts) and at >= self.starts[column + 1]:
                if not gap or at > self.starts[column + 1]:
                    return None
                column += 1
            parts[column] += char
            gap = char.isspace()
            at += self.measure(char)
        return [part.strip() for part in parts]


def instead_of(layout: Layout, text: str, headers: Headers) -> Columns | None:
    """The columns of a text whose ``layout`` has blanks for separators, where they do not part most lines into as many
    fields."""
    if layout.dialect.delimiter.strip(" "):
        return None
    records = [fields for fields in read_records(text, layout.dialect, SAMPLE) if not is_blank(fields)]
    regular = sum(len(fields) == layout.fields for fields in records)
    return None if regular >= ALIGNED * len(records) else _find(_LINE_END.split(text), headers)


def _find(lines: Sequence[str], headers: Headers) -> Columns | None:
    """The columns of a text whose ``lines`` nearly all keep to them; None where there are none."""
    for number, line in enumerate(lines[:HEADER_WITHIN]):
        words = list(re.finditer(r"\S+", line))
        if headers.score([word[0] for word in words])[0] < 2 or headers.map([w[0] for w in words]).missing_required:
            continue
        below = [text for text in lines[number + 1 :][:SAMPLE] if text.strip()]
        rule = _RULE.fullmatch(below[0]) if below else None
        marks = [mark.start() for mark in re.finditer(r"-+", below[0])] if rule else None
        for measure in _MEASURES:
            starts = marks or [sum(map(measure, line[: word.start()])) for word in words]
            found = Columns(tuple(word[0] for word in words), (0, *starts[1:]), measure, number)
            records = [text for text in below if not _RULE.fullmatch(text) and not is_footer([text.strip(), "", ""])]
            kept = [cells for text in records if (cells := found.cells(text)) is not None]
            if len(starts) == len(words) and records and len(kept) >= ALIGNED * len(records):
                return found
        return None
    return None


class FixedWidthSource:
    """One text in columns (shape of ``source.Source``)."""

    format: str = "text"
    sheet: str | None = None
    from_1904: bool = False

    def __init__(self, path: Path, encoding: Encoding, columns: Columns, headers: Headers) -> None:
        self.path, self._encoding, self._found, self._headers = path, encoding, columns, headers
        self.encoding: str | None = encoding.label
        self.columns = columns.names
        self.tally = Tally()
        self.header: int | None = columns.line + 1
        self.details = {
            "格式": "文本",
            "编码": encoding.label,
            "方言": "定宽，各列从第" + "、".join(str(start + 1) for start in columns.starts) + "位起",
        } | header_said(self.header)
        self._footers: list[totals.Footer] = []

    def blocks(self) -> Iterator[Block]:
        for chunk in chunks(self.path, self._encoding):
            lines = _LINE_END.split(chunk.data.decode(errors="replace"))[:-1]
            first = self.tally.lines + 1
            end = self._footers_begin(lines, first) if chunk.last else len(lines)
            yield self._block(lines, first, end, chunk.faults)
            self.tally.lines += len(lines)
        totals.compare(self.tally, self._footers)

    def physical(self) -> int:
        return physical.lines(self.path, self._encoding)

    def _footers_begin(self, lines: list[str], first: int) -> int:
        end = place = len(lines)
        while place > max(0, len(lines) - FOOTER_LINES) and first + place - 1 > self._found.line + 1:
            text = lines[place - 1].strip()
            if text and not is_footer([text, "", ""]):
                break
            place -= 1
            end = place if text else end
        for number in range(end, len(lines)):
            text = lines[number].strip()
            self.tally.aside(source.FOOTER if text else source.BLANK, [first + number])
            if text:
                self._footers.append((first + number, [text]))
        return end

    def _block(self, lines: list[str], first: int, end: int, faults: dict[int, str]) -> Block:
        rows: list[int] = []
        records: list[list[str]] = []
        rejects: list[Reject] = []
        for number, line in enumerate(lines[:end]):
            row = first + number
            kind = self._not_a_record(line, row)
            if kind:
                self.tally.aside(kind, [row])
                continue
            cells = None if number in faults else self._found.cells(line)
            if cells is None:
                rejects.append(Reject(row, faults.get(number, ASTRAY), line))
            else:
                rows.append(row)
                records.append(cells)
        made = tuple(source.text_column([record[place] for record in records]) for place in range(len(self.columns)))
        return Block(self.columns, made, pa.array(rows, pa.int64()), tuple(rejects))

    def _not_a_record(self, line: str, row: int) -> str | None:
        header = self._found.line + 1
        if not line.strip():
            return source.BLANK
        if row < header:
            return source.PREAMBLE
        if row == header:
            return source.HEADER
        if _RULE.fullmatch(line):
            return source.FRAME
        cells = self._found.cells(line)
        if cells is not None and not is_blank(cells) and self._headers.is_header(cells):
            return source.REPEATED_HEADER
        return None
