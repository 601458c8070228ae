"""Fuzzing of workbooks, JSON lines and Parquet: about 45 seconds of one core for 2,200 files."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt

from govdata.ingest.headers import Headers

from ..ingest.conftest import PEOPLE
from ..ingest.test_formats import PERSON, dbf, html, ods, person, xmlss
from .accounting import account
from .mutation import HEADER, HOSTILE, injure, values
from .test_text import keep

HEADERS = Headers(PEOPLE)
_XML = (
    b"<v>",
    b"</v>",
    b'<c r="XFD1048576"><v>1</v></c>',
    b"<c r='ZZ99999' t='s'><v>999999</v></c>",
    b't="s"',
    b't="e"',
    b't="b"',
    b't="str"',
    b"<f>A1+1</f>",
    b'<f>WEBSERVICE("http://example.org")</f>',
    b'<mergeCell ref="A2:A9"/>',
    b'<row r="5"/>',
    b'<row r="0">',
    b'r="A0"',
    b'r="AAAA1"',
    b's="99999"',
    b"&#0;",
    b"&#x1F600;",
    b"&amp;",
    b"&undefined;",
    b"]]>",
    b"<!--",
    b"<![CDATA[",
    b"-1",
    b"1e400",
    b"NaN",
    b"1E308",
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    b'date1904="1"',
    b'state="hidden"',
    b'<externalReference r:id="rId9"/>',
    b"2958466",
    b"-693594",
    b"0.00000001",
    b"&x;",
    b"\xff",
    b"\x00",
    b"<c/>",
    b"<row/>",
)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某市人口登记表"])
    sheet.append(HEADER)
    for row in values(9):
        sheet.append(row)
    sheet.append(["合计", 9])
    other = book.create_sheet("第二页")
    other.append(HEADER)
    other.append(["19010119900101003X", 3.5, None, "x"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("第一页")
    for number, row in enumerate([HEADER, *values(9)]):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rezipped(data: bytes, chance: random.Random) -> bytes:
    """The workbook with some of its parts injured inside, the archive itself being whole."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        hurt = chance.choice([name for name in names if name.endswith(".xml")])
        for name in names:
            content = source.read(name)
            if name == hurt:
                for _ in range(chance.choice((1, 2, 5))):
                    if chance.random() < 0.7:
                        edges = [at for at in range(len(content)) if content[at] in b"<>\"'"]
                        at = chance.choice(edges or [0]) + chance.randrange(2)
                        content = content[:at] + chance.choice(_XML) + content[at + chance.choice((0, 0, 5)) :]
                    else:
                        content = injure(content, chance)
            if chance.random() < 0.02:
                continue
            target.writestr(name, content)
    return out.getvalue()


def check(path: Path, data: bytes, headers: Headers | None) -> None:
    path.write_bytes(data)
    try:
        account(path, headers)
    except BaseException:
        keep(data)
        raise


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_to_a_workbook(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    seeds = [_xlsx(), _xls()]
    for _ in range(300):
        whole = seeds[chance.random() < 0.15]
        data = rezipped(whole, chance) if whole.startswith(b"PK") and chance.random() < 0.8 else injure(whole, chance)
        check(tmp_path / "a.xlsx", data, HEADERS if chance.random() < 0.7 else None)


@pytest.mark.slow
def test_whatever_is_done_to_tables_in_markup_and_to_dbase(tmp_path: Path) -> None:
    chance = random.Random(11)
    rows = [HEADER, *values(9)]
    records = [person([f"19010119900101{n:04}", "甲", "幸福路"]) for n in range(9)]
    seeds = [html(rows).encode(), xmlss(rows).encode(), ods(rows), dbf(PERSON, records)]
    for _ in range(400):
        whole = chance.choice(seeds)
        data = rezipped(whole, chance) if whole.startswith(b"PK") and chance.random() < 0.8 else injure(whole, chance)
        check(tmp_path / "a.xls", data, HEADERS if chance.random() < 0.7 else None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_to_an_archive(tmp_path: Path, seed: int) -> None:
    """Injuries to the archive itself, and to what it holds."""
    chance = random.Random(seed)
    table = "".join(",".join(row) + "\n" for row in [HEADER, *values(20)]).encode()
    for _ in range(250):
        inner = injure(table, chance) if chance.random() < 0.4 else table
        if chance.random() < 0.4:
            whole = gzip.compress(inner, mtime=0)
        else:
            out = io.BytesIO()
            with zipfile.ZipFile(
                out, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
            ) as archive:
                for name in dict.fromkeys(
                    chance.choice(["a.csv", "b/c.txt", *HOSTILE]) for _ in range(chance.choice([1, 2, 5]))
                ):
                    archive.writestr(name.replace("\x00", ""), chance.choice([inner, table]))
            whole = out.getvalue()
        check(
            tmp_path / "a.zip",
            whole if chance.random() < 0.3 else injure(whole, chance),
            HEADERS if chance.random() < 0.7 else None,
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_to_json_lines(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    odd: list[object] = [None, True, 1.50, -0.0, 10**30, [], {}, [1, {"a": "庚"}], {"姓名": "x"}, *HOSTILE]
    for _ in range(250):
        records = [dict(zip(HEADER, row, strict=True)) for row in values(chance.choice((1, 5, 20)))]
        for record in records:
            if chance.random() < 0.3:
                record[chance.choice([*HEADER, *HOSTILE])] = chance.choice(odd)  # type: ignore[assignment]
        ascii_only = chance.random() < 0.5 or any("\ud7ff" < c < "\ue000" for record in records for c in str(record))
        lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
        text = "\n".join(lines) if chance.random() < 0.9 else "[" + ",\n".join(lines) + "]"
        data = text.encode(
            chance.choice(("utf-8", "utf-8", "gb18030", "utf-16", "utf-8-sig")),
            "surrogatepass" if ascii_only else "strict",
        )
        for _ in range(chance.choice((0, 1, 1, 3))):
            data = injure(data, chance)
        check(tmp_path / "a.jsonl", data, HEADERS if chance.random() < 0.7 else None)


@pytest.mark.slow
def test_whatever_is_done_to_parquet(tmp_path: Path) -> None:
    chance = random.Random(5)
    out = io.BytesIO()
    rows = values(20)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(HEADER)}
    nested = {"数": [1.5] * 20, "列": [[1, 2]] * 20, "构": [{"a": 1}] * 20, '"; DROP TABLE x; --': list(range(20))}
    pq.write_table(pa.table(columns | nested), out)
    for _ in range(500):
        data = out.getvalue()
        for _ in range(chance.choice((1, 1, 2))):
            data = injure(data, chance)
        check(tmp_path / "a.parquet", data, HEADERS if chance.random() < 0.7 else None)


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    """A part of 300 MB that claims to be 1,000 bytes is not unpacked further than that."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with zipfile.ZipFile(io.BytesIO(_xlsx())) as source:
            for name in source.namelist():
                if name != "xl/sharedStrings.xml":
                    archive.writestr(name, source.read(name))
        with archive.open("xl/sharedStrings.xml", "w") as part:
            for _ in range(300):
                part.write(b" " * (1 << 20))
    data = path.read_bytes()
    real, claimed = struct.pack("<I", 300 << 20), struct.pack("<I", 1000)
    assert data.count(real) == 2
    path.write_bytes(data.replace(real, claimed))
    assert account(path, HEADERS) is None


def test_a_cell_far_from_the_table_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [HEADER, *values(3)]:
        book.active.append(row)
    book.active.cell(1_048_576, 16_384, "x")
    book.save(tmp_path / "a.xlsx")
    assert account(tmp_path / "a.xlsx", HEADERS) is None


def test_a_formula_without_a_saved_result_is_not_read_as_empty(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [HEADER, *values(3)]:
        book.active.append(row)
    book.active["C3"] = '=CONCAT("路",1)'
    book.save(tmp_path / "a.xlsx")
    assert account(tmp_path / "a.xlsx", HEADERS) is None
