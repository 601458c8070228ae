"""What is set aside while reading is noted with kind, place and count; numbers a file gives are held against it."""

from __future__ import annotations

from typing import Any

import pytest

from govdata.batches import RawBatch

from .conftest import Bureau
from .test_workbook import HEADER, plain, xlsx

ROWS = "GMSFHM,XM,ZZ,BZ\n" + "".join(f"{n},甲,路,{10 * n}\n" for n in range(1, 9))


def noted(batch: RawBatch, *kinds: str) -> list[tuple[str, int, int | None, int | None]]:
    return [
        (note.kind, note.count, note.first_row, note.last_row)
        for source in batch.sources
        for note in source.notes
        if note.kind in kinds or not kinds
    ]


def told(batch: RawBatch, kind: str) -> list[str]:
    return [note.reason for source in batch.sources for note in source.notes if note.kind == kind]


def test_lines_of_a_text_with_their_places(bureau: Bureau) -> None:
    bureau.deliver("a.csv", f'登记表\n\n{ROWS}\nGMSFHM,XM,ZZ,BZ\n9,x\n10,"y\nz",路,x\n合计,,,\n\n制表人：某\n')
    batch = bureau.ingest()
    assert sorted(noted(batch)) == [
        ("blank", 3, 2, 18),
        ("continuation", 1, 16, 16),
        ("footer", 2, 17, 19),
        ("header", 1, 3, 3),
        ("preamble", 1, 1, 1),
        ("rejected", 1, 14, 14),
        ("repeated_header", 1, 13, 13),
    ]
    assert (batch.physical, batch.rows, batch.rejected, batch.set_aside) == (19, 9, 1, 9)


@pytest.mark.parametrize(
    ("footer", "agrees"),
    [
        ("共 8 条", True),
        ("共计：8 人", True),
        ("记录总数：8", True),
        ("(8 rows)", True),
        ("8 rows in set (0.01 sec)", True),
        ("已选择8行。", True),
        ("合计,,,8", True),
        ("共 9 条", False),
        ("已选择1008行。", False),
        ("(7 rows)", False),
        ("合计,,,360", None),  # a sum, or anything: of a text no sums are made
        ("制表人：某", None),
        ("截止日期：2026年8月", None),
    ],
)
def test_a_number_below_a_text_is_held_against_what_was_read(bureau: Bureau, footer: str, agrees: bool | None) -> None:
    bureau.deliver("a.csv", f"{ROWS}{footer}\n")
    batch = bureau.ingest()
    assert batch.rows == 8
    found = [kind for kind, *_ in noted(batch, "total_agrees", "total_differs")]
    assert found == ([] if agrees is None else ["total_agrees" if agrees else "total_differs"])


@pytest.mark.parametrize(
    ("cells", "kinds"),
    [
        (["合计", "", "", 360], ["total_agrees"]),
        (["合计", "", 8, 360], ["total_agrees", "total_agrees"]),
        (["合计", "", "", 350], ["sum_differs"]),
        (["合计：", "", "", "360"], ["total_agrees"]),
        (["合计", "", "多", ""], []),
    ],
)
def test_a_total_row_of_a_workbook(bureau: Bureau, cells: list[Any], kinds: list[str]) -> None:
    rows = [[str(n), "甲", "路", 10 * n] for n in range(1, 9)]
    bureau.deliver("a.xlsx", plain([HEADER, *rows, cells]))
    batch = bureau.ingest()
    assert (
        batch.rows == 8 and [kind for kind, *_ in noted(batch, "total_agrees", "total_differs", "sum_differs")] == kinds
    )


IDS = [f"19010119900101{n:04}" for n in range(1, 9)]
SHEETS: dict[str, tuple[list[list[Any]], str | None]] = {
    "说明": ([["填表说明"], ["第一条"], ["第二条"]], "ignored_sheet"),
    "字典": ([["代码", "名称"], ["1", "男"], ["2", "女"]], "ignored_sheet"),
    "改了表头的": ([["编码", "称呼", "在哪里", "其他"], *([n, "甲", "路", "x"] for n in range(8))], None),
    "窄而有证件号": ([["某号", "某人"], *([number, "甲"] for number in IDS)], "ignored_records"),
    "少一列的": ([["编码", "称呼", "在哪里"], *([n, "甲", "路"] for n in range(8))], "ignored_records"),
}


@pytest.mark.parametrize("case", SHEETS)
@pytest.mark.parametrize("lawful", [False, True])
def test_a_sheet_that_is_not_read_and_seems_to_hold_records(bureau: Bureau, case: str, lawful: bool) -> None:
    rows, kind = SHEETS[case]

    def fill(book: Any) -> None:
        for name, lines in (("人口", [HEADER, *([number, "甲", "路", "x"] for number in IDS)]), (case, rows)):
            page = book.add_worksheet(name)
            for number, line in enumerate(lines):
                page.write_row(number, 0, line)

    if lawful:
        delivery = bureau.people.delivery.model_copy(update={"ignored_sheets": (f"{case[:2]}*",)})
        bureau.people = bureau.people.model_copy(update={"delivery": delivery})
    bureau.deliver("a.xlsx", xlsx(fill))
    if kind is None:  # as wide as the table: a continuation, which is refused at once
        from govdata.errors import DeliveryError

        with pytest.raises(DeliveryError, match="形似其续表"):
            bureau.ingest()
        return
    batch = bureau.ingest()
    expected = "ignored_sheet" if lawful else kind
    assert noted(batch, "ignored_sheet", "ignored_records") == [(expected, len(rows), None, None)]
    assert batch.rows == 8 and batch.physical == 9 + len(rows) == batch.rows + batch.set_aside


def test_columns_files_and_a_hidden_sheet(bureau: Bureau) -> None:
    bureau.deliver(".~lock.a.csv#", "x")
    bureau.deliver("~$a.xlsx", "x")
    bureau.deliver("a.csv", "GMSFHM,XM,审核人,王小明\n1,甲,乙,丙\n")
    batch = bureau.ingest()
    assert batch.passed_over == (".~lock.a.csv#", "~$a.xlsx")
    columns = [(note.kind, note.column) for note in batch.sources[0].notes if note.column]
    assert columns == [
        ("unknown_column", "审核人"),
        ("unknown_column", "第4列（名称未显示）"),
        ("missing_column", "住址"),
        ("missing_column", "备注信息"),
    ]
    assert batch.sources[0].header == "1" and batch.sources[0].columns == 4


def test_a_remark_beside_the_table_is_noted(bureau: Bureau) -> None:
    bureau.deliver(
        "a.xlsx", plain([HEADER, *([str(n), "甲", "路", "x", *(["已核"] if n == 3 else [])] for n in range(6))])
    )
    assert told(bureau.ingest(), "beside") == ["表格右侧还有 1 列内容，表头没有它们的名称，按合同外的列保留"]
