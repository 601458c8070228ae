"""Mentions without a valid identifier: whom they are linked to, whom people are asked about, and who stays alone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date as Date
from pathlib import Path
from typing import Any

import pytest

from govdata import masters, publish
from govdata.batches import RawBatch
from govdata.errors import GovdataError
from govdata.masters import comparisons
from tests.masters.conftest import Small, contract, small_at, told_under_seeds

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


@pytest.mark.slow
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


ALONE = (
    "B1,,陈霞,1970-01-01,190101,C1\n"
    "B2,,陈霞,1970-01-01,190101,C1\n"
    "B3,,陈遐,1970-01-01,190101,C1\n"
    "B4,,李建国,1990-01-02,190101,\n"
)


@pytest.mark.slow
def test_mentions_that_nobody_registered_are_one_master_around_the_one_that_founded_it(city: Small) -> None:
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + ALONE)
    found = linked(city)

    assert len({found[name][0] for name in ("B1", "B2", "B3")}) == 1
    assert sorted(found[name][1] for name in ("B1", "B2", "B3")) == ["similar", "similar", "unlinked"]

    # Whatever the ids of mentions that come later, the founder stays, and the id with it.
    city.deliver("births", NEXT, HEAD + ALONE + "".join(f"B{n},,陈霞,1970-01-01,190101,C1\n" for n in range(5, 25)))
    later = linked(city, NEXT)

    assert {later[f"B{n}"][0] for n in (1, 2, 3, *range(5, 25))} == {found["B1"][0]}
    assert city.ask("SELECT count(*) FROM governance.master_changes") == [(0,)]


@pytest.mark.slow
def test_a_mention_that_gets_a_number_leaves_its_own_master_and_that_is_told(city: Small) -> None:
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + "B1,,陈霞,1970-01-01,190101,\nB2,,孙静,1971-01-01,190101,\n")
    before = linked(city)
    city.deliver("births", NEXT, HEAD + "B1,A3,陈霞,1970-01-01,190101,\nB2,A777,孙静,1971-01-01,190101,\n")
    after = linked(city, NEXT)

    assert before["B1"][1] == before["B2"][1] == "unlinked" and after["B1"][0] == before["A3"][0]
    told = city.ask("SELECT change, old_id, new_id, mentions, date, previous_date FROM governance.master_changes")
    assert sorted(told) == sorted(
        [
            ("merged", before["B1"][0], before["A3"][0], 1, NEXT, DAY),
            ("renamed", before["B2"][0], after["B2"][0], 1, NEXT, DAY),
        ]
    )


@pytest.mark.slow
def test_ids_and_candidates_do_not_depend_on_the_order_of_rows_nor_on_the_process(tmp_path: Path) -> None:
    births = [*ALONE.splitlines(), "B9,,王芳,1980-03-04,,", "B8,,李健国,1990-01-02,190101,"]
    people = RESIDENTS.splitlines()
    city = declared(tmp_path)
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + "\n".join(births) + "\n")
    before = linked(city)
    kept = candidates(city)
    city.deliver("people", NEXT, "\n".join([people[0], *reversed(people[1:])]) + "\n")
    city.deliver("births", NEXT, HEAD + "\n".join(reversed(births)) + "\n")
    snapshot = city.deployment.snapshot("person_link", DAY)
    told = told_under_seeds(city.deployment, ("mention_id", "person_id", "method", "score"))

    assert len(set(told)) == 1 and snapshot.is_dir()
    assert linked(city, NEXT) == before and candidates(city) == kept


@pytest.mark.slow
def test_doing_a_date_again_changes_nothing(city: Small) -> None:
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + ALONE)
    linked(city)
    city.deliver("births", NEXT, HEAD + ALONE + "B5,,陈霞,1970-01-01,190101,C1\n")
    linked(city, NEXT)
    snapshot = publish.newest(city.deployment, "person_link", NEXT)
    asked = city.ask("SELECT * FROM governance.link_candidates ORDER BY ALL")
    assert snapshot is not None
    RawBatch.path(city.deployment, "person_link", NEXT).unlink()

    linked(city, NEXT)

    again = publish.newest(city.deployment, "person_link", NEXT)
    assert again is not None and again.snapshot_id == snapshot.snapshot_id and again.files == snapshot.files
    assert city.ask("SELECT * FROM governance.link_candidates ORDER BY ALL") == asked


def test_a_night_without_such_mentions_does_not_load_what_scores_them(city: Small) -> None:
    city.deliver("people", DAY, RESIDENTS)
    script = (
        "import sys; from pathlib import Path; from datetime import date; from govdata import standards\n"
        "from govdata.deployment import Deployment\nfrom govdata.masters.derive import derive\n"
        "home = Deployment(Path(sys.argv[1])); registry = standards.load(home.standards)\n"
        "derive(registry.datasets['person_link'], registry, home, date(2026, 11, 20))\n"
        "print({'splink', 'pypinyin', 'opencc'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(city.deployment.home)], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "set()\n"


def test_of_a_role_there_is_once_two_mentions_never_share_a_master(city: Small) -> None:
    city.write(
        "masters/person.yaml",
        PERSON.replace("    identifiers: {number: mother}", "    once: true\n    identifiers: {number: mother}"),
    )
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + (
        "B1,A3,曾丽,1985-05-06,190102,\nB2,,曾丽,1985-05-06,190102,\n"  # she already has one
        "B3,,李建国,1990-01-02,190101,\nB4,,李建国,1990-01-02,190101,\n"  # which of the two is hers?
    ))  # fmt: skip
    found = linked(city)

    assert [found[name][1] for name in ("B1", "B2", "B3", "B4")] == ["number", "unlinked", "unlinked", "unlinked"]
    assert {("B3", "A1", "candidate"), ("B4", "A1", "candidate")} <= set(candidates(city))


def once(city: Small) -> None:
    page = PERSON.replace("    identifiers: {number: mother}", "    once: true\n    identifiers: {number: mother}")
    city.write("masters/person.yaml", page)
    city.deliver("people", DAY, RESIDENTS)


def test_the_likeliest_of_a_role_there_is_once_is_taken_where_it_is_so_by_far(city: Small) -> None:
    once(city)
    city.deliver("births", DAY, HEAD + "B1,,曾麗,1985-06-05,190102,\nB2,,曾丽,1985-05-06,190102,\n")
    found = linked(city)

    assert found["B2"][0] == found["A3"][0] and found["B1"][1] == "unlinked"


def test_a_master_that_has_its_mention_keeps_no_other_from_its_own(city: Small) -> None:
    """The twin's master shares the child, too: but the twin's mention is there already."""
    once(city)
    city.deliver("births", DAY, HEAD + "B1,A2,李建华,1990-01-02,190101,C1\nB2,,李建国,1990-01-02,190101,C1\n")
    found = linked(city)

    assert found["B2"][0] == found["A1"][0] != found["B1"][0]


def test_a_mention_is_of_one_master_at_most(city: Small) -> None:
    """Two of one name and birthday: neither is likelier than not."""
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + "B4,,王芳,1980-03-04,,\n")
    linked(city)

    scores = [float(score) for (score,) in city.ask("SELECT score FROM governance.link_candidates")]
    assert len(scores) == 2 and scores[0] == scores[1] and 0.45 < scores[0] <= 0.5


def test_mentions_of_one_role_are_held_against_each_other_where_no_role_is_there_once(city: Small) -> None:
    city.write("masters/person.yaml", PERSON.replace("    once: true\n", ""))
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + ALONE)
    found = linked(city)

    assert len({found[name][0] for name in ("B1", "B2", "B3")}) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "没有关联模型，请运行 govdata masters train person"),
        ("{", "不是关联模型"),
        ('{"found": 0.9, "settings": {"comparisons": []}}', "linking.fields 不符"),
    ],
)
def test_without_a_fitting_model_nothing_is_linked(city: Small, content: str | None, told: str) -> None:
    path = city.deployment.standards / "masters" / "person.model.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    city.deliver("people", DAY, RESIDENTS)
    city.deliver("births", DAY, HEAD + ALONE)

    with pytest.raises(GovdataError, match=told):
        linked(city)
