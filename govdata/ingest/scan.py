"""The vectorised look at a chunk of lines: where each line is, how many fields it has, and which lines need the careful
reader; and Arrow's parser for those that do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from govdata.ingest.encodings import lone_returns

PARSED = 256 << 10  # bytes the parser takes at a time: what the cache holds
_STEP = 1 << 18  # bytes looked at together: what the cache holds, and a bound on the index arrays


@dataclass(frozen=True)
class Lines:
    """Per physical line of a chunk: ``starts`` and ``stops`` (without its line end), ``afters`` (behind its line end),
    ``fields`` (separators outside quotes, plus one), and ``odd``: its quotes are not those of whole, well-formed quoted
    fields."""

    starts: np.ndarray
    stops: np.ndarray
    afters: np.ndarray
    fields: np.ndarray
    odd: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)


def parse(data: bytes, lines: Lines, chosen: np.ndarray, width: int, delimiter: str, quote: str | None) -> pa.Table:
    """The ``chosen`` lines, at least one and each a whole record, as text columns named 0, 1 … Empty cells are null."""
    breaks = np.flatnonzero(np.diff(chosen) != 1)
    firsts = np.concatenate([chosen[:1], chosen[breaks + 1]])
    lasts = np.concatenate([chosen[breaks], chosen[-1:]])
    view = memoryview(data)
    spans = zip(lines.starts[firsts].tolist(), lines.afters[lasts].tolist(), strict=True)
    parts = [view[start:after] for start, after in spans]
    longest = int((lines.afters - lines.starts).max())
    names = [str(number) for number in range(width)]
    return pa.csv.read_csv(
        pa.BufferReader(pa.py_buffer(parts[0] if len(parts) == 1 else b"".join(parts))),
        pa.csv.ReadOptions(column_names=names, block_size=max(PARSED, 2 * longest), use_threads=False),
        pa.csv.ParseOptions(
            delimiter=delimiter, quote_char=quote or False, double_quote=bool(quote), ignore_empty_lines=False
        ),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            check_utf8=False,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def scan(data: bytes, delimiter: int, quote: int | None, escape: int | None) -> Lines:
    """Scan UTF-8 lines (the last one ends with a line end); ``delimiter``, ``quote``, ``escape`` are bytes."""
    if quote is not None and bytes([quote]) not in data:
        quote = None
    if escape is not None and bytes([escape]) not in data:
        escape = None
    codes = np.frombuffer(data, np.uint8)
    returns = b"\r" in data
    if returns and len(alone := lone_returns(codes)):
        codes = codes.copy()
        codes[alone] = 10  # a CR alone ends a line too
    afters: list[np.ndarray] = []
    fields: list[np.ndarray] = []
    odd: list[np.ndarray] = []
    start = 0
    while start < len(codes):
        stop = _step_end(codes, start)
        piece = codes[start:stop]
        ends, counts, strange = _plain(piece, delimiter) if quote is None else _with_quotes(piece, delimiter, quote)
        if escape is not None:
            strange = strange.copy()
            strange[np.searchsorted(ends, np.flatnonzero(piece == escape))] = True
        afters.append(ends + (start + 1))
        fields.append(counts)
        odd.append(strange)
        start = stop
    if not afters:
        nothing = np.zeros(0, np.int64)
        return Lines(nothing, nothing, nothing, nothing, nothing.astype(bool))
    behind = np.concatenate(afters)
    starts = np.concatenate([[0], behind[:-1]]).astype(np.int64)
    stops = behind - 1
    if returns:
        stops = stops - ((stops > starts) & (codes[np.maximum(stops - 1, 0)] == 13))
    return Lines(starts, stops, behind, np.concatenate(fields), np.concatenate(odd))


def _step_end(codes: np.ndarray, start: int) -> int:
    """The end of the last whole line within a step, or of the first line where it is longer."""
    stop = start + _STEP
    while stop < len(codes):
        found = np.flatnonzero(codes[start:stop] == 10) if stop - start <= 4096 else _last_newline(codes, start, stop)
        if len(found):
            return start + int(found[-1]) + 1
        stop += _STEP
    return len(codes)


def _last_newline(codes: np.ndarray, start: int, stop: int) -> np.ndarray:
    for window in (4096, stop - start):
        found = np.flatnonzero(codes[stop - window : stop] == 10)
        if len(found):
            return found + (stop - window - start)
    return found


def _plain(piece: np.ndarray, delimiter: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.flatnonzero(piece == 10)
    if delimiter == 10:
        return ends, np.ones(len(ends), np.int64), np.zeros(len(ends), bool)
    before = np.searchsorted(np.flatnonzero(piece == delimiter), ends)  # separators up to each line's end
    return ends, np.diff(before, prepend=0) + 1, np.zeros(len(ends), bool)


def _with_quotes(piece: np.ndarray, delimiter: int, quote: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As ``_quoted``; where few lines have quotes only those are looked at so closely."""
    quotes = np.flatnonzero(piece == quote)
    if 8 * len(quotes) > np.count_nonzero(piece == 10):
        return _quoted(piece, delimiter, quote)
    ends, counts, odd = _plain(piece, delimiter)
    if len(quotes):
        lines = np.unique(np.searchsorted(ends, quotes))
        spans = zip(np.where(lines > 0, ends[lines - 1] + 1, 0).tolist(), (ends[lines] + 1).tolist(), strict=True)
        _, counts[lines], odd[lines] = _quoted(
            np.concatenate([piece[start:stop] for start, stop in spans]), delimiter, quote
        )
    return ends, counts, odd


def _quoted(piece: np.ndarray, delimiter: int, quote: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As ``_plain``, with separators inside quotes not counted. Quotes are paired within each line; a line is odd when
    one is left over, opens anywhere but at the start of a field (or as the second of a doubled quote), or closes
    anywhere but at the end of one."""
    marks = np.flatnonzero((piece == 10) | (piece == delimiter) | (piece == quote))
    kinds = piece[marks]
    newline, quoting = kinds == 10, kinds == quote
    at = np.flatnonzero(newline)
    quotes = np.cumsum(quoting, dtype=np.int32)
    before = np.concatenate([[0], quotes[at[:-1]]]).astype(np.int32)  # quotes before each line
    inside = ((quotes - np.repeat(before, np.diff(at, prepend=-1))) & 1).astype(
        bool
    )  # after this mark a quoted field is open
    separators = np.cumsum(~newline & ~quoting & ~inside, dtype=np.int32)
    counts = np.diff(separators[at], prepend=0) + 1
    odd = inside[at].copy()
    where = np.flatnonzero(quoting)
    positions, opens = marks[where], inside[where]
    neighbour = piece[np.where(opens, positions - 1, np.minimum(positions + 1, len(piece) - 1))]
    good = (
        (neighbour == delimiter)
        | (neighbour == 10)
        | (neighbour == quote)
        | (~opens & (neighbour == 13))
        | (opens & (positions == 0))
    )
    odd[np.searchsorted(at, where[~good])] = True
    return marks[at], counts, odd
