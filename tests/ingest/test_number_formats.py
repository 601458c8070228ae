"""What number formats say beyond the number: read as Excel shows it, in every kind of workbook."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import xlsxwriter
import xlwt  # type: ignore[import-untyped]

from govdata.errors import DeliveryError
from govdata.ingest.number_formats import BUILT_IN, form_of

from .conftest import Bureau
from .nasty import HEAD, ROWS, repacked, xlsx

SHOWN = [
    ("0000", 112, "0112"),
    ("000000;-000000;@", -5, "-000005"),
    ("0.0%", 0.125, "12.5%"),
    ("0%", 0.57, "57%"),
    ('"2021"0000', 15, "20210015"),
    ('"S"000', 15, "S015"),
    ("\\S000", 15, "S015"),
    ("000-0000-0000", 17900000001, "179-0000-0001"),
    ('0.0"万元"', 66.6, "66.6万元"),
    ('#,##0,"千元"', 1234567, "1234.567千元"),
    ('0!.0,"万元"', 1234567, "123.4567万元"),
    ("[$$-409]#,##0.00", 1234, "$1234"),
]
PLAIN = [
    *("General", "@", "0", "0.00", "#,##0", '"¥"#,##0.00', "[Red]0", "0.00E+00", "# ?/?", 'G/通用格式"人"', '0"岁"'),
    *("yyyy-mm-dd", "yyyy", "h:mm", "[h]:mm", 'm"月"d"日"', "yyyy/m/d h:mm", '_ * #,##0.00_ ;_ * "-"??_ ;_ @_ '),
    "[<=9999999]###-####;(###) ###-####",
]


@pytest.mark.parametrize("code", PLAIN)
def test_most_formats_say_nothing(code: str) -> None:
    assert form_of(code) is None


@pytest.mark.parametrize("code", ['yyyy"年"m"月"', "mmm-yy", BUILT_IN["57"]])
def test_a_date_without_its_day(code: str) -> None:
    form = form_of(code)
    assert form is not None and not form.day


def written(fill: Any) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    fill(book, sheet)
    book.close()
    return out.getvalue()


def test_numbers_are_read_as_they_are_shown(bureau: Bureau) -> None:
    def fill(book: Any, sheet: Any) -> None:
        for number, (code, value, _) in enumerate(SHOWN, 1):
            sheet.write_row(number, 0, [f"19{number}", "甲", "路"])
            sheet.write_number(number, 3, value, book.add_format({"num_format": code}))

    records, _ = bureau.one(written(fill), "a.xlsx")
    assert [record[4] for record in records] == [shown for *_, shown in SHOWN]


def test_in_old_workbooks_too(bureau: Bureau) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for column, name in enumerate(HEAD):
        sheet.write(0, column, name)
    for number, (code, value, _) in enumerate(SHOWN, 1):
        sheet.write(number, 0, f"19{number}")
        sheet.write(number, 3, value, xlwt.easyxf(num_format_str=code))
    out = io.BytesIO()
    book.save(out)
    records, _ = bureau.one(out.getvalue(), "a.xls")
    assert [record[4] for record in records] == [shown for *_, shown in SHOWN]


def test_a_month_is_no_first_day_of_it(bureau: Bureau) -> None:
    """Who enters 2020年3月 has Excel store 2020-03-01: the day is not known. Where other cells of the column have a day,
    it is only hidden."""

    def fill(book: Any, sheet: Any) -> None:
        month = book.add_format({"num_format": 'yyyy"年"m"月"'})
        for number, (entered, hidden) in enumerate([(43891, 43891), (43922, 43905)], 1):
            sheet.write_row(number, 0, [f"19{number}", "甲"])
            sheet.write_number(number, 2, entered, month)
            sheet.write_number(number, 3, hidden, month)

    records, _ = bureau.one(written(fill), "a.xlsx")
    assert [record[3:] for record in records] == [("2020-03", "2020-03-01"), ("2020-04", "2020-03-15")]


@pytest.mark.parametrize(("result", "read"), [(0, False), ("备注", True)])
def test_a_formula_nobody_calculated_has_no_result(bureau: Bureau, result: Any, read: bool) -> None:
    """A program that cannot calculate saves 0 and asks the next one to calculate on loading."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(1, 0, ROWS[0])
        sheet.write_formula(1, 3, '=B2&"x"', None, result)

    if read:
        assert bureau.one(written(fill), "a.xlsx")[0] == [(2, "19A", "甲", "路1号", "备注")]
        return
    with pytest.raises(DeliveryError, match="公式没有保存计算结果"):
        bureau.one(written(fill), "a.xlsx")


def test_a_nought_is_a_result_where_nobody_asks_to_calculate(bureau: Bureau) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(1, 0, ROWS[0])
        sheet.write_formula(1, 3, "=1-1")

    content = repacked(written(fill), "xl/workbook.xml", lambda text: text.replace(' fullCalcOnLoad="1"', ""))
    assert bureau.one(content, "a.xlsx")[0] == [(2, "19A", "甲", "路1号", "0")]


def test_formats_of_a_chinese_excel_need_no_declaration(bureau: Bureau) -> None:
    def number(book: Any, sheet: Any) -> None:
        sheet["D2"].value, sheet["D2"].number_format = 43891, "0.000000"

    def bare(styles: str) -> str:
        return re.sub("<numFmts.*?</numFmts>", "", styles).replace('numFmtId="164"', 'numFmtId="57"')  # yyyy年m月

    content = repacked(xlsx(number), "xl/styles.xml", bare)
    assert bureau.one(content, "a.xlsx")[0][0][4] == "2020-03"
