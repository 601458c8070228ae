from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from govdata import masters, publish
from govdata.masters import cross_query
from govdata.masters.cross import FINDINGS, RESULTS, path
from govdata.standards import StandardsError
from tests.masters.conftest import Small

DAY = Date(2026, 11, 20)
PEOPLE = """\
id,name,place,state,died
A1,甲,190101,1,
A2,乙,190101,2,2026-01-02
A3,丙,190102,1,
错号,丁,190102,1,
"""
BIRTHS = """\
no,mother,mother_name,born
B1,A1,甲,2026-03-01
B2,A3,丁,2026-03-01
B3,A9,戊,2026-03-01
B4,,己,2026-03-01
B5,A2,乙,2026-06-01
B6,A3,丙,2026-05-01
B7,A3,,2024-05-01
"""

RULES: dict[str, str] = {
    "found": "references: {table: people, on: {mother: id}}",
    "found_mostly": "references: {table: people, on: {mother: id}, min_share: 0.5}",
    "named": "agrees: {table: people, on: {mother: id}, row: mother_name = other_name}",
    "alive": "excludes: {table: people, on: {mother: id}, other: other_died IS NOT NULL, row: other_died < born}",
    "apart": (
        "excludes: {table: births, on: {mother: mother}, row: 'abs(days_between(born, other_born)) BETWEEN 3 AND 180'}"
    ),
    "recent": "references: {table: people, on: {mother: id}, where: 'days_between(born, delivery_date()) < 200'}",
}


def rule(name: str, written: str, more: str = "") -> str:
    return f"{name}:\n  dataset: births\n  {written}\n  dimension: consistency\n  message: 请核对{more}\n"


def judged(small: Small) -> dict[str, masters.CrossOutcome]:
    return {outcome.rule.id: outcome for outcome in masters.judge(small.registry, small.deployment, DAY)}


def found(small: Small, kind: str = FINDINGS) -> list[dict[str, Any]]:
    return pq.read_table(path(small.deployment, kind, "births", DAY)).to_pylist()


@pytest.fixture
def city(small: Small) -> Small:
    small.write("rules/births.yaml", "".join(rule(name, written) for name, written in RULES.items()))
    small.deliver("people", DAY, PEOPLE)
    small.deliver("births", DAY, BIRTHS)
    return small


@pytest.mark.parametrize("kept", [cross_query.KEPT_ROWS, 0], ids=["kept in memory", "read by each rule"])
def test_every_kind_finds_what_it_should_and_counts_what_it_judged(
    city: Small, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_query, "KEPT_ROWS", kept)
    outcomes = judged(city)

    counts = {name: (outcome.checked, outcome.failed, outcome.passed) for name, outcome in outcomes.items()}
    assert counts == {
        "found": (6, 1, False),  # B4 names nobody
        "found_mostly": (6, 1, True),
        "named": (4, 1, False),  # B7 says no name: not judged
        "alive": (6, 1, False),
        "apart": (6, 2, False),
        "recent": (1, 0, True),
    }
    rows = {(line["rule_id"], line["_source_row"]) for line in found(city)}
    assert rows == {("found", 4), ("found_mostly", 4), ("named", 3), ("alive", 6), ("apart", 3), ("apart", 7)}


def test_a_finding_names_the_rows_of_both_sides_and_who_must_act_and_no_value(city: Small) -> None:
    judged(city)

    lines = {(line["rule_id"], line["_source_row"]): line for line in found(city)}
    people = {row["_source_row"]: row["_row_id"] for row in _rows(city, "people")}
    births = {row["_source_row"]: row["_row_id"] for row in _rows(city, "births")}
    named = lines["named", 3]
    assert (named["_row_id"], named["other_dataset"], named["other_row_id"], named["other_rows"]) == (
        births[3],
        "people",
        people[4],
        1,
    )
    assert (named["owner"], named["column_name"], named["severity"], named["message"]) == (
        "卫健",
        "mother",
        "warning",
        "请核对",
    )
    assert lines["found", 4]["other_row_id"] is None
    assert lines["apart", 3]["other_row_id"] == births[7] and lines["apart", 7]["other_row_id"] == births[3]
    figures = {line["rule_id"]: (line["checked"], line["failed"]) for line in found(city, RESULTS)}
    assert figures["named"] == (4, 1)
    assert not any(value in str(found(city)) for value in ("甲", "A9", "丙"))


def test_a_row_held_back_in_the_other_table_is_not_missing(small: Small) -> None:
    small.write("rules/births.yaml", rule("found", RULES["found"]))
    small.deliver(
        "people", DAY, "id,name,place,state,died\nA1,甲,190101,1,\nA3,丙,190101,1,\nA3,丁,190101,1,\n"
    )  # one key, two people
    small.deliver("births", DAY, BIRTHS)

    outcome = judged(small)["found"]

    assert (outcome.checked, outcome.failed) == (3, 2)  # A1 is there, A9 and A2 are not, and of A3 nothing can be said


@pytest.mark.slow
def test_analysts_find_them_among_the_findings_and_the_figures(city: Small) -> None:
    judged(city)

    assert city.ask("SELECT count(*), count(other_row_id) FROM governance.cross_findings") == [(6, 4)]
    query = "SELECT dataset, _source_row, message FROM governance.findings WHERE rule_id = 'named'"
    assert city.ask(query) == [("births", 3, "请核对")]
    assert city.ask("SELECT checked, failed FROM governance.rule_results WHERE rule_id = 'named'") == [(4, 1)]
    assert city.ask("SELECT severity, message FROM governance.rules WHERE rule_id = 'alive'") == [("warning", "请核对")]


@pytest.mark.slow
def test_rows_named_long_ago_are_forgotten_and_their_figures_are_not(city: Small) -> None:
    for day in range(20, 24):
        masters.judge(city.registry, city.deployment, Date(2026, 11, day))

    publish.prune(city.deployment, city.registry, keep_days=2, keep_month_ends=0, today=Date(2026, 11, 24))

    assert city.ask("SELECT DISTINCT date FROM governance.cross_findings ORDER BY date") == [
        (Date(2026, 11, 22),),
        (Date(2026, 11, 23),),
    ]
    assert city.ask("SELECT count(DISTINCT date) FROM governance.rule_results WHERE rule_id = 'named'") == [(4,)]


def test_a_rule_waits_for_its_tables(small: Small) -> None:
    small.write("rules/births.yaml", rule("found", RULES["found"]))
    small.deliver("births", DAY, BIRTHS)

    outcome = judged(small)["found"]

    assert (outcome.checked, outcome.failed, outcome.passed) == (0, 0, True)
    assert outcome.reason == "people 还没有发布过，没有判"


def test_a_table_of_which_everything_is_held_back_is_no_error(city: Small) -> None:
    """A published snapshot without a row has no file."""
    city.deliver("people", DAY + timedelta(days=1), "id,name,place,state,died\n错1,甲,190101,1,\n")
    outcomes = masters.judge(city.registry, city.deployment, DAY + timedelta(days=1))
    told = {outcome.rule.id: (outcome.checked, outcome.reason) for outcome in outcomes}
    assert told["found"] == (0, "people 现行的一期没有行，没有判")
    assert told["apart"][0] > 0 and told["apart"][1] is None


def test_judging_again_replaces_what_was_found(city: Small) -> None:
    judged(city)
    city.write("rules/births.yaml", rule("named", RULES["named"]))

    judged(city)

    assert {line["rule_id"] for line in found(city)} == {"named"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("references: {table: peple, on: {mother: id}}", "没有名为“peple”的数据集，是否想写 people"),
        ("references: {table: people, on: {moter: id}}", "数据集 births 没有名为“moter”的列，是否想写 mother"),
        ("references: {table: people, on: {mother: idd}}", "数据集 people 没有名为“idd”的列，是否想写 id"),
        ("agrees: {table: people, on: {mother: id}, row: mother_name = name}", "没有名为“name”的列"),
        ("agrees: {table: people, on: {mother: id}, row: born = other_name}", "表达式："),
        ("agrees: {table: people, on: {mother: id}}", "缺少"),
        ("excludes: {table: people, on: {mother: id}, other: state = '1'}", "表达式："),
        (
            "excludes: {table: people, on: {mother: id}, last: {born: nmae}}",
            "数据集 people 没有名为“nmae”的列，是否想写 name",
        ),
        ("excludes: {table: people, on: {mother: id}, last: {mother: died}}", "数据集 births 的列 mother 不是日期"),
        ("excludes: {table: people, on: {mother: id}, more_than: -1}", "more_than"),
        (
            "excludes: {table: people, on: {mother: id}, lookup: {table: birth, on: {other_id: mother}}}",
            "没有名为“birth”的数据集，是否想写 births",
        ),
        (
            "excludes: {table: people, on: {mother: id}, lookup: {table: births, on: {other_idd: mother}}}",
            "两张表都没有名为“other_idd”的列，是否想写 other_id",
        ),
        ("agrees: {table: people, on: {mother: id}, row: with_name = other_name}", "没有名为“with_name”的列"),
        (
            "excludes: {table: births, on: {mother: mother}, total: {of: year(born), above: '1'}}",
            "没有名为“born”的列",
        ),
        (
            "excludes: {table: births, on: {mother: mother}, total: {of: other_no, above: '1'}}",
            "表达式的类型不对，应为数值",
        ),
        (
            "excludes: {table: births, on: {mother: mother}, total: {of: year(other_born), above: '1'}, more_than: 2}",
            "写了 total 就不写 more_than",
        ),
        ("references: {table: people, on: {mother: id}, master: {child: resident}}", "主数据里没有名为“child”的身份"),
        ("column: mother", "应正好写 references、excludes、agrees 之一"),
        ("references: {table: people, on: {mother: id}, min_share: 2}", "min_share"),
        ("references: {table: people, on: {mother: id}}\n  severity: error\n  grade: C", "C 级"),
    ],
)
def test_what_a_rule_cannot_say(small: Small, written: str, told: str) -> None:
    small.write("rules/births.yaml", rule("wrong", written))

    with pytest.raises(StandardsError) as refused:
        _ = small.registry

    assert told in str(refused.value) and "rules/births.yaml" in str(refused.value)


def _rows(small: Small, table: str) -> list[dict[str, Any]]:
    names = ("_row_id", "_source_row")
    return [
        dict(zip(names, row, strict=True)) for row in small.ask(f"SELECT _row_id, _source_row FROM published.{table}")
    ]
