"""A table that comes as deltas is scored as it stands: what is published and what is still held back, counted by hand
over three nights."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from govdata import publish
from govdata.storage.tables.scoring import COLUMN_RESULTS
from tests.masters.conftest import ELEMENTS, PEOPLE, contract
from tests.scoring.conftest import Scored

DELTA = "{property: delivery, value: {mode: delta, key: [id], operation: state}}"
NIGHTS = (
    # A1, A2, A4 published; A2 and A4 with a division nobody knows; 错3 held back
    "id,name,place,state,died\nA1,甲,190101,I,\nA2,乙,999999,I,\n错3,丙,190102,I,\nA4,丁,888888,I,2020-01-01\n",
    # A2 mended, A5 new and sound, 错6 held back
    "id,name,place,state,died\nA2,乙,190102,U,\nA5,戊,190102,I,\n错6,己,777777,I,\n",
    # 错3 comes again and is held back again, A4 is removed
    "id,name,place,state,died\n错3,丙,190101,U,\nA4,丁,888888,D,\n",
)


@pytest.fixture
def deltas(city: Scored) -> Scored:
    city.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id", DELTA))
    (city.deployment.standards / "rules" / "all.yaml").unlink()
    return city


def conformity(city: Scored, number: int, kind: str = "dataset", scope: str = "people") -> tuple[Any, ...]:
    line = city.line(number, kind, scope, "conformity")
    return line["a"], line["b"], line["failed"]


def total(city: Scored, number: int) -> tuple[Any, ...]:
    line = city.line(number, "dataset", "people")
    return line["rows"], line["assessed_rows"], line["cells"], line["conforming_cells"]


def three_nights(city: Scored) -> None:
    for number, text in enumerate(NIGHTS):
        city.deliver("people", city.day(number), text)
        city.score(number)


@pytest.mark.slow
def test_the_whole_table_counts_and_not_the_last_delivery(deltas: Scored) -> None:
    three_nights(deltas)
    # 规范性＝编号写法、区划、死亡日期。第一夜 4 行：编号 4 错 1，区划 4 错 2，日期 1 不错
    assert conformity(deltas, 0) == (6, 9, 3)
    assert total(deltas, 0) == (4, 4, 4, 3)  # 只有编号绑定了有标准的数据元
    # 第二夜现有 6 行 A1 A2 A4 A5 错3 错6：编号 6 错 2，区划 6 错 2（A4、错6），日期 1
    assert conformity(deltas, 1) == (9, 13, 4)
    assert total(deltas, 1) == (6, 6, 6, 4)
    # 第三夜现有 5 行 A1 A2 A5 错3 错6：编号 5 错 2，区划 5 错 1，没有日期
    assert conformity(deltas, 2) == (7, 10, 3)
    assert total(deltas, 2) == (5, 5, 5, 3)
    # 错3 第二次交付写的是 190101
    by_division = {
        line["scope"]: (line["b"], line["failed"]) for line in deltas.lines(2, kind="division", part="conformity")
    }
    assert by_division == {"190101": (4, 1), "190102": (4, 0), "190100": (8, 1), "190000": (8, 1), "未知": (2, 2)}


@pytest.mark.slow
def test_every_query_lists_the_rows_that_stand(deltas: Scored) -> None:
    three_nights(deltas)
    publish.rebuild_catalogue(deltas.deployment, deltas.registry)
    asked = 0
    with duckdb.connect(str(deltas.deployment.catalogue), read_only=True) as connection:
        for number in range(3):
            for line in deltas.lines(number):
                if line["failed"]:
                    found = connection.execute(line["query"]).fetchall()
                    assert len(found) == line["failed"], line
                    asked += 1
        ids = connection.execute(
            "SELECT f.rule_id, q.id FROM governance.standing_findings AS f JOIN quarantine.people AS q USING (_row_id) "
            "WHERE f.date = (SELECT max(date) FROM governance.standing_findings) AND f.severity = 'error' ORDER BY 2"
        ).fetchall()
    assert asked > 20
    assert ids == [("id.shape", "错3"), ("id.shape", "错6")]


@pytest.mark.slow
def test_a_blocked_delivery_takes_nothing_back(deltas: Scored) -> None:
    deltas.deliver("people", deltas.day(0), NIGHTS[0])
    deltas.score(0)
    blocked = contract("people", "公安", PEOPLE, "id", DELTA).replace("max_quarantine: 1", "max_quarantine: 0.1")
    deltas.write("datasets/people.odcs.yaml", blocked)
    with pytest.raises(Exception, match="隔离"):
        deltas.deliver("people", deltas.day(1), "id,name,place,state,died\n错3,丙,190101,U,\nA2,乙,190102,U,\n")
    deltas.score(1)
    # A2 还是旧的那一行（区划不认识），错3 换成了新交付的那一行
    assert conformity(deltas, 1) == (6, 9, 3)
    assert deltas.lines(1, kind="division", scope="190102") == []


@pytest.mark.slow
def test_a_rule_that_is_new_counts_what_was_delivered_since(deltas: Scored) -> None:
    deltas.deliver("people", deltas.day(0), NIGHTS[0])
    deltas.score(0)
    known = "any_place: {name: 区划,"
    named = ELEMENTS.replace("{name: 编号,", "{name: 编号, standard: GB 11643-1999,").replace(
        "words: {name: 文字, definition: 文字, type: text, normalise: [strip], sensitivity: {level: 1}}",
        "words: {name: 文字, definition: 文字, type: text, normalise: [strip], sensitivity: {level: 1}, rules: {\n"
        "  short: {pattern: '.', dimension: accuracy, severity: warning, message: 应为一个字}}}",
    )
    assert named != ELEMENTS and known in named
    deltas.write("elements/all.yaml", named)
    deltas.deliver("people", deltas.day(1), NIGHTS[1])
    deltas.score(1)
    # 准确性＝主键唯一 6 行，加上新规则检查的第二夜 3 行的姓名和操作
    assert [line["b"] for line in deltas.lines(1, kind="dataset", scope="people", part="accuracy")] == [6 + 3 + 3]


@pytest.mark.slow
def test_nothing_is_counted_again_where_nothing_has_changed(deltas: Scored) -> None:
    three_nights(deltas)
    folder = deltas.deployment.governance / COLUMN_RESULTS.name / "people"
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}
    assert len(kept) == 3
    for number in (0, 1, 2):
        deltas.score(number)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")} == kept
