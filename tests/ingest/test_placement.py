"""Records above the header, and forms whose labels stand beside their values: refused by name, since they would be lost
or become columns."""

from __future__ import annotations

import pytest

from govdata.errors import DeliveryError

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
