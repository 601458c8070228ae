"""Entries of the catalogue of government data: each rule of consistency is told by file and line, and holds of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata import standards
from govdata.standards.catalogue_entry import CLASSES, STAGES, of_items
from tests.standards.conftest import CONTRACT, INDEX, Folder

FILE = "datasets/person.odcs.yaml"
ENTRY = """\
      - property: catalogue
        value:
          code: 101001/000001
          classified: {kind: 基础, item: 人口}
          title: 人口_1
          subjects: [人]
          objects: 户籍人口
          basis: 户口登记条例
          scenes: [政务服务]
          area: 全市
          period: {since: '1958-01-09', until: '2026-12-31'}
          update: D
          level: 3
          condition: 仅限核验
          modes: [接口]
          opening: none
          life: {registered: '2026-01-01', gathered: '2026-01-02', governed: '2026-01-03', shared: '2026-02-01'}
"""
SHARING = "      - {property: sharing, value: conditional}\n"
DEPARTMENTS = "departments:\n  市公安局: {code: GA, uscc: 'USCC'}\n  市民政局: {code: MZ, uscc: 'OTHER'}\n"
SEX_COLUMN = "          - {property: element, value: sex}\n"
ID_COLUMN = "          - {property: element, value: citizen_id}\n"


@pytest.fixture
def entered(folder: Folder) -> Folder:
    """The sound folder with an entry."""
    known = standards.load(Path(__file__).parents[2] / "standards").workorders.departments
    text = DEPARTMENTS.replace("USCC", known["市公安局"].uscc or "").replace("OTHER", known["市民政局"].uscc or "")
    folder.write("workorders.yaml", text)
    folder.write(FILE, CONTRACT.replace(SHARING, SHARING + ENTRY))
    folder.write("codes/index.yaml", INDEX + _FREQUENCY_INDEX)
    folder.write("codes/update_frequency.csv", _FREQUENCY)
    return folder


_FREQUENCY_INDEX = "update_frequency: {name: 更新周期, standard: 编制指南, source: 抄本, grade: B}\n"
_FREQUENCY = (
    "code,name_zh,name_en,parent,valid_from,valid_to,note\nD,每日,,,,,\nW,每周,,,,,\nRT,实时,,,,,\nO,其他,,,,,\n"
)


def test_a_sound_entry_has_no_problem_and_is_read(entered: Folder) -> None:
    assert entered.problems() == []
    dataset = standards.load(entered.root).datasets["person"]
    assert dataset.entry is not None and dataset.entry.life.stage == "shared"
    assert list(dataset.entry.life.dates()) == ["registered", "gathered", "governed", "shared"]


def test_a_contract_without_an_entry_is_not_registered(folder: Folder) -> None:
    assert standards.load(folder.root).datasets["person"].entry is None


def test_the_result_of_a_dataset_does_not_depend_on_its_entry(entered: Folder) -> None:
    before = standards.load(entered.root).hashes["person"]
    entered.spoil(FILE, "objects: 户籍人口", "objects: 户籍登记的人")
    entered.spoil(FILE, ID_COLUMN, ID_COLUMN + "          - {property: opening, value: none}\n")
    assert standards.load(entered.root).hashes["person"] == before


SPOILED = {
    "type 2 without condition": ("          condition: 仅限核验\n", "", "要写明共享条件"),
    "type 3 without national basis": ("{property: sharing, value: conditional}", "{property: sharing, value: none}", "依据 refusal"),
    "a local rule is no basis": ("condition: 仅限核验", "refusal: {kind: 地方规定, text: 某办法}", "之一"),
    "a basis where it is shared": ("modes: [接口]", "modes: [接口]\n          refusal: {kind: 法律, text: 某法}", "不写不予共享的依据"),
    "a condition of what has none": ("{property: sharing, value: conditional}", "{property: sharing, value: unconditional}", "不应附加共享条件"),
    "shared, and no mode": ("          modes: [接口]\n", "", "要写明共享方式"),
    "sharing of the items": ("{property: sharing, value: conditional}", "{property: sharing, value: unconditional}", "条目应为有条件共享"),
    "sensitive without condition": (ID_COLUMN, ID_COLUMN + "          - {property: sharing, value: unconditional}\n", "不能无条件共享"),
    "secret": (SEX_COLUMN, SEX_COLUMN + "          - {property: secret, value: true}\n", "不得进入本目录"),
    "an item opened wider than shared": (SEX_COLUMN, SEX_COLUMN + "          - {property: opening, value: unconditional}\n", "宽于共享属性"),
    "opened wider than shared": ("opening: none", "opening: unconditional", "宽于共享属性"),
    "opening without condition": ("opening: none", "opening: conditional", "要写明开放条件"),
    "a condition of what is not opened": ("opening: none", "opening: none\n          opening_condition: 某", "不应附加开放条件"),
    "level of the highest item": ("level: 3", "level: 2", "最高的一级 3"),
    "frequency of the contract": ("update: D", "update: W", "与合同的 frequency（每日）不一致"),
    "unknown frequency": ("update: D", "update: X", "不在代码集 update_frequency 中"),
    "class and code": ("101001/000001", "301001/000001", "以 1 开头"),
    "form of the code": ("101001/000001", "人口1", "写法不对"),
    "item of the class": ("item: 人口}", "item: 民族}", "空间地理"),
    "title": ("title: 人口_1", "title: 人口（一）", "只含文字"),
    "life in order": ("governed: '2026-01-03'", "governed: '2025-01-03'", "早于归集"),
    "life without a gap": (", governed: '2026-01-03'", "", "缺少治理的日期"),
    "retired in the catalogue alone": ("shared: '2026-02-01'}", "retired: '2026-02-01'}", "status 应为 retired"),
    "retired in the contract alone": ("status: active", "status: retired", "要写退役的日期"),
    "no such day": ("gathered: '2026-01-02'", "gathered: '2026-02-30'", "不是真实的日期"),
    "period": ("until: '2026-12-31'", "until: '1957-12-31'", "止早于起"),
    "unknown scene": ("[政务服务]", "[办事]", "之一"),
    "provider unknown": ("team: {name: 市公安局}", "team: {name: 市公安厅}", "没有提供方“市公安厅”"),
    "no key": ("        primaryKey: true\n", "", "要有主键"),
    "too long": ("limitations: 无", f"limitations: {'长' * 256}", "至多 255 字"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", SPOILED)
def test_what_contradicts_is_told_by_file_and_line(entered: Folder, case: str) -> None:
    old, new, said = SPOILED[case]
    if case == "no key":  # a snapshot needs no key to be merged by
        entered.spoil(FILE, "{mode: delta, key: [citizen_id], operation: note}", "{mode: snapshot}")
    line = entered.spoil(FILE, old, new)
    found = [problem for problem in entered.problems() if said in problem.message]
    assert [problem.file for problem in found] == [FILE], entered.problems()
    assert found[0].line is not None and abs(found[0].line - line) <= 30


def test_what_is_told_stands_on_the_line_of_the_key(entered: Folder) -> None:
    line = entered.spoil(FILE, "level: 3", "level: 1")
    (problem,) = entered.problems()
    assert (problem.line, problem.where) == (line, "catalogue.level")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", uscc: '1", ", contact: '1", "没有统一社会信用代码"),
        ("GA, uscc", "GA, until: '2025-01-01', uscc", "撤销或并入"),
    ],
)
def test_a_provider_lives_and_has_its_code(entered: Folder, old: str, new: str, said: str) -> None:
    text = entered.read("workorders.yaml")
    entered.write("workorders.yaml", text.replace(old, new, 1))
    assert [said in problem.message for problem in entered.problems()] == [True]


def test_the_check_digit_of_a_provider_is_checked(entered: Folder) -> None:
    text = entered.read("workorders.yaml")
    place = text.index("uscc: '") + len("uscc: '") + 17
    other = "0" if text[place] != "0" else "1"
    entered.write("workorders.yaml", text[:place] + other + text[place + 1 :])
    assert ["校验码不正确" in problem.message for problem in entered.problems()] == [True]


def _second(folder: Folder, **changed: str) -> None:
    """Another department's contract beside the first."""
    text = folder.read(FILE).replace("id: person", "id: pupil").replace("- name: person", "- name: pupil")
    for old, new in {"市公安局": "市民政局", "101001/000001": "101001/000002", "人口_1": "人口_2"}.items():
        text = text.replace(old, changed.get(old, new))
    folder.write("datasets/pupil.odcs.yaml", text)


def _with_authority(folder: Folder, said: str) -> None:
    text = folder.read("elements/person.yaml").replace("  sensitivity:", f"  authority: {said}\n  sensitivity:")
    folder.write("elements/person.yaml", text)


def test_an_element_in_the_entries_of_two_departments_has_one_authority(entered: Folder) -> None:
    _second(entered)
    found = entered.problems()
    assert {problem.file for problem in found} == {"elements/person.yaml"}
    assert {problem.where for problem in found} == {"citizen_id", "sex", "birth_date", "note"}
    assert all("市公安局（person." in problem.message for problem in found)
    _with_authority(entered, "市公安局")
    assert entered.problems() == []


def test_an_authority_is_a_known_department(entered: Folder) -> None:
    _with_authority(entered, "市公安厅")
    assert all("没有名为“市公安厅”的部门" in problem.message for problem in entered.problems())
    assert entered.problems()


@pytest.mark.parametrize(
    ("same", "said"), [("101001/000001", "信息资源代码“101001/000001”已是 person 的"), ("人口_1", "目录名称“人口_1”已是 person 的")]
)  # fmt: skip
def test_codes_and_titles_are_those_of_one_entry(entered: Folder, same: str, said: str) -> None:
    _with_authority(entered, "each")
    _second(entered, **{same: same})
    assert [problem.message for problem in entered.problems()] == [said]


def test_the_class_of_an_entry_follows_from_its_items() -> None:
    assert of_items(["none", "none"]) == "none"
    assert of_items(["unconditional", "none"]) == "conditional"
    assert of_items(["conditional"]) == "conditional"


def test_every_table_of_ours_is_registered(repository: Path) -> None:
    registry = standards.load(repository / "standards")
    entered = {name for name, dataset in registry.datasets.items() if dataset.entry is not None}
    assert entered == set(registry.datasets)
    for name in entered:
        entry = registry.datasets[name].entry
        assert entry is not None and entry.code[0] in CLASSES.values() and set(entry.life.dates()) <= set(STAGES)
