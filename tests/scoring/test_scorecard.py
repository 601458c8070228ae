"""Scores counted by hand and once more by plain SQL; what is not assessed; late deliveries; replays; queries."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from govdata import governance, publish
from govdata.governance.log import Event, writing
from govdata.storage.tables.scoring import TABLES
from tests.masters.conftest import PEOPLE, contract
from tests.scoring.conftest import BIRTHS_1, PEOPLE_1, SETTINGS, Scored


def first_night(city: Scored) -> None:
    city.deliver("people", city.day(0), PEOPLE_1)
    city.deliver("births", city.day(0), BIRTHS_1)
    city.score(0)


def figures(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["a"], line["b"], line["state"]


def test_a_tiny_city_counted_by_hand(city: Scored) -> None:
    first_night(city)
    of = {line["part"]: line for line in city.lines(0, kind="dataset", scope="people")}
    # 规范性：4 个编号错 1 个，4 个区划错 1 个，1 个日期不错
    assert figures(of["conformity"]) == (7, 9, "已评估")
    assert figures(of["completeness"]) == (4, 4, "已评估")  # 编号必填
    assert figures(of["accuracy"]) == (4, 4, "已评估")  # 主键唯一，GB/T 36344 的 0304
    assert figures(of["punctuality"]) == (1, 1, "已评估")
    assert {part for part, line in of.items() if line["state"] == "未评估"} == {
        "consistency",
        "timeliness",
        "accessibility",
    }
    assert all(line["score"] is None and line["level"] is None for line in of.values() if line["state"] == "未评估")
    total = of[None]
    assert total["score"] == pytest.approx((2 * 700 / 9 + 100 + 100 + 100) / 5)  # 权重 2、1、1、1
    assert total["quality_score"] == pytest.approx((2 * 700 / 9 + 100 + 100) / 4)
    assert total["assessed_weight"] == pytest.approx(5 / 7)
    assert (total["a"], total["b"], total["level"], total["card"], total["rank"]) == (15, 17, "优秀", "绿牌", 1)
    assert (total["columns"], total["assessed_columns"], total["rows"], total["assessed_rows"]) == (5, 3, 4, 4)
    # 只有编号绑定了有标准的数据元：4 个值，3 个符合
    assert (total["bound_columns"], total["cells"], total["conforming_cells"]) == (1, 4, 3)
    assert total["standard_rate"] == 75


def test_a_rule_across_tables_counts_for_the_department_that_must_answer(city: Scored) -> None:
    first_night(city)
    assert figures(city.line(0, "line", "births/公安", "consistency")) == (1, 2, "已评估")
    assert city.line(0, "line", "births/卫健", "consistency")["state"] == "未评估"
    assert figures(city.line(0, "dataset", "births", "consistency")) == (1, 2, "已评估")
    assert figures(city.line(0, "department", "公安", "consistency")) == (1, 2, "已评估")
    assert figures(city.line(0, "bureau", "bureau", "conformity")) == (7 + 6, 9 + 6, "已评估")


def test_divisions_add_up_with_their_hierarchy(city: Scored) -> None:
    first_night(city)
    of = {line["scope"]: figures(line)[:2] for line in city.lines(0, kind="division", part="conformity")}
    assert of == {"190101": (3, 4), "190102": (2, 2), "190100": (5, 6), "190000": (5, 6), "未知": (2, 3)}
    assert city.line(0, "division", "190100")["scope_name"] == "乙市"
    assert city.line(0, "division", "190100", "punctuality")["state"] == "未评估"


def test_nothing_to_judge_is_not_applicable_and_no_hundred(city: Scored) -> None:
    city.deliver("people", city.day(0), "id,name,place,state,died\n")
    city.score(0)
    line = city.line(0, "dataset", "people", "conformity")
    assert figures(line) == (0, 0, "不适用") and line["score"] is None
    births = city.line(0, "dataset", "births")
    assert (births["state"], births["score"], births["rank_note"]) == ("已评估", 0, "评估到的列不足")  # 没有交付
    assert births["quality_score"] is None and births["card"] is None
    assert figures(city.line(0, "dataset", "births", "punctuality")) == (0, 1, "已评估")


@pytest.mark.slow
def test_missing_and_late_deliveries_count_under_timeliness(city: Scored) -> None:
    first_night(city)
    city.deliver("births", city.day(1), BIRTHS_1)
    city.score(1)
    assert figures(city.line(1, "dataset", "people", "punctuality")) == (1, 2, "已评估")
    city.deliver("people", city.day(1), PEOPLE_1)  # too late
    city.score(1)
    city.score(1)
    assert figures(city.line(1, "dataset", "people", "punctuality")) == (1, 2, "已评估")
    assert city.ask("SELECT state FROM governance.punctuality WHERE dataset = 'people' ORDER BY date") == [
        ("on_time",),
        ("late",),
    ]
    for number in (2, 3):
        for name, text in (("people", PEOPLE_1), ("births", BIRTHS_1)):
            city.deliver(name, city.day(number), text)
        city.score(number)
    assert figures(city.line(3, "dataset", "people", "punctuality")) == (2, 3, "已评估")  # of three dates
    assert city.line(3, "dataset", "people", "punctuality")["dimension"] == "时效性"


@pytest.mark.slow
def test_a_period_has_not_to_be_over_before_something_is_missing(city: Scored) -> None:
    weekly = "slaProperties:\n  - {property: frequency, value: 1, unit: w}\nschema:"
    births = contract("births", "卫健", {"no": "key", "mother": "key"}, "no")
    city.write("datasets/births.odcs.yaml", births.replace("schema:", weekly, 1))
    for number in range(8):
        city.deliver("people", city.day(number), PEOPLE_1)
        city.score(number)
    found = city.ask("SELECT state FROM governance.punctuality WHERE dataset = 'births' ORDER BY date")
    assert found == [("not_due",)] * 6 + [("missing",)] * 2
    assert city.line(5, "dataset", "births", "punctuality")["state"] == "不适用"


@pytest.mark.slow
def test_a_date_done_again_changes_nothing(city: Scored) -> None:
    first_night(city)
    city.deliver("people", city.day(1), PEOPLE_1.replace("888888", "190102"))
    city.score(1)
    paths = (path for table in TABLES for path in (city.deployment.governance / table.name).rglob("*.parquet"))
    kept = {path: path.read_bytes() for path in paths}
    assert len(kept) > 8
    for number in (0, 1, 0):
        city.score(number)
    assert {path: path.read_bytes() for path in kept} == kept


@pytest.mark.slow
def test_movement_and_what_moved_with_it(city: Scored) -> None:
    first_night(city)
    city.deliver("people", city.day(1), PEOPLE_1.replace("888888", "190102"))
    city.score(1)
    better = city.line(1, "dataset", "people", "conformity")
    assert better["change_1"] == pytest.approx(800 / 9 - 700 / 9)
    assert better["standards_changed_1"] is False and better["change_7"] is None
    city.score(2)  # nothing new: compared with the delivery before, not with the night before
    assert city.line(2, "dataset", "people", "conformity")["change_1"] == pytest.approx(100 / 9)
    city.write("scoring.yaml", SETTINGS.replace("conformity: 2", "conformity: 4"))
    city.deliver("people", city.day(3), PEOPLE_1)
    city.score(3)
    assert city.line(3, "dataset", "people")["standards_changed_1"] is True
    city.write("scoring.yaml", SETTINGS.replace("conformity: 2", "conformity: 4").replace("测试", "另一份文件"))
    city.deliver("people", city.day(4), PEOPLE_1)
    city.score(4)
    assert city.line(4, "dataset", "people")["standards_changed_1"] is False
    city.write("datasets/people.odcs.yaml", contract("people", "公安", {**PEOPLE, "state": "key"}, "id"))
    city.deliver("people", city.day(5), PEOPLE_1)
    city.score(5)
    assert city.line(5, "dataset", "people")["standards_changed_1"] is True
    assert city.line(5, "bureau", "bureau")["standards_changed_1"] is True
    assert city.line(5, "dataset", "births")["standards_changed_1"] is None


@pytest.mark.slow
def test_what_is_waived_stands_apart_and_makes_no_score_better(city: Scored) -> None:
    first_night(city)
    (order,) = [o for o in governance.state_of(city.deployment).orders.values() if o.rule_id == "place.code_set"]
    facts = {"reason": "属实", "until": city.day(1), "items": tuple(order.open)}
    with writing(city.deployment) as log:
        log.append(
            [
                Event.model_validate(
                    {"date": city.day(0), "kind": "WAIVE", "actor": "张三", "order": order.number, **facts}
                )
            ]
        )
    city.score(0)
    line = city.line(0, "dataset", "people", "conformity")
    assert (line["failed"], line["waived"], line["score"]) == (2, 1, pytest.approx(700 / 9))
    assert line["score_less_waived"] == pytest.approx(700 / 8)
    city.score(1)
    assert city.line(1, "dataset", "people", "conformity")["waived"] == 1
    city.score(2)  # the waiver is over
    assert city.line(2, "dataset", "people", "conformity")["waived"] == 0


@pytest.mark.parametrize(
    ("punctuality", "quality", "card"),
    [
        ((80, 50), (80, 50), "绿牌"),
        ((80, 50), (88.9, 50), "黄牌"),
        ((100, 100), (80, 50), "绿牌"),
        ((100, 50), (100, 88.9), "红牌"),
        ((100, 50), (100, 88.8), "黄牌"),
    ],
)
def test_cards_at_their_bounds(city: Scored, punctuality: Any, quality: Any, card: str) -> None:
    """Quality is 88.89, punctuality 100."""
    named = [f"{{green: {green}, red: {red}}}" for green, red in (punctuality, quality)]
    cards = f"cards:\n  - {{punctuality: {named[0]}, quality: {named[1]}, source: 测试, grade: P}}\n"
    city.write("scoring.yaml", SETTINGS + cards)
    first_night(city)
    assert city.line(0, "dataset", "people")["card"] == card


def test_who_was_assessed_too_little_has_no_rank_and_ties_share_one(city: Scored) -> None:
    city.write("scoring.yaml", SETTINGS.replace("min_rows: 3", "min_rows: 2"))
    (city.deployment.standards / "rules" / "all.yaml").unlink()
    city.deliver("people", city.day(0), "id,name,place,state,died\nA1,甲,190101,在,\nA2,乙,190102,在,\n")
    city.deliver("births", city.day(0), BIRTHS_1)
    city.score(0)
    assert [(line["scope"], line["rank"]) for line in city.lines(0, kind="department", part=None)] == [
        ("公安", 1),
        ("卫健", 1),
    ]
    city.write("scoring.yaml", SETTINGS)
    city.score(0)
    noted = {line["scope"]: (line["rank"], line["rank_note"]) for line in city.lines(0, kind="dataset", part=None)}
    assert noted == {"people": (None, "评估的行数不足"), "births": (None, "评估的行数不足")}


@pytest.mark.slow
def test_every_query_runs_and_lists_as_many_lines_as_the_figure_says(city: Scored) -> None:
    first_night(city)
    city.deliver("births", city.day(1), BIRTHS_1)
    city.score(1)
    publish.rebuild_catalogue(city.deployment, city.registry)
    asked = 0
    with duckdb.connect(str(city.deployment.catalogue), read_only=True) as connection:
        for number in (0, 1):
            for line in city.lines(number):
                if line["b"] is not None:
                    told = connection.sql(line["rules_query"]).to_arrow_table().to_pylist()
                    if line["part"] != "punctuality":
                        assert sum(rule["checked"] for rule in told) == line["b"]
                        assert sum(rule["failed"] for rule in told) == line["failed"]
                if line["failed"]:
                    assert len(connection.execute(line["query"]).fetchall()) == line["failed"], line
                    asked += 1
                else:
                    assert line["query"] is None
    assert asked > 20


RECOUNTED = """
WITH cards AS (SELECT DISTINCT date FROM governance.scorecard),
judged AS (SELECT c.date, r.dataset, r.rule_id, max(r.date) AS judged FROM cards c JOIN governance.rule_results r
           ON r.date <= c.date GROUP BY ALL),
used AS (SELECT j.date, r.*, CASE r.dimension WHEN 'uniqueness' THEN 'accuracy' ELSE r.dimension END AS part
         FROM judged j JOIN governance.rule_results r ON r.dataset = j.dataset AND r.rule_id = j.rule_id
         AND r.date = j.judged),
recounted AS (SELECT date, dataset AS scope, part, sum(checked - failed) AS a, sum(checked) AS b FROM used GROUP BY ALL)
SELECT s.date, s.scope, s.part, s.a, s.b, r.a, r.b FROM governance.scorecard s
FULL JOIN recounted r ON r.date = s.date AND r.scope = s.scope AND r.part = s.part
WHERE coalesce(s.kind, 'dataset') = 'dataset' AND s.part IS NOT NULL AND s.part <> 'punctuality'
  AND (s.a IS DISTINCT FROM r.a OR s.b IS DISTINCT FROM r.b)
"""
REWEIGHTED = """
WITH w(part, weight) AS (VALUES ('conformity', 2), ('completeness', 1), ('accuracy', 1), ('consistency', 1),
                         ('timeliness', 1), ('punctuality', 1)),
totals AS (SELECT date, kind, scope, sum(w.weight * a / b) * 100 / sum(w.weight) AS score FROM governance.scorecard
           JOIN w USING (part) WHERE b > 0 GROUP BY ALL)
SELECT s.kind, s.scope, s.score, t.score FROM governance.scorecard s LEFT JOIN totals t USING (date, kind, scope)
WHERE s.part IS NULL AND abs(coalesce(s.score, -1) - coalesce(t.score, -1)) > 1e-9
"""


@pytest.mark.slow
def test_all_figures_once_more_by_plain_sql(city: Scored) -> None:
    first_night(city)
    city.deliver("births", city.day(1), BIRTHS_1.replace("A9", "A2"))
    city.score(1)
    assert city.ask(RECOUNTED) == []
    assert city.ask(REWEIGHTED) == []
    assert city.ask("SELECT count(*) FROM governance.scorecard WHERE part IS NULL")[0][0] > 20
    for upper, lower in (("bureau", "dataset"), ("bureau", "department"), ("bureau", "line")):
        assert (
            city.ask(
                "SELECT u.date, u.part FROM governance.scorecard u JOIN (SELECT date, part, sum(a) AS a, sum(b) AS b, "
                f"sum(failed) AS failed FROM governance.scorecard WHERE kind = '{lower}' GROUP BY ALL) l ON "
                f"u.date = l.date AND u.part IS NOT DISTINCT FROM l.part WHERE u.kind = '{upper}' AND "
                "(u.a, u.b, u.failed) IS DISTINCT FROM (l.a, l.b, l.failed)"
            )
            == []
        )
    assert (
        city.ask(  # 区划逐级相加等于数据集
            "SELECT p.date FROM governance.scorecard p JOIN (SELECT date, part, sum(b) AS b, sum(failed) AS "
            "failed FROM "
            "governance.scorecard WHERE kind = 'division' AND scope IN ('190000', '未知') GROUP BY ALL) d ON "
            "d.date = p.date "
            "AND d.part IS NOT DISTINCT FROM p.part WHERE p.scope = 'people' AND (p.b, p.failed) IS DISTINCT FROM "
            "(d.b, d.failed) AND p.part IS DISTINCT FROM 'punctuality'"
        )
        == []
    )


@pytest.mark.slow
def test_the_tables_have_chinese_comments(city: Scored) -> None:
    first_night(city)
    names = ", ".join(f"'{table.name}'" for table in TABLES)
    assert (
        city.ask(
            f"SELECT table_name, column_name FROM duckdb_columns() WHERE table_name IN ({names}) AND comment IS NULL"
        )
        == []
    )
