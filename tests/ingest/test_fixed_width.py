"""Text in columns of fixed width, by the contract's header: screens, characters, bytes, SQL*Plus."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import pytest

from .conftest import Bureau

HEAD = ["公民身份号码", "姓名", "住址", "备注信息"]
ROWS = [
    ["190101199001011011", "甲 某", "幸福路1号", "备1"],
    ["190101199002012012", "欧阳乙", "", "备2"],
    ["190101199003013013", "丙", "幸福路3号 2单元", ""],
]
WANTED = [tuple(cell or None for cell in row) for row in ROWS]
WIDTHS = (20, 10, 24, 10)


def screen(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def columns(rows: Sequence[Sequence[str]], measure: Callable[[str], int] = screen) -> str:
    lines = (
        "".join(cell + " " * (width - measure(cell)) for cell, width in zip(row, WIDTHS, strict=True)) for row in rows
    )
    return "".join(line.rstrip() + "\r\n" for line in lines)


@pytest.mark.parametrize(
    "measure", [screen, len, lambda text: len(text.encode())], ids=["screen", "characters", "bytes"]
)
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_columns_are_found_by_the_header(bureau: Bureau, measure: Callable[[str], int], codec: str) -> None:
    records, rejects = bureau.one(columns([HEAD, *ROWS], measure).encode(codec), "a.txt")
    assert [record[1:] for record in records] == WANTED and not rejects


def test_what_sqlplus_spools(bureau: Bureau) -> None:
    rule = "-" * 18 + "  " + "-" * 8 + "  " + "-" * 22 + "  " + "-" * 8 + "\r\n"
    page = columns([HEAD]) + rule
    text = "\r\nSQL> select * from t;\r\n\r\n" + page + columns(ROWS[:2]) + "\r\n" + page + columns(ROWS[2:])
    bureau.deliver("a.txt", text + "\r\n已选择3行。\r\n\r\nSQL> spool off\r\n")
    batch = bureau.ingest()
    assert [record[1:] for record in bureau.records(batch)] == WANTED and not batch.rejected
    notes = {note.kind: note.count for source in batch.sources for note in source.notes}
    assert notes["repeated_header"] == 1 and notes["frame"] == 2 and notes["total_agrees"] == 1


def test_a_value_over_the_edge_costs_its_line(bureau: Bureau) -> None:
    rows = [*ROWS * 7, ["190101199004014014", "丁某某某某某", "", ""]]
    text = columns([HEAD, *ROWS * 7]) + "190101199004014014  丁某某某某某某幸福路4号\r\n"
    records, rejects = bureau.one(text, "a.txt")
    assert len(records) == len(rows) - 1 and [(row, reason[:7]) for row, reason, _ in rejects] == [
        (23, "与表头的列不对")
    ]


def test_single_blanks_are_separators(bureau: Bureau) -> None:
    text = "".join(
        " ".join(row) + "\n" for row in [["GMSFHM", "XM", "ZZ"], ["19A", "甲", "路1号"], ["19BBBB", "乙某", "街"]]
    )
    assert [record[1:4] for record in bureau.one(text, "a.txt")[0]] == [
        ("19A", "甲", "路1号"),
        ("19BBBB", "乙某", "街"),
    ]
