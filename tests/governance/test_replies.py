"""Returned workbooks: every way of spoiling one, and what is read of it all the same."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from govdata.governance import replies, workbook
from govdata.governance.orders import REPLIED
from govdata.governance.replies import Receipt
from tests.governance.conftest import City
from tests.governance.test_closing import GOOD, MENDED_PLACE, PLACE

BAD = [f"B{n},甲{n},1990-01-01,88888{n}" for n in range(4)]
FIXED, WRONG, PLAN = "已在源头修正", "数据无误（申请豁免）", "情况属实暂不能修正"


@dataclass
class Book:
    """The workbook of the first night, to be spoilt; ``sheet`` lists four items from row 7 on."""

    city: City
    path: Path

    def spoil(self, change: Callable[[Worksheet, dict[str, int]], None]) -> Path:
        book = openpyxl.load_workbook(self.path)
        sheet = book.worksheets[1]
        change(sheet, {str(cell.value): cell.column for cell in sheet[6]})
        target = self.city.deployment.home / "回来的.xlsx"
        book.save(target)
        return target

    def receive(self, path: Path) -> Receipt:
        return replies.receive(self.city.registry, self.city.deployment, path, on=self.city.day(1))


@pytest.fixture
def book(city: City) -> Book:
    city.night(0, [*GOOD, *BAD])
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    return Book(city, path)


def answer(sheet: Worksheet, at: dict[str, int], row: int, reply: str, **more: object) -> None:
    sheet.cell(row, at["处理结果"]).value = reply
    for name, value in more.items():
        sheet.cell(row, at[name]).value = value  # type: ignore[assignment]


def all_fixed(sheet: Worksheet, at: dict[str, int]) -> None:
    for row in range(7, 11):
        answer(sheet, at, row, FIXED, 办理人="李四")


def test_replies_are_read_logged_and_acknowledged(book: Book) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        answer(sheet, at, 7, FIXED, 办理人="李四")
        answer(sheet, at, 8, WRONG, 说明或依据="区划已调整，民政部门文件", 办理人="李四")
        answer(sheet, at, 9, PLAN, 计划日期="2026年4月1日")

    receipt = book.receive(book.spoil(change))
    assert (receipt.read, receipt.empty, receipt.refused) == (3, 1, [])
    order = book.city.order(PLACE)
    assert order.state == REPLIED and len(order.open) == 4  # a reply closes nothing, waives nothing
    said = {(event.effect, event.actor, event.reason, str(event.until)) for event in order.replies.values()}
    assert said == {
        ("claim", "李四", None, "None"),
        ("waiver", "李四", "区划已调整,民政部门文件", "None"),
        ("plan", "部门", None, "2026-04-01"),
    }
    assert receipt.path is not None and receipt.path.parent == book.path.parent / "回执"
    text = receipt.path.read_text(encoding="utf-8-sig")
    assert "收下反馈 3 条" in text and "888880" not in text


def _sorted(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=7, max_row=10)]
    for number, values in enumerate(reversed(rows), 7):
        for column, value in enumerate(values, 1):
            sheet.cell(number, column).value = value  # type: ignore[assignment]


def _filtered(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    sheet.row_dimensions[8].hidden = True


def _renamed(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    sheet.title = "张三办"


def _columns_added(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    sheet.insert_cols(3)
    sheet.cell(6, 3).value = "内部备注"
    sheet.cell(7, 3).value = "已查"


def _head_deleted(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    sheet.delete_rows(1, 5)


def _padded(sheet: Worksheet, at: dict[str, int]) -> None:
    all_fixed(sheet, at)
    for row in range(7, 11):
        sheet.cell(row, at["处理结果"]).value = f" {FIXED}　"
        sheet.cell(row, at["校验码"]).value = str(sheet.cell(row, at["校验码"]).value).lower()


@pytest.mark.parametrize(
    "change", [_sorted, _filtered, _renamed, _columns_added, _head_deleted, _padded], ids=lambda f: f.__name__
)
def test_what_a_person_may_do_to_a_workbook_does_no_harm(
    book: Book, change: Callable[[Worksheet, dict[str, int]], None]
) -> None:
    receipt = book.receive(book.spoil(change))
    assert (receipt.read, receipt.refused) == (4, [])


def test_part_of_the_rows_is_read(book: Book) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        all_fixed(sheet, at)
        sheet.delete_rows(8, 2)

    assert book.receive(book.spoil(change)).read == 2


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("条目号", "R000000000000", "对不上"),
        ("校验码", "C0000000000", "对不上"),
        ("校验码", None, "对不上"),
        ("工单编号", "GD-190100-GA-20260302-0009", "对不上"),
        ("处理结果", "已办结", "不是列表中的一项"),
        ("处理结果", WRONG, "还要填写“说明或依据”"),
        ("处理结果", PLAN, "还要填写“计划日期”"),
        ("处理结果", "非本部门（申请转派）", "还要填写“转给部门”"),
        ("计划日期", "下个月", "不是日期"),
        ("计划日期", "2026-02-30", "不是日期"),
        ("转给部门", "月球局", "不是已知的部门"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_refused_with_its_place_and_the_others_are_read(
    book: Book, column: str, value: str | None, said: str
) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        all_fixed(sheet, at)
        sheet.cell(9, at[column]).value = value

    receipt = book.receive(book.spoil(change))
    assert receipt.read == 3
    (refused,) = receipt.refused
    assert (refused.sheet, refused.row) == ("01 区划", 9) and said in refused.reason


def test_items_of_two_rows_swapped_are_refused(book: Book) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        all_fixed(sheet, at)
        first, second = sheet.cell(7, at["条目号"]), sheet.cell(8, at["条目号"])
        first.value, second.value = second.value, first.value

    assert [refused.row for refused in book.receive(book.spoil(change)).refused] == [7, 8]


def test_an_item_that_stands_there_twice(book: Book) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        all_fixed(sheet, at)
        for column in range(
            1, sheet.max_column + 1
        ):  # row 11 says what row 7 says; row 12 is row 8 with another answer
            sheet.cell(11, column).value = sheet.cell(7, column).value
            sheet.cell(12, column).value = sheet.cell(8, column).value
        sheet.cell(12, at["处理结果"]).value = "无法核实"

    receipt = book.receive(book.spoil(change))
    assert (receipt.read, receipt.again) == (3, 1)
    assert sorted(refused.row or 0 for refused in receipt.refused) == [8, 12]


def test_the_same_file_twice_is_taken_once(book: Book) -> None:
    path = book.spoil(all_fixed)
    book.receive(path)
    before = book.city.events
    again = book.receive(path)
    assert (again.read, book.city.events) == (0, before)
    assert "已经收过" in again.refused[0].reason


def test_a_workbook_of_another_deployment_is_refused(book: Book, tmp_path_factory: pytest.TempPathFactory) -> None:
    (book.city.deployment.workorders / "_events" / "key").unlink()
    (book.city.deployment.workorders / "_events" / "key").write_text('{"key": "another"}')
    receipt = book.receive(book.spoil(all_fixed))
    assert (receipt.read, len(receipt.refused)) == (0, 4)
    assert receipt.path is not None and receipt.path.parent.parent.name == "inbox"


def test_a_foreign_sheet_is_refused_and_ours_read(book: Book) -> None:
    wb = openpyxl.load_workbook(book.spoil(all_fixed))
    other = wb.create_sheet("龘龗的表")
    for row in (["姓名", "证件号"], ["甲", "1"], ["乙", "2"]):
        other.append(row)
    wb.save(book.city.deployment.home / "回来的.xlsx")
    receipt = book.receive(book.city.deployment.home / "回来的.xlsx")
    assert receipt.read == 4 and "不是工单的工作表" in receipt.refused[0].reason


def test_a_foreign_workbook_is_told_what_ours_has(book: Book) -> None:
    wb = openpyxl.Workbook()
    for row in (["姓名", "证件号"], ["甲", "1"]):
        wb.active.append(row)  # type: ignore[union-attr]
    wb.save(book.city.deployment.home / "别人的.xlsx")
    receipt = book.receive(book.city.deployment.home / "别人的.xlsx")
    assert receipt.read == 0 and "要找的列：工单编号、条目号、校验码、处理结果" in receipt.refused[0].reason


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x00" * 200], ids=["empty", "cut", "zeros"])
def test_a_file_that_cannot_be_read_is_a_receipt_that_says_so(book: Book, content: bytes) -> None:
    path = book.city.deployment.home / "坏.xlsx"
    path.write_bytes(content)
    receipt = book.receive(path)
    assert receipt.read == 0 and receipt.refused and receipt.path is not None


def test_a_reply_to_what_the_data_have_closed_is_refused(book: Book) -> None:
    path = book.spoil(all_fixed)
    book.city.night(1, [*GOOD, MENDED_PLACE])
    receipt = book.receive(path)
    assert receipt.read == 0 and all("办结" in refused.reason for refused in receipt.refused)


def test_a_formula_in_a_reply_is_no_code(book: Book) -> None:
    def change(sheet: Worksheet, at: dict[str, int]) -> None:
        all_fixed(sheet, at)
        sheet.cell(7, at["说明或依据"]).value = '=HYPERLINK("http://example.invalid","x")'

    receipt = book.receive(book.spoil(change))
    assert receipt.read + len(receipt.refused) >= 1
    assert not any((event.reason or "").startswith("=") for event in book.city.events)


def test_the_inbox_is_emptied_and_the_files_kept(book: Book) -> None:
    inbox = replies.inbox(book.city.deployment)
    inbox.mkdir(parents=True)
    path = book.spoil(all_fixed)
    content = path.read_bytes()
    shutil.move(path, inbox / "公安回复.xlsx")
    (inbox / "~$公安回复.xlsx").write_bytes(b"open in a spreadsheet")
    assert replies.waiting(book.city.deployment, quiet=300) == []  # somebody may still be copying it
    (receipt,) = replies.receive_inbox(book.city.registry, book.city.deployment, on=book.city.day(1))
    assert receipt.read == 4
    assert [kept.read_bytes() for kept in (inbox / "已收").iterdir()] == [content]
    assert replies.waiting(book.city.deployment) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_saved_again_by_another_program(book: Book, tmp_path: Path, kind: str) -> None:
    path = book.spoil(all_fixed)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    out = tmp_path / "out"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", str(out), str(path)],
        check=True,
        timeout=180,
    )
    receipt = book.receive(out / f"回来的.{kind}")
    assert (receipt.read, receipt.refused) == (4, [])
