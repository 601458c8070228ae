"""How a text file separates its fields, and where its header is, found with the careful reader of single records."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from govdata.ingest.header_lines import (
    CLEAR_MAJORITY,
    HEADER_LINES,
    NUMBER,
    contrasts,
    explained_until,
    has_a_gap,
    heads,
    heads_the_first,
    is_commented,
    is_too_long,
    joined,
    lacks_row_names,
    looks_like_header,
)
from govdata.ingest.headers import Headers, is_blank, is_footer, named
from govdata.ingest.placement import demand_header
from govdata.ingest.records import (
    OK,
    QUOTED_LINES,
    UNCLOSED,
    Dialect,
    line_end,
    line_starts,
    past,
    read_record,
    read_records,
    several,
)
from govdata.ingest.separators import LONG, NEVER, SHORT, SUSPECT, VALUE_MARKS, WITH_CONTRACT
from govdata.ingest.source import Unreadable

HEADER_WITHIN = 60  # lines the header is looked for in
SAMPLE_RECORDS = 200
SETTINGS = 20  # lines above a blank line and a header that may look like records
ENOUGH = (
    1.0  # score of a reading by a usual separator with which no rarer one is tried: three columns or so, mostly regular
)
WEAK = 0.8  # what the score of a rarer separator counts
NEVER_CLOSED = (
    10  # fields that begin with a quote, none of which is closed, before quotes are taken for plain characters
)

_LINE_END = re.compile(r"\r\n|\r|\n")
_RULE = re.compile(r"[\s|+:=_─━┼═╪-]+")
_RUN = re.compile(r"(?:[^\w\s\"']|_){2,5}|\t{2,3}| {2,3}")  # longer separators nobody has heard of
_STROKES = re.compile(r"[-=_─━═]{3,}")


@dataclass(frozen=True)
class Layout:
    """What ``detect`` finds. ``columns``: names from the header row; ``fields``: fields a line has (more than columns
    where the lines end in separators); ``most``: fields a line may have, those behind the columns being empty (more
    than columns only where the header ends in separators or the clear majority of lines does: elsewhere one field too
    many may be anywhere in the line); ``header_line``: index of the physical line the header starts on, None without
    one; ``header_lines``: how many lines it takes (a quoted header may hold line ends)."""

    dialect: Dialect
    columns: tuple[str, ...]
    fields: int
    most: int
    header_line: int | None
    header_lines: int = 1


def _quote_of(text: str, delimiter: str, spaced: bool = False) -> str | None:
    """The character that encloses fields in ``text``: a double quote unless single quotes evidently do, none where it
    encloses none."""
    double = '"' if '"' not in text else None
    for quote in ('"', "'"):
        if quote not in text:
            continue
        escapes = (None, "\\") if f"\\{quote}" in text else (None,)
        good, bad = max(
            (_closed(text, Dialect(delimiter, quote, escape, spaced)) for escape in escapes), key=lambda count: count[0]
        )
        if good > bad or (quote == '"' and good):
            return quote
        if quote == '"' and bad < NEVER_CLOSED:
            double = quote  # unless the others do
    return double


def _closed(text: str, dialect: Dialect) -> tuple[int, int]:
    """Records with a quoted field that are read well, and that are not."""
    quote = dialect.quote or ""
    good = bad = seen = 0
    start = max(0, text.rfind("\n", 0, text.index(quote)) + 1)  # from the first line that has one
    while start < len(text) and seen < SAMPLE_RECORDS:
        seen += 1
        state, fields, after = read_record(text, start, dialect, max_lines=QUOTED_LINES)
        end = line_end(text, start)
        whole = sum(line.count(dialect.delimiter) + 1 >= max(2, len(fields)) for line in text[end:after].splitlines())
        if quote == "'" and several(whole, len(fields)):
            state = UNCLOSED  # two stray apostrophes with whole records between them
        begins = dialect.delimiter + (" " if dialect.spaced else "") + quote
        if text.startswith(quote, start) or text.find(begins, start, end) >= 0:
            good, bad = (good + 1, bad) if state == OK else (good, bad + 1)
        start = after if state == OK else past(text, end)
    return good, bad


def _escape_of(text: str, quote: str | None, delimiter: str) -> str | None:
    """A backslash before a quote (without quotes: before a delimiter) is an escape where reading it so leaves fewer
    broken records."""
    protected = delimiter if quote is None or quote not in text else quote
    line_ends = protected == delimiter and re.search(r"\\[\r\n]", text)
    if f"\\{protected}" not in text and not line_ends:
        return None
    if protected == delimiter:
        plain, escaped = (
            _regularity(read_records(text, Dialect(delimiter, None, escape), SAMPLE_RECORDS)) for escape in (None, "\\")
        )
        return "\\" if escaped > plain else None

    def broken(dialect: Dialect) -> int:
        count = start = seen = 0
        while start < len(text) and seen < SAMPLE_RECORDS:
            state, _, start = read_record(text, start, dialect, max_lines=QUOTED_LINES)
            count, seen = count + (state != OK), seen + 1
        return count

    return "\\" if broken(Dialect(delimiter, quote, "\\")) < broken(Dialect(delimiter, quote)) else None


def _regularity(records: list[list[str]]) -> float:
    counts = Counter(len(fields) for fields in records if not is_blank(fields))
    return max(counts.values(), default=0) / max(1, counts.total())


def _manner(text: str, delimiter: str) -> Dialect:
    """The delimiter with the quotes and escapes ``text`` uses, and the blanks it puts between a delimiter and a
    quote."""
    quote = _quote_of(text, delimiter)
    for mark in ('"', "'"):
        if (
            len(delimiter) > 1
            or mark not in text
            or text.count(delimiter + mark) > text.count(f"{delimiter} {mark}") + text.count(f"{delimiter}\t{mark}")
        ):
            continue
        for longer in (f" {delimiter} ", f"{delimiter} ", f"{delimiter}\t"):
            if longer + mark in text and _quote_of(text, delimiter, spaced=True) == mark:
                loose = Dialect(delimiter, mark, _escape_of(text, mark, delimiter), spaced=True)
                whole = Dialect(longer, mark, loose.escape)  # read faster, if the blanks are everywhere
                if re.search(rf"^[ \t]+{mark}", text, re.MULTILINE):
                    return loose  # also before the first field
                return max(
                    (whole, loose),
                    key=lambda each: (_closed(text, each)[0], _regularity(read_records(text, each, SAMPLE_RECORDS))),
                )
    escape = _escape_of(text, quote, delimiter)
    return Dialect(delimiter, quote if escape is None or (quote and quote in text) else None, escape)


def detect(text: str, headers: Headers | None) -> Layout | None:
    """The layout of the beginning of a text file (whole lines), or None where no line serves as a header of the
    contract."""
    return _by_contract(text, headers) if headers is not None else _by_shape(text)


def _header_record(text: str, start: int, dialect: Dialect) -> tuple[list[str], int, bool]:
    """A line that may be the header, and whether its quotes are whole. Damaged quotes cost no names: the line is then
    read without quotes, which are left off the names."""
    state, fields, after = read_record(text, start, dialect, max_lines=20)
    if state == OK:
        return fields, after, True
    state, fields, after = read_record(text, start, Dialect(dialect.delimiter, None))
    return [field.strip().strip("\"'") for field in fields], after, False


def _by_contract(text: str, headers: Headers) -> Layout | None:
    """The line and separator that give the most headers of the contract."""
    best: tuple[tuple[int, ...], Dialect, int, int, list[str]] | None = None
    covered: dict[str, int] = {}  # separator → where the last header of several lines ends
    for line, start in enumerate(line_starts(text, HEADER_WITHIN)):
        if best is not None and best[0][0] > 1 and best[0][1] == 0:
            break  # every cell is a header of the contract: nothing below can be better
        shown = text[start : line_end(text, start)]
        known = [d for d in (*LONG, *SHORT, *WITH_CONTRACT) if d in shown] or [","]
        below = _line_below(text, start + len(shown))
        longer = [run for run in _RUN.findall(shown) if not below or run in below]
        for delimiter in dict.fromkeys([*known, *longer]):
            singles = shown.startswith("'") or f"{delimiter}'" in shown or f"{delimiter} '" in shown
            for quote in ["'", '"'] if singles else ['"']:
                if start < covered.get(delimiter, 0):
                    continue
                if best is not None and quote == '"' not in shown and _too_few(shown.split(delimiter), best[0][0]):
                    continue
                tried = Dialect(delimiter, quote, spaced=True)
                fields, after, whole = _header_record(text, start, tried)
                if stacked := _stacked(text, after, tried, fields, headings=True):
                    fields, after = stacked
                    covered[delimiter] = after
                score = (
                    *headers.score(fields, best[0][0] if best else 0),
                    whole,
                    -len(fields),
                    len(delimiter),
                )  # of "|" and "||" the one that leaves nothing over
                if score[0] and (best is None or score > best[0]):
                    best = (score, Dialect(delimiter, quote), line, after, fields)
    if best is None:
        return None
    (hits, *_), dialect, line, after, fields = best
    if hits < 2 and len([field for field in fields if field.strip()]) > 1:
        return None
    body = text[after:]
    if dialect.quote == "'":
        manner = Dialect(dialect.delimiter, "'", _escape_of(body, "'", dialect.delimiter))
    else:
        manner = _manner(body, dialect.delimiter)
    start = line_starts(text, line + 1)[line]
    alone = covered.get(dialect.delimiter, 0) <= start
    if alone and (manner.delimiter != dialect.delimiter or manner.spaced):  # blanks belong to it, in the header too
        spaced, behind, _ = _header_record(text, start, manner)
        if headers.score(spaced) >= headers.score(fields):
            after, fields = behind, spaced
        else:
            manner = Dialect(dialect.delimiter, _quote_of(body, dialect.delimiter))
    above = [_header_record(text, place, manner)[0] for place in line_starts(text, line)]
    demand_header(headers, above, fields, read_records(text, manner, SAMPLE_RECORDS, after))
    return _finish(text, manner, line, after, fields, headers)


def _line_below(text: str, end: int) -> str:
    """The first line behind ``end`` that is not empty."""
    start = end
    while text.startswith(("\r", "\n"), start):
        start += 1
    newline = text.find("\n", start)
    return text[start:] if newline < 0 else text[start:newline]


def _too_few(cells: Sequence[str], hits: int) -> bool:
    """Whether a line of these cells cannot name ``hits`` columns, nor be the first of a header of several lines."""
    return len(cells) < hits and all(cells)


def _finish(
    text: str, dialect: Dialect, line: int, after: int, header: Sequence[str], headers: Headers | None = None
) -> Layout:
    """With a contract only row numbers are taken for a column the header does not name."""
    if stacked := _stacked(text, after, dialect, header):
        header, after = stacked
    if headers:
        read = lambda place: _header_record(text, place, dialect)[:2]  # noqa: E731
        after = explained_until(read, after, len(named(header)), headers.is_header)
    records = [fields for fields in read_records(text, dialect, SAMPLE_RECORDS // 2, after) if not is_blank(fields)]
    if lacks_row_names(header, records, numbered=headers is not None):
        header = ["", *header]
    elif is_commented(header, records):
        header = header[1:]
    elif has_a_gap(header, records):
        header = [name for name in header if name.strip()]
    columns = named(header)
    counts = Counter(map(len, records))
    usual = max(counts, key=lambda count: (counts[count], count), default=len(columns))
    if len(columns) < usual <= len(header):  # the header names fewer columns than hold something
        filled = [
            number
            for number in range(len(columns), usual)
            if 2 * sum(_holds(fields, number) for fields in records) > len(records)
        ]
        columns += tuple(f"列{number}" for number in range(len(columns) + 1, max(filled, default=-1) + 2))
    ended = [fields for fields in records if len(fields) == usual and is_blank(fields[len(columns) :])]
    # Where the header does not end in separators: is it the file's manner all the same, or are some lines one field too
    # long?
    more = usual > len(columns) and (len(header) >= usual or len(ended) >= CLEAR_MAJORITY * len(records))
    start = line_starts(text, line + 1)[line]
    if _is_rule(text[after : line_end(text, after)], sum(bool(name.strip()) for name in header)):
        after = past(text, line_end(text, after))
    header_text = text[start:after]
    lines = max(1, header_text.count("\n") + header_text.replace("\r\n", "\n").count("\r"))
    width = usual if more else len(columns)
    return Layout(dialect, columns, width, max(width, len(header)), line, lines)


def _stacked(
    text: str, after: int, dialect: Dialect, header: Sequence[str], *, headings: bool = False
) -> tuple[list[str], int] | None:
    """The names of ``header``, which ends at ``after``, and the lines below it, where they are one header together; and
    where that ends."""
    if all(header):
        return None
    rows, ends = [header], [after]
    while len(rows) < HEADER_LINES and ends[-1] < len(text):
        fields, end, _ = _header_record(text, ends[-1], dialect)
        if is_blank(fields):
            ends[-1] = end
            continue
        rows.append(fields)
        ends.append(end)
    together = joined(rows, headings=headings)
    return (together[1], ends[together[0] - 1]) if together else None


def _holds(fields: Sequence[str], number: int) -> bool:
    return number < len(fields) and bool(fields[number].strip())


def _is_rule(line: str, columns: int) -> bool:
    """A line drawn below the header: at least three strokes for each column and nothing else but the frame."""
    return bool(_RULE.fullmatch(line)) and len(_STROKES.findall(line)) >= columns


# --------------------------------------------------------------------------------------------------- without a contract


def _by_shape(text: str) -> Layout | None:
    """Without a contract: the separator that splits most lines into the same, preferably large, number of clean cells.
    Marks that are common inside of values are tried only where no usual separator does well."""
    best = _best(text, [*LONG, *SHORT, *_widened(text, SHORT)])
    if best is None or best.score < ENOUGH:
        rare = [mark for mark in _marks(text) if mark not in SHORT]
        weak = _best(text, [*rare, *_widened(text, rare)])
        if weak is not None and weak.regular >= 0.95 and (best is None or weak.score * WEAK > best.score):
            best = weak
    if best is None or best.score <= 0:
        dialect = Dialect(",")
        records = [fields for fields in read_records(text, dialect, SAMPLE_RECORDS) if not is_blank(fields)]
        if not records:
            return None
        best = _Reading(dialect, records, 1, 0.0, 0.0)
    dialect, width = best.dialect, best.width
    starts = line_starts(text, HEADER_WITHIN)
    for line, start in enumerate(starts):
        fields, after, _ = _header_record(text, start, dialect)
        below = read_records(text, dialect, SAMPLE_RECORDS // 2, after)
        if line == 0 and any(manner(fields, below) for manner in (lacks_row_names, has_a_gap, is_commented)):
            return _finish(text, dialect, line, after, fields)
        titled = len(below) > 2 and len(below[0]) == width and contrasts(below[0], below[1:])
        if line == 0 and not titled and len(named(fields)) > width > 1 and is_too_long(fields, below):
            raise Unreadable(f"表头有{len(named(fields))}列，记录却只有{width}列，无法判断缺的是哪一列")
        if len(named(fields)) > width or len(fields) < width - (2 if width > 3 else 0):
            continue
        filled = sum(bool(field.strip()) for field in fields)
        if width == 1 and filled and line == 0 and _blank_line(text, after):
            continue  # a title with a blank line below it
        whole = [each for each in below if len(each) >= width]
        if joined([fields, *(each for each in below if not is_blank(each))]) or heads_the_first(fields, whole):
            _refuse_another_table(text[:start], dialect)
            return _finish(text, dialect, line, after, fields)
        if filled > (width // 2 if width > 1 else 0):
            if heads(fields, whole):
                _refuse_another_table(text[:start], dialect)
                return _finish(text, dialect, line, after, fields)
            if len(fields) == width and not is_footer(fields) and not _headed_later(text, after, dialect, width):
                break  # records have begun
    return Layout(dialect, tuple(f"列{number}" for number in range(1, width + 1)), width, width, None, 0)


def _headed_later(text: str, start: int, dialect: Dialect, width: int) -> bool:
    """Below a block of settings (``Sample Interval,0.001,s``) and a blank line stands a line of names, with values
    under each."""
    for _ in range(SETTINGS):
        if _blank_line(text, start):
            rows = [row for row in read_records(text, dialect, SAMPLE_RECORDS // 2, start) if not is_blank(row)]
            whole = [row for row in rows if len(row) == width]
            named_all = len(rows[:1]) == 1 and len(rows[0]) == width and looks_like_header(rows[0])
            return (
                named_all
                and len(whole) > 2
                and all(contrasts([name], [[row[n]] for row in whole[1:]]) for n, name in enumerate(rows[0]))
            )
        start = past(text, line_end(text, start))
    return False


def _refuse_another_table(above: str, dialect: Dialect) -> None:
    """What stands above the header is a title, a note, pairs of name and value; but not a table of its own, which would
    be lost."""
    run: list[list[str]] = []
    for fields in [*read_records(above, dialect, HEADER_WITHIN), [""]]:
        if run and len(fields) == len(run[0]) > 1 and not is_blank(fields):
            run.append(fields)
            continue
        if len(run) > 2 and contrasts(run[0], run[1:]):
            raise Unreadable(f"文件里有不止一张表：{len(run[0])}列的表之后另有列数不同的表，请分成几个文件交付")
        run = [fields]


def _blank_line(text: str, start: int) -> bool:
    end = line_end(text, start)
    return start < len(text) and not text[start:end].strip()


@dataclass(frozen=True)
class _Reading:
    """``regular``: share of the records with ``width`` fields."""

    dialect: Dialect
    records: list[list[str]]
    width: int
    regular: float
    score: float


def _best(text: str, delimiters: Sequence[str]) -> _Reading | None:
    best: _Reading | None = None
    for delimiter in dict.fromkeys(delimiters):
        if delimiter not in text:
            continue
        reading = _reading(text, _manner(text, delimiter))
        if best is None or reading.score > best.score:
            best = reading
        elif best.dialect.delimiter in delimiter and reading.width == best.width and reading.score > 0.97 * best.score:
            best = reading  # the same cells without the rest of a longer separator
    return best


def _reading(text: str, dialect: Dialect) -> _Reading:
    records = [fields for fields in read_records(text, dialect, SAMPLE_RECORDS) if not is_blank(fields)]
    widths = Counter(len(fields) for fields in records)
    width = max(widths, key=lambda count: widths[count] * math.log2(count + 1), default=1)
    if width < 2:
        return _Reading(dialect, records, 1, 0.0, 0.0)
    regular = [fields for fields in records if len(fields) == width]
    headed_short = len(records[0]) == width - 1 and lacks_row_names(records[0], records[1:])
    share = len(regular) / (len(records) - headed_short)
    # A column without a letter or digit, even in the header, is the inside of a longer separator; at the ends it is a
    # frame.
    empty = [not any(char.isalnum() for fields in regular for char in fields[column]) for column in range(width)]
    columns = width - sum(empty[1:-1]) - 0.5 * (empty[0] + empty[-1])
    cells = [cell.strip() for fields in regular for cell in fields]
    unclean = sum(_unclean(cell, dialect.delimiter) for cell in cells) / len(cells)
    headed = headed_short or looks_like_header(regular[0]) or contrasts(regular[0], regular[1:])
    inside = 0.97 ** sum(empty[1:-1])
    score = share**2 * math.log2(1 + max(1.0, columns)) * (1 - unclean) * (1 if headed else 0.8) * inside
    return _Reading(dialect, records, width, share, score)


def _unclean(cell: str, delimiter: str) -> bool:
    """Something in the cell may be a separator that was not seen, or a quote that was not taken for one."""
    if not cell or cell.isalnum() or NUMBER.fullmatch(cell):
        return False
    if cell[0] in "\"'" and cell[-1] == cell[0]:
        return True
    return any(mark in cell and mark not in delimiter for mark in SUSPECT)


def _marks(text: str) -> list[str]:
    """Punctuation, blanks and control characters that stand in nearly all lines."""
    lines = [line for line in _LINE_END.split(text)[:SAMPLE_RECORDS] if line.strip()]
    counts = Counter(mark for line in lines for mark in set(line) if not mark.isalnum() and mark not in NEVER)
    return [mark for mark, count in counts.items() if count >= CLEAR_MAJORITY * len(lines)]


def _widened(text: str, marks: Sequence[str]) -> list[str]:
    """Longer separators around single marks: the mark doubled and trebled, and with the neighbours it has wherever it
    stands."""
    made: list[str] = []
    lines = [line for line in _LINE_END.split(text)[:SAMPLE_RECORDS] if line.strip()]
    for mark in marks:
        having = [line for line in lines if mark in line]
        if 2 * len(having) < len(lines) or not having:
            continue
        made += [mark * times for times in (2, 3) if mark * times in text]
        sample = "\n".join(having)
        grown = mark
        for _ in range(4):
            before = {piece[-1:] for piece in sample.split(grown)[:-1]}
            behind = {piece[:1] for piece in sample.split(grown)[1:]}
            if len(behind) == 1 and _joins_separator(next(iter(behind)), mark):
                grown += behind.pop()
            elif len(before) == 1 and _joins_separator(next(iter(before)), mark):
                grown = before.pop() + grown
            else:
                break
        if grown != mark and _is_separator(grown, sample):
            made.append(grown)
    return made


def _is_separator(grown: str, sample: str) -> bool:
    """Constancy alone is not enough: a sign that amounts begin with stands behind every comma too. A usual separator in
    it stands nowhere by itself, and what belongs to values stands at neither end of it unless both ends are alike
    (``|$|``)."""
    rest = sample.replace(grown, "")
    if any(char in rest for char in grown if char in SHORT):
        return False
    usual = any(char in SHORT for char in grown)
    return not usual or grown == grown[::-1] or not (grown[0] in VALUE_MARKS or grown[-1] in VALUE_MARKS)


def _joins_separator(char: str, mark: str) -> bool:
    return bool(char) and char != mark and not char.isalnum() and not char.isspace() and char not in "\"'"
