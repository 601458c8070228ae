"""Single records of a text file: how a file separates its fields (``Dialect``), and the careful reader of one
record."""

from __future__ import annotations

import re
from dataclasses import dataclass

from govdata.escaping import visible

QUOTED_LINES = 5000  # lines a quoted field may take in the sample

OK, UNCLOSED, MALFORMED, MORE = range(4)
"""Ends of reading a record: read; a quote that no quote closes; text behind a closing quote; the data ended inside a
quoted field."""


@dataclass(frozen=True)
class Dialect:
    """``delimiter`` one or more characters; ``quote`` one character or None; ``escape`` a backslash that protects a
    quote (without quotes: a delimiter), or None; ``spaced``: blanks may stand between a delimiter and a quote, as in
    ``"a", "b"``."""

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None
    spaced: bool = False

    @property
    def label(self) -> str:
        names = {"\t": "制表符", " ": "空格"}
        shown = names.get(self.delimiter) or visible(self.delimiter)
        return f"分隔符 {shown}，引号 {self.quote or '无'}" + (f"，转义符 {self.escape}" if self.escape else "")


def read_record(
    text: str, start: int, dialect: Dialect, *, max_lines: int = 1, eof: bool = True
) -> tuple[int, list[str], int]:
    """One record of ``text`` from ``start``: (end state, fields, position behind its line end).

    A quote counts only at the start of a field (RFC 4180); elsewhere it is a character like others. A quoted field may
    hold line ends, up to ``max_lines`` of them. On UNCLOSED and MALFORMED the fields read so far are given.
    """
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape
    width, length = len(delimiter), len(text)
    end = line_end(text, start)
    if escape is None and (eof or end < length):
        plain = _plain_fields(text[start:end], delimiter, quote)
        if plain is not None:
            return OK, plain, past(text, end)
    fields: list[str] = []
    position = start
    while True:
        if dialect.spaced and quote is not None:
            inside = _behind_blanks(text, position, end)
            if text.startswith(quote, inside) and not text.startswith(delimiter, position):
                position = inside
        if quote is not None and text.startswith(quote, position):
            parts: list[str] = []
            position += 1
            while True:
                close = text.find(quote, position)
                if close < 0:
                    return (UNCLOSED if eof or text.count("\n", position) >= max_lines else MORE), fields, end
                if close >= end and text.count("\n", end, close) >= max_lines:
                    return UNCLOSED, fields, end
                if escape is not None and _escaped(text, position, close, escape):
                    parts.append(text[position : close - 1] + quote)
                    position = close + 1
                    continue
                if quote == "'" and _apostrophe(text, position, close):
                    parts.append(text[position : close + 1])
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
                end = line_end(text, position)
            if dialect.spaced and not text.startswith(delimiter, position):
                position = _behind_blanks(text, position, end)
            value = "".join(parts)
            fields.append(value.replace(escape * 2, escape) if escape else value)
            if position == end:
                return OK, fields, past(text, end)
            if not text.startswith(delimiter, position):
                return MALFORMED, fields, past(text, end)
            position += width
        else:
            stop = text.find(delimiter, position, end)
            if quote is None and escape is not None:
                while True:
                    while stop > 0 and _escaped(text, position, stop, escape):
                        stop = text.find(delimiter, stop + width, end)
                    if stop >= 0 or not _escaped(text, position, end, escape):
                        break
                    behind = past(text, end)  # an escaped line end is part of the value
                    if behind >= length or text.count("\n", start, behind) >= max_lines:
                        return (
                            (MORE if behind >= length and not eof else UNCLOSED),
                            fields,
                            past(text, line_end(text, start)),
                        )
                    end = line_end(text, behind)
                    stop = text.find(delimiter, behind, end)
                fields.append(_unescaped(text[position : end if stop < 0 else stop], escape, delimiter))
            else:
                fields.append(text[position : end if stop < 0 else stop])
            if stop < 0:
                return OK, fields, past(text, end)
            position = stop + width


def _plain_fields(line: str, delimiter: str, quote: str | None) -> list[str] | None:
    """The fields of a line in which none is quoted, or each is and holds no quote: most lines are so, and need not be
    gone through mark by mark."""
    if quote is None or quote not in line:
        return line.split(delimiter)
    fields = line[1:-1].split(quote + delimiter + quote)
    whole = line.startswith(quote) and line.endswith(quote) and line.count(quote) == 2 * len(fields)
    return fields if whole else None


def _apostrophe(text: str, start: int, at: int) -> bool:
    """A single quote between two letters (won't) closes no field: behind a closing quote stands a delimiter."""
    return start < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()


def _unescaped(value: str, escape: str, delimiter: str) -> str:
    """MySQL's OUTFILE escapes its escape, the delimiter and line ends; anything else (\\N) stays as it is."""
    if escape not in value:
        return value
    return re.sub(f"{re.escape(escape)}({re.escape(escape)}|{re.escape(delimiter)}|\r\n|\r|\n)", r"\1", value)


def _behind_blanks(text: str, start: int, end: int) -> int:
    while start < end and text[start] in " \t\u3000":
        start += 1
    return start


def _escaped(text: str, start: int, quote_at: int, escape: str) -> bool:
    """An odd number of escapes stands before the quote."""
    before = quote_at
    while before > start and text[before - 1] == escape:
        before -= 1
    return (quote_at - before) % 2 == 1


def quotes_astray(line: str, dialect: Dialect) -> bool:
    """A quote opens in the middle of a field and one closes a later field: what stands between may be one value or
    several."""
    quote = dialect.quote
    if quote is None or dialect.escape is not None:
        return False
    opened = False
    for piece in line.split(dialect.delimiter):
        cell = piece.strip()
        if cell.count(quote) % 2 == 0 or cell.startswith(quote):
            continue
        if opened and cell.endswith(quote):
            return True
        opened = opened or not cell.endswith(quote)
    return False


def several(whole: int, columns: int) -> bool:
    """Whether ``whole`` complete lines of ``columns`` fields between a quote and the next make several records of what
    the two would join. A cell seldom holds such a line, but where there are one or two columns any line looks so."""
    return whole >= (1 if columns > 2 else 3)


def line_end(text: str, start: int) -> int:
    """Position of the line end (CR or LF) at or behind ``start``, or the text's length."""
    newline = text.find("\n", start)
    newline = len(text) if newline < 0 else newline
    carriage = text.find("\r", start, newline)
    return newline if carriage < 0 else carriage


def past(text: str, end: int) -> int:
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))


def read_records(text: str, dialect: Dialect, limit: int, start: int = 0) -> list[list[str]]:
    records: list[list[str]] = []
    while start < len(text) and len(records) < limit:
        state, fields, after = read_record(text, start, dialect, max_lines=QUOTED_LINES)
        if state != OK:
            state, fields, after = read_record(text, start, Dialect(dialect.delimiter, None))
        records.append(fields)
        start = after
    return records


def line_starts(text: str, limit: int) -> list[int]:
    """Positions of the first physical lines."""
    found: list[int] = []
    start = 0
    while start < len(text) and len(found) < limit:
        found.append(start)
        start = past(text, line_end(text, start))
    return found
