"""What an officer declares of scoring: defaults, settings by date, problems with file and line."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pytest

from govdata import standards
from tests.standards.conftest import Folder
from tests.standards.test_schemas import STANDARDS, validator

WRITTEN = """\
weights:
  - {conformity: 1, completeness: 1, accuracy: 3, consistency: 1, timeliness: 0, punctuality: 2, source: 旧办法, grade: C}
  - {conformity: 1, completeness: 2, accuracy: 3, consistency: 1, timeliness: 1, punctuality: 1, source: 新办法, grade: B, valid_from: '2026-07-01'}
levels:
  - bands: [{name: 合格, at_least: 60}, {name: 不合格, at_least: 0}]
    source: 考核办法
cards:
  - {punctuality: {green: 90, red: 60}, quality: {green: 95, red: 70}, source: 考核办法}
ranking:
  - {min_coverage: 0.8, min_rows: 10, source: 建议, grade: P}
window:
  - {dates: 7, source: 建议, grade: P}
divisions: {person: sex}
"""


def test_without_a_file_the_defaults_hold_and_say_how_well_they_are_confirmed(folder: Folder) -> None:
    scheme = standards.load(folder.root).scoring.on(Date(2026, 1, 1))
    assert [band.name for band in scheme.levels.bands] == ["优秀", "良好", "中等", "不及格"]
    assert (scheme.weights.grade, scheme.ranking.grade) == ("B", "P")


def test_a_setting_holds_from_its_date_on(folder: Folder) -> None:
    folder.write("scoring.yaml", WRITTEN)
    scoring = standards.load(folder.root).scoring
    assert scoring.on(Date(2026, 6, 30)).weights.punctuality == 2
    assert scoring.on(Date(2026, 7, 1)).weights.source == "新办法"
    assert scoring.on(Date(2020, 1, 1)).window.dates == 7


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("completeness: 2", "completness: 2", "是否想写 completeness"),
        ("completeness: 2", "completeness: -2", "不能小于 0"),
        ("completeness: 2", "completeness: '2'", "应为数值"),
        ("valid_from: '2026-07-01'", "valid_from: '2026-02-30'", "不是真实的日期"),
        ("at_least: 60}", "at_least: 0}", "从高到低"),
        ("at_least: 0}]", "at_least: 10}]", "从 0 开始"),
        ("name: 不合格", "name: 合格", "同名"),
        ("{green: 90, red: 60}", "{green: 50, red: 60}", "不能高于绿牌"),
        ("min_coverage: 0.8", "min_coverage: 80", "不能大于 1"),
        ("source: 建议, grade: P}\nwindow", "grade: P}\nwindow", "缺少“source”"),
        ("grade: P}\nwindow", "grade: Q}\nwindow", "之一"),
        ("{person: sex}", "{persn: sex}", "是否想写 person"),
        ("{person: sex}", "{person: sexx}", "是否想写 sex"),
        ("{person: sex}", "{person: birth_date}", "不是代码类的列"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(folder: Folder, old: str, new: str, said: str) -> None:
    folder.write("scoring.yaml", WRITTEN)
    line = folder.spoil("scoring.yaml", old, new)
    found = folder.problems()
    assert [problem.file for problem in found] == ["scoring.yaml"] * len(found) and found
    assert any(said in problem.message for problem in found)
    assert all(problem.line is not None and abs(problem.line - line) <= 2 for problem in found)


def test_two_settings_of_one_day_and_weights_of_nothing(folder: Folder) -> None:
    folder.write("scoring.yaml", WRITTEN.replace(", valid_from: '2026-07-01'", ""))
    assert ["同一天" in problem.message for problem in folder.problems()] == [True]
    none = "{conformity: 0, completeness: 0, accuracy: 0, consistency: 0, timeliness: 0, punctuality: 0, source: 无}"
    folder.write("scoring.yaml", f"weights:\n  - {none}\n")
    assert ["权重全是 0" in problem.message for problem in folder.problems()] == [True]


def test_a_link_out_of_the_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(WRITTEN, encoding="utf-8")
    (folder.root / "scoring.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert ["链接" in problem.message for problem in folder.problems()] == [True]


def test_the_committed_settings_fit_their_schema() -> None:
    from govdata.standards.source import Findings, read_yaml

    document = read_yaml(STANDARDS / "scoring.yaml", "scoring.yaml", Findings())
    assert document is not None
    assert not list(validator("scoring.schema.json").iter_errors(document.data))
    assert list(validator("scoring.schema.json").iter_errors({"weights": []}))
