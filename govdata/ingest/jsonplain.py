"""JSON lines that all look alike, as programs write them, read without parsing each: the same keys in the same order,
flat values, no escapes.

Nothing is guessed. Every byte of a line is held against what the shape says must stand there; what is not proven so is
left to the parser. Numbers keep the text they were delivered with.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from govdata.ingest.scan import Lines

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them

SHAPES = 8  # shapes looked for in a chunk
FEW = 32  # lines for which it is not worth while
_USUAL = bytes(code for code in range(256) if code >= 32 and code != 92) + b"\n"
_SCALAR = r"^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)$"
_PAIR = re.compile(rb'("[^"]*")(\s*:\s*)("[^"]*"|[^\s",{}\[\]]+)')


@dataclass(frozen=True)
class _Shape:
    """``{``, then for each key its token (with quotes and colon) and a value, ``comma`` between them, ``end``."""

    begin: bytes
    keys: tuple[str, ...]
    tokens: tuple[bytes, ...]
    comma: bytes
    end: bytes


def _shape(line: bytes) -> _Shape | None:
    pairs = list(_PAIR.finditer(line))
    if not pairs:
        return None
    commas = {line[one.end() : other.start()] for one, other in itertools.pairwise(pairs)} or {b","}
    begin, end, comma = line[: pairs[0].start()], line[pairs[-1].end() :], commas.pop()
    keys = tuple(pair[1][1:-1].decode() for pair in pairs)
    if begin.strip() != b"{" or end.strip() != b"}" or comma.strip() != b"," or commas or len(set(keys)) < len(keys):
        return None
    return _Shape(begin, keys, tuple(pair[1] + pair[2] for pair in pairs), comma, end)


def plain_lines(
    data: bytes, lines: Lines, usable: np.ndarray
) -> Iterator[tuple[np.ndarray, tuple[str, ...], list[pa.Array]]]:
    """(indexes of lines, keys, a text column a key) for the lines among the ``usable`` ones that are proven to be of a
    shape."""
    codes = np.frombuffer(data, np.uint8)
    words = _words(data)
    quotes = np.flatnonzero(codes == 34)
    if data.translate(None, _USUAL):  # what a string cannot hold, and escapes: hardly ever there
        strange = np.flatnonzero((codes < 32) & (codes != 10) | (codes == 92))
        usable = usable & (np.searchsorted(strange, lines.starts) == np.searchsorted(strange, lines.stops))
    else:
        usable = usable.copy()
    for _ in range(SHAPES):
        left = np.flatnonzero(usable)
        if len(left) < FEW:
            return
        shape = _shape(data[lines.starts[left[0]] : lines.stops[left[0]]])
        usable[left[0]] = False  # whatever comes of it, the next shape begins behind it
        if shape is None:
            continue
        chosen, spans = _match(codes, words, quotes, lines, left, shape)
        keep = _proven(data, codes, spans)
        if not keep.all():
            chosen, spans = chosen[keep], [span[:, keep] for span in spans]
        usable[chosen] = False
        if len(chosen):
            yield chosen, shape.keys, [_column(data, codes, span) for span in spans]


def _words(data: bytes) -> np.ndarray:
    """The eight bytes from each place on, as one number."""
    return np.ndarray((len(data),), "<u8", data + bytes(8), strides=(1,))


def _at(words: np.ndarray, positions: np.ndarray, expected: bytes) -> np.ndarray:
    """Whether ``expected`` stands at the positions."""
    good = np.ones(len(positions), bool)
    for offset in range(0, len(expected), 8):
        piece = expected[offset : offset + 8]
        found = words[np.minimum(positions + offset, len(words) - 1)]
        if len(piece) < 8:
            found &= np.uint64((1 << 8 * len(piece)) - 1)
        good &= found == np.uint64(int.from_bytes(piece, "little"))
    return good


def _match(
    codes: np.ndarray, words: np.ndarray, quotes: np.ndarray, lines: Lines, chosen: np.ndarray, shape: _Shape
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The lines among ``chosen`` that have the shape, and for each key where its values are: rows start, stop, whether
    quoted."""
    quotes = np.concatenate([quotes, np.full(4, len(codes))])  # so that one may look ahead
    stops = lines.stops[chosen]
    quote = np.searchsorted(quotes, lines.starts[chosen])  # which of the quotes is the next
    place = lines.starts[chosen] + len(shape.begin)
    good = _at(words, lines.starts[chosen], shape.begin)
    spans: list[np.ndarray] = []
    for number, token in enumerate(shape.tokens):
        last = number == len(shape.tokens) - 1
        behind = shape.end if last else shape.comma
        good &= _at(words, place, token)
        start = place + len(token)
        quoted = codes[np.minimum(start, len(codes) - 1)] == 34
        upto = (
            stops if last else quotes[np.minimum(quote + 2, len(quotes) - 1)]
        )  # where a value that is no string is over
        stop = np.where(quoted, quotes[np.minimum(quote + 3, len(quotes) - 1)] + 1, upto - len(behind))
        good &= (stop > start) & (stop <= stops) & _at(words, stop, behind)
        spans.append(np.stack([start + quoted, stop - quoted, quoted]))
        quote = quote + np.where(quoted, 4, 2)
        place = stop + len(behind)
    good &= place == stops
    return (chosen, spans) if good.all() else (chosen[good], [span[:, good] for span in spans])


def _texts(data: bytes, start: np.ndarray, stop: np.ndarray, null: np.ndarray | None = None) -> pa.Array:
    """The texts between the places, which go up."""
    if not len(start):
        return pa.array([], pa.string())
    offsets = np.stack([start, stop], axis=1).astype(np.int32).ravel()  # every other text is what stands between
    every = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
    return every.take(pa.array(np.arange(0, len(offsets) - 1, 2), mask=null))


def _proven(data: bytes, codes: np.ndarray, spans: list[np.ndarray]) -> np.ndarray:
    """Lines whose values outside quotes are all numbers, true, false or null as JSON has them."""
    good = np.ones(spans[0].shape[1], bool)
    for start, stop, quoted in spans:
        bare = np.flatnonzero(quoted == 0)
        if not len(bare):
            continue
        texts = _texts(data, start[bare], stop[bare])
        sure = (
            pc.ascii_is_decimal(texts).to_numpy(zero_copy_only=False)
            & (codes[start[bare]] != 48)
            & (codes[start[bare]] < 128)
        )
        rest = np.flatnonzero(~sure)
        if len(rest):
            sure[rest] = pc.match_substring_regex(texts.take(pa.array(rest)), _SCALAR).to_numpy(zero_copy_only=False)
        good[bare] &= sure
    return good


def _column(data: bytes, codes: np.ndarray, span: np.ndarray) -> pa.Array:
    """The values; an empty text and null are no value."""
    start, stop, quoted = span
    null = (start == stop) | ((quoted == 0) & (codes[np.minimum(start, len(codes) - 1)] == ord("n")))
    return _texts(data, start, stop, null)
