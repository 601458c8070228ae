"""The second count: what a file holds, by a pass that shares nothing with its reader, and what happens where the two
differ."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import xlwt  # type: ignore[import-untyped]

from govdata.errors import DeliveryError
from govdata.ingest import formats, physical, text
from govdata.ingest.encodings import Encoding, detect
from govdata.ingest.headers import Headers
from govdata.ingest.source import Block

from .conftest import PEOPLE, Bureau
from .test_formats import PERSON, dbf, person
from .test_workbook import HEADER, plain, xlsx

TEXTS = {
    "plain": ("a,b\n1,2\n", 2),
    "last line without end": ("a,b\n1,2", 2),
    "CR LF": ("a,b\r\n1,2\r\n", 2),
    "CR": ("a,b\r1,2\r", 2),
    "mixed": ("a\r\n\rb\n\r\nc", 5),
    "blank lines": ("\n\n\n", 3),
}


@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
def test_lines(bureau: Bureau, monkeypatch: pytest.MonkeyPatch, encoding: str, case: str, piece: int) -> None:
    written, lines = TEXTS[case]
    path = bureau.deliver("a.csv", written.encode(encoding))
    monkeypatch.setattr(physical, "_PIECE", piece * (2 if "16" in encoding else 1))
    assert physical.lines(path, Encoding(encoding)) == lines


@pytest.mark.parametrize(
    ("document", "depth", "count"),
    [
        ('[{"a":1},{"a":[{"b":2},{"b":3}]},{"a":"[{,}]"}]', 0, 3),
        ("[1, 2, [3, 4], null]", 0, 4),
        ("[ ]", 0, 0),
        ("[true]", 0, 1),
        ('{"code":200,"data":[{"a":"\\"},{"},{"a":[{"c":1}]}]}', 1, 2),
        ('{"x":["a","b"],"body":{"rows":[{"a":1},{"a":2},{"a":3}]}}', 2, 3),
    ],
)
def test_elements(document: str, depth: int, count: int) -> None:
    assert physical.elements(document, depth) == count


def _xls() -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("人口")
    for column, title in enumerate(HEADER):
        page.write(2, column, title)
    page.write(4, 0, "1")
    page.write(4, 1, "甲")
    page.write(5, 0, "2")
    page.write(5, 1, "乙")
    page.write(6, 0, "  ")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], int]] = {
    "a.xlsx": (lambda: plain([[], HEADER, ["1", "甲"], [], ["2", "乙"], [" "]]), 6),
    "a.xls": (_xls, 7),
    "a.dbf": (lambda: dbf(PERSON, [person(("1", "甲", "路")), person(("2", "乙", "路"), b"*")]), 2),
    "a.json": (lambda: '[{"GMSFHM":"1","XM":"甲"},{"GMSFHM":"2","XM":"乙"}]'.encode(), 2),
    "b.json": (lambda: '{"data":[{"GMSFHM":"1","XM":"甲"},{"GMSFHM":"2","XM":"乙"}]}'.encode(), 2),
    "a.jsonl": (lambda: '{"GMSFHM":"1","XM":"甲"}\n\n{"GMSFHM":"2","XM":"乙"}\n'.encode(), 3),
    "a.html": (lambda: ("<table><tr><td>GMSFHM<td>XM<tr><td>1<td>甲</table>" + " " * 40).encode(), 2),
}


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_read_or_rejected_or_set_aside(bureau: Bureau, name: str) -> None:
    make, lines = FILES[name]
    bureau.deliver(name, make())
    batch = bureau.ingest()
    assert batch.physical == lines
    assert batch.physical == batch.rows + batch.duplicates + batch.rejected + batch.set_aside


def test_a_file_twice_and_an_unread_sheet_are_counted_too(bureau: Bureau) -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("人口").write_row(0, 0, HEADER)
        book.get_worksheet_by_name("人口").write_row(1, 0, ["1", "甲"])
        page = book.add_worksheet("填表说明")
        page.write(0, 0, "第一条")
        page.write(2, 0, "第二条")

    content = xlsx(fill)
    bureau.deliver("a.xlsx", content)
    bureau.deliver("b.xlsx", content)
    batch = bureau.ingest()
    assert (batch.physical, batch.rows, batch.duplicates, batch.rejected, batch.set_aside) == (8, 1, 1, 0, 6)
    kinds = [note.kind for source in batch.sources if source.name == "b.xlsx" for note in source.notes]
    assert kinds.count("duplicate") == 1 and "rejected" not in kinds


def test_a_reader_that_loses_a_line_is_found_out(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's own tally agrees with what it gave: only the second count knows better."""
    bureau.deliver("a.csv", "GMSFHM,XM,ZZ,BZ\n1,甲,路,x\n2,乙,路,x\n")
    whole = text.chunks

    def shorter(*arguments: Any, **named: Any) -> Iterator[Any]:
        for chunk in whole(*arguments, **named):
            yield type(chunk)(chunk.data.replace("2,乙,路,x\n".encode(), b""), chunk.faults, chunk.last)

    monkeypatch.setattr(text, "chunks", shorter)
    with pytest.raises(DeliveryError, match="行数核对不符：另行清点文件得 3 行，读取时见到 2 行"):
        bureau.ingest()


def test_two_rows_of_one_number_are_not_one(bureau: Bureau) -> None:
    """The workbook's reader keeps the last of two rows that claim the same place."""
    cell = '<c r="{0}" t="inlineStr"><is><t>{1}</t></is></c>'
    rows = [("1", HEADER), ("2", ["1", "甲"]), ("2", ["2", "乙"])]
    body = "".join(
        f'<row r="{row}">{"".join(cell.format("ABCD"[n] + row, text) for n, text in enumerate(texts))}</row>'
        for row, texts in rows
    )
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain([HEADER]))) as made, zipfile.ZipFile(content, "w") as out:
        for part in made.namelist():
            data = made.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                data = data.partition("<sheetData>")[0] + f"<sheetData>{body}</sheetData></worksheet>"
            out.writestr(part, data)
    bureau.deliver("a.xlsx", content.getvalue())
    with pytest.raises(DeliveryError, match="另行清点文件得 3 行，读取时见到 2 行"):
        bureau.ingest()


def test_saved_empty_texts_are_nothing(bureau: Bureau) -> None:
    """Export programs write a text, an empty one, into every cell of a formatted row."""

    def fill(book: Any) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, ["1", "甲"])
        for row in (2, 3):
            page.write_string(row, 1, " ")

    bureau.deliver("a.xlsx", xlsx(fill))
    assert bureau.ingest().rows == 1


def test_records_behind_those_a_header_counts_are_not_lost(bureau: Bureau) -> None:
    content = bytearray(dbf(PERSON, [person((str(n), "甲", "路")) for n in range(3)]))
    content[4] = 2
    bureau.deliver("a.dbf", bytes(content))
    with pytest.raises(DeliveryError, match="另行清点文件得 3 行，读取时见到 2 行"):
        bureau.ingest()


def test_rows_outside_of_every_table_are_not_lost(bureau: Bureau) -> None:
    page = "<table><tr><td>GMSFHM<td>XM</tr><tr><td>1<td>甲</tr></table><tr><td>2<td>乙</tr>" + " " * 40
    bureau.deliver("a.html", page)
    with pytest.raises(DeliveryError, match="文件中数得 3 行，读到 2 行"):
        bureau.ingest()


def test_the_count_is_asked_of_every_format(bureau: Bureau) -> None:
    for name, (make, lines) in FILES.items():
        path = bureau.deliver(name, make())
        for source in formats.open_file(path, Headers(PEOPLE))[1].sources:
            blocks: list[Block] = list(source.blocks())
            assert blocks and source.physical() == source.tally.lines == lines, name
    assert detect(bureau.deliver("x.csv", "a,b\n")).name == "utf-8"
