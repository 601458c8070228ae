"""Random tables in random dialects are read back exactly, and whatever is done to a file, every physical record is
accounted for."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.ingest import encodings, text
from govdata.ingest.scan import scan

from .conftest import Bureau

HEADER = ["公民身份号码", "姓名", "住址", "备注信息"]
ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16"]
CELLS = st.text(st.sampled_from("甲乙女\u4e00𠮷ab190 ,;|\t\"'\n.\\^#"), max_size=9)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=12)


def written(rows: list[list[str]], delimiter: str, quoting: int, end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return out.getvalue()


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ROWS,
    st.sampled_from([",", "\t", "|", ";", "^"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from([1 << 24, 37]),
)
def test_tables_written_by_the_csv_module_are_read_back(
    rows: list[tuple[str, ...]], delimiter: str, quoting: int, end: str, encoding: str, size: int
) -> None:
    cells = [[f"19010119900101{number:04}", *row[1:]] for number, row in enumerate(rows)]
    # What evidently looks like several damaged records is not read as one: a cell with a whole record in a line of its
    # own.
    assume(not any(line.count(delimiter) >= 3 for row in cells for cell in row for line in cell.split("\n")))
    table = written([HEADER, *cells], delimiter, quoting, end)
    original = encodings.chunks, encodings.TAIL
    with tempfile.TemporaryDirectory() as folder:
        bureau = Bureau(Deployment(Path(folder)))
        encodings.TAIL = 1 if size < 100 else original[1]
        text.chunks = lambda path, enc, s=size, limit=None: original[0](path, enc, max(s, limit or 0), limit)  # type: ignore[assignment]
        try:
            records, rejects = bureau.one(table.encode(encoding))
        finally:
            encodings.TAIL, text.chunks = original[1], original[0]
    assert not rejects
    assert [record[1:] for record in records] == [tuple(cell or None for cell in row) for row in cells]
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=delimiter)
    starts = [1]
    starts += [reader.line_num + 1 for _ in reader]
    assert [record[0] for record in records] == starts[1:-1]


def _spoil(data: bytes, chance: random.Random) -> bytes:
    """One random injury: bytes changed, cut, doubled or put in."""
    at = chance.randrange(len(data) + 1)
    stop = min(len(data), at + chance.randrange(1, 40))
    junk = chance.choice(
        [
            b'"',
            b"\n",
            b"\r",
            b"\x00",
            b",",
            b"\xff",
            b'""',
            b"\xef\xbb\xbf",
            b"\n\n",
            "女".encode("gbk"),
            "甲乙".encode(),
            b"\\",
        ]
    )
    return chance.choice(
        [data[:at] + junk + data[at:], data[:at] + junk + data[stop:], data[:at] + data[stop:], data[:stop] + data[at:]]
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(ENCODINGS),
    st.sampled_from([",", "|", "\t", "||"]),
    st.integers(1, 6),
)
def test_nothing_is_lost_of_a_spoilt_file(chance: random.Random, encoding: str, delimiter: str, injuries: int) -> None:
    """Raw, rejects and lines that are no records add up to the lines a plain count of line ends gives, or the file is
    refused with a reason."""
    rows = [HEADER] + [
        [f"19010119900101{i:04}", chance.choice(["甲", '"乙,"', "丙女"]), "路" * (i % 3), "x"] for i in range(30)
    ]
    data = "".join(delimiter.join(row) + chance.choice(["\n", "\r\n"]) for row in rows).encode(encoding)
    for _ in range(injuries):
        data = _spoil(data, chance)
    with tempfile.TemporaryDirectory() as folder:
        bureau = Bureau(Deployment(Path(folder)))
        bureau.deliver("a.csv", data)
        try:
            batch = bureau.ingest()
        except DeliveryError as error:
            assert "出错" not in str(error) and "核对不符" not in str(error), str(error)
            return
        source = batch.sources[0]
        rows_seen = [row["_source_row"] for row in bureau.raw(batch)] + [
            row["_source_row"] for row in bureau.rejected(batch)
        ]
    assert len(rows_seen) == len(set(rows_seen)) == source.raw + source.rejected == source.delivered
    codec = {"UTF-8": "utf-8", "GB18030": "gb18030", "UTF-16-LE": "utf-16-le", "UTF-16-BE": "utf-16-be"}[
        (source.encoding or "").split("（")[0]
    ]
    shown = data.removeprefix(b"\xff\xfe") if codec.startswith("utf-16") else data.removeprefix(b"\xef\xbb\xbf")
    plain = shown.decode(codec, errors="surrogateescape" if codec == "utf-8" else "replace")
    lines = len(plain.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n"))
    if codec != "gb18030" and "\ufffd" not in plain:
        assert source.delivered + sum(source.not_records.values()) == lines


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,"'), max_size=12), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_scan_agrees_with_the_csv_module_line_by_line(rows: list[str], end: str) -> None:
    """A line that is not odd has, read alone by a strict reader, as many fields as the scan counts."""
    data = "".join(row + end for row in rows).encode()
    lines = scan(data, ord(","), ord('"'), None)
    assert len(lines) == len(rows)
    assert [data[a:b].decode() for a, b in zip(lines.starts, lines.stops, strict=True)] == rows
    for row, fields, odd in zip(rows, lines.fields.tolist(), lines.odd.tolist(), strict=True):
        if not odd:
            assert len(next(csv.reader([row], strict=True)) or [row]) == fields
        if '"' not in row:
            assert not odd and fields == row.count(",") + 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 199), st.text(st.sampled_from('ab,"'), max_size=12)), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_scan_of_few_quotes_is_the_scan_of_many(few: list[tuple[int, str]], end: str) -> None:
    """Where few lines have quotes the scan looks at those alone: what it finds must be what it finds when every line is
    looked at."""
    rows = ["x,y"] * 200
    for line, row in few:
        rows[line] = row
    data = "".join(row + end for row in rows).encode()
    lines = scan(data, ord(","), ord('"'), None)
    for number, row in enumerate(rows):
        alone = scan((row + end).encode(), ord(","), ord('"'), None)
        assert (lines.fields[number], lines.odd[number]) == (alone.fields[0], alone.odd[0])


def test_scan_in_steps(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    data = b"".join(b"a,b\r\n" if i % 3 else b'"x,y",' + b"z" * (i % 200) + b"\n" for i in range(3000))
    whole = scan(data, ord(","), ord('"'), None)
    for step in (16, 100, 5000):
        monkeypatch.setattr("govdata.ingest.scan._STEP", step)
        parts = scan(data, ord(","), ord('"'), None)
        for name in ("starts", "stops", "afters", "fields", "odd"):
            assert np.array_equal(getattr(whole, name), getattr(parts, name))
