"""Which lines of a table are its header, by what stands in their cells: words above values, headings above words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from govdata.ingest.headers import is_blank, named

CLEAR_MAJORITY = 0.9
HEADER_LINES = 5
_YEAR = re.compile(r"(19|20)\d\d")
_NUMBER_LIKE = re.compile(r"[-+]?[$¥￥€£]?[\d.,:/\-]+%?|\d.*\d{4}.*", re.DOTALL)
_VALUE_LIKE = re.compile(_NUMBER_LIKE.pattern + r"|.{41,}", re.DOTALL)
_TYPE = re.compile(
    r"(n?(var)?char2?|string|text|clob|number|numeric|decimal|int|integer|bigint|smallint|float|double|date|time|datetime|"
    r"timestamp|bool|boolean|字符型?|字符串|文本|数值型?|整数|日期型?|时间)\s*(\([\d\s,]*\))?|"
    r"(lowcardinality|nullable|array)\(.+\)|(an?|by|c|d|dt|n|t)(\.\.|\.\.ul|\()\d*[\d,]*\)?|d8|dt1[45]|t6|dt",
    re.IGNORECASE,
)  # of databases, and as GB/T 18391 writes them (C..50, N(18,2), D8)
_DEMAND = re.compile(r"[(（]?(必填|选填|非必填|必选|可选|可空|非空|必填项|选填项|必须|条件必填)[)）]?")
_UNIT = re.compile(
    r"(单位[:：])?(亿|[千百十]?万|千)?(美|港|欧|日)?元|元/.{1,6}|平方米|平米|㎡|m2|m²|亩|公顷|公里|km|米|吨|千克|公斤|克|k?g|[%％‰]|人次?|户|个|家|件|次|"
    r"岁|年|月|日|天|周|小时|分钟?|-+|/|无",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(r"[(（\[【<＜《][^()（）\[\]【】]*[)）\]】>＞》]")
_STROKES = re.compile(r"[-—=_*.·~]{2,}")
_DRAWN = re.compile(r"[-—=_─━═]{2,}|-")
_EXAMPLE = re.compile(r"(示例|样例|例如?|填写说明|说明|格式)[:：].*", re.DOTALL)
_EXPLAINS = (_TYPE, _DEMAND, _UNIT, _ENCLOSED, _STROKES, _EXAMPLE)
_NUMBERS = re.compile(
    r"序号|编号|行号|号|年份?|id|no\.?|nr\.?|#|num(ber)?|index|rank|year|row", re.IGNORECASE
)  # heads a column of numbers
NUMBER = re.compile(r"[-+(]?[¥$€]?\d{1,3}([.,'\u00a0 ]?\d{3})*([.,]\d+)?\)?%?|\d+[.,]\d+")


def joined(rows: Sequence[Sequence[str | None]], *, headings: bool = False) -> tuple[int, list[str]] | None:
    """How many of ``rows``, from the first on, are the header of a table, and the names they give together
    (``地址-户籍地址``, ``Travel Rail``); None where that is not two to five lines for sure.

    A heading and the empty cells right of it are a group, and the next line has words under each cell of every group
    and nothing elsewhere; the last line parts every group. Some column has a name of its own in the first line, or it
    has several headings that are needed (X,Y,X,Y) or, where ``headings`` are looked for, are words: what else stands so
    above a table is a title or a remark."""
    lines = [[(cell or "").strip() for cell in row] for row in rows[:HEADER_LINES]]
    widths = itertools.accumulate((len(named(line)) for line in lines), max)  # a group may be the last of several lines
    return next(filter(None, (_joined(lines, width, headings) for width in sorted(set(list(widths)[1:])))), None)


def _joined(lines: Sequence[Sequence[str]], width: int, headings: bool) -> tuple[int, list[str]] | None:
    paths: list[tuple[str, ...]] = [()] * width
    grouped = set(range(width))  # the columns of groups: all of the first line
    for number, line in enumerate(lines):
        if number and (len(named(line)) > width or any(map(_VALUE_LIKE.fullmatch, line))):
            return None
        cells = [*line, *[""] * width][:width]
        runs = _runs(cells, paths, grouped)
        if runs is None:
            return None
        for run in runs:
            for column in run:
                paths[column] += (cells[run[0]],)
        grouped = {column for run in runs if len(run) > 1 for column in run}
        if number == 0 and len(grouped) == width:
            words = headings and not any(re.search(r"[:：\d]", cell) for cell in line)
            if len(runs) < 2 or not (words or _repeats(lines[1])):
                return None
        if not grouped:
            names = [(" " if "".join(path).isascii() else "-").join(path) for path in paths]
            return (number + 1, names) if number and len(set(names)) == width else None
    return None


def _repeats(line: Sequence[str]) -> bool:
    return all(line) and len(set(line)) < len(line)


def _runs(cells: Sequence[str], paths: Sequence[tuple[str, ...]], grouped: set[int]) -> list[list[int]] | None:
    """The columns under each word of a line of the header: an empty cell belongs to the word left of it in the same
    group. None where a group begins with an empty cell, or a word stands under no group."""
    runs: list[list[int]] = []
    for column, cell in enumerate(cells):
        if column not in grouped:
            if cell and cell != paths[column][-1]:  # a cell that spans the lines may have its word in each
                return None
        elif cell:
            runs.append([column])
        elif runs and runs[-1][-1] == column - 1 and paths[column - 1] == paths[column]:
            runs[-1].append(column)
        else:
            return None
    return runs


def is_numbering(cells: Sequence[str | None], columns: int) -> bool:
    """A line that explains the columns below their names: numbers them, as printed forms do (甲 乙 1 2 3), gives their
    types (varchar(18)) or units (元, 平方米), says of each whether it must be filled (必填) or what it may hold
    (示例：…), puts all of it in brackets, or parts the header from the records by strokes."""
    texts = [(cell or "").strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    filled = [text for text in texts if text]
    if len(filled) > 1 and any(all(map(form.fullmatch, filled)) for form in _EXPLAINS):
        return True
    texts = [text.strip("()（）[]") for text in texts]
    letters = len(list(itertools.takewhile(lambda text: text in tuple("甲乙丙丁戊"), texts)))
    expected = [*"甲乙丙丁戊"[:letters], *map(str, range(1, len(texts) - letters + 1))]
    return len(texts) >= max(3, columns - 1) and texts == expected


def is_drawn(cells: Sequence[str | None]) -> bool:
    """A rule between the lines of a drawn table: strokes in every cell."""
    texts = [cell.strip() for cell in cells if cell and cell.strip()]
    return bool(texts) and all(map(_DRAWN.fullmatch, texts)) and max(map(len, texts)) > 2


def explained_until(
    read: Callable[[int], tuple[Sequence[str | None], int]],
    at: int,
    columns: int,
    repeats: Callable[[Sequence[str | None]], bool],
) -> int:
    """Where a header of ``columns`` names ends that ends ``at`` but for a line that explains them, and perhaps the same
    header in the other language above that line. ``read``: the cells at a place, and the place behind them."""
    place = at
    for _ in range(2):
        cells, place = read(place)
        if is_numbering(cells, columns):
            return place
        if not repeats(cells):
            break
    return at


def looks_like_header(cells: Sequence[str]) -> bool:
    """Without a contract: all cells filled, different, short and none a number, a date or an identifier."""
    texts = [cell.strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return (
        bool(texts)
        and all(texts)
        and len(set(texts)) == len(texts)
        and not any(_VALUE_LIKE.fullmatch(text) for text in texts)
    )


def heads(cells: Sequence[str | None], below: Sequence[Sequence[str | None]]) -> bool:
    """Without a contract: a line of words above ``below``. Columns at its left that are empty throughout (the frame of
    a drawn table, a sheet that begins in column B) are no part of it."""
    margin = min((_margin(row) for row in (cells, *below) if not is_blank(row)), default=0)
    words = [(cell or "").strip() for cell in cells[margin:]]
    if looks_like_header(words):
        return True
    rows = [[(cell or "").strip() for cell in row[margin:]] for row in below if not is_blank(row)]
    return contrasts(words, rows) or _repeats_a_name(words, rows)


def _margin(cells: Sequence[str | None]) -> int:
    return len(list(itertools.takewhile(lambda cell: not (cell or "").strip(), cells)))


def _repeats_a_name(words: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Names of which one comes twice, none of which stands anywhere below."""
    names = named(words)
    values = {value for row in below for value in row}
    return (
        len(below) > 2
        and all(words[: len(names)])
        and 1 < len(set(names)) < len(names)
        and not any(name in values or _VALUE_LIKE.fullmatch(name) for name in names)
    )


def heads_the_first(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Without a contract: three names and more at the beginning of a wider line, above records that fill those columns
    and no others: further columns belong to what stands elsewhere in the file."""
    count = len(named(cells))
    first = [row for row in below if not is_blank(row)][:3]
    return (
        2 < count < len(cells)
        and looks_like_header(cells)
        and len(first) > 1
        and all(is_blank(row[count:]) for row in first)
        and all(cell.strip() for cell in first[0][:count])
    )


def contrasts(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Without a contract: words above columns of values, or a run of years above other numbers. What the cells are is
    held against what the records below are, so that a name may come twice, be missing, or be a number."""
    texts = [cell.strip().strip("\ufeff") for cell in cells]
    years = [int(text) for text in texts if _YEAR.fullmatch(text)]
    words = agree = 0
    for number, text in enumerate(texts):
        values = [row[number].strip() for row in below if number < len(row) and row[number].strip()]
        if not text or not values or _YEAR.fullmatch(text):
            continue
        valued = sum(bool(_VALUE_LIKE.fullmatch(value)) for value in values) >= 0.9 * len(values)
        if valued and not _NUMBER_LIKE.fullmatch(text):  # a name may be long
            words += 1
        elif valued:
            agree += 1
    if len(years) >= 2 and years == sorted(set(years)):
        flat = [value.strip() for row in below for value in row]
        return agree == 0 and sum(bool(_YEAR.fullmatch(value)) for value in flat) * 4 < len(flat)
    return words > 0 and agree == 0 and not years


def lacks_row_names(header: Sequence[str], records: list[list[str]], *, numbered: bool = False) -> bool:
    """The header lacks one name, that of the numbers or names the rows begin with (R's ``write.table`` writes none):
    nearly all records are one field longer, whose first cells count up (or, unless ``numbered`` is asked for, are words
    that are all different) and whose last cells are filled."""
    columns, records = len(named(header)), [fields for fields in records if not is_blank(fields)]
    longer = [fields for fields in records if len(fields) == len(header) + 1]
    if (
        columns != len(header)
        or not longer
        or len(longer) < CLEAR_MAJORITY * len(records)
        or not all(map(str.strip, header))
    ):
        return False
    firsts = [fields[0].strip() for fields in longer]
    if _NUMBERS.fullmatch(header[0].strip()) or any(not fields[-1].strip() for fields in longer[:20]):
        return False
    if len(firsts) > 1 and all(first.isdecimal() and len(first) < 9 for first in firsts):
        return all(int(after) == int(before) + 1 for before, after in itertools.pairwise(firsts))
    words = (
        len(header) > 1
        and len(firsts) > 2
        and all(firsts)
        and len(set(firsts)) == len(firsts)
        and not any(map(NUMBER.fullmatch, firsts))
    )
    return words and not numbered and not any(_VALUE_LIKE.fullmatch(name.strip()) for name in header)


def has_a_gap(header: Sequence[str], records: list[list[str]]) -> bool:
    """A separator too many between two names: without the empty cells there is a name for each field of nearly all
    records."""
    names = [name for name in header if name.strip()]
    records = [fields for fields in records if not is_blank(fields)]
    fitting = sum(len(fields) == len(names) for fields in records)
    return (
        len(names) < len(named(header))
        and len(records) > 1
        and fitting >= CLEAR_MAJORITY * len(records)
        and looks_like_header(names)
    )


def is_commented(header: Sequence[str], records: list[list[str]]) -> bool:
    """A header behind the mark of a comment (``# t x y``): nearly all records have a field for each name behind it."""
    records = [fields for fields in records if not is_blank(fields)]
    fitting = sum(len(fields) == len(header) - 1 for fields in records)
    return (
        len(header) > 2
        and header[0].strip() in ("#", "%", "//")
        and len(records) > 1
        and fitting >= CLEAR_MAJORITY * len(records)
        and looks_like_header(header[1:])
    )


def is_too_long(header: Sequence[str], records: list[list[str]]) -> bool:
    """A header with more names than nearly all records have fields."""
    records = [fields for fields in records if not is_blank(fields)]
    shorter = [fields for fields in records if len(fields) < len(named(header))]
    return (
        len(records) > 1
        and looks_like_header(header)
        and len(shorter) >= CLEAR_MAJORITY * len(records)
        and contrasts(header, records)
    )
