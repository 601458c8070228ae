"""A department's list held against the masters: what is certain, what is not, and what is kept of the look."""

from __future__ import annotations

import csv
import hashlib
from datetime import date as Date
from pathlib import Path

import openpyxl
import pytest
import xlwt

from govdata.access import screening
from govdata.access.screening import Finding, Screened
from govdata.errors import GovdataError
from govdata.storage import access_log
from tests.access.conftest import City

DAY, UNTIL = Date(2026, 11, 26), Date(2026, 12, 31)
NOBODY = "190101199003071019"  # the data element's own example, which nobody in the sample has


def screened(city: City, path: Path, **options: object) -> Screened:
    given = {"purpose": "低保核对", "expires": UNTIL, "date": DAY} | options
    return screening.screen(path, city.registry, city.deployment, **given)  # type: ignore[arg-type]


def listed(path: Path, rows: list[tuple[str, ...]], head: tuple[str, ...] = ("姓名", "身份证号码", "出生日期")) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def found(made: Screened) -> dict[int, dict[str, Finding]]:
    """Line of the file → code → finding."""
    told: dict[int, dict[str, Finding]] = {}
    for each in made.findings:
        told.setdefault(made.lines[each.line].row, {})[each.code] = each
    return told


def person(city: City, where: str) -> tuple[str, str, str]:
    """Name, number and birth date of the first resident who fits, of a name and birthday that nobody shares."""
    (row,) = city.ask(
        "SELECT m.name, citizen_id, CAST(m.birth_date AS VARCHAR) FROM published.population JOIN published.person AS m "
        f"ON m.identifier = citizen_id AND m.name = population.name WHERE {where} "
        "AND (m.name, m.birth_date) IN (SELECT (name, birth_date) FROM published.person GROUP BY ALL HAVING count(*) = 1) "
        "ORDER BY citizen_id LIMIT 1"
    )
    return row


@pytest.fixture(scope="module")
def dead(city: City) -> tuple[str, str, str]:
    return person(city, "population.person_status = '2' AND m.birth_date < DATE '1999-01-01'")


@pytest.fixture(scope="module")
def alive(city: City) -> tuple[str, str, str]:
    where = "population.person_status = '1' AND population.marital_status = '10' AND m.mentions = 1"
    return person(city, f"{where} AND length(population.name) = 3 AND m.birth_date < DATE '1999-01-01'")


def test_what_is_certain_and_what_is_not(city: City, dead: tuple, alive: tuple, tmp_path: Path) -> None:
    name, number, born = dead
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    made = found(screened(city, listed(tmp_path / "a.csv", [
        dead,  # 2
        (name, number[:6] + number[8:17], born),  # 3: the old number of 15 digits, and the same person again
        (alive[0], number, ""),  # 4: somebody else's number
        (name, "", born),  # 5: by name and birth date alone
        (name, wrong, born),  # 6: a number with a slip
        (name, number[:6] + "********" + number[14:], born),  # 7: a masked one
        alive,  # 8
        ("查无此人", NOBODY, "1990-03-07"),  # 9
        (name, "", ""),  # 10: a name alone is nobody
    ])))  # fmt: skip

    for row in (2, 3):
        assert made[row]["deceased"].certain and made[row]["deceased"].owner == "市公安局"
        assert not made[row]["duplicate"].certain and "3" in made[2]["duplicate"].note
        assert made[row]["deceased"].said is not None and made[row]["deceased"].source == "人口基本信息"
    assert made[4]["name"].certain and not made[4]["deceased"].certain, "the number may be another's"
    for row, code in ((5, "no_number"), (6, "invalid"), (7, "masked")):
        assert made[row][code].certain and not made[row]["deceased"].certain, row
    assert "校验码" in made[6]["invalid"].note
    assert 8 not in made
    assert made[9]["not_found"].certain and "deceased" not in made[9]
    assert set(made[10]) == {"no_number", "unknown"}


def test_a_name_in_unsimplified_characters_is_the_same_person(city: City, tmp_path: Path) -> None:
    simple, full = "张王刘陈杨赵黄周吴丽华国", "張王劉陳楊趙黃周吳麗華國"
    where = "regexp_matches(population.name, '[张刘陈杨赵吴丽华国]') AND population.person_status = '2'"
    name, number, born = person(city, where)
    rows = [(name.translate(str.maketrans(simple, full)), number, born)]
    made = found(screened(city, listed(tmp_path / "a.csv", rows)))[2]
    assert made["deceased"].certain and not made["name"].certain and "繁体" in made["name"].note


def test_companies_by_their_code(city: City, tmp_path: Path) -> None:
    code, name = city.ask("SELECT uscc, name FROM published.legal_person WHERE status = '2' ORDER BY uscc LIMIT 1")[0]
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for row, cells in enumerate([("序号", "单位名称", "统一社会信用代码"), ("1", name, code.lower()), ("2", name, "")]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.save(str(tmp_path / "企业.xls"))
    made = screened(city, tmp_path / "企业.xls")
    assert made.kind == "organisation" and found(made)[2]["revoked"].certain
    assert set(found(made)[3]) == {"no_number", "unknown"}


@pytest.mark.slow
def test_the_workbook_keeps_the_lines_and_shows_nobody(city: City, dead: tuple, alive: tuple, tmp_path: Path) -> None:
    path = listed(tmp_path / "名单.csv", [alive, dead, (dead[0], "", dead[2])])
    for reveal in (False, True):
        target = tmp_path / f"{reveal}.xlsx"
        made = screened(city, path, reveal=reveal, role="verifier", only=["已死亡"], actor="张三")
        screening.write(made, target, [("用途", "低保核对")])
        book = openpyxl.load_workbook(target)
        assert book.sheetnames == ["汇总", "确定", "待核实"]
        (sure,) = list(book["确定"].iter_rows(min_row=2, values_only=True))
        (unsure,) = list(book["待核实"].iter_rows(min_row=2, values_only=True))
        assert (sure[0], unsure[0], sure[4]) == ("3", "4", "已死亡")
        texts = "".join(str(cell.value) for sheet in book for row in sheet for cell in row)
        assert (dead[1] in texts, dead[0] in texts) == (reveal, reveal)
        assert ("已死亡", "1", "1") in list(book["汇总"].iter_rows(values_only=True))
    looks = access_log.read(city.deployment)[-2:]
    assert [(look.action, look.actor, look.rows, look.expires) for look in looks] == [("screen", "张三", 3, UNTIL)] * 2
    assert [look.revealed for look in looks] == [False, True]
    assert {look.subject for look in looks} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    kept = city.deployment.access_log.read_text(encoding="utf-8")
    assert dead[0] not in kept and dead[1] not in kept


def test_what_is_not_certain_is_asked(city: City, dead: tuple, tmp_path: Path) -> None:
    name, number, _ = dead
    for head, rows, told in (
        (("甲", "乙"), [(name, number)], "--kind"),
        (("姓名", "丙"), [(name, number)], "--kind"),
        (("姓名", "身份证号", "证件号码"), [(name, number, number)], "--id-column"),
        (("姓名", "户籍地"), [(name, "190101")], "--id-column"),
    ):
        with pytest.raises(GovdataError, match=told) as error:
            screened(city, listed(tmp_path / "a.csv", rows, head))
        assert number not in str(error.value) and name not in str(error.value)
    with pytest.raises(GovdataError, match="--id-column"):
        screened(city, listed(tmp_path / "a.csv", [(name, number)], ("姓名", "丙")), kind="person")
    path = listed(tmp_path / "a.csv", [(name, number)], ("甲", "乙"))
    made = screened(city, path, kind="person", headers={"number": "乙", "name": "甲"})
    assert found(made)[2]["deceased"].certain
    with pytest.raises(GovdataError, match="没有表头“丁”（--id-column）"):
        screened(city, listed(tmp_path / "a.csv", [dead]), kind="person", headers={"number": "丁"})


def test_no_look_without_a_purpose_or_of_what_is_no_list(city: City, dead: tuple, tmp_path: Path) -> None:
    before = access_log.read(city.deployment)
    path = listed(tmp_path / "a.csv", [dead])
    for options, told in (
        ({"purpose": " "}, "用途"),
        ({"purpose": f"查{dead[1]}"}, "不能写证件号码"),
        ({"only": ["已故"]}, "没有“已故”"),
        ({"kind": "house"}, "没有声明“house”"),
        ({"date": Date(2020, 1, 1)}, "没有发布过自然人主数据"),
    ):
        with pytest.raises(GovdataError, match=told):
            screened(city, path, **options)
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(GovdataError, match="名单不能读取"):
        screened(city, tmp_path / "b.xlsx")
    assert access_log.read(city.deployment) == before
