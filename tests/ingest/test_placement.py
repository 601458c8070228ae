"""Records above the header, forms whose labels stand beside their values, and records written downwards or to the right:
refused by name, since they would be lost or become columns."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from govdata.errors import DeliveryError
from govdata.ingest import inspect

from .conftest import Bureau
from .test_workbook import plain

HEAD = ["公民身份号码", "姓名", "住址", "备注信息"]
ROWS = [[f"19010119900{n}01{n}01{n}", "甲", f"幸福路{n}号", "备"] for n in range(1, 5)]
CARD = [["姓名", "甲", "公民身份号码", ROWS[0][0]], ["住址", "幸福路1号", "备注信息", "备"]]


def text(rows: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("made", [text, plain])
@pytest.mark.parametrize("at", [1, 3, 4])
def test_records_above_the_header_are_not_lost(bureau: Bureau, made, at: int) -> None:  # type: ignore[no-untyped-def]
    content = made([*ROWS[:at], HEAD, *ROWS[at:]])
    with pytest.raises(DeliveryError, match="第1行在表头之上"):
        bureau.one(content, "a.csv" if made is text else "a.xlsx")


@pytest.mark.parametrize("made", [text, plain])
@pytest.mark.parametrize(
    "above",
    [
        [["人口登记表", "", "", ""], ["填报单位：某街道", "", "填报日期：2024-05-06", ""]],
        [["1", "2", "3", "4"]],
        [["GMSFHM", "XM", "ZZ", "BZ"]],
        [["190101", "", "", ""]],
    ],
)
def test_what_is_no_record_may_stand_there(bureau: Bureau, made, above: list[list[str]]) -> None:  # type: ignore[no-untyped-def]
    records, rejects = bureau.one(made([*above, HEAD, *ROWS]), "a.csv" if made is text else "a.xlsx")
    assert [list(record[1:]) for record in records] == ROWS and not rejects


@pytest.mark.parametrize("made", [text, plain])
@pytest.mark.parametrize("rows", [CARD, CARD[:1], [*CARD, ["", "", "", ""], *CARD]])
def test_a_form_is_no_table(bureau: Bureau, made, rows: list[list[str]]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DeliveryError, match="像是登记表") as refused:
        bureau.one(made(rows), "a.csv" if made is text else "a.xlsx")
    assert "甲" not in str(refused.value) and ROWS[0][0] not in str(refused.value)


SIDEWAYS = [["姓名", *(["甲某", "乙某", "丙某"] * 2)]] + [
    [name, *values]
    for name, values in {
        "公民身份号码": [f"19010119900{n}01{n}01{n}" for n in range(1, 7)],
        "出生日期": [f"1990-0{n}-01" for n in range(1, 7)],
        "联系电话": [f"1790000000{n}" for n in range(1, 7)],
        "住址": [f"幸福路{n}号" for n in range(1, 7)],
    }.items()
]
PLACES = [["单位名称", "2023年", "2024年", "增长"], *([f"{name}区", "12", "34", "0.5"] for name in "东西南北中")]
DOWNWARDS = {
    "mysql": "*************************** {n}. row ***************************\n",
    "psql": "-[ RECORD {n} ]---\n",
    "psql in Chinese": "-[ 记录 {n} ]---\n",
    "clickhouse": "Row {n}:\n──────\n",
}


@pytest.mark.parametrize("made", [text, plain])
def test_names_in_the_first_column_are_no_header(bureau: Bureau, tmp_path: Path, made) -> None:  # type: ignore[no-untyped-def]
    name = "a.csv" if made is text else "a.xlsx"
    path = tmp_path / name
    path.write_bytes(made(SIDEWAYS))
    with pytest.raises(DeliveryError, match="转置") as refused:
        inspect(path)
    assert "甲某" not in str(refused.value)
    with pytest.raises(DeliveryError, match="转置" if made is plain else "没有找到表头"):
        bureau.one(made(SIDEWAYS), name)


def test_a_sheet_that_explains_the_columns_is_left_aside(bureau: Bureau) -> None:
    made = openpyxl.Workbook()
    for sheet, rows in (
        (made.active, [HEAD, *ROWS]),
        (made.create_sheet("填写说明"), [[name, "必填"] for name in HEAD]),
    ):
        assert sheet is not None
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    records, _ = bureau.one(content.getvalue(), "a.xlsx")
    assert [list(record[1:]) for record in records] == ROWS


@pytest.mark.parametrize("made", [text, plain])
def test_places_in_the_first_column_are_records(tmp_path: Path, made) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / ("a.csv" if made is text else "a.xlsx")
    path.write_bytes(made(PLACES))
    assert inspect(path).records == 5


@pytest.mark.parametrize("client", DOWNWARDS)
def test_records_of_a_line_for_each_cell_are_refused(tmp_path: Path, client: str) -> None:
    path = tmp_path / "a.txt"
    cells = "".join(f"{name} | {value}\n" for name, value in zip(HEAD, ROWS[0], strict=True))
    path.write_text("".join(DOWNWARDS[client].format(n=n) + cells for n in (1, 2)))
    with pytest.raises(DeliveryError, match="竖排"):
        inspect(path)
