"""dBASE and FoxPro tables (.dbf): records of fixed width behind a header that names the fields.

Read here and not by a library: the layout is fixed columns, and the libraries in use (dbfread, dbf) give numbers as
floats and lose the numbers of records that stand behind deleted ones; to us a number is its text and a record its
place. Layout: https://www.dbase.com/Knowledgebase/INT/db7_file_fmt.htm (level 5), Visual FoxPro "Table File Structure".
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from govdata.ingest import encodings, physical, source
from govdata.ingest.headers import Headers
from govdata.ingest.source import Block, Opened, Reject, Tally, Unreadable

VERSIONS = frozenset(b"\x03\x04\x30\x31\x32\x43\x63\x83\x8b\x8c\xcb\xf5\xfb")
BATCH = 20_000  # records made into columns at a time
_PAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5hkscs", 0x78: "big5hkscs"}
"""Code page mark (byte 29) → encoding. Chinese systems mostly leave it 0, or at that of the Windows it was written
on."""
_TEXT = "CDFLN"
_JULIAN = 1_721_426  # Julian day of 0001-01-01


@dataclass(frozen=True)
class Field:
    """``at``: the field's first byte in a record, whose first byte is the mark of deletion."""

    name: bytes
    type: str
    at: int
    width: int


@dataclass(frozen=True)
class Head:
    """What a table's header says: how many ``records``, of how many bytes, behind ``start``."""

    records: int
    start: int
    width: int
    page: int
    version: int
    fields: tuple[Field, ...]


def head_of(data: bytes) -> Head | None:
    """The header that ``data`` begins with; None where it is none."""
    if len(data) < 65 or data[0] not in VERSIONS:
        return None
    records, start, width = struct.unpack_from("<IHH", data, 4)
    if start < 65 or not 2 <= width <= 65_500 or not 1 <= data[2] <= 12 or not 1 <= data[3] <= 31:
        return None
    fields: list[Field] = []
    at = 1
    for place in range(32, min(start, len(data)) - 31, 32):
        if data[place] in (0x0D, 0x00):
            break
        entry = data[place : place + 32]
        type = chr(entry[11])
        size = entry[16] + (entry[17] << 8) if type == "C" else entry[16]
        fields.append(Field(entry[:11].partition(b"\0")[0], type, at, size))
        at += size
    if not fields or at != width or not all(field.type.isalnum() or field.type in "@+" for field in fields):
        return None
    return Head(records, start, width, data[29], data[0], tuple(fields))


class DbaseSource:
    """One table (shape of ``source.Source``). Records are numbered from 1, those marked as deleted too."""

    format: str = "dbf"
    sheet: str | None = None
    header: int | None = None
    from_1904: bool = False

    def __init__(self, path: Path, head: Head, encoding: str) -> None:
        self.path, self._head, self._encoding = path, head, encoding
        self._fields = [field for field in head.fields if field.type != "0"]  # FoxPro's flags of its own
        self.encoding: str | None = encoding.upper()
        self.columns = tuple(field.name.decode(encoding, "replace") for field in self._fields)
        self.tally = Tally()
        self.details = {"格式": "dBASE/FoxPro 表（dbf）", "编码": encoding.upper()}

    def blocks(self) -> Iterator[Block]:
        head = self._head
        self.tally.lines = head.records
        with open(self.path, "rb") as file:
            file.seek(head.start)
            for first in range(0, head.records, BATCH):
                count = min(BATCH, head.records - first)
                data = file.read(count * head.width)
                if len(data) < count * head.width:
                    raise Unreadable("dBASE表不完整：文件比表头所说的记录数短（可能在传输中被截断）")
                yield self._block(data, first)

    def physical(self) -> int:
        return physical.dbase_records(self.path, self._head.start, self._head.width)

    def _block(self, data: bytes, first: int) -> Block:
        width = self._head.width
        rows: list[int] = []
        records: list[list[str | None]] = []
        rejects: list[Reject] = []
        for number, start in enumerate(range(0, len(data), width), first + 1):
            record = data[start : start + width]
            if record[0] == 0x2A:
                self.tally.aside(source.DELETED, [number])
                continue
            try:
                values = [self._value(field, record[field.at : field.at + field.width]) for field in self._fields]
            except UnicodeDecodeError:
                rejects.append(Reject(number, "含有无法按文件编码识别的字节", record.decode(self._encoding, "replace")))
                continue
            if not any(values):
                self.tally.aside(source.BLANK, [number])
                continue
            rows.append(number)
            records.append(values)
        columns = tuple(source.text_column([record[place] for record in records]) for place in range(len(self.columns)))
        return Block(self.columns, columns, pa.array(rows, pa.int64()), tuple(rejects))

    def _value(self, field: Field, data: bytes) -> str | None:
        if field.type in _TEXT:
            text = data.rstrip(b"\0 ").decode(self._encoding)
            return None if field.type == "L" and text == "?" else text if field.type == "C" else text.strip()
        if field.type in "MGP":
            if data.strip(b"\0 "):
                raise Unreadable("dBASE表有备注型字段，其内容在另一个文件（.dbt、.fpt）里，请另存为xlsx或CSV后交付")
            return None
        if field.type == "I":
            return str(struct.unpack("<i", data)[0])
        if field.type == "Y":
            units = struct.unpack("<q", data)[0]
            return f"{'-' if units < 0 else ''}{abs(units) // 10_000}.{abs(units) % 10_000:04}"
        if field.type == "B":
            number = struct.unpack("<d", data)[0]
            return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
        day, milliseconds = struct.unpack("<ii", data)
        if not day:
            return None
        if not 0 <= milliseconds <= 86_400_000 or not _JULIAN <= day <= _JULIAN + 3_652_058:
            raise Unreadable("dBASE表中有损坏的日期时间，不能读取")
        moment = datetime.datetime(1, 1, 1) + datetime.timedelta(days=day - _JULIAN, milliseconds=milliseconds)
        return moment.isoformat(" ", "milliseconds" if moment.microsecond else "seconds")


_WIDTHS = {"I": 4, "Y": 8, "B": 8, "T": 8}


def open_dbase(path: Path, headers: Headers | None) -> Opened:
    """Open a table. Raises ``Unreadable`` for fields whose content is not in it, or whose form is not known."""
    with open(path, "rb") as file:
        head = head_of(file.read(65_536))
    if head is None:
        raise Unreadable("dBASE表的表头损坏，不能读取")
    strange = [
        field for field in head.fields if field.type not in _TEXT + "MGP0" and _WIDTHS.get(field.type) != field.width
    ]
    if strange:
        raise Unreadable(f"dBASE表有不支持的字段类型（{strange[0].type}），请另存为xlsx或CSV后交付")
    if path.stat().st_size < head.start + head.records * head.width:
        raise Unreadable("dBASE表不完整：文件比表头所说的记录数短（可能在传输中被截断）")
    page = _PAGES.get(head.page, "gb18030")
    made = DbaseSource(path, head, _encoding(path, head) if page == "gb18030" else page)
    with open(path, "rb") as file:
        file.seek(head.start)
        doubt = encodings.doubt(file.read(1 << 18)) if made.encoding == "GB18030" else ""
    if doubt:
        made.tally.tell("remark", encodings.DOUBTFUL.format(encoding="GB18030", doubt=doubt))
    return Opened((made,))


def _encoding(path: Path, head: Head) -> str:
    """UTF-8 where all texts are (GIS programs write so, whatever they mark), else GB18030. Names and texts are looked
    at one by one: a text cut off in the middle of a character is of neither."""
    names = [field.name for field in head.fields]
    texts = [field for field in head.fields if field.type == "C"]
    beyond = False
    with open(path, "rb") as file:
        file.seek(head.start)
        for _ in range(head.records):
            record = file.read(head.width)
            for value in [*names, *(record[field.at : field.at + field.width] for field in texts)]:
                if not value.isascii():
                    beyond = True
                    try:
                        value.decode("utf-8")
                    except UnicodeDecodeError:
                        return "gb18030"
            names = []
    return "utf-8" if beyond else "gb18030"


source.register("dbf", open_dbase)
