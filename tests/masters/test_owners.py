"""A relation whose one side is a person or a firm and whose other side is a group: who owns which house."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata import masters, publish
from govdata.access.dossier import dossier
from govdata.standards import StandardsError
from tests.masters.conftest import Small, contract, small_at
from tests.masters.test_masters import LINK, MORE
from tests.masters.test_timelines import relation

DAY = Date(2026, 11, 20)
PERSON = """\
name: 自然人
owner: 数据局
identifiers: {number: {name: 号码, valid: "matches(value, 'A[0-9]+')"}}
mentions:
  resident: {name: 居民, dataset: people, identifiers: {number: id}, values: {name: name}}
  owner: {name: 房主, dataset: houses, where: "NOT starts_with(owner, 'U')", identifiers: {number: owner}}
elements: {name: {name: 姓名, sources: [{mentions: [resident]}]}}
"""
FIRM = """\
name: 单位
owner: 数据局
identifiers: {code: {name: 代码, valid: "matches(value, 'U[0-9]+')"}}
mentions:
  owner_firm: {name: 房主（单位）, dataset: houses, where: "starts_with(owner, 'U')", identifiers: {code: owner}, values: {name: owner_name}}
elements: {name: {name: 名称, sources: [{mentions: [owner_firm]}]}}
"""
ESTATE = """
{property: origin, value: {relations: {links: {person: person_link, firm: firm_link},
        left: {column: owner_id, masters: [person, firm]}, right: {column: house_id, key: [unit], told: [address, use]},
        statements: [
        {kind: person, name: 人, left: owner, begins: day},
        {kind: firm, name: 单位, left: owner_firm, begins: day},
        {kind: sold, name: 卖出, left: owner, where: sold IS NOT NULL, ends: sold},
        {kind: sold, name: 卖出, left: owner_firm, where: sold IS NOT NULL, ends: sold}]}}}"""
PEOPLE = {"id": "key", "name": "words"}
HOUSES = {"no": "key", "unit": "words", "address": "words", "use": "words", "owner": "words", "owner_name": "words"}
HOUSES |= {"day": "day", "sold": "day"}


def survivors(kind: str) -> dict[str, str]:
    counted = {f"{kind}_id": "free", "identifier_kind": "free", "identifier": "free"}
    counted |= dict.fromkeys(("mentions", "datasets", "disagreements", "name_agree", "name_disagree"), "count")
    return counted | {"name": "free", "name_source": "free", "name_date": "day"}


def linked(kind: str) -> str:
    return f"{{property: origin, value: {{links: {{master: {kind}}}}}}}"


def one_each(kind: str) -> str:
    return f"{{property: origin, value: {{survivors: {{master: {kind}, links: {kind}_link}}}}}}"


def declared(folder) -> Small:
    small = small_at(folder)
    (small.deployment.standards / "datasets/births.odcs.yaml").unlink()
    small.write("elements/more.yaml", MORE)
    small.write("masters/person.yaml", PERSON)
    small.write("masters/firm.yaml", FIRM)
    made = [("people", PEOPLE, "id", None), ("houses", HOUSES, "no", None)]
    for kind in ("person", "firm"):
        columns = {name.replace("person_id", f"{kind}_id"): element for name, element in LINK.items()}
        made.append((f"{kind}_link", columns, "mention_id", linked(kind)))
        made.append((kind, survivors(kind), f"{kind}_id", one_each(kind)))
    for name, columns, key, origin in made:
        text = contract(name, "部门", columns, key, *([origin] if origin else []))
        small.write(f"datasets/{name}.odcs.yaml", text)
    estate = relation("owner_id", "house_id")
    small.write(
        "datasets/estate.odcs.yaml",
        contract("estate", "数据局", estate, ("owner_id", "house_id", "row_id"), ESTATE.strip()),
    )
    return small


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Small:
    small = declared(tmp_path_factory.mktemp("owners"))
    small.deliver("people", DAY, "id,name\nA1,甲\nA2,乙\n")
    small.deliver("houses", DAY, """\
no,unit,address,use,owner,owner_name,day,sold
H1,U-1,一路1号,住宅,U7,某公司,2016-01-01,2020-05-05
H2,U-1,一路1号,住宅,A1,甲,2020-05-05,
H3,U-1,一路1号,住宅,A2,乙,2020-05-05,
H4,U-2,二路2号,办公,U7,某公司,2018-01-01,
H5,,三路3号,住宅,A1,甲,2019-01-01,
""")  # fmt: skip
    registry = small.registry
    for name in registry.derived:
        assert masters.publish_derived(registry.datasets[name], registry, small.deployment, DAY) is not None
    publish.rebuild_catalogue(small.deployment, registry)
    return small


@pytest.mark.slow
def test_whoever_owns_is_named_and_of_what_kind(city: Small) -> None:
    rows = city.ask(
        "SELECT h.no, r.kind, CAST(valid_from AS VARCHAR), CAST(valid_to AS VARCHAR), ended_by, "
        "coalesce(p.identifier, f.identifier) FROM published.estate AS r JOIN published.houses AS h ON h._row_id = "
        "r.row_id LEFT JOIN published.person AS p ON p.person_id = r.owner_id LEFT JOIN published.firm AS f ON "
        "f.firm_id = r.owner_id ORDER BY ALL"
    )
    assert rows == [
        ("H1", "firm", "2016-01-01", "2020-05-05", "sold", "U7"),
        ("H2", "person", "2020-05-05", None, None, "A1"),
        ("H3", "person", "2020-05-05", None, None, "A2"),
        ("H4", "firm", "2018-01-01", None, None, "U7"),
    ]
    assert city.ask("SELECT count(DISTINCT house_id) FROM published.estate") == [(2,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "number", "told"),
    [
        # A1: the house by its address, and the other owners it has and had
        ("person", "A1", [("一路1号 住宅", "2020-05-05"), ("某公司", "2016-01-01\n至 2020-05-05"), ("乙", "2020-05-05")]),
        # the firm: both its houses; of the one it has no longer nobody else is told
        ("firm", "U7", [("一路1号 住宅", "2016-01-01\n至 2020-05-05"), ("二路2号 办公", "2018-01-01")]),
    ],
)  # fmt: skip
def test_the_file_lists_the_houses_and_the_other_owners(
    city: Small, kind: str, number: str, told: list[tuple[str, str]]
) -> None:
    made = dossier(city.deployment, city.registry, kind, number)
    (section,) = [each for each in made.sections if each.title == "关系"]
    assert [(line[1].split("\n")[0], line[2]) for line in section.rows] == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("masters: [person, firm]", "masters: [person, frm]", "没有名为“frm”的主数据"),
        ("masters: [person, firm]", "master: person, masters: [person, firm]", "master、masters 和 key 应正好写一个"),
        ("links: {person: person_link, firm: firm_link}", "links: {person: person_link}", "links 里没有 firm 的关联表"),
        ("left: owner_firm, begins", "left: owner_frm, begins", "person、firm 没有声明身份“owner_frm”，是否想写 owner_firm"),
        ("told: [address, use]", "told: [adress]", "数据集 houses 没有名为“adress”的列"),
        ("masters: [person, firm]}", "masters: [person, firm], told: [unit]}", "只有 key 而成的组才写 told"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_side_is_told(tmp_path, before: str, after: str, told: str) -> None:
    made = declared(tmp_path)
    path = made.deployment.standards / "datasets/estate.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(StandardsError, match=told):
        _ = made.registry
