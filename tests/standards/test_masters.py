"""What an officer writes in ``standards/masters`` and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.standards import load, problems
from tests.standards.conftest import ELEMENTS, INDEX, SEX, VILLAGE

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: people
name: 人口
version: 1.0.0
status: active
domain: 人口
team: {name: 公安}
schema:
  - name: people
    customProperties: [{property: delivery, value: {mode: snapshot}}]
    properties:
      - {name: id, required: true, primaryKey: true, customProperties: [{property: element, value: citizen_id}]}
      - {name: sex, customProperties: [{property: element, value: sex}]}
      - {name: born, customProperties: [{property: element, value: birth_date}]}
"""
PERSON = """\
name: 自然人
owner: 数据局
identifiers:
  citizen_id: {name: 公民身份号码, valid: "check_digit_ok('gb11643', value)", implies: {old: "left(value, 15)"}}
  old: {name: 旧号码, valid: "length(value) = 15"}
mentions:
  resident:
    name: 户籍人口
    dataset: people
    identifiers: {citizen_id: id}
    values: {sex: sex, born: born}
  again:
    name: 又一次
    dataset: people
    identifiers: {old: "left(id, 15)"}
    values: {sex: sex}
elements:
  sex: {name: 性别, sources: [{mentions: [resident], where: "value = '1'"}, {mentions: [again, resident]}]}
  born: {name: 出生日期, sources: [{mentions: [resident]}]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "elements/_defaults.yaml": "null_tokens: [无]\n",
        "elements/all.yaml": ELEMENTS,
        "codes/index.yaml": INDEX,
        "codes/sex.csv": SEX,
        "codes/village.csv": VILLAGE,
        "datasets/people.odcs.yaml": CONTRACT,
        "masters/person.yaml": PERSON,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_page_is_part_of_the_registry(root: Path) -> None:
    master = load(root).masters["person"]

    assert master.datasets == ("people",)
    assert master.mentions["again"].number("old") == ("left(id, 15)", None)
    assert [rank for rank, _ in master.elements["sex"].rank("resident")] == [1, 2]
    assert master.elements["sex"].filling == (1, 2)


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        (
            "dataset: people\n    identifiers: {citizen_id",
            "dataset: peopel\n    identifiers: {citizen_id",
            9,
            "没有名为“peopel”的数据集",
        ),
        ("values: {sex: sex, born: born}", "values: {sex: sexe, born: born}", 11, "sexe"),
        ("values: {sex: sex, born: born}", "values: {sexx: sex, sex: sex, born: born}", 11, "没有声明属性“sexx”"),
        ("{citizen_id: id}", "{citizen: id}", 10, "没有声明标识“citizen”"),
        ("{citizen_id: id}", "{citizen_id: born}", 10, "应为文本"),
        ("{citizen_id: id}", "{citizen_id: {number: id, type: sex}}", 10, "只写号码"),
        ("{mentions: [again, resident]}", "{mentions: [agian]}", 18, "没有声明身份“agian”"),
        ("[{mentions: [resident]}]}", "[{mentions: [resident, again]}]}", 19, "没有给出属性 born 的值"),
        ("""[resident], where: "value = '1'"}""", "[resident]}", 18, "顺位互相矛盾"),
        ("{mentions: [resident]}]}", "{mentions: [resident], fills: false}]}", 19, "没有可以取值的来源"),
        ("values: {sex: sex}", "values: {sex: sex, born: sex}", 19, "类型不同"),
        ("""valid: "length(value) = 15\"""", "valid: length(value)", 5, "应为真假"),
        ("implies: {old:", "implies: {older:", 4, "“older”应是排在 citizen_id 之后的一种标识"),
        ("owner: 数据局\n", "", 1, "owner"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(root: Path, before: str, after: str, line: int, told: str) -> None:
    assert before in PERSON
    (root / "masters/person.yaml").write_text(PERSON.replace(before, after), encoding="utf-8")

    found = [p for p in problems(root) if p.file == "masters/person.yaml"]

    assert [p.line for p in found] == [line] and told in f"{found[0].where} {found[0].message}", found


LINKING = """\
linking:
  fields:
    sex: {name: 性别, compare: code}
    born: {name: 出生日期, compare: date}
  blocks: [[born]]
"""


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        ("blocks: [[born]]", "blocks: [[borne]]", 24, "没有声明比对的项“borne”"),
        ("blocks: [[born]]", "blocks: [[born]]\n  demands: [name]", 25, "没有声明比对的项“name”"),
        ("compare: date", "compare: division", 23, "code_set"),
        ("compare: date", "compare: sound", 23, "compare"),
        ("compare: code}", "compare: division, code_set: places}", 22, "没有代码集“places”"),
        ("blocks: [[born]]", "blocks: [[born]]\n  link: 0.2", 20, "candidate 不应高于 link"),
        ("values: {sex: sex}", "values: {sex: sex}\n    evidence: {name: id}", 17, "没有声明比对的项“name”"),
        ("values: {sex: sex}", "values: {sex: sex}\n    evidence: {born: bron}", 17, "bron"),
    ],
)
def test_a_mistake_about_likeness_is_told(root: Path, before: str, after: str, line: int, told: str) -> None:
    page = PERSON + LINKING
    assert before in page
    (root / "masters/person.yaml").write_text(page.replace(before, after, 1), encoding="utf-8")

    found = [p for p in problems(root) if p.file == "masters/person.yaml"]

    assert [p.line for p in found] == [line] and told in f"{found[0].where} {found[0].message}", found


def test_a_derived_table_names_a_kind_that_is_declared(root: Path) -> None:
    origin = "{property: origin, value: {links: {master: persn}}}"
    contract = CONTRACT.replace("{property: delivery, value: {mode: snapshot}}", origin).replace(
        "people", "person_link"
    )
    (root / "datasets/person_link.odcs.yaml").write_text(contract, encoding="utf-8")

    messages = [p.message for p in problems(root) if p.file == "datasets/person_link.odcs.yaml"]

    assert any("没有名为“persn”的主数据" in message and "person" in message for message in messages), messages
