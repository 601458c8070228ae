"""How a text file separates its fields, and where its header is: the careful reader of single records, and the detection built on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from govdata.ingest.headers import Headers, is_blank, is_footer, looks_like_header, named

HEADER_WITHIN = 60  # lines the header is looked for in
SAMPLE_RECORDS = 200
CLEAR_MAJORITY = 0.9
NEVER_CLOSED = 10  # fields that begin with a quote, none of which is closed, before quotes are taken for plain characters

_LONG = ("|!|", "|@|", "@#@", "#|#", "|+|", "|#|", "|$|", "~|~", "||", "^^", "&&", "~~", "$$", ";;", "@@", "##", "::", "|~|", "，")
_SHORT = (",", "\t", "|", ";", "\x01", "\x02", "\x1f", "\x1e", "\x07", "^", "~", "¦", "§", "、", "；")
_WITH_CONTRACT = (" ", "#", "*", "!", "%", "$", "@", "&", ":", "/", "=", "\x05", "\x08", "\x1c", "\x1d", "\x7f")
"""Separators that only a header known from a contract can prove."""

OK, UNCLOSED, MALFORMED, MORE = range(4)
"""Ends of reading a record: read; a quote that no quote closes; text behind a closing quote; the data ended inside a quoted field."""


@dataclass(frozen=True)
class Dialect:
    """``delimiter`` one or more characters; ``quote`` one character or None; ``escape`` a backslash that protects a quote, or None."""

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None

    @property
    def label(self) -> str:
        names = {"\t": "制表符", " ": "空格"}
        shown = names.get(self.delimiter) or "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in self.delimiter)
        return f"分隔符 {shown}，引号 {self.quote or '无'}" + (f"，转义符 {self.escape}" if self.escape else "")


@dataclass(frozen=True)
class Layout:
    """What ``detect`` finds. ``columns``: names from the header row; ``fields``: fields a line has (more than columns where the lines
    end in separators); ``most``: fields a line may have, those behind the columns being empty (more than columns only where the header
    ends in separators or the clear majority of lines does: elsewhere one field too many may be anywhere in the line);
    ``header_line``: index of the physical line the header starts on, None without one; ``header_lines``: how many lines it takes (a
    quoted header may hold line ends)."""

    dialect: Dialect
    columns: tuple[str, ...]
    fields: int
    most: int
    header_line: int | None
    header_lines: int = 1


def read_record(text: str, start: int, dialect: Dialect, *, max_lines: int = 1, eof: bool = True) -> tuple[int, list[str], int]:
    """One record of ``text`` from ``start``: (end state, fields, position behind its line end).

    A quote counts only at the start of a field (RFC 4180); elsewhere it is a character like others. A quoted field may hold line ends,
    up to ``max_lines`` of them. On UNCLOSED and MALFORMED the fields read so far are given.
    """
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape
    width, length = len(delimiter), len(text)
    end = _line_end(text, start)
    fields: list[str] = []
    position = start
    while True:
        if quote is not None and text.startswith(quote, position):
            parts: list[str] = []
            position += 1
            while True:
                close = text.find(quote, position)
                if close < 0:
                    beyond = text.count("\n", position) >= max_lines
                    return (UNCLOSED if eof or beyond else MORE), fields, end
                if close >= end and text.count("\n", end, close) >= max_lines:
                    return UNCLOSED, fields, end
                if escape is not None and _escaped(text, position, close, escape):
                    parts.append(text[position : close - 1] + quote)
                    position = close + 1
                    continue
                parts.append(text[position:close])
                if escape is None and close + 1 == length and not eof:
                    return MORE, fields, end  # the next character decides whether it closes
                if text.startswith(quote, close + 1):
                    parts.append(quote)
                    position = close + 2
                    continue
                position = close + 1
                break
            if position > end:
                end = _line_end(text, position)
            value = "".join(parts)
            fields.append(value.replace(escape * 2, escape) if escape else value)
            if position == end:
                return OK, fields, _behind(text, end)
            if not text.startswith(delimiter, position):
                return MALFORMED, fields, _behind(text, end)
            position += width
        else:
            stop = text.find(delimiter, position, end)
            if stop < 0:
                fields.append(text[position:end])
                return OK, fields, _behind(text, end)
            fields.append(text[position:stop])
            position = stop + width


def _escaped(text: str, start: int, quote_at: int, escape: str) -> bool:
    """An odd number of escapes stands before the quote."""
    before = quote_at
    while before > start and text[before - 1] == escape:
        before -= 1
    return (quote_at - before) % 2 == 1


def _line_end(text: str, start: int) -> int:
    """Position of the line end (CR or LF) at or behind ``start``, or the text's length."""
    newline = text.find("\n", start)
    newline = len(text) if newline < 0 else newline
    carriage = text.find("\r", start, newline)
    return newline if carriage < 0 else carriage


def _behind(text: str, end: int) -> int:
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))


def _records(text: str, dialect: Dialect, limit: int, start: int = 0) -> list[list[str]]:
    records: list[list[str]] = []
    while start < len(text) and len(records) < limit:
        state, fields, after = read_record(text, start, dialect, max_lines=50)
        if state != OK:
            state, fields, after = read_record(text, start, Dialect(dialect.delimiter, None))
        records.append(fields)
        start = after
    return records


def _starts(text: str, limit: int) -> list[int]:
    """Positions of the first physical lines."""
    found: list[int] = []
    start = 0
    while start < len(text) and len(found) < limit:
        found.append(start)
        start = _behind(text, _line_end(text, start))
    return found


def _quote_of(text: str, delimiter: str) -> str | None:
    """The character that encloses fields in ``text``: a double quote unless single quotes evidently do, none where it encloses none."""
    for quote in ('"', "'"):
        if quote not in text:
            continue
        dialect = Dialect(delimiter, quote, "\\" if f"\\{quote}" in text else None)
        good = bad = seen = 0
        start = max(0, text.rfind("\n", 0, text.index(quote)) + 1)  # from the first line that has one
        while start < len(text) and seen < SAMPLE_RECORDS:
            seen += 1
            state, _, after = read_record(text, start, dialect, max_lines=50)
            line = text[start : _line_end(text, start)]
            if line.startswith(quote) or delimiter + quote in line:
                good, bad = (good + 1, bad) if state == OK else (good, bad + 1)
            start = after
        if good > bad or (quote == '"' and (good or bad < NEVER_CLOSED)):
            return quote
    return '"' if '"' not in text else None


def _escape_of(text: str, quote: str | None, delimiter: str) -> str | None:
    """A backslash before a quote is an escape where reading it so leaves fewer broken records."""
    if quote is None or f"\\{quote}" not in text:
        return None

    def broken(dialect: Dialect) -> int:
        count = start = seen = 0
        while start < len(text) and seen < SAMPLE_RECORDS:
            state, _, start = read_record(text, start, dialect, max_lines=50)
            count, seen = count + (state != OK), seen + 1
        return count

    return "\\" if broken(Dialect(delimiter, quote, "\\")) < broken(Dialect(delimiter, quote)) else None


def detect(text: str, headers: Headers | None) -> Layout | None:
    """The layout of the beginning of a text file (whole lines), or None where no line serves as a header of the contract."""
    return _by_contract(text, headers) if headers is not None else _by_shape(text)


def _by_contract(text: str, headers: Headers) -> Layout | None:
    """The line and separator that give the most headers of the contract."""
    best: tuple[tuple[int, int], Dialect, int, int, list[str]] | None = None
    for line, start in enumerate(_starts(text, HEADER_WITHIN)):
        if best is not None and best[0][0] > 1 and best[0][1] == 0:
            break  # every cell is a header of the contract: nothing below can be better
        shown = text[start : _line_end(text, start)]
        candidates = [d for d in (*_LONG, *_SHORT, *_WITH_CONTRACT) if d in shown] or [","]
        for delimiter in candidates:
            for quote in ['"', "'"] if "'" in shown else ['"']:
                state, fields, after = read_record(text, start, Dialect(delimiter, quote), max_lines=20)
                if state != OK:
                    continue
                score = headers.score(fields)
                if score[0] and (best is None or score > best[0]):
                    best = (score, Dialect(delimiter, quote), line, after, fields)
    if best is None:
        return None
    (hits, _), dialect, line, after, fields = best
    if hits < 2 and len([field for field in fields if field.strip()]) > 1:
        return None
    body = text[after:]
    found = dialect.quote if dialect.quote == "'" else _quote_of(body, dialect.delimiter)
    return _finish(text, Dialect(dialect.delimiter, found, _escape_of(body, found, dialect.delimiter)), line, after, fields)


def _finish(text: str, dialect: Dialect, line: int, after: int, header: Sequence[str]) -> Layout:
    columns = named(header)
    records = [fields for fields in _records(text, dialect, SAMPLE_RECORDS // 2, after) if not is_blank(fields)]
    counts = Counter(map(len, records))
    usual = max(counts, key=lambda count: (counts[count], count), default=len(columns))
    ended = [fields for fields in records if len(fields) == usual and is_blank(fields[len(columns) :])]
    # Where the header does not end in separators: is it the file's manner all the same, or are some lines one field too long?
    more = usual > len(columns) and (len(header) >= usual or len(ended) >= CLEAR_MAJORITY * len(records))
    start = _starts(text, line + 1)[line]
    header_text = text[start:after]
    lines = max(1, header_text.count("\n") + header_text.replace("\r\n", "\n").count("\r"))
    width = usual if more else len(columns)
    return Layout(dialect, columns, width, max(width, len(header)), line, lines)


def _by_shape(text: str) -> Layout | None:
    """Without a contract: the separator that splits most lines into the same, preferably large, number of clean cells."""
    best: tuple[float, Dialect, list[list[str]]] | None = None
    for delimiter in (*_LONG, *_SHORT):
        if delimiter not in text:
            continue
        quote = _quote_of(text, delimiter)
        dialect = Dialect(delimiter, quote, _escape_of(text, quote, delimiter))
        records = [fields for fields in _records(text, dialect, SAMPLE_RECORDS) if not is_blank(fields)]
        score = _shape_score(records)
        if best is None or score > best[0]:
            best = (score, dialect, records)
    if best is None or best[0] <= 0:
        dialect = Dialect(",")
        records = [fields for fields in _records(text, dialect, SAMPLE_RECORDS) if not is_blank(fields)]
        if not records:
            return None
    else:
        _, dialect, records = best
    widths = Counter(len(fields) for fields in records)
    width = max(widths, key=lambda count: (widths[count], count))
    for line, start in enumerate(_starts(text, HEADER_WITHIN)):
        state, fields, after = read_record(text, start, dialect, max_lines=20)
        cells = list(named(fields)) if state == OK else []
        if state == OK and width - 2 <= len(fields) <= width and len(cells) > (width // 2 if width > 1 else 0):
            if looks_like_header(fields):
                return _finish(text, dialect, line, after, fields)
            if len(fields) == width and not is_footer(fields):
                break  # records have begun
    return Layout(dialect, tuple(f"列{number}" for number in range(1, width + 1)), width, width, None, 0)


def _shape_score(records: list[list[str]]) -> float:
    if not records:
        return 0.0
    widths = Counter(len(fields) for fields in records)
    width = max(widths, key=lambda count: widths[count] * math.log2(count + 1))
    if width < 2:
        return 0.0
    regular = [fields for fields in records if len(fields) == width]
    # A column without a letter or digit is the inside of a longer separator.
    empty_columns = sum(not any(char.isalnum() for fields in regular for char in fields[column]) for column in range(width))
    cells = [cell for fields in regular for cell in fields]
    unclean = sum(any(mark in cell for mark in (",", "\t", "|", ";", '"', "^^")) for cell in cells) / len(cells)
    return len(regular) / len(records) * math.log2(1 + width - empty_columns) * (1 - unclean)
