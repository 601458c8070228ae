"""Suggested values on the committed standards: where exactly one value can be meant, and none where two could be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from govdata import governance
from govdata.deployment import Deployment
from govdata.governance import tables, workbook
from govdata.governance.calendar import Calendar
from tests.content.test_rules import citizen
from tests.governance.conftest import City
from tests.governance.test_workbook import table

HEADER = "公民身份号码,姓名,性别,民族,出生日期,户籍地行政区划,户籍地址,婚姻状况,人员状态,登记日期,更新时间,变更类型"
HE = citizen("1990-03-07")


def row(number: int, id: str, *, sex: str = "1", born: str = "19900307", married: str = "10") -> str:
    return (
        f"{id},赵若川,{sex},01,{born},190101,示例市东湖区花园路{number}号,{married},正常,19920320,"
        f"2026-01-02 08:00:{number:02},新增"
    )


@pytest.fixture
def city(tmp_path: Path, repository: Path) -> City:
    shutil.copytree(repository / "standards", tmp_path / "standards")
    return City(Deployment(tmp_path))


def suggested(city: City, *rows: str) -> dict[tuple[str, int], tuple[object, object]]:
    """(sheet, delivered line) → value and reason."""
    city.judged("population", city.day(0), rows, header=HEADER)
    governance.judge_night(city.registry, city.deployment, city.day(0))
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    import openpyxl

    sheets = [name for name in openpyxl.load_workbook(path, read_only=True).sheetnames if name != "封面"]
    return {
        (sheet[3:], line["行号"]): (line["建议的值"], line["建议的依据"])
        for sheet in sheets
        for line in table(path, sheet)
    }


@pytest.mark.slow
def test_what_a_valid_number_says_of_birth_and_sex(city: City) -> None:
    found = suggested(city, row(1, HE, born="19900308"), row(2, citizen("1990-03-07", "103"), sex="2"))
    assert found["出生日期", 2] == ("1990-03-07", "由本行其他列推出（把握：高）")
    assert found["性别", 3] == ("1", "由本行其他列推出（把握：高）")


@pytest.mark.slow
def test_two_neighbours_exchanged_in_the_date_of_the_number(city: City) -> None:
    """1990 → 9190 in the number: only the exchange back agrees with check digit and date of birth."""
    found = suggested(city, row(1, HE[:6] + "9190" + HE[10:]))
    values = {value for (_, line), (value, _) in found.items() if line == 2 and value}
    assert values and all(str(value).endswith(HE) for value in values)


@pytest.mark.slow
def test_a_wrong_check_digit_alone_says_nothing(city: City) -> None:
    """Any of several signs could be the wrong one."""
    wrong = HE[:-1] + ("0" if HE[-1] != "0" else "1")
    assert {value for value, _ in suggested(city, row(1, wrong)).values()} == {""}


@pytest.mark.slow
def test_a_value_is_not_derived_from_a_wrong_number(city: City) -> None:
    wrong = HE[:-1] + ("0" if HE[-1] != "0" else "1")
    found = suggested(city, row(1, wrong, born="19900308"))
    assert not any(value == "1990-03-07" for value, _ in found.values())


@pytest.mark.slow
def test_the_nearest_name_of_a_code(city: City) -> None:
    found = suggested(city, row(1, HE, married="已离婚了"), row(2, citizen("1990-03-07", "103"), married="不知所云"))
    assert found["婚姻状况", 2] == ("40", "最接近的代码名称（把握：中）")
    assert found["婚姻状况", 3] == ("", "")


@pytest.mark.slow
def test_a_department_that_may_not_see_values_gets_none(city: City) -> None:
    settings = city.deployment.standards / "workorders.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("show_values: true", "show_values: false"), encoding="utf-8"
    )
    city.judged("population", city.day(0), [row(1, HE, born="19900308")], header=HEADER)
    governance.judge_night(city.registry, city.deployment, city.day(0))
    (path,) = workbook.write_all(city.registry, city.deployment, city.day(0))
    import openpyxl

    cells = [str(cell.value) for sheet in openpyxl.load_workbook(path) for cells in sheet for cell in cells]
    assert "建议的值" not in cells and "1990-03-07" not in cells


@pytest.mark.slow
def test_what_became_of_suggestions_is_counted_by_way_without_keeping_a_value(city: City) -> None:
    wrong = [row(n, citizen("1990-03-07", f"{n}01"), born=f"199003{n + 10}") for n in range(1, 5)]
    suggested(city, *wrong)
    before = len(city.events)
    workbook.write_all(city.registry, city.deployment, city.day(0))
    assert len(city.events) == before, "told once"

    other = row(2, citizen("1990-03-07", "201"), born="")  # the date is left out: not what was suggested
    mended = [row(1, citizen("1990-03-07", "101")), other, wrong[2]]
    city.judged("population", city.day(1), mended, header=HEADER)
    governance.judge_night(city.registry, city.deployment, city.day(1))
    found = tables.replay(city.deployment, Calendar())["suggestion_acceptance"].to_pylist()
    # The register comes as changes: what does not come is not gone.
    assert found == [
        {
            "department": "市公安局",
            "way": "derived",
            "way_name": "由本行其他列推出",
            "trust": "高",
            "suggested": 4,
            "accepted": 1,
            "other": 1,
            "gone": 0,
            "open": 2,
            "acceptance_rate": 0.5,
        }
    ]
    kept = b"".join(path.read_bytes() for path in (city.deployment.workorders / "_events").rglob("*.parquet"))
    assert b"1990-03-07" not in kept and b"19900307" not in kept
