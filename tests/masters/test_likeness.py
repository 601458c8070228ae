"""Mentions without a valid identifier: whom they are linked to, whom people are asked about, and who stays alone."""

from __future__ import annotations

import json
from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from govdata import masters
from govdata.masters import comparisons
from tests.masters.conftest import Small, contract, small_at

DAY, NEXT, THIRD = Date(2026, 11, 20), Date(2026, 11, 21), Date(2026, 11, 22)

PERSON = """\
name: 自然人
owner: 数据局
identifiers:
  number: {name: 号码, valid: "matches(value, 'A[0-9]+')"}
mentions:
  resident:
    name: 居民
    dataset: people
    identifiers: {number: id}
    values: {name: name, place: place}
    evidence: {born: died, sex: state}
    once: true
  mother:
    name: 母亲
    dataset: births
    identifiers: {number: mother}
    values: {name: mother_name, place: place}
    evidence: {born: mother_born, sex: "'2'", child: child}
elements:
  name: {name: 姓名, identifying: true, sources: [{mentions: [resident]}, {mentions: [mother]}]}
  place: {name: 地方, sources: [{mentions: [resident]}]}
bounds: {merged: 0.1, split: 0.1, moved: 0.2, gone: 0.9}
linking:
  fields:
    name: {name: 姓名, compare: person_name}
    born: {name: 出生日期, compare: date}
    sex: {name: 性别, compare: code}
    place: {name: 地方, compare: division, code_set: places}
    child: {name: 子女, compare: any}
  blocks: [[name], [born], [child]]
  demands: [name]
"""
PEOPLE = {"id": "key", "name": "words", "place": "place", "state": "words", "died": "day"}
BIRTHS = {
    "no": "key", "mother": "words", "mother_name": "words", "mother_born": "day", "place": "place", "child": "words",
}  # fmt: skip
LINK = {
    "mention_id": "free", "dataset": "free", "role": "free", "row_id": "free", "delivery_date": "day",
    "person_id": "free", "method": "free", "score": "share", "agreed": "free",
}  # fmt: skip
MORE = """\
free: {name: 文本, definition: 文本, type: text, null_tokens: [], sensitivity: {level: 1}}
share: {name: 得分, definition: 得分, type: decimal, scale: 4, sensitivity: {level: 1}}
"""
HEAD = "no,mother,mother_name,mother_born,place,child\n"
RESIDENTS = (
    "id,name,place,state,died\n"
    "A1,李建国,190101,2,1990-01-02\n"
    "A2,李建华,190101,2,1990-01-02\n"  # her twin
    "A3,曾丽,190102,2,1985-05-06\n"
    "A4,王芳,190101,2,1980-03-04\n"
    "A5,王芳,190102,2,1980-03-04\n"  # of the same name and birthday
    + "".join(f"A{n},赵{chr(0x4E00 + 37 * n)},190101,2,19{60 + n % 40}-0{1 + n % 9}-1{n % 9}\n" for n in range(10, 200))
)


def declared(folder: Path) -> Small:
    city = small_at(folder)
    city.write("elements/more.yaml", MORE)
    city.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id"))
    city.write("datasets/births.odcs.yaml", contract("births", "卫健", BIRTHS, "no"))
    city.write("masters/person.yaml", PERSON)
    origin = "{property: origin, value: {links: {master: person}}}"
    city.write("datasets/person_link.odcs.yaml", contract("person_link", "数据局", LINK, "mention_id", origin))
    linking = city.registry.masters["person"].linking
    assert linking is not None
    model = {"found": 0.9, "settings": comparisons.settings(linking)}
    city.write("masters/person.model.json", json.dumps(model, ensure_ascii=False))
    return city


@pytest.fixture
def city(tmp_path: Path) -> Small:
    return declared(tmp_path)


def linked(city: Small, date: Date = DAY) -> dict[str, tuple[str, str, Any]]:
    """By the row's number: master, method, score."""
    registry = city.registry
    masters.publish_derived(registry.datasets["person_link"], registry, city.deployment, date)
    rows = city.ask(
        "SELECT coalesce(p.id, b.no), l.person_id, l.method, l.score FROM published.person_link AS l "
        "LEFT JOIN published.people AS p ON p._row_id = l.row_id LEFT JOIN published.births AS b ON b._row_id = l.row_id"
    )
    return {row[0]: row[1:] for row in rows}


def candidates(city: Small) -> list[tuple[Any, ...]]:
    return city.ask(
        "SELECT b.no, p.id, c.state FROM governance.link_candidates AS c JOIN published.births AS b ON b._row_id = c.row_id "
        "LEFT JOIN published.person_link AS l ON l.person_id = c.candidate_id AND l.dataset = 'people' "
        "LEFT JOIN published.people AS p ON p._row_id = l.row_id WHERE c.date = (SELECT max(date) FROM "
        "governance.link_candidates) ORDER BY ALL"
    )


def test_a_mention_without_an_identifier_goes_to_the_one_it_is_like(city: Small) -> None:
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + (
        "B1,,李建国,1990-01-02,190101,\n"  # not her twin
        "B2,,李健国,1990-01-02,190101,\n"  # a homophone
        "B3,,曾麗,1985-06-05,190102,\n"  # unsimplified, day and month swapped
        "B4,,王芳,1980-03-04,,\n"  # either of two
        "B5,,李建军,1990-01-02,190101,\n"  # a triplet nobody registered: one character is no slip
        "B6,,陈霞,1970-01-01,190101,\n"  # nobody's
        "B7,A1,李大国,1999-09-09,190101,\n"  # a valid identifier is never overruled
    ))  # fmt: skip

    found = linked(city)

    assert found["B1"][0] == found["B2"][0] == found["B7"][0] == found["A1"][0]
    assert found["B3"][0] == found["A3"][0]
    assert [found[name][1] for name in ("B1", "B2", "B3", "B4", "B5", "B6", "B7")] == [
        "similar", "similar", "similar", "unlinked", "unlinked", "unlinked", "number",
    ]  # fmt: skip
    assert len({found[name][0] for name in ("A1", "A2", "A3", "A4", "A5", "B4", "B5", "B6")}) == 8
    assert 0.95 <= found["B1"][2] <= 0.9999
    asked = candidates(city)
    assert {(row[0], row[1]) for row in asked if row[2] == "candidate"} >= {("B4", "A4"), ("B4", "A5")}
    assert {(row[0], row[1]) for row in asked if row[2] == "linked"} == {("B1", "A1"), ("B2", "A1"), ("B3", "A3")}
    assert not any(row[0] in ("B6", "B7") for row in asked)
