"""``govdata person``, ``company``, ``why``: who is shown what, and what is logged of it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from govdata import masters, publish
from govdata.access.dossier import Dossier, dossier
from govdata.access.row_dossier import row_dossier
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage import access_log
from tests.cli.conftest import Call
from tests.masters.conftest import Small, contract, small_at
from tests.masters.test_masters import CONFLICT, LINK, MORE
from tests.masters.test_timelines import EVENT, relation

DAY, NEXT = Date(2026, 11, 20), Date(2026, 11, 21)
PAGE = """\
name: 自然人
owner: 数据局
identifiers:
  number: {name: 身份号码（十八位的）, valid: "matches(value, 'A[0-9]+')", implies: {short: "substr(value, 2)"}}
  short: {name: 短号, valid: "matches(value, '[0-9]+')"}
  paper: {name: 证件, typed: true, valid: type = '护照'}
mentions:
  resident: {name: 居民, dataset: people, identifiers: {number: id}, values: {name: name, born: born}}
  husband:
    name: 男方
    dataset: weddings
    identifiers: {number: man, short: man, paper: {number: man, type: "CASE WHEN left(man, 1) = 'P' THEN '护照' END"}}
    values: {name: man_name}
  wife: {name: 女方, dataset: weddings, identifiers: {number: woman}, values: {name: woman_name}}
elements:
  name: {name: 姓名, identifying: true, sources: [{mentions: [resident]}, {mentions: [husband, wife]}]}
  born: {name: 出生日期, sources: [{mentions: [resident]}]}
"""
ELEMENTS = """\
number: {name: 号码, definition: 号码, type: text, normalise: [strip], sensitivity: {level: 3, mask: keep_2_0}}
own: {name: 自己的号码, definition: 号码, type: text, normalise: [strip], sensitivity: {level: 3, mask: keep_2_0}, rules: {
  shape: {pattern: '[A-Z][0-9]+', dimension: conformity, severity: error, message: 编号写法不对}}}
person: {name: 姓名, definition: 姓名, type: text, normalise: [strip], sensitivity: {level: 2, mask: name}}
birth: {name: 出生日, definition: 出生日, type: date, normalise: [strip, date], sensitivity: {level: 2, mask: year}}
secret: {name: 病史, definition: 病史, type: text, normalise: [strip], sensitivity: {level: 3}}
"""
PEOPLE = {"id": "own", "name": "person", "born": "birth", "place": "place", "illness": "secret"}
WEDDINGS = {"no": "key", "man": "number", "man_name": "person", "woman": "number", "woman_name": "person", "day": "day"}
MASTER = {"person_id": "free", "identifier_kind": "free", "identifier": "number", "mentions": "count"}
MASTER |= {"datasets": "count", "disagreements": "count", "name": "person", "born": "birth"}
for element in ("name", "born"):
    MASTER |= {f"{element}_source": "free", f"{element}_date": "day", f"{element}_agree": "count"}
    MASTER |= {f"{element}_disagree": "count"}
EVENTS = """
{property: origin, value: {events: {master: person, links: person_link, events: [
        {kind: birth, name: 出生, mention: resident, date: born},
        {kind: wedding, name: 结婚, mention: wife, date: day}]}}}"""
COUPLE = """
{property: origin, value: {relations: {links: {person: person_link},
        left: {column: husband_id, master: person}, right: {column: wife_id, master: person},
        statements: [{kind: marriage, name: 结婚, left: husband, right: wife, begins: day}]}}}"""
LINKED = "{property: origin, value: {links: {master: person}}}"
ONE_EACH = "{property: origin, value: {survivors: {master: person, links: person_link}}}"
DIFFERING = "{property: origin, value: {conflicts: {links: {person: person_link}}}}"
LINE = ("master_kind", "master_id", "element", "dataset", "role", "source_value")
TABLES = (
    ("people", PEOPLE, "id", None),
    ("weddings", WEDDINGS, "no", None),
    ("person_link", LINK, "mention_id", LINKED),
    ("person", MASTER, "person_id", ONE_EACH),
    ("conflicts", CONFLICT, LINE, DIFFERING),
    ("person_event", EVENT | {"event_date": "birth"}, ("person_id", "kind", "role", "row_id"), EVENTS),
    ("couple", relation("husband_id", "wife_id"), ("husband_id", "wife_id", "row_id"), COUPLE),
)
PEOPLE_ROWS = """\
id,name,born,place,illness
A1770001,诸葛瑾瑜, 1970/7/17 ,190101,机密病
A1880002,司马琬琰,1988-08-28,190102,
错号,端木错误,1999-09-19,190101,
"""
WEDDING_ROWS = """\
no,man,man_name,woman,woman_name,day
W1,1770001,诸葛另名,A1880002,司马琬琰,2010-10-10
W2,P5550005,护照持有,A1880002,司马琬琰,2015-05-15
"""
ROLES = """\
counter: {name: 窗口, level: 2, elements: [own], doors: [person]}
steward: {name: 治理, level: 4, doors: [person, why]}
police: {name: 公安, level: 4, doors: [person], groups: [没有这个组]}
"""
VALUES = ("诸葛瑾瑜", "诸葛另名", "瑾瑜", "司马琬琰", "琬琰", "1770001", "1880002", "5550005", "护照持有", "07-17", "7/17",
          "08-28", "机密病")  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    small = small_at(tmp_path_factory.mktemp("dossier"))
    (small.deployment.standards / "datasets/births.odcs.yaml").unlink()
    small.write("elements/more.yaml", MORE)
    small.write("elements/own.yaml", ELEMENTS)
    small.write("masters/person.yaml", PAGE)
    small.write("roles.yaml", ROLES)
    for name, columns, key, origin in TABLES:
        text = contract(name, "公安", columns, key, *([origin.strip()] if origin else []))
        small.write(f"datasets/{name}.odcs.yaml", text)
    small.deliver("people", DAY, PEOPLE_ROWS)
    small.deliver("weddings", DAY, WEDDING_ROWS)
    registry = small.registry
    for name in registry.derived:
        assert masters.publish_derived(registry.datasets[name], registry, small.deployment, DAY) is not None
    publish.rebuild_catalogue(small.deployment, registry)
    return small


@pytest.fixture
def city(made: Small) -> Small:
    """The same with nothing logged yet."""
    made.deployment.access_log.unlink(missing_ok=True)
    return made


@pytest.fixture
def own(made: Small, tmp_path: Path) -> Small:
    """A copy, to be changed."""
    shutil.copytree(made.deployment.home, tmp_path, dirs_exist_ok=True)
    (tmp_path / made.deployment.relative(made.deployment.access_log)).unlink(missing_ok=True)
    small = Small(Deployment(tmp_path))
    publish.rebuild_catalogue(small.deployment, small.registry)
    return small


def ask(city: Small, query: str) -> list[tuple[Any, ...]]:
    """Of the catalogue as it is."""
    with duckdb.connect(str(city.deployment.catalogue), read_only=True) as connection:
        return connection.execute(query).fetchall()


def one(city: Small, number: str) -> str:
    ((master,),) = ask(city, f"SELECT person_id FROM published.person WHERE identifier LIKE '%{number}'")
    return str(master)


def logged(city: Small) -> list[access_log.Access]:
    return access_log.read(city.deployment)


def section(found: Dossier, title: str) -> list[tuple[str, ...]]:
    return [row for part in found.sections if part.title == title for row in part.rows]


@pytest.mark.slow
def test_the_file_of_a_person_says_what_was_taken_who_differs_and_by_which_rows(made: Small) -> None:
    master = one(made, "1770001")
    found = dossier(made.deployment, made.registry, "person", master, role=made.registry.roles["steward"])

    assert found.head[:2] == (("主体编号", master), ("标识", "A1770001（身份号码）"))
    assert section(found, "取用的属性") == [
        ("姓名", "诸葛瑾瑜", "表people", "2026-11-20", "1", "1"),
        ("出生日期", "1970-07-17", "表people", "2026-11-20", "1", "0"),
    ]
    differs = section(found, "不一致")
    assert [row[:3] for row in differs] == [
        ("姓名", "诸葛瑾瑜", "表people（居民）"), ("姓名", "诸葛另名", "表weddings（男方）")]  # fmt: skip
    assert differs[1][4:] == ("公安", "2026-11-20")
    mentions = section(found, "各表的提及")
    assert sorted((row[0], row[1], row[4]) for row in mentions) == [
        ("居民", "表people", "身份号码"), ("男方", "表weddings", "短号")]  # fmt: skip
    assert [row[:2] for row in section(found, "经历")] == [("1970-07-17", "出生")]
    wife = one(made, "1880002")
    assert [row[1:3] for row in section(found, "关系")] == [(f"司马琬琰\n{wife}", "2010-10-10")]
    assert [row[1:] for row in section(found, "标准化改动")] == [("出生日", " 1970/7/17 ", "1970-07-17")]
    assert {row[0] for row in section(found, "依据的快照")} >= {"表people", "表weddings", "表person", "表person_link"}


@pytest.mark.slow
@pytest.mark.parametrize("number", ["A1770001", "a1770001", "1770001"])
def test_a_number_of_any_strength_leads_to_its_master(made: Small, number: str) -> None:
    found = dossier(made.deployment, made.registry, "person", number)
    assert found.subject == one(made, "1770001")


def test_a_document_is_found_by_its_number_alone(made: Small) -> None:
    found = dossier(made.deployment, made.registry, "person", "P5550005")
    assert found.subject == one(made, "5550005")


def test_masked_no_value_is_shown_on_the_terminal_or_the_page(city: Small, call: Call, tmp_path: Path) -> None:
    home, row = city.deployment.home, str(ask(city, "SELECT _row_id FROM published.people ORDER BY id")[0][0])
    for arguments in (("person", one(city, "1770001")), ("why", row)):
        page = tmp_path / f"{arguments[0]}.html"
        code, out, err = call(home, *arguments)
        assert code == 0 and "诸***" in out and "1970年" in out and "已按数据元脱敏" in out, err
        assert call(home, *arguments, "--html", str(page))[0] == 0
        for text in (out, page.read_text(encoding="utf-8")):
            assert not [value for value in VALUES if value in text]
    assert "****" in call(home, "why", row)[1]


def test_values_are_revealed_for_a_purpose_only_and_every_look_is_logged(city: Small, call: Call) -> None:
    home, master = city.deployment.home, one(city, "1770001")
    code, out, err = call(home, "person", master, "--reveal", "--role", "counter")
    assert (code, out) == (1, "") and "--purpose" in err and logged(city) == []

    code, out, _ = call(
        home, "person", master, "--reveal", "--role", "counter", "--purpose", "窗口核验", "--by", "张三"
    )
    assert code == 0 and "诸葛瑾瑜" in out and "1970-07-17" in out
    assert call(home, "person", master)[0] == 0
    first, second = logged(city)
    assert (first.subject, first.action, first.door, first.actor) == (master, "look", "person", "张三")
    assert (first.purpose, first.revealed, second.revealed) == ("窗口核验", True, False)
    assert (first.role, second.role) == ("counter", None)
    assert not [value for value in VALUES if value in city.deployment.access_log.read_text(encoding="utf-8")]
    rows = city.ask("SELECT subject, revealed, role FROM governance.access_log")
    assert rows == [(master, True, "counter"), (master, False, None)]


def test_a_role_sees_what_is_declared_and_no_more(city: Small, call: Call) -> None:
    home, row = city.deployment.home, str(ask(city, "SELECT _row_id FROM published.people ORDER BY id")[0][0])
    looked = ("person", one(city, "1770001"), "--reveal", "--purpose", "核验", "--role")
    _, counter, _ = call(home, *looked, "counter")
    assert "诸葛瑾瑜" in counter and "A1770001" not in counter and "按角色“窗口”显示" in counter
    assert "A1770001" in call(home, *looked, "steward")[1]
    _, out, _ = call(home, "why", row, "--reveal", "--purpose", "核验", "--role", "steward")
    assert "A1770001" in out and "机密病" in out and "诸葛瑾瑜" in out
    shown = [(line.door, line.role, line.revealed) for line in logged(city)]
    assert shown == [("person", "counter", True), ("person", "steward", True), ("why", "steward", True)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--role", "countre"), "没有声明角色“countre”，是否想写 counter"),
        (("--reveal", "--purpose", "核验"), "须说明角色：--role（counter 窗口、steward 治理、police 公安）"),
        (("--reveal", "--purpose", "核验", "--role", "police"), "本账户不在角色“police”（公安）的用户组内：没有这个组"),
        (("--role", "police"), "本账户不在角色“police”"),
        (("--reveal", "--role", "counter"), "须写明用途：--purpose"),
    ],
)
def test_a_role_that_is_not_declared_or_not_one_s_own_is_refused(
    city: Small, call: Call, arguments: tuple[str, ...], told: str
) -> None:
    code, out, err = call(city.deployment.home, "person", one(city, "1770001"), *arguments)

    assert (code, out) == (1, "") and told in err.replace("\n", "") and logged(city) == []


def test_by_a_door_that_is_not_the_role_s_nothing_is_revealed(city: Small, call: Call) -> None:
    row = str(ask(city, "SELECT _row_id FROM published.people ORDER BY id")[0][0])
    code, out, err = call(city.deployment.home, "why", row, "--reveal", "--purpose", "核验", "--role", "counter")

    assert (code, out) == (1, "") and "在 why 中不看未脱敏的值；可以的：steward 治理" in err and logged(city) == []


def test_a_look_that_cannot_be_logged_shows_nothing(city: Small, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise GovdataError("台账写不进去")

    monkeypatch.setattr(access_log, "record", refused)
    code, out, err = call(city.deployment.home, "person", one(city, "1770001"))
    assert (code, out) == (1, "") and "台账写不进去" in err


def test_a_number_is_read_from_the_standard_input_and_told_to_nobody(
    city: Small, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = city.deployment.home
    monkeypatch.setattr(sys, "stdin", io.StringIO("A1770001\n"))
    code, out, err = call(home, "person", "-")
    assert code == 0 and one(city, "1770001") in out and "A1770001" not in out + err
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, out, err = call(home, "person", "-")
    assert (code, out) == (1, "") and "标准输入为空" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("A7777777\n"))
    code, out, err = call(home, "person", "-")
    assert (code, out) == (1, "") and "没有这个号码的自然人" in err and "7777777" not in err
    assert [line.subject for line in logged(city)] == [one(city, "1770001")]


def test_an_id_that_is_no_more_says_what_became_of_it(own: Small, call: Call) -> None:
    code, _, err = call(own.deployment.home, "person", "0" * 24)
    assert code == 1 and f"没有编号为 {'0' * 24} 的自然人" in err
    gone = one(own, "1770001")
    rows = PEOPLE_ROWS.replace("A1770001", "A1770009")
    own.deliver("people", NEXT, rows)
    registry = own.registry
    links = registry.datasets["person_link"]
    masters.publish_derived(links, registry, own.deployment, NEXT)
    masters.publish_derived(registry.datasets["person"], registry, own.deployment, NEXT)
    publish.rebuild_catalogue(own.deployment, registry)
    code, out, err = call(own.deployment.home, "person", gone)
    assert code == 1 and out == "" and "2026-11-21 起为 " in err


def test_a_held_back_row_says_so_and_has_no_master(city: Small, call: Call) -> None:
    (row,) = ask(city, "SELECT _row_id FROM quarantine.people")[0]
    code, out, _ = call(city.deployment.home, "why", row)
    assert code == 0 and "隔离：没有发布，也没有归到主体" in out and "id.shape" in out and "编号写法不对" in out
    assert "端木" not in out


def test_a_row_leads_to_its_masters_and_relations(made: Small) -> None:
    (row,) = ask(made, "SELECT _row_id FROM published.weddings WHERE no = 'W1'")[0]
    found = row_dossier(made.deployment, made.registry, row)
    assert [line[:4] for line in section(found, "归到的主体")] == [
        ("男方", "自然人", one(made, "1770001"), "短号"), ("女方", "自然人", one(made, "1880002"), "身份号码")]  # fmt: skip
    assert section(found, "据以认定的关系") == [("表couple", "结婚")]
    assert [line[0] for line in section(found, "不一致")] == ["姓名"]


@pytest.mark.parametrize("command", ["person", "company", "why"])
def test_without_a_catalogue_or_the_row_it_says_what_to_do(small: Small, city: Small, call: Call, command: str) -> None:
    code, out, err = call(small.deployment.home, command, "x-1")
    assert (code, out) == (1, "") and "govdata run" in err
    code, out, err = call(city.deployment.home, command, "x-1")
    told = {"person": "govdata why", "company": "没有声明主数据", "why": "没有这一行"}[command]
    assert (code, out) == (1, "") and told in err and "Traceback" not in err
    assert logged(city) == []


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small_at(tmp_path_factory.mktemp("empty"))


def test_the_page_carries_no_script_names_who_looked_and_overwrites_nothing(
    city: Small, call: Call, tmp_path: Path
) -> None:
    page, home, master = tmp_path / "档案.html", city.deployment.home, one(city, "1770001")
    assert call(home, "person", master, "--html", str(page), "--purpose", "补办<script>alert(1)</script>")[0] == 0
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text and "<script" not in text and "补办&lt;script&gt;" in text
    assert "http://" not in text and "https://" not in text and "@page { size: A4" in text
    assert page.stat().st_mode & 0o007 == 0
    before = len(logged(city))
    code, _, err = call(home, "person", master, "--html", str(page))
    assert code == 1 and "已经存在" in err and len(logged(city)) == before


def test_a_table_that_no_night_has_made_yet_and_a_folder_that_is_not_there_are_told(own: Small, call: Call) -> None:
    home, master = own.deployment.home, one(own, "1770001")
    code, _, err = call(home, "person", master, "--html", str(home / "没有" / "a.html"))
    assert code == 1 and "不存在" in err
    with duckdb.connect(str(own.deployment.catalogue)) as catalogue:
        catalogue.execute("DROP VIEW published.couple")
    code, out, err = call(home, "person", master)
    assert (code, out) == (1, "") and "请先运行 govdata run" in err and master not in err
    own.deployment.catalogue.write_bytes(b"no database")
    code, out, err = call(home, "person", master)
    assert (code, out) == (1, "") and "目录打不开" in err
    assert logged(own) == []


def test_a_page_of_eighty_columns_loses_no_text(city: Small, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    master = one(city, "1770001")
    found = dossier(city.deployment, city.registry, "person", master, role=city.registry.roles["steward"])
    monkeypatch.setattr("govdata.cli.dossier.console", lambda: Console(width=80))
    _, out, _ = call(city.deployment.home, "person", master, "--reveal", "--role", "steward", "--purpose", "试")
    told = json.dumps("".join(out.split()), ensure_ascii=False)
    for part in found.sections:
        for row in part.rows:
            for text in row:
                assert all(word in told for word in text.split() if word.isascii() and 8 <= len(word) <= 24)
    assert max(map(len, out.splitlines())) <= 80
