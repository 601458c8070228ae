"""Asking a rule only where its prefilter finds something gives the verdicts of asking it always."""

import random
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from govdata import standards
from govdata.engine.pipeline import NO_PREFILTERS, Way, judged_query, result_query, standardized_query
from govdata.engine.plans import plan_columns, readable
from govdata.engine.prefilters import prefilters
from govdata.engine.session import create_maps, map_table, session
from govdata.engine.syntax import text
from govdata.standards.model import Examples, Registry
from govdata.storage import sql

ROWS = 1500
NOISE = "\u200b \u3000　Ｘ１x*＊?\ufffd\ue000.~-·a某测9810000\n'"


@pytest.fixture(scope="module")
def registry(repository: Path) -> Registry:
    return standards.load(repository / "standards")


def cells(dataset: str, registry: Registry, chance: random.Random) -> dict[str, list[str | None]]:
    """Declared examples of every column, good, bad and to be repaired, and the same with a character or two put in,
    doubled or lost."""
    made: dict[str, list[str | None]] = {}
    for item in registry.datasets[dataset].columns:
        examples = registry.elements[item.element].examples
        pool = [*examples.valid, *examples.invalid, *examples.repairs, ""]
        values: list[str | None] = []
        for _ in range(ROWS):
            value = chance.choice(pool)
            for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
                at = chance.randrange(len(value) + 1)
                value = (
                    value[:at]
                    + chance.choice([chance.choice(NOISE), value[at : at + 1] * 2, ""])
                    + value[at + chance.randrange(2) :]
                )
            values.append(None if chance.random() < 0.02 else value)
        made[item.name] = values
    return made


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["population", "legal_person", "marriage", "education", "birth", "house"])
def test_verdicts_are_the_same_with_and_without_prefilters(registry: Registry, dataset: str) -> None:
    declared = registry.datasets[dataset]
    plans = plan_columns(declared, registry)
    prefiltered = prefilters(dataset, registry)
    connection = session(registry, as_of=date(2026, 11, 20))
    try:
        create_maps(
            connection,
            {plan.name: map_table(readable(plan.column, plan.element, registry)) for plan in plans if plan.coded},
        )
        columns = {
            name: pa.array(values, pa.string())
            for name, values in cells(dataset, registry, random.Random(dataset)).items()
        }
        sql.create_table(connection, "given", pa.table({"_source_row": pa.array(range(ROWS), pa.int64()), **columns}))
        connection.execute(
            "CREATE TABLE raw_rows AS SELECT *, CAST(_source_row AS VARCHAR) AS _row_id, '' AS _source_file, DATE "
            "'2026-11-20' AS "
            "_delivery_date FROM given"
        )
        judged = {}
        for name, used in (("prefiltered", prefiltered), ("always", NO_PREFILTERS)):
            way = Way(plans, used)
            tree = judged_query(standardized_query(way, "raw_rows"), way, declared, registry)
            connection.execute(f"CREATE TABLE {name} AS {text(result_query(tree, plans, declared, registry))}")
            judged[name] = (
                f"SELECT _source_row, failed_rules, _warnings, _repairs_0, COLUMNS(lambda c: c IN {tuple(columns)}) "
                f"FROM {name}"
            )
        one_way, other_way = (
            f"({judged[a]}) EXCEPT ({judged[b]})" for a, b in (("prefiltered", "always"), ("always", "prefiltered"))
        )
        differing = connection.execute(f"SELECT count(*) FROM (({one_way}) UNION ALL ({other_way}))").fetchall()
        assert differing == [(0,)]
        failing = {
            rule
            for lists in connection.execute("SELECT unnest(failed_rules || _warnings) FROM always").fetchall()
            for rule in lists
        }
        searched = {rule for ids in prefiltered.values() for rule in ids}
        assert searched and len(searched & failing) >= 0.8 * len(searched), (
            searched - failing
        )  # the prefilters were really put to the test
    finally:
        connection.close()


def test_what_usual_values_look_like_is_no_gate(registry: Registry) -> None:
    searched = prefilters("population", registry)
    assert "citizen_id.excel_damage" in searched["citizen_id"]  # 18 digits that end with 000, or 3.4E+17: rare
    assert "phone.placeholder" in searched["phone"]
    assert "phone.allocated" not in searched["phone"]  # asked of every mobile number
    assert "name.length" not in searched["name"]  # no search says how long a text is


def test_without_an_example_only_what_a_pattern_forbids_is_a_gate(registry: Registry) -> None:
    bare = {name: element.model_copy(update={"examples": Examples()}) for name, element in registry.elements.items()}
    searched = prefilters("population", registry.model_copy(update={"elements": bare}))
    assert "phone.placeholder" in searched["phone"] and "name.characters" in searched["name"]
    assert not {"phone.allocated", "citizen_id.birth_date", "is_registered_resident"} & {
        rule for ids in searched.values() for rule in ids
    }


def test_a_rule_about_two_columns_has_a_gate_where_one_of_them_suffices(registry: Registry) -> None:
    by_rule = {rule: name for name, ids in prefilters("population", registry).items() for rule in ids}
    assert by_rule["is_registered_resident"] == "citizen_id"
