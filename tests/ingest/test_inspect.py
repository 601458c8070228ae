"""``inspect`` reads a file without any contract, and ``write_csv`` gives its records back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from govdata.errors import DeliveryError
from govdata.ingest import inspect, write_csv

from .conftest import jsonl
from .test_workbook import plain, xlsx

ROWS = [
    [str(190101199001010000 + i), "某" * (i % 3 + 1), f"幸福路{i}号", f"1990-01-{i % 28 + 1:02}"] for i in range(40)
]
HEADER = ["身份证号", "姓名", "地址", "出生日期"]


def made(tmp_path: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";", "|!|", "^^", "||", "@#@", "\x01", "~", "，"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("title", ["", "某市人口登记表\n\n"])
def test_text_of_any_dialect(tmp_path: Path, delimiter: str, encoding: str, title: str) -> None:
    table = title + "".join(delimiter.join(row) + "\r\n" for row in [HEADER, *ROWS]) + "合计\r\n"
    path = made(tmp_path, table.encode(encoding))
    out = tmp_path / "clean.csv"
    result = write_csv(path, out)
    (page,) = result.tables
    assert page.columns == tuple(HEADER) and page.records == 40 and page.rejected == 0
    assert page.details["表头行"] == ("3" if title else "1")
    assert list(csv.reader(io.StringIO(out.read_text(encoding="utf-8")))) == [HEADER, *ROWS]
    assert inspect(path) == result


def test_rejects_are_told_by_reason_and_line_without_their_content(tmp_path: Path) -> None:
    rows = [",".join(row) for row in [HEADER, *ROWS]]
    rows[5], rows[9], rows[12] = rows[5] + ",x", rows[9] + ",x", '1,"abc,d,e'
    page = inspect(made(tmp_path, "\n".join(rows))).tables[0]
    assert page.rejects == {"字段数不符：应为4个，实为5个": 2, "引号未闭合": 1} and sorted(page.rejected_rows) == [
        6,
        10,
        13,
    ]
    assert page.lines == 41 and page.records == 37 and page.not_records == {"表头": 1}
    assert not any(cell in repr(page) for row in ROWS for cell in row)


def test_text_without_header(tmp_path: Path) -> None:
    page = inspect(made(tmp_path, "\n".join(",".join(row) for row in ROWS))).tables[0]
    assert page.columns == ("列1", "列2", "列3", "列4") and page.records == 40 and page.details["表头行"] == "无"


@pytest.mark.parametrize("names", [False, True])
def test_what_has_no_header_is_written_without_one(tmp_path: Path, names: bool) -> None:
    out = tmp_path / "out.csv"
    result = write_csv(made(tmp_path, "\n".join(",".join(row) for row in ROWS)), out, names=names)
    written = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert written == [*([["列1", "列2", "列3", "列4"]] if names else []), *ROWS] and not result.headed


def test_one_column(tmp_path: Path) -> None:
    page = inspect(made(tmp_path, "姓名\n甲某\n\n乙某\n")).tables[0]
    assert page.columns == ("姓名",) and page.records == 2


def test_workbook(tmp_path: Path) -> None:
    def fill(book) -> None:  # type: ignore[no-untyped-def]
        for name in ("一", "二"):
            page = book.add_worksheet(name)
            page.merge_range("A1:D1", "人口登记表")
            for number, row in enumerate([HEADER, *ROWS], 1):
                page.write_row(number, 0, row)
        book.add_worksheet("空")

    path = made(tmp_path, xlsx(fill), "a.xlsx")
    out = tmp_path / "clean.csv"
    result = write_csv(path, out)
    assert [(page.sheet, page.columns, page.records) for page in result.tables] == [
        ("一", tuple(HEADER), 40),
        ("二", tuple(HEADER), 40),
    ]
    assert result.ignored == {"空": "空工作表"} and result.records == 80
    assert list(csv.reader(io.StringIO(out.read_text(encoding="utf-8")))) == [HEADER, *ROWS, *ROWS]


def test_json_lines(tmp_path: Path) -> None:
    path = made(tmp_path, jsonl({"b": 1, "a": "x"}, {"a": "y,z"}) + "broken\n", "a.jsonl")
    out = tmp_path / "clean.csv"
    result = write_csv(path, out)
    assert result.tables[0].columns == ("b", "a") and result.rejected == 1
    assert list(csv.reader(io.StringIO(out.read_text(encoding="utf-8")))) == [["b", "a"], ["1", "x"], ["", "y,z"]]


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "空文件"), (b"%PDF-1.4", "PDF"), (b"PK\x03\x04xx", "不完整"), (b"\n \n", "没有内容")]
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(DeliveryError, match=reason):
        inspect(made(tmp_path, content))


def test_a_workbook_of_one_sheet_without_header(tmp_path: Path) -> None:
    page = inspect(made(tmp_path, plain(ROWS), "a.xlsx")).tables[0]
    assert page.columns == ("列1", "列2", "列3", "列4") and page.records == 40
