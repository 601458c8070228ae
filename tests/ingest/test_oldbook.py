"""Old workbooks as Excel shows them: leading zeros of number formats, errors, and the password Excel sets itself."""

from __future__ import annotations

import io

import pytest
import xlwt  # type: ignore[import-untyped]
from msoffcrypto.format.ooxml import OOXMLFile

from govdata.errors import DeliveryError
from govdata.ingest import oldbook, workbook

from .conftest import Bureau
from .test_workbook import HEADER, plain


def old(error: bool = False) -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("人口")
    four, date = xlwt.easyxf(num_format_str="0000"), xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for column, title in enumerate(HEADER):
        page.write(0, column + 1, title)
    page.write(1, 1, 111)
    page.write(1, 2, "甲")
    page.write(2, 1, 112, four)
    page.write(2, 2, 7.5, four)
    page.write(3, 1, -12345, four)
    page.write(3, 2, 36526, date)
    if error:
        page.write(4, 1, 5, four)
        page.row(4).set_cell_error(2, 0x2A)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def protected(content: bytes, password: str) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt(password, out)
    return out.getvalue()


def test_an_old_workbook_keeps_the_shown_zeros(bureau: Bureau) -> None:
    assert bureau.one(old(), "a.xls")[0] == [
        (2, "111", "甲", None, None),
        (3, "0112", "7.5", None, None),
        (4, "-12345", "2000-01-01", None, None),
    ]


def test_an_error_is_no_empty_cell(bureau: Bureau) -> None:
    assert bureau.one(old(error=True), "a.xls")[0][-1] == (5, "0005", "#N/A", None, None)


def test_a_workbook_that_is_only_protected_against_writing_is_read_and_told(bureau: Bureau) -> None:
    bureau.deliver("a.xlsx", protected(plain([HEADER, ["1", "甲"], ["2", "乙"]]), oldbook.BUILT_IN))
    batch = bureau.ingest()
    assert [row["name"] for row in bureau.raw(batch)] == ["甲", "乙"] and batch.physical == 3
    assert any("写保护" in remark for remark in batch.sources[0].remarks)


def test_any_other_password_is_refused(bureau: Bureau) -> None:
    bureau.deliver("a.xlsx", protected(plain([HEADER, ["1", "甲"]]), "another"))
    with pytest.raises(DeliveryError, match="有密码保护"):
        bureau.ingest()


def test_what_only_one_of_two_readers_reads_is_told(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook.oldbook, "look", lambda path: None)
    bureau.deliver("a.xls", old())
    batch = bureau.ingest()
    assert batch.rows == 3 and "没有能用另一个程序核对" in batch.sources[0].remarks[-1]
