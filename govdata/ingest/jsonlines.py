"""JSON lines: one object a line. Lines that all look alike are read together (``jsonplain``); DuckDB takes most others
apart; the lines whose numbers it would rewrite (1.50 is not 1.5 to us) and those it is too tolerant about go through
Python's strict parser, which keeps a number's text. A small file that is one array of objects, or an object around one
(``jsonwrapped``), is read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from govdata.ingest import jsonwrapped, physical, source
from govdata.ingest.encodings import Encoding, chunks
from govdata.ingest.encodings import detect as detect_encoding
from govdata.ingest.headers import Headers
from govdata.ingest.jsonplain import plain_lines
from govdata.ingest.scan import scan
from govdata.ingest.source import Block, Opened, Reject, Tally, Unreadable
from govdata.storage import sql

MAX_ARRAY = 64 << 20  # bytes of a file that is one JSON array
MAX_COLUMNS = 1000
_CHUNK = 8 << 20

# Lines for the strict parser: a number DuckDB would not give back as written (fractions ending in 0 or long, exponents,
# 16 digits and more,
# minus zero), and what it allows beyond JSON (trailing commas, NaN, Infinity, comments). A match inside a string does
# no harm.
_DELICATE = (
    r'\{\s*"\$|'  # MongoDB's {"$date":…}
    r"[:\[,]\s*-?(\d+\.\d*0\b|\d+\.\d{13,}|\d+(\.\d+)?[eE]|\d{16,}|0\s*[,}\]]?-|-0)|,\s*[}\]]|[nN]a[nN]|[iI]nf|/[/*]"
)
NOT_JSON = "不是合法的JSON"
NOT_OBJECT = "不是JSON对象"
KEY_TWICE = "同一个键出现两次"


class _Number(str):
    """A number's text as delivered."""


class _KeyTwice(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _KeyTwice
    return made


def _constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_Number, parse_int=_Number, parse_constant=_constant)


def _dump(value: Any) -> str:
    """A nested value as JSON text with its numbers as delivered."""
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_dump(inner)}" for key, inner in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


_OF_A_TYPE = {"$date", "$oid", "$numberLong", "$numberInt", "$numberDecimal", "$numberDouble"}
"""MongoDB's extended JSON (v2) writes a value that JSON has no type for as an object of one such key."""


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return str(value) if value else None
    if isinstance(value, dict) and len(value) == 1 and set(value) <= _OF_A_TYPE:
        return _text(next(iter(value.values())))  # of $date an ISO 8601 text, or again a $numberLong of milliseconds
    return _dump(value)


def parse(line: str) -> dict[str, str | None] | str:
    """One line's values as text, or the reason it is rejected for."""
    try:
        value = _DECODER.decode(line.strip().removeprefix("\ufeff"))
        if "\\ud" in line.lower():
            _dump(value).encode()  # half a character beyond the first plane: no text can hold it
    except _KeyTwice:
        return KEY_TWICE
    except (ValueError, RecursionError):
        return NOT_JSON
    if not isinstance(value, dict):
        return NOT_OBJECT
    return {key: _text(inner) for key, inner in value.items()}


class JsonLinesSource:
    """One file of JSON lines (shape of ``source.Source``). Its columns are the keys seen at the beginning; blocks bring
    later ones."""

    format: str = "jsonlines"
    sheet: str | None = None
    header: int | None = None
    from_1904: bool = False

    def __init__(self, path: Path, encoding: Encoding, columns: tuple[str, ...]) -> None:
        self.path, self._encoding, self.columns = path, encoding, columns
        self.encoding: str | None = encoding.label
        self.tally = Tally()
        self.details = {"格式": "JSON行", "编码": encoding.label}

    def blocks(self) -> Iterator[Block]:
        with sql.connect(threads=2, ordered=True) as connection:
            for chunk in chunks(self.path, self._encoding, _CHUNK):
                yield from source.in_order(list(self._chunk(connection, chunk.data, chunk.faults)))

    def physical(self) -> int:
        return physical.lines(self.path, self._encoding)

    def _chunk(self, connection: duckdb.DuckDBPyConnection, data: bytes, faults: dict[int, str]) -> Iterator[Block]:
        lines = scan(data, 10, None, None)
        first = self.tally.lines + 1
        self.tally.lines += len(lines)
        offsets = np.concatenate([lines.starts, lines.afters[-1:]]).astype(np.int32)
        texts = pa.StringArray.from_buffers(len(lines), pa.py_buffer(offsets), pa.py_buffer(data))
        faulty = np.zeros(len(lines), bool)
        faulty[[line for line in faults if line < len(lines)]] = True
        rejects = [
            Reject(line + first, why, data[lines.starts[line] : lines.stops[line]].decode(errors="replace"))
            for line, why in faults.items()
        ]
        read = faulty.copy()
        for chosen, keys, columns in plain_lines(data, lines, ~faulty):
            read[chosen] = True
            yield Block(keys, tuple(columns), pa.array(chosen + first, pa.int64()))
        if read.all():
            if rejects:
                yield Block((), (), pa.array([], pa.int64()), tuple(rejects))
            return
        delivered = pa.table(
            {
                "line": texts,
                "row": pa.array(np.arange(first, first + len(lines)), pa.int64()),
            }
        )
        connection.register("delivered", delivered.filter(pa.array(~read)))
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE judged AS
            SELECT line, "row", CASE WHEN regexp_full_match(line, '[ \t\r\n\ufeff]*') THEN 'blank'
                                     WHEN starts_with(line, '\ufeff') OR regexp_matches(line, ?)
                                          OR NOT json_valid(line) THEN 'strict'
                                     WHEN json_type(line) <> 'OBJECT' THEN 'strict' ELSE 'plain' END AS way
            FROM delivered
            """.replace("\\t", "\t"),
            [_DELICATE],
        )
        connection.unregister("delivered")
        blank = connection.execute("""SELECT "row" FROM judged WHERE way = 'blank'""").fetchall()
        self.tally.aside(source.BLANK, (row for (row,) in blank))
        yield from self._plain(connection)
        strict = connection.execute(
            """SELECT line, "row" FROM judged WHERE way = 'strict' ORDER BY "row" """
        ).fetchall()
        yield strict_block(strict, rejects)

    def _plain(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Block]:
        shapes = connection.execute("SELECT DISTINCT json_keys(line) FROM judged WHERE way = 'plain'").fetchall()
        twice = [keys for (keys,) in shapes if len(set(keys)) != len(keys)]
        if twice:
            connection.execute(
                "UPDATE judged SET way = 'strict' WHERE way = 'plain' AND list_contains(?, json_keys(line))", [twice]
            )
        keys = list(dict.fromkeys(key for (shape,) in shapes for key in shape))
        if not keys:
            empty: pa.Table = connection.sql("""SELECT "row" FROM judged WHERE way = 'plain'""").to_arrow_table()
            if empty.num_rows:  # empty objects are records without values
                yield Block((), (), empty.column("row").cast(pa.int64()))
            return
        if len(keys) > MAX_COLUMNS or any('"' in key or "\\" in key for key in keys):
            connection.execute(
                "UPDATE judged SET way = 'strict' WHERE way = 'plain'"
            )  # what a path cannot name, or not cheaply
            return
        paths = [f'$."{key}"' for key in keys]
        names = ", ".join(f"nullif(cells[{number}], '')" for number in range(1, len(keys) + 1))
        found: pa.Table = connection.sql(
            f"""SELECT "row", {names}
                FROM (SELECT "row", json_extract_string(line, ?::VARCHAR[]) AS cells
                      FROM judged WHERE way = 'plain')""",
            params=[paths],
        ).to_arrow_table()
        columns = tuple(column.cast(pa.string()) for column in found.columns[1:])
        yield Block(tuple(keys), columns, found.column(0).cast(pa.int64()))


def strict_block(lines: list[tuple[str, int]], rejects: list[Reject]) -> Block:
    """A block from (text, row) pairs by the strict parser."""
    records: list[dict[str, str | None]] = []
    rows: list[int] = []
    for line, row in lines:
        parsed = parse(line)
        if isinstance(parsed, str):
            rejects.append(Reject(row, parsed, line.rstrip("\r\n")))
        else:
            records.append(parsed)
            rows.append(row)
    keys = tuple(dict.fromkeys(key for record in records for key in record))
    columns = tuple(source.text_column([record.get(key) for record in records]) for key in keys)
    return Block(keys, columns, pa.array(rows, pa.int64()), tuple(rejects))


class JsonArraySource:
    """One array of objects; ``row`` is the object's ordinal (shape of ``source.Source``)."""

    format: str = "json"
    sheet: str | None = None
    header: int | None = None
    from_1904: bool = False

    def __init__(
        self, path: Path, encoding: Encoding, items: list[Any], wrapped: jsonwrapped.Wrapped | None = None
    ) -> None:
        self._path, self._encoding, self._depth = path, encoding, wrapped.depth if wrapped else 0
        self._items = items
        self.columns = _keys(items)
        self.encoding: str | None = encoding.label
        self.tally = Tally()
        self.details = {"格式": "JSON数组", "编码": encoding.label} | (wrapped.said if wrapped else {})
        if wrapped:
            self.tally.tell("remark", wrapped.said["格式"])
        if wrapped and wrapped.missing:
            self.details["声明的总数"] = wrapped.missing
            self.tally.tell("total_differs", wrapped.missing)

    def physical(self) -> int:
        return physical.elements(_text_of(self._path, self._encoding), self._depth)

    def blocks(self) -> Iterator[Block]:
        self.tally.lines = len(self._items)
        rows = [(_text(item) or "", row) for row, item in enumerate(self._items, 1)]
        yield strict_block(rows, [])


def _keys(items: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for item in items if isinstance(item, dict) for key in item))


_ACTIONS = ({"index"}, {"create"}, {"update"})
"""Keys of the lines between which Elasticsearch's bulk files have their records."""


def open_json(path: Path, headers: Headers | None) -> Opened:
    """Open JSON lines or one JSON array of objects."""
    encoding = detect_encoding(path)
    sample = next(chunks(path, encoding, 1 << 20, limit=1 << 20), None)
    text = sample.data.decode(errors="replace").removeprefix("\ufeff") if sample else ""
    if text.lstrip().startswith("["):
        return _open_array(path, encoding, headers)
    lines = [line for line in text.splitlines() if line.strip()]
    parsed = [parse(line) for line in lines[:2000]]
    if (len(lines) == 1 or not isinstance(parsed[0], dict)) and (
        wrapped := jsonwrapped.find(_document(path, encoding), headers)
    ):
        return Opened((JsonArraySource(path, encoding, wrapped.items, wrapped),))
    if not any(isinstance(record, dict) for record in parsed):
        raise Unreadable("不是JSON行格式：开头没有一行是完整的JSON对象（一行一个对象，不要换行排版）")
    if len(parsed) > 1 and all(isinstance(line, dict) and set(line) in _ACTIONS for line in parsed[:4:2]):
        raise Unreadable('批量导入格式（每条记录上面有一行操作，如{"index":…}），请导出为一行一个对象的JSON行')
    if envelope := jsonwrapped.envelope([json.loads(lines[0])] if isinstance(parsed[0], dict) else [], headers):
        raise Unreadable(f"每行的记录在键“{envelope}”里面，请只导出其中的记录，一行一个对象")
    return Opened((JsonLinesSource(path, encoding, _keys(parsed)),))


def _open_array(path: Path, encoding: Encoding, headers: Headers | None) -> Opened:
    items = _document(path, encoding)
    if items is None:
        raise Unreadable("不是合法的JSON数组（可能被截断）")
    if not items:
        raise Unreadable("JSON数组为空")
    wrapped = jsonwrapped.find(items, headers)
    return Opened((JsonArraySource(path, encoding, wrapped.items if wrapped else items, wrapped),))


def _document(path: Path, encoding: Encoding) -> Any:
    """The whole file as one JSON value; None where it is none."""
    if path.stat().st_size > MAX_ARRAY:
        raise Unreadable(f"整个文件是一个JSON，超过{MAX_ARRAY >> 20} MB，请改为一行一个对象（JSON行）")
    try:
        return _DECODER.decode(_text_of(path, encoding))
    except (ValueError, RecursionError):
        return None


def _text_of(path: Path, encoding: Encoding) -> str:
    parts = list(chunks(path, encoding, MAX_ARRAY * 2))
    if any(part.faults for part in parts):
        raise Unreadable("JSON文件中有无法识别编码的字节")
    return b"".join(part.data for part in parts).decode().removeprefix("\ufeff").strip()


source.register("jsonlines", open_json)
