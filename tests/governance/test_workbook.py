"""The workbook a department gets, read by another reader (openpyxl) and converted by LibreOffice."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from govdata.governance import workbook
from tests.governance.conftest import SETTINGS, City, settings
from tests.governance.test_closing import GOOD, PLACE

FORMULA = "A5,甲,1990-01-01,=1+2"
ROWS = [*GOOD, "A3,丙,1992-01-01,888888", FORMULA, "错1,丁,1993-01-01,190101"]


def made(city: City, number: int = 0) -> Path:
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(number))
    return path


def table(path: Path, sheet: str) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))
    header = next(number for number, row in enumerate(rows) if row[0] == "工单编号")
    return [dict(zip(map(str, rows[header]), row, strict=True)) for row in rows[header + 1 :]]


def test_a_sheet_tells_key_place_value_and_leaves_room_for_the_reply(city: City) -> None:
    city.night(0, ROWS)
    path = made(city)
    assert path.parent.name == "公安" and path.name == "2026-03-02-问题数据工单.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "封面" and len(book.sheetnames) == 3
    sheet = next(name for name in book.sheetnames if name.endswith("区划"))
    lines = table(path, sheet)
    assert [(line["主键：编号"], line["来源文件"], line["行号"], line["交付的值"]) for line in lines] == [
        ("A3", "交付.csv", 4, "888888"),
        ("A5", "交付.csv", 5, "=1+2"),
    ]
    assert {line["工单编号"] for line in lines} == {city.order(PLACE).number}
    head = "\n".join(str(book[sheet].cell(row, 1).value) for row in range(1, 6))
    assert "区划不在代码集中" in head and "截止日期：2026-03-16" in head and "签名：" in head
    assert book[sheet].freeze_panes == "D7"
    printed = book[sheet].page_setup
    assert (printed.fitToWidth, printed.fitToHeight, printed.orientation) == (2, 0, "landscape"), "legible on paper"
    assert book[sheet].print_title_cols == "$D:$D", "and whose row it is stands on the second page too"
    lists = [rule for rule in book[sheet].data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 1 and "封面" in lists[0].formula1


def test_a_formula_stays_text(city: City) -> None:
    city.night(0, ROWS)
    book = openpyxl.load_workbook(made(city))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == "=1+2"]
    assert cells and all(cell.data_type != "f" or cell.quotePrefix for cell in cells)
    import zipfile

    with zipfile.ZipFile(made(city)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets/" in name)


def test_a_department_that_may_not_see_values_gets_their_shape(city: City) -> None:
    settings(city, SETTINGS.replace("show_values: true", "show_values: false"))
    city.night(0, ROWS)
    path = made(city)
    texts = {str(cell.value) for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row}
    assert not texts & {"A3", "A5", "888888", "=1+2", "错1"}
    assert texts >= {"999999", "=9+9", "汉9"}


def test_what_does_not_fit_lies_beside_it_as_csv(city: City) -> None:
    settings(city, SETTINGS + "rows_per_sheet: 10\n")
    city.night(0, [*GOOD, *(f"B{n},甲,1990-01-01,=9{n}" for n in range(25))])
    path = made(city)
    (more,) = path.parent.glob("*.csv")
    with open(more, encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 15 and len(table(path, openpyxl.load_workbook(path).sheetnames[1])) == 10
    assert all(line["交付的值"].startswith("'=") for line in lines)


def test_nobody_else_s_rows_are_inside(city: City) -> None:
    city.judged("births", city.day(0), ["B1,A1,龘龗,2026-13-40", "错,A1,龘龗,2026-01-01"])
    city.night(0, ROWS)
    paths = workbook.write_all(city.registry, city.deployment, city.day(0))
    by_department = {
        path.parent.name: {str(c.value) for s in openpyxl.load_workbook(path) for r in s.iter_rows() for c in r}
        for path in paths
    }
    assert set(by_department) == {"公安", "卫健"}
    assert not any("龘" in text for text in by_department["公安"])
    assert "2026-13-40" in by_department["卫健"] and not by_department["卫健"] & {"A3", "A5", "888888"}


def test_an_order_given_to_another_department_shows_it_no_value(city: City) -> None:
    city.night(0, ROWS)
    for order in list(city.state.orders.values()):
        city.say("TRANSFER", order.number, 0, department="卫健", until=city.day(14))
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    texts = {str(cell.value) for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row}
    assert path.parent.name == "卫健" and not texts & {"A3", "A5", "=1+2", "错1"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_converts_it(city: City, tmp_path: Path) -> None:
    city.night(0, ROWS)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(made(city))]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "2026-03-02-问题数据工单.pdf").stat().st_size > 5_000
