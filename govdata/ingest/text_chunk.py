"""The records of one chunk of a delimited text: plain lines in one go, the others one by one, each a record, a reject
with its reason, or none and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from govdata.ingest import source
from govdata.ingest.encodings import Chunk
from govdata.ingest.header_lines import contrasts, is_drawn, looks_like_header
from govdata.ingest.headers import FOOTER_LINES, is_blank, is_footer, is_title
from govdata.ingest.records import MALFORMED, MORE, OK, quotes_astray, read_record, several
from govdata.ingest.scan import Lines, parse, scan
from govdata.ingest.source import Block, Reject, Unreadable

if TYPE_CHECKING:
    from govdata.ingest.text import TextSource

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them

MAX_RECORD_LINES = 5000  # lines one quoted record may take
MAX_RECORD_BYTES = 1 << 20
TITLE_LINES = 3  # lines a title takes above a header that comes again
NOTE_LINES = 5  # lines a note below the table may go on for
MOST_GAPS = 200  # blank lines of a chunk below which another table is looked for

_FRAME = re.compile(r"\s*[+|├└┌][-=+|─━═┼┴┬┤┘┐]{3,}\s*")
_SUBSTITUTES = bytes([0x1F, 0x1E, 0x1D, 0x1C, *range(0x01, 0x09), *range(0x0E, 0x1B), 0x7F])


class ChunkReader:
    """The records of one chunk. ``rest``: lines at its end that belong to a record the next chunk goes on with."""

    def __init__(self, text: TextSource, chunk: Chunk) -> None:
        self.text, self.chunk, self.rest = text, chunk, Chunk(b"")
        layout = text.layout
        self.columns, self.width, self.most = len(layout.columns), layout.fields, layout.most
        delimiter = layout.dialect.delimiter.encode()
        self.data, self.delimiter, self.substituted = chunk.data, delimiter, False
        if len(delimiter) > 1:  # one byte that does not occur stands for a longer separator
            free = next((code for code in _SUBSTITUTES if bytes([code]) not in chunk.data), None)
            if free is None:
                raise Unreadable("多字符分隔的文件中含有全部控制字符，无法读取")
            self.data, self.delimiter, self.substituted = (
                chunk.data.replace(delimiter, bytes([free])),
                bytes([free]),
                True,
            )
        self.dialect = replace(layout.dialect, delimiter=self.delimiter.decode())
        quote, escape = self.dialect.quote, self.dialect.escape
        self.lines: Lines = scan(
            self.data, self.delimiter[0], ord(quote) if quote else None, ord(escape) if escape else None
        )
        self.first_line = text.tally.lines + 1  # number of the chunk's first physical line
        self.stop = len(self.lines)  # lines behind it wait for the next chunk
        self.end = len(self.lines)  # before the footers: no record goes on into them
        self.careful_rows: list[int] = []
        self.careful: list[list[str]] = []
        self.rejects: list[Reject] = []

    # ------------------------------------------------------------------------------------------------- the whole chunk

    def blocks(self) -> Iterator[Block]:
        lines, tally = self.lines, self.text.tally
        lengths = lines.stops - lines.starts
        blank = (lengths == 0) | ((lengths == self.width - 1) & (lines.fields == self.width))
        good = (lines.fields == self.width) & ~lines.odd & ~blank
        if self.chunk.faults:
            good[[line for line in self.chunk.faults if line < len(lines)]] = False
        if self.data.startswith(b"\xef\xbb\xbf"):  # a mark in the middle of the file, which the parser would drop
            good[0] = False
        skip = self._pass_header(blank)
        good[:skip] = False
        end = self.end = self._pass_footers(skip, blank, good)
        self._refuse_another_table(np.flatnonzero(blank[skip:end]) + skip, good)
        self._read_carefully(np.flatnonzero(~good[:end] & ~blank[:end])[:].tolist(), skip, good)
        stop = min(self.stop, end)
        tally.aside(source.BLANK, self._rows(np.flatnonzero(blank[skip:stop] & ~self.taken[skip:stop]) + skip))
        block = self._parse(good, skip, stop)
        tally.lines += self.stop
        if self.stop < len(lines):
            offset = int(lines.starts[self.stop])
            faults = {line - self.stop: why for line, why in self.chunk.faults.items() if line >= self.stop}
            self.rest = Chunk(self._restore_bytes(self.data[offset:]), faults)
        made = [block] if block is not None else []
        if self.careful or self.rejects:
            made.append(self._careful_block())
        yield from source.in_order(made)

    def _pass_header(self, blank: np.ndarray) -> int:
        """Count the lines up to the header's end; gives how many of them are in this chunk."""
        text, tally = self.text, self.text.tally
        skip = min(text.header_left, len(self.lines))
        if skip:
            begins = skip - min(skip, text.layout.header_lines)
            tally.aside(source.HEADER, self._rows(np.arange(begins, skip)))
            tally.aside(source.BLANK, self._rows(np.flatnonzero(blank[:begins])))
            titles = np.flatnonzero(~blank[:begins]).tolist()
            tally.aside(source.PREAMBLE, [line + self.first_line for line in titles])
            text.above += [(line + self.first_line, [self._line(line)]) for line in titles]
            text.header_left -= skip
        return skip

    def _pass_footers(self, skip: int, blank: np.ndarray, good: np.ndarray) -> int:
        """At the end of the file: count the footers; gives the line the records end before."""
        end = len(self.lines)
        if not self.chunk.last:
            return end
        found: list[int] = []
        single: list[int] = []  # lines of one cell, which are footers if a footer stands above them
        line, seen = end - 1, 0
        while line >= skip and seen < FOOTER_LINES:
            if not blank[line]:
                if line in self.chunk.faults:
                    break
                state, fields, _ = read_record(self._line(line), 0, self.dialect)
                if state == OK and is_footer(fields):
                    self.text.footers.append((line + self.first_line, fields))
                    found += [*single, line]
                    single = []
                elif (
                    state == OK
                    and fields[0].strip()
                    and is_blank(fields[1:])
                    and self.columns > 2
                    and len(single) < NOTE_LINES
                ):
                    single.append(line)
                elif state != OK or not is_blank(fields):
                    break
                seen += 1
            line -= 1
        if not found:
            return end
        first = found[-1]
        tally = self.text.tally
        tally.aside(source.FOOTER, self._rows(np.array(found)))
        tally.aside(source.BLANK, self._rows(np.setdiff1d(np.arange(first, end), found)))
        good[first:] = False
        return first

    def _refuse_another_table(self, blanks: np.ndarray, good: np.ndarray) -> None:
        """Below a blank line names of no column of the contract, and values below the names, are a table of its own."""
        headers = self.text.headers
        for line in blanks[:MOST_GAPS].tolist():
            if headers is None or line + 2 >= len(good) or not good[line + 1 : line + 3].all():
                continue
            names, values = (read_record(self._line(line + below), 0, self.dialect)[1] for below in (1, 2))
            known = any(map(headers.column, names)) or is_footer(names)
            if not known and looks_like_header(names) and contrasts(names, [values]):
                row = line + 1 + self.first_line
                raise Unreadable(f"第{row}行起是另一张表，文件里有不止一张表，请分成几个文件交付")

    def _parse(self, good: np.ndarray, skip: int, stop: int) -> Block | None:
        """The good lines through Arrow's parser, less blank rows and repeated headers, which only their cells show."""
        lines = self.lines
        chosen = np.flatnonzero(good[skip:stop]) + skip
        if not len(chosen):
            return None
        quoted = self.dialect.quote is not None and self.dialect.quote.encode() in self.data
        quote = self.dialect.quote if quoted else None
        table = parse(self.data, lines, chosen, self.width, self.dialect.delimiter, quote)
        if table.num_rows != len(chosen):
            raise Unreadable("解析出的记录数与逐行计数不一致，文件未读入")
        keep = self._judge(table, chosen)
        columns = table.columns[: self.columns]
        if self.substituted and quoted:
            columns = [
                pc.replace_substring(column, self.dialect.delimiter, self.text.layout.dialect.delimiter)
                for column in columns
            ]
        rows = pa.array(chosen + self.first_line, pa.int64())
        if keep is not None:
            columns, rows = [column.filter(keep) for column in columns], rows.filter(keep)
        return Block(self.text.columns, tuple(columns), rows)

    def _judge(self, table: pa.Table, chosen: np.ndarray) -> pa.Array | None:
        """Which parsed rows are records (None: all). The others are counted, or rejected where cells stand beyond the
        last column."""
        tally = self.text.tally
        drop = np.zeros(table.num_rows, bool)
        empty: pa.ChunkedArray | None = None
        numbers = self.text.ordinals
        for column in (column for place, column in enumerate(table.columns) if place not in numbers):
            # a row is blank when all its cells are (but for a number in a form): the first column mostly settles it
            if column.null_count == 0:
                empty = None
                break
            nulls = column.is_null()
            empty = nulls if empty is None else pc.and_(empty, nulls)
            if not pc.any(empty).as_py():
                empty = None
                break
        if empty is not None:
            mask = empty.to_numpy()
            framed = mask & np.logical_or.reduce(
                [table.column(place).is_valid().to_numpy() for place in numbers] or [drop]
            )
            tally.aside(source.BLANK, self._rows(chosen[mask & ~framed]))
            tally.aside(source.FRAME, self._rows(chosen[framed]))
            drop |= mask
        for column in table.columns[self.columns :]:
            if column.null_count < table.num_rows:
                for row in np.flatnonzero(column.is_valid().to_numpy() & ~drop).tolist():
                    self._reject_width(int(chosen[row]), self.width)
                    drop[row] = True
        for row in self._suspects(table):
            cells = self._cells(table, row)
            if drop[row]:
                continue
            if is_footer(cells, at_end=False):
                kind = source.FOOTER
            elif is_drawn(cells):
                kind = source.FRAME
            elif self.text.is_header(cells, int(chosen[row]) + self.first_line):
                kind = source.REPEATED_HEADER
                for above in range(row - 1, max(-1, row - 1 - TITLE_LINES), -1):
                    if not drop[above] and not is_title(self._cells(table, above)):
                        break
                    if not drop[above]:
                        tally.aside(source.PREAMBLE, self._rows(chosen[above : above + 1]))
                        drop[above] = True
            else:
                continue
            tally.aside(kind, self._rows(chosen[row : row + 1]))
            drop[row] = True
        return pa.array(~drop) if drop.any() else None

    def _suspects(self, table: pa.Table) -> list[int]:
        """Rows that may be no records, by their first cell or that of the key."""
        found = pc.is_in(pc.utf8_trim_whitespace(table.column(self.text.key)), value_set=self.text.header_cells)
        for place in {0, self.text.key}:
            cell, beside = table.column(place), table.column(min(place + 1, self.columns - 1))
            found = pc.or_kleene(found, pc.ends_with(cell, "计"))  # 合计, 城东小计
            found = pc.or_kleene(found, pc.starts_with(pc.utf8_ltrim_whitespace(cell), "--"))  # rules
            if beside.null_count:  # 小计：6人, 第1页: nothing stands beside them
                alone = pc.if_else(beside.is_null(), cell, None)
                found = pc.or_kleene(found, pc.match_substring_regex(alone, "计|汇总|页"))
        rows: list[int] = np.flatnonzero(pc.fill_null(found, False).to_numpy()).tolist()
        return rows

    def _cells(self, table: pa.Table, row: int) -> list[str]:
        return [column[row].as_py() or "" for column in table.columns[: self.columns]]

    def _rows(self, lines: np.ndarray) -> list[int]:
        """Numbers in the file of lines of the chunk."""
        numbers: list[int] = (lines + self.first_line).tolist()
        return numbers

    # ------------------------------------------------------------------------------------------------- line by line

    def _read_carefully(self, odd: list[int], skip: int, good: np.ndarray) -> None:
        """Read the odd lines one by one; lines that turn out to continue a record are taken out of ``good``."""
        self.taken = np.zeros(len(self.lines), bool)
        cursor = skip
        for line in odd:
            if line < cursor:
                continue
            cursor = line + 1
            if line in self.chunk.faults:
                self._reject(line, self.chunk.faults[line])
                continue
            state, fields, _ = read_record(self._line(line), 0, self.dialect)
            if state == OK and quotes_astray(self._line(line), self.dialect):
                self._reject(line, "引号使用错误：引号从字段中间开始，其中的分隔符是否算数无法判断")
            elif state == OK:
                self._accept(line, fields)
            elif state == MALFORMED:
                self._reject(line, "引号使用错误：结束引号后还有文字")
            else:
                cursor = self._read_on(line, good)
                if cursor < 0:
                    self.stop = line
                    return
                good[line + 1 : cursor] = False
                self.taken[line + 1 : cursor] = True

    def _read_on(self, line: int, good: np.ndarray) -> int:
        """A record whose quote is open at the end of its line. Gives the line behind it, or -1 when the next chunk must
        be seen first."""
        starts, afters = self.lines.starts, self.lines.afters
        total = self.end
        if self._closes_too_late(line, good):
            self._reject(line, self._unclosed)
            return line + 1
        for reach in (8, 64, 1000, MAX_RECORD_LINES):
            last = min(line + reach, total)
            at_end = last == total
            text = self.data[starts[line] : min(int(afters[last - 1]), int(starts[line]) + MAX_RECORD_BYTES)].decode(
                errors="replace"
            )
            final = self.chunk.last if at_end else reach == MAX_RECORD_LINES
            state, fields, behind = read_record(text, 0, self.dialect, max_lines=MAX_RECORD_LINES, eof=final)
            if state != MORE:
                break
            if at_end and not self.chunk.last:
                enough = total - line >= MAX_RECORD_LINES or int(afters[-1] - starts[line]) >= MAX_RECORD_BYTES
                if not enough:
                    return -1
                break
        after = (
            int(np.searchsorted(starts, int(starts[line]) + len(text[:behind].encode()))) if state == OK else line + 1
        )
        if state == OK and self._joins(line, after, len(fields), good):
            self.text.tally.aside(source.CONTINUATION, self._rows(np.arange(line + 1, after)))
            faults = [self.chunk.faults[inner] for inner in range(line, after) if inner in self.chunk.faults]
            if faults:
                self._reject(line, faults[0], after)
            else:
                self._accept(line, fields, after)
            return after
        self._reject(line, self._unclosed)
        return line + 1

    @property
    def _unclosed(self) -> str:
        return "引号未闭合" if self.dialect.quote else "行尾的转义符把下一行并入本行，但并入后字段数不符"

    def _closes_too_late(self, line: int, good: np.ndarray) -> bool:
        """Whether whole records stand between this line, whose quote is open, and the next quote: then ``_joins`` says
        no, whatever else comes. Mostly so where a quote is a slip, and much cheaper to find out than by reading on."""
        if self.dialect.quote is None or self.columns == 1 or self._literal_fields(line) < self.columns:
            return False
        afters, reach = self.lines.afters, min(line + MAX_RECORD_LINES, self.end) - 1
        found = self.data.find(self.dialect.quote.encode(), int(afters[line]), int(afters[reach]))
        closes = int(np.searchsorted(afters, found, side="right")) if found >= 0 else reach + 1
        return several(int(np.count_nonzero(good[line + 1 : closes])), self.columns)

    def _literal_fields(self, line: int) -> int:
        return self._line(line).count(self.dialect.delimiter) + 1

    def _joins(self, line: int, after: int, fields: int, good: np.ndarray) -> bool:
        """Lines ``line`` to ``after`` are one record, and not several of which two are damaged."""
        if fields not in (self.columns, self.width, self.most):
            return False
        if self.columns == 1:
            return True
        whole = int(np.count_nonzero(good[line + 1 : after]))
        return not several(whole, self.columns) or self._literal_fields(line) < self.columns

    def _accept(self, line: int, fields: list[str], after: int | None = None) -> None:
        tally = self.text.tally
        if self.substituted:
            fields = [field.replace(self.dialect.delimiter, self.text.layout.dialect.delimiter) for field in fields]
        if is_blank(fields):
            kind = source.BLANK
        elif _FRAME.fullmatch(self._line(line)) or (self.columns > 1 and is_drawn(fields)):
            kind = source.FRAME
        elif is_footer(fields, at_end=False):
            kind = source.FOOTER
        elif self.text.is_header(fields, line + self.first_line):
            kind = source.REPEATED_HEADER
        elif is_title(fields) and self._heads_next(line):
            kind = source.PREAMBLE
        elif self.columns <= len(fields) <= self.most and is_blank(fields[self.columns :]):
            self.careful_rows.append(line + self.first_line)
            self.careful.append(fields[: self.columns])
            return
        else:
            self._reject_width(line, len(fields), after)
            return
        tally.aside(kind, [line + self.first_line])

    def _heads_next(self, line: int) -> bool:
        """The header comes again below this line, a title of what follows."""
        below = range(line + 1, min(line + 1 + TITLE_LINES, len(self.lines)))
        filled = next((each for each in below if self._line(each).strip()), None)
        if filled is None:
            return False
        fields = read_record(self._line(filled), 0, self.dialect)[1]
        return self._heads_next(filled) if is_title(fields) else self.text.is_header(fields, filled + self.first_line)

    def _reject_width(self, line: int, fields: int, after: int | None = None) -> None:
        more = "，末列之后还有内容" if self.columns < fields <= self.most else ""
        self._reject(line, f"字段数不符：应为{self.columns}个，实为{fields}个{more}", after)

    def _reject(self, line: int, reason: str, after: int | None = None) -> None:
        stop = int(self.lines.stops[(after or line + 1) - 1])
        content = self._restore_bytes(self.data[int(self.lines.starts[line]) : stop]).decode(errors="replace")
        self.rejects.append(Reject(line + self.first_line, reason, content))

    def _line(self, line: int) -> str:
        return self.data[self.lines.starts[line] : self.lines.stops[line]].decode(errors="replace")

    def _restore_bytes(self, data: bytes) -> bytes:
        return data.replace(self.delimiter, self.text.layout.dialect.delimiter.encode()) if self.substituted else data

    def _careful_block(self) -> Block:
        columns = tuple(source.text_column([fields[i] for fields in self.careful]) for i in range(self.columns))
        return Block(self.text.columns, columns, pa.array(self.careful_rows, pa.int64()), tuple(self.rejects))
