"""Persons told of by three registers: who is who, whose word counts, and what is blocked."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date as Date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govdata import engine, masters, publish
from govdata.deployment import Deployment
from govdata.errors import GateBlocked, GovdataError
from govdata.masters import derive, integrity
from tests.masters.conftest import Small, contract, small_at, told_under_seeds

DAY, NEXT, THIRD = Date(2026, 11, 20), Date(2026, 11, 21), Date(2026, 11, 22)

PERSON = """\
name: 自然人
owner: 数据局
identifiers:
  number: {name: 号码, valid: "matches(value, 'A[0-9]+')", implies: {old: "substr(value, 2)"}}
  old: {name: 旧号码, valid: "matches(value, '[0-9]+')"}
  paper: {name: 证件, typed: true, valid: type = '护照'}
mentions:
  resident:
    name: 居民
    dataset: people
    identifiers: {number: id}
    values: {name: name, place: place, state: state}
  mother:
    name: 母亲
    dataset: births
    identifiers: {number: mother, old: mother, paper: {number: mother, type: "CASE WHEN left(mother, 1) = 'P' THEN '护照' END"}}
    values: {name: mother_name, place: place}
    date: born
elements:
  name: {name: 姓名, identifying: true, sources: [{mentions: [resident]}, {mentions: [mother]}]}
  place: {name: 地方, sources: [{mentions: [resident]}, {mentions: [mother], fills: false}]}
  state: {name: 状态, sources: [{mentions: [resident], where: "value = '1'"}]}
bounds: {merged: 0.1, split: 0.1, moved: 0.2, gone: 0.9}
"""
BIRTHS = {"no": "key", "mother": "words", "mother_name": "words", "place": "place", "born": "day"}
PEOPLE = {"id": "key", "name": "words", "place": "place", "state": "words"}
LINK = {
    "mention_id": "free", "dataset": "free", "role": "free", "row_id": "free", "delivery_date": "day",
    "person_id": "free", "method": "free", "score": "share", "agreed": "free",
}  # fmt: skip
MASTER = {"person_id": "free", "identifier_kind": "free", "identifier": "free", "mentions": "count", "datasets": "count",
          "disagreements": "count"}  # fmt: skip
for element in ("name", "place", "state"):
    MASTER |= {element: "free", f"{element}_source": "free", f"{element}_date": "day", f"{element}_agree": "count"}
    MASTER |= {f"{element}_disagree": "count"}
CONFLICT = dict.fromkeys(("master_kind", "master_id", "element", "dataset", "role", "source_value", "row_id"), "free")
CONFLICT |= {"delivery_date": "day", "mentions": "count", "chosen": "flag", "reason": "free", "owner": "free"}
CONFLICT |= {"first_seen": "day", "last_seen": "day", "open": "flag"}
MORE = """\
free: {name: 文本, definition: 文本, type: text, null_tokens: [], sensitivity: {level: 1}}
share: {name: 得分, definition: 得分, type: decimal, scale: 4, sensitivity: {level: 1}}
"""
TABLES = ("person_link", "person", "conflicts")

PEOPLE_1 = "id,name,place,state\nA1,甲,190101,1\nA2,乙,190101,2\nA3,丙,190102,1\n"
BIRTHS_1 = """\
no,mother,mother_name,place,born
B1,A1,甲,190101,2020-01-01
B2,A1,假,190102,2022-01-01
B3,3,丙,190102,2021-01-01
B4,X?,丁,190101,2021-01-01
B5,X?,丁,190101,2021-01-01
B6,P77,戊,190101,2021-01-01
B7,P77,戊,190101,2022-01-01
B8,99,己,190101,2022-01-01
"""


@pytest.fixture
def city(tmp_path: Path) -> Small:
    return declared(tmp_path)


def declared(folder: Path) -> Small:
    small = small_at(folder)
    small.write("elements/more.yaml", MORE)
    small.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id"))
    small.write("datasets/births.odcs.yaml", contract("births", "卫健", BIRTHS, "no"))
    small.write("masters/person.yaml", PERSON)
    line = ("master_kind", "master_id", "element", "dataset", "role", "source_value")
    for name, columns, key, origin in (
        ("person_link", LINK, "mention_id", "links: {master: person}"),
        ("person", MASTER, "person_id", "survivors: {master: person, links: person_link}"),
        ("conflicts", CONFLICT, line, "conflicts: {links: {person: person_link}}"),
    ):
        text = contract(name, "数据局", columns, key, f"{{property: origin, value: {{{origin}}}}}")
        small.write(f"datasets/{name}.odcs.yaml", text)
    return small


def made(city: Small, date: Date = DAY) -> None:
    registry = city.registry
    for name in TABLES:
        masters.publish_derived(registry.datasets[name], registry, city.deployment, date)


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Small:
    city = declared(tmp_path_factory.mktemp("first"))
    city.deliver("people", DAY, PEOPLE_1)
    city.deliver("births", DAY, BIRTHS_1)
    made(city)
    return city


@pytest.fixture
def known(first_night: Small, tmp_path: Path) -> Small:
    """The first night, to go on from."""
    shutil.copytree(first_night.deployment.home, tmp_path, dirs_exist_ok=True)
    return Small(Deployment(tmp_path))


def links(city: Small) -> dict[tuple[str, int], dict[str, Any]]:
    """By role and line of the delivered file."""
    rows = city.ask(
        "SELECT role, coalesce(p._source_row, b._source_row), l.person_id, l.method, l.score, l.agreed "
        "FROM published.person_link AS l LEFT JOIN published.people AS p ON p._row_id = l.row_id "
        "LEFT JOIN published.births AS b ON b._row_id = l.row_id"
    )
    return {(row[0], row[1]): dict(zip(("id", "method", "score", "agreed"), row[2:], strict=True)) for row in rows}


@pytest.mark.slow
def test_mentions_with_one_valid_identifier_are_one_master_and_others_stay_alone(known: Small) -> None:
    found = links(known)

    one = found["resident", 2]["id"]
    assert found["mother", 2]["id"] == found["mother", 3]["id"] == one  # also where the name differs
    assert found["mother", 4]["id"] == found["resident", 4]["id"]  # the old number of A3
    assert found["mother", 5]["id"] != found["mother", 6]["id"]  # the same name proves nothing
    assert found["mother", 7]["id"] == found["mother", 8]["id"]  # one passport
    assert len({link["id"] for link in found.values()}) == 7
    assert [found["mother", line]["method"] for line in (2, 4, 5, 7, 9)] == [
        "number",
        "old",
        "unlinked",
        "paper",
        "old",
    ]
    assert [found["mother", line]["score"] for line in (2, 5)] == [1, None]
    assert [found["mother", line]["agreed"] for line in (2, 3, 5)] == ["name", None, None]


def test_an_id_says_nothing_of_the_identifier_and_needs_the_secret(known: Small) -> None:
    ids = {link["id"] for link in links(known).values()}
    plain = {
        hashlib.sha256(f"{a}{s}{b}".encode()).hexdigest()[:24]
        for a in ("person", "", "number")
        for s in ("", "\x1f")
        for b in ("A1", "number\x1fA1")
    }

    assert not ids & plain and all(len(name) == 24 for name in ids)
    known.deployment.secret.write_text(json.dumps({"key": "0" * 64}), encoding="ascii")
    assert not ids & _ids_of_again(known)


def _ids_of_again(city: Small) -> set[str]:
    """The ids that the same rows get once more, in a batch that is made anew."""
    city.deliver("people", NEXT, PEOPLE_1)
    raw = derive.derive(city.registry.datasets["person_link"], city.registry, city.deployment, NEXT)
    assert raw is not None
    tables = [pq.read_table(city.deployment.absolute(name)) for name in raw.files]
    return set(pa.concat_tables(tables)["person_id"].to_pylist())


def test_without_the_secret_nothing_is_linked_anew(known: Small) -> None:
    known.deployment.secret.unlink()
    known.deliver("people", NEXT, PEOPLE_1)

    with pytest.raises(GovdataError, match="请从备份恢复"):
        made(known, NEXT)


@pytest.mark.slow
def test_ids_do_not_depend_on_the_order_of_rows_nor_on_the_process(known: Small) -> None:
    before = known.ask("SELECT role, person_id, method FROM published.person_link ORDER BY ALL")
    people, births = PEOPLE_1.splitlines(), BIRTHS_1.splitlines()
    known.deliver("people", NEXT, "\n".join([people[0], *reversed(people[1:])]) + "\n")
    known.deliver("births", NEXT, "\n".join([births[0], *reversed(births[1:])]) + "\n")
    told = told_under_seeds(known.deployment, ("role", "person_id", "method"))

    assert set(told) == {f"{before}\n"}


@pytest.mark.slow
def test_a_weaker_identifier_that_comes_with_two_stronger_ones_leads_nowhere(city: Small) -> None:
    page = PERSON.replace("identifiers: {number: id}", "identifiers: {number: id, old: state}")
    city.write("masters/person.yaml", page)
    city.deliver("people", DAY, "id,name,place,state\nA1,甲,190101,7\nA2,乙,190101,7\nA3,丙,190101,8\n")
    city.deliver("births", DAY, "no,mother,mother_name,place,born\nB1,7,甲,,\nB2,8,丙,,\nB3,7,乙,,\n")
    made(city)

    found = links(city)
    assert found["mother", 2]["id"] not in {found["resident", line]["id"] for line in (2, 3, 4)}
    assert found["mother", 2]["id"] == found["mother", 4]["id"]
    assert found["mother", 3]["id"] == found["resident", 4]["id"]


def test_the_best_source_is_taken_and_the_others_are_counted(known: Small) -> None:
    columns = (
        "identifier, name, name_source, name_date, name_agree, name_disagree, place, place_source, state, mentions"
    )
    rows = {
        row[0]: row[1:] for row in known.ask(f"SELECT {columns} FROM published.person WHERE identifier IS NOT NULL")
    }

    assert rows["A1"] == ("甲", "people", DAY, 2, 1, "190101", "people", "1", 3)
    assert rows["A2"][6:8] == ("people", None)  # the rank is for state 1 alone
    assert rows["护照:P77"] == ("戊", "births", Date(2022, 1, 1), 2, 0, None, None, None, 2)  # never filled from births
    assert known.ask("SELECT disagreements, datasets FROM published.person WHERE identifier = 'A1'") == [(2, 2)]
    assert known.ask("SELECT count(*) FROM published.person WHERE identifier IS NULL") == [(2,)]


@pytest.mark.slow
def test_of_one_rank_the_newest_delivery_and_then_the_newest_date_goes_first(city: Small) -> None:
    city.deliver("people", DAY, "id,name,place,state\nA9,无关,190101,1\n")
    city.deliver(
        "births", DAY, "no,mother,mother_name,place,born\nB1,A1,旧,,2020-01-01\nB2,A1,新,,2021-01-01\nB3,A1,无日,,\n"
    )
    made(city)

    assert city.ask("SELECT name, name_agree, name_disagree FROM published.person WHERE identifier = 'A1'") == [
        ("新", 1, 2)
    ]
    reasons = {
        row[0]: row[1:] for row in city.ask("SELECT source_value, chosen, reason, owner FROM governance.conflicts")
    }
    assert reasons["新"] == (True, "权威来源第 2 顺位，取用", None)
    assert reasons["旧"] == reasons["无日"] == (False, "同一顺位，该行的日期较早", "卫健")


def test_of_a_latest_element_only_the_newest_rows_of_a_table_speak(city: Small) -> None:
    city.write("masters/person.yaml", PERSON.replace("name: {name: 姓名,", "name: {name: 姓名, latest: true,"))
    city.deliver("people", DAY, "id,name,place,state\nA1,甲,190101,1\n")
    city.deliver("births", DAY, "no,mother,mother_name,place,born\nB1,A1,旧,,2020-01-01\nB2,A1,甲,,2021-01-01\n")
    made(city)

    assert city.ask("SELECT name, name_agree, name_disagree FROM published.person") == [("甲", 2, 0)]


@pytest.mark.slow
def test_a_conflict_keeps_its_first_day_and_stays_when_it_is_over(known: Small) -> None:
    known.deliver("births", NEXT, BIRTHS_1)
    made(known, NEXT)
    again = known.ask("SELECT DISTINCT first_seen, last_seen, open FROM governance.conflicts WHERE element = 'name'")
    known.deliver("births", THIRD, BIRTHS_1.replace("假", "甲"))
    made(known, THIRD)

    assert again == [(DAY, None, True)]
    over = known.ask("SELECT DISTINCT first_seen, last_seen, open FROM governance.conflicts WHERE element = 'name'")
    assert over == [(DAY, NEXT, False)]
    assert known.ask("SELECT DISTINCT owner FROM governance.conflicts WHERE open AND NOT chosen") == [("卫健",)]
    earlier = "SELECT count(*) FROM governance.conflicts_at(DATE '2026-11-21') WHERE open AND element = 'name'"
    assert known.ask(earlier) == [(3,)]


def test_doing_a_date_again_changes_nothing(known: Small) -> None:
    def state() -> dict[str, tuple[str, bytes]]:
        found = {}
        for name in TABLES:
            snapshot = publish.newest(known.deployment, name, DAY)
            assert snapshot is not None
            content = b"".join(known.deployment.absolute(file).read_bytes() for file in snapshot.files)
            found[name] = (snapshot.snapshot_id, content)
        return found

    before = state()
    made(known)
    assert state() == before


def test_a_register_that_is_missing_tonight_is_used_as_it_last_was_and_said(known: Small) -> None:
    known.deliver("people", NEXT, PEOPLE_1 + "A4,庚,190101,1\n")
    made(known, NEXT)

    registry = known.registry
    assert masters.remarks(registry.datasets["person"], registry, known.deployment, NEXT) == (
        "births 本日没有新的一期，用 2026-11-20 期",
    )
    assert known.ask("SELECT count(*), sum(mentions) FROM published.person") == [(8, 12)]


def test_a_register_that_was_never_published_keeps_nothing_from_being_made(city: Small) -> None:
    city.deliver("people", DAY, PEOPLE_1)
    made(city)

    registry = city.registry
    assert city.ask("SELECT count(*) FROM published.person") == [(3,)]
    assert masters.remarks(registry.datasets["person_link"], registry, city.deployment, DAY) == (
        "births 还没有发布过，不在其内",
    )


def test_an_empty_register_is_no_fault(known: Small) -> None:
    known.deliver("births", NEXT, BIRTHS_1.splitlines()[0] + "\n")
    made(known, NEXT)

    assert known.ask("SELECT count(*), sum(mentions) FROM published.person") == [(3, 3)]


@pytest.mark.slow
def test_a_department_that_renumbers_everybody_moves_no_master(known: Small) -> None:
    before = set(known.ask("SELECT person_id FROM published.person WHERE identifier IS NOT NULL"))
    known.deliver("births", NEXT, BIRTHS_1.replace("\nB", "\nC"))
    made(known, NEXT)

    assert set(known.ask("SELECT person_id FROM published.person WHERE identifier IS NOT NULL")) == before


@pytest.mark.slow
def test_a_night_that_glues_the_city_together_is_blocked_and_the_masters_stay(city: Small) -> None:
    header = "no,mother,mother_name,place,born\n"
    city.deliver("people", DAY, PEOPLE_1)
    city.deliver("births", DAY, header + "".join(f"B{n},A{n},母,,\n" for n in range(1, 13)))
    made(city)
    city.deliver("births", NEXT, header + "".join(f"B{n},A1,母,,\n" for n in range(1, 13)))

    with pytest.raises(GateBlocked, match=r"换了主体的提及 11 个，占 2026-11-20 的 73\.33%，超过上限 20\.00%"):
        made(city, NEXT)
    registry = city.registry
    with pytest.raises(GateBlocked, match="关联表 person_link 本日没有发布"):
        masters.publish_derived(registry.datasets["person"], registry, city.deployment, NEXT)
    assert city.ask("SELECT count(*), max(mentions) FROM published.person") == [(12, 2)]


def test_another_secret_would_change_every_id_and_is_blocked(city: Small) -> None:
    people = "id,name,place,state\n" + "".join(f"A{n},甲,190101,1\n" for n in range(1, 13))
    city.deliver("people", DAY, people)
    made(city)
    city.deployment.secret.write_text(json.dumps({"key": "0" * 64}), encoding="ascii")
    city.deliver("people", NEXT, people)

    with pytest.raises(GateBlocked, match="有标识而不再出现的上一期主体 12 个"):
        made(city, NEXT)


def _judged_after(city: Small, spoil: Any) -> dict[str, bool]:
    """The outcomes over links that were spoilt after they were made."""
    registry = city.registry
    dataset = registry.datasets["person_link"]
    raw = derive.derive(dataset, registry, city.deployment, DAY)
    assert raw is not None
    batch = engine.standardize(raw, dataset, registry, city.deployment)
    (file,) = batch.clean_files
    path = city.deployment.absolute(file)
    rows = spoil(pq.read_table(path).to_pylist())
    schema = pq.read_schema(path)
    path.unlink()
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    found = derive.inputs(dataset, registry, city.deployment, DAY)
    return {o.name: o.passed for o in integrity.outcomes(batch, dataset, registry, city.deployment, found)}


@pytest.mark.parametrize(
    ("spoil", "failing"),
    [
        (lambda rows: rows[1:], {"linked_once"}),
        (lambda rows: [*rows, rows[0]], {"linked_once"}),
        (lambda rows: [{**row, "person_id": "0" * 24} for row in rows], {"one_identifier"}),
        (lambda rows: [{**row, "person_id": f"{n:024}"} for n, row in enumerate(rows)], {"one_identifier"}),
        (lambda rows: rows, set()),
    ],
    ids=["missing", "twice", "glued", "torn", "sound"],
)
def test_links_that_do_not_hold_are_found(known: Small, spoil: Any, failing: set[str]) -> None:
    outcomes = _judged_after(known, spoil)

    assert {name for name, passed in outcomes.items() if not passed} == failing
    assert outcomes.keys() == {"linked_once", "one_identifier", "stable"}
