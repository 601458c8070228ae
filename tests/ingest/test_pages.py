"""A table that was printed page by page: what each page begins and ends with is no record."""

from __future__ import annotations

import pytest

from .conftest import Bureau
from .test_edges import HEAD, ROWS, WANTED, book

FIRST, SECOND = ROWS[:3], ROWS[3:]


def padded(*lines: list[str]) -> str:
    return "".join(",".join([*line, *[""] * (len(HEAD) - len(line))]) + "\r\n" for line in lines)


def bare(*lines: list[str]) -> str:
    return "".join(",".join(line) + "\r\n" for line in lines)


PAGES: dict[str, list[list[str]]] = {
    "a title for each part": [["东岭区"], HEAD, *FIRST, ["西岭区"], HEAD, *SECOND],
    "a title of two lines": [["东岭区"], ["2024年"], HEAD, *FIRST, [""], ["西岭区"], ["2024年"], HEAD, *SECOND],
    "a subtotal that holds its number": [HEAD, *FIRST, ["本页小计：3人"], *SECOND, ["本页小计：3人"], ["总计：6人"]],
    "a subtotal of a place": [HEAD, *FIRST, ["东岭区小计 3 人"], *SECOND, ["西岭区小计 3 人"]],
    "numbered pages": [HEAD, *FIRST, ["第1页 共2页"], HEAD, *SECOND, ["第2页 共2页"]],
    "all of it": [["东岭区"], HEAD, *FIRST, ["小计：3"], ["西岭区"], HEAD, *SECOND, ["小计：3"], ["合计：6"]],
}


@pytest.mark.parametrize("lines", PAGES.values(), ids=PAGES)
def test_what_pages_begin_and_end_with_is_no_record(bureau: Bureau, lines: list[list[str]]) -> None:
    for name, content in (("a.csv", padded(*lines)), ("a.xlsx", book(lines))):
        records, rejected = bureau.one(content, name)
        assert [record[1:] for record in records] == WANTED, name
        assert not rejected
        (bureau.landing / name).unlink()


def test_a_title_without_separators_is_none_either(bureau: Bureau) -> None:
    records, rejected = bureau.one(bare(*PAGES["a title of two lines"]))
    assert [record[1:] for record in records] == WANTED
    assert not rejected


def test_words_alone_in_a_line_are_a_reject_where_no_header_follows(bureau: Bureau) -> None:
    records, rejected = bureau.one(bare(HEAD, *FIRST, ["西岭区"], *SECOND))
    assert [record[1:] for record in records] == WANTED
    assert [reason for _, reason, _ in rejected] == ["字段数不符：应为4个，实为1个"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("本页共3人", None),
        ("总计：6人", "total_agrees"),
        ("总计：7人", "total_differs"),
        ("Time taken: 0.512 seconds, Fetched: 6 row(s)", "total_agrees"),
        ("Fetched 7 row(s) in 0.12s", "total_differs"),
        ("  6 record(s) selected.", "total_agrees"),
        ("已用时间: 1.234(毫秒). 执行号:5.", None),
    ],
)
def test_a_number_below_the_table_is_held_against_the_records_it_counts(
    bureau: Bureau, said: str, kind: str | None
) -> None:
    bureau.deliver("a.csv", bare(HEAD, *ROWS, [said]))
    batch = bureau.ingest()
    assert (batch.rows, batch.rejected) == (6, 0)
    told = {note.kind for note in batch.sources[0].notes} & {"total_agrees", "total_differs"}
    assert told == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("附件2 人口底册（共6人）", "total_agrees"),
        ("附件2 人口底册（共7人）", "sum_differs"),
        ("导出记录数：7", "total_differs"),
        ("本次导出共7条", "total_differs"),
        ("2024年第7期", None),
    ],
)
def test_a_number_above_the_table_is_too_but_a_title_may_count_something_else(
    bureau: Bureau, said: str, kind: str | None
) -> None:
    for name, content in (("a.csv", bare([said], HEAD, *ROWS)), ("a.xlsx", book([[said], HEAD, *ROWS]))):
        path = bureau.deliver(name, content)
        batch = bureau.ingest()
        assert batch.rows == 6
        told = {note.kind for note in batch.sources[0].notes} & {"total_agrees", "total_differs", "sum_differs"}
        assert told == ({kind} if kind else set()), name
        path.unlink()


def test_blanks_before_every_quote_belong_to_no_field(bureau: Bureau) -> None:
    lines = "".join(",".join(f' "{cell}"' for cell in row) + "\n" for row in [HEAD, *ROWS])
    records, _ = bureau.one(lines)
    assert [record[1:] for record in records] == WANTED
