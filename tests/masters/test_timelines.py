"""Events and relations by hand-made rows: who was married to whom from when to when, and how it ended."""

from __future__ import annotations

from datetime import date as Date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govdata import masters
from govdata.batches import RawBatch
from govdata.masters import timelines
from govdata.masters.derive import derive
from govdata.standards import StandardsError, problems
from govdata.standards.derivations import Relations
from tests.masters.conftest import Small, contract, small_at
from tests.masters.test_masters import LINK, MORE

DAY = Date(2026, 11, 20)

PAGE = """\
name: 自然人
owner: 数据局
identifiers:
  number: {name: 号码, valid: "matches(value, 'A[0-9]+')"}
mentions:
  resident: {name: 居民, dataset: people, identifiers: {number: id}}
  husband: {name: 男方, dataset: weddings, identifiers: {number: man}}
  wife: {name: 女方, dataset: weddings, identifiers: {number: woman}}
  mother: {name: 母亲, dataset: births, identifiers: {number: mother}}
  child: {name: 子女, dataset: births, identifiers: {number: child}}
"""
PEOPLE = {"id": "key", "place": "place", "home": "words", "born": "day", "died": "day", "state": "words"}
WEDDINGS = {"no": "key", "kind": "words", "man": "words", "woman": "words", "day": "day"}
BIRTHS = {"no": "key", "mother": "words", "child": "words", "born": "day"}

EVENTS = """
{property: origin, value: {events: {master: person, links: person_link, events: [
        {kind: birth, name: 出生, mention: child, date: born},
        {kind: birth, name: 出生, mention: resident, date: born},
        {kind: death, name: 死亡, mention: resident, date: died, where: state = '2', detail: place},
        {kind: wedding, name: 结婚, mention: husband, date: day, where: kind = '1'}]}}}"""
COUPLE = """
{property: origin, value: {relations: {links: {person: person_link},
        left: {column: husband_id, master: person}, right: {column: wife_id, master: person},
        statements: [
        {kind: marriage, name: 结婚, left: husband, right: wife, where: kind = '1', begins: day},
        {kind: certificate, name: 补领, left: husband, right: wife, where: kind = '3', holds: day},
        {kind: divorce, name: 离婚, left: husband, right: wife, where: kind = '2', ends: day},
        {kind: death, name: 死亡, left: resident, where: state = '2', ends: died},
        {kind: death, name: 死亡, right: resident, where: state = '2', ends: died}]}}}"""
GUARDIAN = """
{property: origin, value: {relations: {links: {person: person_link},
        left: {column: guardian_id, master: person}, right: {column: ward_id, master: person},
        statements: [
        {kind: mother, name: 母亲, left: mother, right: child, begins: born, years: 18},
        {kind: death, name: 死亡, left: resident, where: state = '2', ends: died}]}}}"""
HOME = """
{property: origin, value: {relations: {links: {person: person_link},
        left: {column: home_id, key: [place, home]}, right: {column: person_id, master: person},
        statements: [
        {kind: registered, name: 登记, right: resident, begins: born},
        {kind: removed, name: 注销, right: resident, where: state = '2', ends: died}]}}}"""


def relation(left: str, right: str) -> dict[str, str]:
    names = ("kind", "ended_by", "dataset", "row_id", "ended_dataset", "ended_row_id")
    return {left: "free", right: "free", "valid_from": "day", "valid_to": "day", "rows": "count"} | dict.fromkeys(
        names, "free"
    )


EVENT = dict.fromkeys(("person_id", "kind", "event", "detail", "dataset", "role", "row_id"), "free")
EVENT |= {"event_date": "day", "rows": "count"}
TABLES = {
    "person_event": (EVENT, ("person_id", "kind", "role", "row_id"), EVENTS),
    "couple": (relation("husband_id", "wife_id"), ("husband_id", "wife_id", "row_id"), COUPLE),
    "guardian": (relation("guardian_id", "ward_id"), ("guardian_id", "ward_id", "row_id"), GUARDIAN),
    "home": (relation("home_id", "person_id"), ("home_id", "person_id", "row_id"), HOME),
}
PEOPLE_ROWS = """\
id,place,home,born,died,state
A1,190101,一号,1970-01-01,,1
A2,190101,一号,1971-01-01,,1
A3,190102,一号,1972-01-01,2020-03-04,2
A4,190102,二号,1973-01-01,,2
A5,,二号,1974-01-01,,1
A6,190102,,1975-01-01,,1
"""
WEDDING_ROWS = """\
no,kind,man,woman,day
W1,1,A1,A2,2000-01-01
W2,2,A1,A2,2005-05-05
W3,1,A1,A2,2008-08-08
W4,3,A1,A2,2015-01-01
W5,1,A3,A6,1999-09-09
W6,1,A5,A4,2001-01-01
W7,2,A5,A6,2010-10-10
W8,3,A7,A8,2012-12-12
W9,1,A1,A6,1995-01-01
W10,2,A1,A6,1996-01-01
W11,1,无名,A8,2011-11-11
"""
BIRTH_ROWS = """\
no,mother,child,born
B1,A3,A10,2010-02-28
B2,A3,A11,1995-06-01
B3,A2,A12,2012-02-29
B4,A2,A1,1970-01-01
"""


def declared(folder) -> Small:
    small = small_at(folder)
    small.write("elements/more.yaml", MORE)
    for name, columns, key in (("people", PEOPLE, "id"), ("weddings", WEDDINGS, "no"), ("births", BIRTHS, "no")):
        small.write(f"datasets/{name}.odcs.yaml", contract(name, "部门", columns, key))
    small.write("masters/person.yaml", PAGE)
    linked = "{property: origin, value: {links: {master: person}}}"
    small.write("datasets/person_link.odcs.yaml", contract("person_link", "数据局", LINK, "mention_id", linked))
    for name, (columns, key, origin) in TABLES.items():
        small.write(f"datasets/{name}.odcs.yaml", contract(name, "数据局", columns, key, origin.strip()))
    return small


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Small:
    small = declared(tmp_path_factory.mktemp("timelines"))
    small.deliver("people", DAY, PEOPLE_ROWS)
    small.deliver("weddings", DAY, WEDDING_ROWS)
    small.deliver("births", DAY, BIRTH_ROWS)
    registry = small.registry
    for name in registry.derived:
        assert masters.publish_derived(registry.datasets[name], registry, small.deployment, DAY) is not None
    return small


WHO = """
    SELECT coalesce(p.id, w.man, v.woman, b.child) AS who, l.person_id FROM published.person_link AS l
    LEFT JOIN published.people AS p ON p._row_id = l.row_id
    LEFT JOIN published.weddings AS w ON w._row_id = l.row_id AND l.role = 'husband'
    LEFT JOIN published.weddings AS v ON v._row_id = l.row_id AND l.role = 'wife'
    LEFT JOIN published.births AS b ON b._row_id = l.row_id AND l.role = 'child'
    WHERE l.role <> 'mother'
"""


def pairs(city: Small, table: str, left: str, right: str) -> list[tuple[object, ...]]:
    rows = city.ask(
        f"WITH who AS (SELECT DISTINCT * FROM ({WHO})) SELECT a.who, b.who, r.kind, CAST(valid_from AS VARCHAR), "
        f"CAST(valid_to AS VARCHAR), ended_by, rows FROM published.{table} AS r "
        f"JOIN who AS a ON a.person_id = r.{left} JOIN who AS b ON b.person_id = r.{right} ORDER BY ALL"
    )
    return sorted(rows, key=str)


@pytest.mark.slow
def test_a_marriage_ends_with_the_divorce_after_it_or_a_death(city: Small) -> None:
    assert pairs(city, "couple", "husband_id", "wife_id") == [
        ("A1", "A2", "marriage", "2000-01-01", "2005-05-05", "divorce", 2),
        ("A1", "A2", "marriage", "2008-08-08", None, None, 2),  # again, and the certificate replaced since
        ("A1", "A6", "marriage", "1995-01-01", "1996-01-01", "divorce", 2),
        ("A3", "A6", "marriage", "1999-09-09", "2020-03-04", "death", 1),
        ("A5", "A4", "marriage", "2001-01-01", None, "death", 1),  # over, nobody says when
        ("A5", "A6", "divorce", None, "2010-10-10", "divorce", 1),  # married somewhere else
        ("A7", "A8", "certificate", None, None, None, 1),  # since when is not known
        ("无名", "A8", "marriage", "2011-11-11", None, None, 1),  # a mention without a number is somebody too
    ]


@pytest.mark.slow
def test_the_rows_that_say_so_are_named(city: Small) -> None:
    rows = city.ask(
        "SELECT w.no, e.no FROM published.couple AS c JOIN published.weddings AS w ON w._row_id = c.row_id "
        "JOIN published.weddings AS e ON e._row_id = c.ended_row_id ORDER BY ALL"
    )
    assert rows == [("W1", "W2"), ("W7", "W7"), ("W9", "W10")]
    died = city.ask(
        "SELECT p.id, ended_dataset FROM published.couple JOIN published.people AS p ON p._row_id = ended_row_id "
        "ORDER BY ALL"
    )
    assert died == [("A3", "people"), ("A4", "people")]


def test_guardianship_ends_by_age_unless_death_comes_first(city: Small) -> None:
    assert pairs(city, "guardian", "guardian_id", "ward_id") == [
        ("A2", "A1", "mother", "1970-01-01", "1988-01-01", None, 1),
        ("A2", "A12", "mother", "2012-02-29", "2030-02-28", None, 1),
        ("A3", "A10", "mother", "2010-02-28", "2020-03-04", "death", 1),
        ("A3", "A11", "mother", "1995-06-01", "2013-06-01", None, 1),
    ]


def test_rows_with_the_same_values_are_one_group_and_an_empty_value_makes_none(city: Small) -> None:
    rows = city.ask(
        f"SELECT list(w.who ORDER BY w.who), list(ended_by) FROM published.home AS h JOIN (SELECT DISTINCT * FROM ({WHO})) "
        "AS w USING (person_id) GROUP BY home_id ORDER BY ALL"
    )
    assert rows == [(["A1", "A2"], [None, None]), (["A3"], ["removed"]), (["A4"], ["removed"])]
    assert all(len(name) == 24 for (name,) in city.ask("SELECT home_id FROM published.home"))


def test_an_event_that_two_tables_tell_is_one_and_the_first_written_source_is_taken(city: Small) -> None:
    rows = city.ask(
        f"SELECT who, kind, event, CAST(event_date AS VARCHAR), detail, dataset, role, rows FROM published.person_event "
        f"JOIN (SELECT DISTINCT * FROM ({WHO})) USING (person_id) WHERE who IN ('A1', 'A3', 'A4') ORDER BY ALL"
    )
    assert rows == [
        ("A1", "birth", "出生", "1970-01-01", None, "births", "child", 2),
        ("A1", "wedding", "结婚", "1995-01-01", None, "weddings", "husband", 1),
        ("A1", "wedding", "结婚", "2000-01-01", None, "weddings", "husband", 1),
        ("A1", "wedding", "结婚", "2008-08-08", None, "weddings", "husband", 1),
        ("A3", "birth", "出生", "1972-01-01", None, "people", "resident", 1),
        ("A3", "death", "死亡", "2020-03-04", "西区", "people", "resident", 1),  # the code by its name
        ("A3", "wedding", "结婚", "1999-09-09", None, "weddings", "husband", 1),
        ("A4", "birth", "出生", "1973-01-01", None, "people", "resident", 1),
        ("A4", "death", "死亡", None, "西区", "people", "resident", 1),  # on an unknown day
    ]


def test_without_its_links_nothing_is_made(small: Small, tmp_path) -> None:
    made = declared(tmp_path)
    made.deliver("weddings", DAY, WEDDING_ROWS)
    registry = made.registry
    assert masters.publish_derived(registry.datasets["couple"], registry, made.deployment, DAY) is None


def test_a_register_that_was_never_published_is_left_out(tmp_path) -> None:
    made = declared(tmp_path)
    made.deliver("weddings", DAY, WEDDING_ROWS)
    registry = made.registry
    masters.publish_derived(registry.datasets["person_link"], registry, made.deployment, DAY)
    raw = derive(registry.datasets["couple"], registry, made.deployment, DAY)
    assert isinstance(raw, RawBatch) and raw.sources[0].raw == 8
    assert "people 还没有发布过，不在其内" in [note.reason for note in raw.sources[0].notes]


def test_where_nobody_tells_of_both_sides_there_is_no_relation(tmp_path) -> None:
    """Deaths are told, weddings were never published: the table is empty and no error."""
    made = declared(tmp_path)
    made.deliver("people", DAY, PEOPLE_ROWS)
    registry = made.registry
    masters.publish_derived(registry.datasets["person_link"], registry, made.deployment, DAY)
    snapshot = masters.publish_derived(registry.datasets["couple"], registry, made.deployment, DAY)
    assert snapshot is not None and snapshot.rows == 0


DAYS = st.none() | st.integers(1, 5)
STATEMENTS = st.lists(st.tuples(st.sampled_from(("begins", "holds", "ends", "alone")), DAYS), min_size=1, max_size=7)


def by_hand(said: list[tuple[str, int | None]]) -> list[tuple[object, ...]]:
    """The spells of one pair in plain Python. What is said in the same way of the same day goes by its place."""
    ordered = sorted(
        enumerate(said),
        key=lambda it: (
            it[1][1] or (9 if it[1][0] in ("ends", "alone") else 0), it[1][0] in ("ends", "alone"), it[1][0], it[0]
        ),
    )  # fmt: skip
    spells: list[list[tuple[int, str, int | None]]] = [[]]
    for place, (way, day) in ordered:
        spells[-1].append((place, way, day))
        if way in ("ends", "alone"):
            spells.append([])
    found = []
    for spell in spells:
        own = [point for point in spell if point[1] != "alone"]
        if own:
            last = spell[-1] if spell[-1][1] in ("ends", "alone") else None
            begins = [day for _, way, day in spell if way == "begins" and day is not None]
            found.append((
                own[0][1], min(begins, default=None), last[2] if last else None, last[1] if last else None, len(own)
            ))  # fmt: skip
    return found


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(STATEMENTS)
def test_spells_are_those_that_a_person_would_find(said: list[tuple[str, int | None]]) -> None:
    made = Relations.model_validate({
        "links": {"person": "person_link"}, "left": {"column": "a", "master": "person"},
        "right": {"column": "b", "master": "person"}, "statements": [{"kind": "k", "name": "k", "left": "x"}],
    })  # fmt: skip
    whole, alone = [], []
    for place, (way, day) in enumerate(said):
        at = f"DATE '2000-01-0{day}'" if day else "CAST(NULL AS DATE)"
        starts = at if way == "begins" else "CAST(NULL AS DATE)"
        rest = (
            f"'{way}' AS kind, {2 if way in ('ends', 'alone') else 1} AS says, {at} AS day, {starts} AS starts, "
            f"CAST(NULL AS DATE) AS until, 'd' AS dataset, '{place}' AS row_id"
        )
        if way == "alone":
            alone.append(f"SELECT 'A' AS left_id, {rest}")
        else:
            whole.append(f"SELECT 'A' AS left_id, 'B' AS right_id, {rest}")
    query = timelines.spells(made, whole, {"left": alone, "right": []})
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT kind, day(valid_from), day(valid_to), ended_by, rows FROM ({query})"
        ).fetchall()
    assert sorted(rows, key=str) == sorted(by_hand(said), key=str)


@pytest.mark.parametrize(
    ("table", "before", "after", "told"),
    [
        ("couple", "left: husband, right: wife, where: kind = '1'", "left: husbnd, right: wife, where: kind = '1'", "person 没有声明身份“husbnd”，是否想写 husband"),
        ("couple", "where: kind = '1', begins: day", "where: kinds = '1', begins: day", "没有名为“kinds”的列"),
        ("couple", "where: kind = '1', begins: day", "where: kind, begins: day", "表达式的类型不对，应为真假"),
        ("couple", "where: kind = '1', begins: day", "where: kind = '1', begins: kind", "表达式的类型不对，应为日期"),
        ("couple", "where: kind = '1', begins: day", "where: kind = '1', begins: day, holds: day", "begins、holds、ends 应正好写一个"),
        ("couple", "kind: certificate, name: 补领, left: husband, right: wife", "kind: certificate, name: 补领, left: husband", "只写一方的只能说明终止（ends）"),
        ("couple", "left: husband, right: wife, where: kind = '2'", "left: husband, right: child, where: kind = '2'", "两方的身份不在同一张表：weddings、births"),
        ("couple", "ends: day}", "ends: day, years: 3}", "years 自 begins 起算，应写 begins"),
        ("couple", "left: resident, where", "where", "left 和 right 至少写一个"),
        ("couple", "right: {column: wife_id, master: person}", "right: {column: wife_id}", "master、masters 和 key 应正好写一个"),
        ("couple", "links: {person: person_link}", "links: {person: people}", "数据集 people 不是 person 的关联表"),
        ("home", "key: [place, home]", "key: [place, hme]", "数据集 people 没有名为“hme”的列"),
        ("person_event", "mention: child, date: born", "mention: chld, date: born", "person 没有声明身份“chld”"),
        ("person_event", "mention: resident, date: born", "mention: child, date: born", "身份“child”的事件 birth 写了两次"),
        ("person_event", "kind: birth, name: 出生, mention: resident", "kind: birth, name: 诞生, mention: resident", "事件 birth 前面叫“出生”"),
        ("person_event", "detail: place", "detail: plce", "数据集 people 没有名为“plce”的列"),
        ("person_event", "date: died", "dates: died", "dates"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_origin_is_told_with_file_and_line(
    tmp_path, table: str, before: str, after: str, told: str
) -> None:
    made = declared(tmp_path)
    file = f"datasets/{table}.odcs.yaml"
    text = (made.deployment.standards / file).read_text(encoding="utf-8")
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    made.write(file, text.replace(before, after, 1))

    found = [p for p in problems(made.deployment.standards) if p.file == file]

    assert any(told in f"{p.where} {p.message}" and p.line == line for p in found), found
    with pytest.raises(StandardsError):
        assert made.registry
