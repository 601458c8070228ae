"""What an officer declares of work orders: defaults, limits by date, problems with file and line."""

from __future__ import annotations

import shutil
from datetime import date as Date
from pathlib import Path

import pytest

from govdata import standards
from govdata.errors import StandardsError
from tests.standards.conftest import Folder
from tests.standards.test_schemas import STANDARDS, validator

WRITTEN = """\
number: {prefix: GD, division: '190100'}
limits:
  handle:
    - {days: 30, source: 旧办法, grade: B}
    - {days: 10, source: 国令第809号第二十六条, valid_from: '2025-08-01', grade: B}
show_values: true
identity:
  person: [sex, birth_date]
departments:
  市公安局: {code: GA, show_values: false}
  市民政局: {code: MZ}
"""


def test_without_a_file_the_defaults_hold(folder: Folder) -> None:
    orders = standards.load(folder.root).workorders
    assert orders.limit("handle", Date(2026, 1, 1)).grade == "C"
    assert {reply.effect for reply in orders.replies.values()} >= {"claim", "waiver", "plan", "transfer"}
    assert not orders.shows_values("市公安局")


def test_a_limit_holds_from_its_date_on(folder: Folder) -> None:
    folder.write("workorders.yaml", WRITTEN)
    orders = standards.load(folder.root).workorders
    assert orders.limit("handle", Date(2025, 7, 31)).days == 30
    assert orders.limit("handle", Date(2025, 8, 1)).days == 10
    assert orders.shows_values("市民政局") and not orders.shows_values("市公安局")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("prefix: GD", "prefix: gd", "写法不对"),
        ("division: '190100'", "division: 190100", "加引号"),
        ("days: 30", "days: 0", "不能小于 1"),
        ("    - {days: 30, source: 旧办法, grade: B}", "    - {days: 30, grade: B}", "缺少“source”"),
        ("valid_from: '2025-08-01'", "valid_from: '2025-02-30'", "不是真实的日期"),
        (
            "{days: 30, source: 旧办法, grade: B}",
            "{days: 30, source: 旧办法, valid_from: '2025-08-01', grade: B}",
            "同一天",
        ),
        ("  person: [sex", "  persn: [sex", "是否想写 person"),
        ("[sex, birth_date]", "[sex, birthdate]", "是否想写 birth_date"),
        ("code: MZ", "code: GA", "不止一次"),
        ("show_values: true\nidentity", "show_value: true\nidentity", "未知的键"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(folder: Folder, old: str, new: str, said: str) -> None:
    folder.write("workorders.yaml", WRITTEN)
    line = folder.spoil("workorders.yaml", old, new)
    found = folder.problems()
    assert [problem.file for problem in found] == ["workorders.yaml"] * len(found) and found
    assert any(said in problem.message for problem in found)
    assert all(problem.line is not None and abs(problem.line - line) <= 2 for problem in found)


def test_single_days_that_are_worked_or_not(folder: Folder) -> None:
    folder.write("working_days.csv", "date,working,note\n2027-02-06,1,春节调休\n2027-02-08,0,\n")
    assert standards.load(folder.root).working_days == {Date(2027, 2, 6): True, Date(2027, 2, 8): False}
    folder.write("working_days.csv", "date,working\n2027-02-30,1\n2027-02-06,yes\n2027-02-08,0\n2027-02-08,1\n")
    assert [problem.line for problem in folder.problems()] == [2, 3, 5]


def test_a_link_out_of_the_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(WRITTEN, encoding="utf-8")
    (folder.root / "workorders.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert "链接" in folder.problems()[0].message


def test_the_repository_s_own_file_fits_its_schema() -> None:
    from govdata.standards.source import Findings, read_yaml

    document = read_yaml(STANDARDS / "workorders.yaml", "workorders.yaml", Findings())
    assert document is not None
    assert not list(validator("workorders.schema.json").iter_errors(document.data))
    assert list(validator("workorders.schema.json").iter_errors({"limits": {"handle": []}}))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("birth_date: id_birth_date(citizen_id)", "birth_dat: id_birth_date(citizen_id)", "没有名为“birth_dat”的列"),
        ("birth_date: id_birth_date(citizen_id)", "birth_date: id_sex(citizen_id)", "表达式有误"),
        ("birth_date: id_birth_date(citizen_id)", "birth_date: id_birth_date(citizen)", "表达式有误"),
        ("  population: {birth_date: id", "  populace: {birth_date: id", "没有名为“populace”的数据集"),
    ],
)
def test_a_suggestion_is_an_expression_of_the_column_s_kind(tmp_path: Path, old: str, new: str, told: str) -> None:
    shutil.copytree(STANDARDS, tmp_path / "standards")
    page = tmp_path / "standards" / "workorders.yaml"
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StandardsError) as error:
        standards.load(tmp_path / "standards")
    assert told in str(error.value) and "workorders.yaml" in str(error.value)
