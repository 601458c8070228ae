"""Rules across tables on cities that nobody saw before: what was injected is found, and of the rest next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date

import duckdb
import pyarrow as pa
import pytest

from govdata import masters, publish
from govdata.deployment import Deployment
from govdata.sample import generate
from govdata.sample.contradictions import ACROSS
from govdata.sample.lives import build_city
from govdata.standards import load
from tests.proof.conftest import publish_day

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("across")]

PEOPLE = 12_000
DAY = Date(2026, 11, 20)
FOUND_BY = {
    "mother_was_dead": ("mother_alive_at_birth",),
    "father_was_long_dead": ("father_alive_before_birth",),
    "child_certified_twice": ("child_has_one_certificate",),
    "child_with_two_numbers": ("one_child_two_numbers",),
    "births_too_close": ("births_far_enough_apart",),
    "divorced_a_stranger": ("divorce_has_marriage",),
    "registered_twice": ("one_person_two_numbers",),
    "unmarried_though_married": ("male_status_says_married", "female_status_says_married"),
    "divorced_though_married": ("male_status_agrees_with_registration", "female_status_agrees_with_registration"),
    "dead_pupil": ("pupil_is_alive",),
    "unknown_pupil": ("pupil_is_registered",),
    "school_says_dead": ("dead_in_school_records",),
    "stage_of_another_age": ("stage_fits_age",),
    "code_given_twice": ("one_code_two_bodies",),
    "body_with_two_codes": ("one_body_two_codes",),
    "dead_representative": ("representative_is_alive",),
    "dead_house_owner": ("house_owner_is_alive",),
    "unknown_house_owner": ("house_owner_is_registered",),
    "closed_house_owner": ("house_owner_organisation_exists",),
    "house_sold_twice": ("one_unit_two_sole_owners",),
    "shares_exceed_the_whole": ("house_shares_add_up",),
    "subsidised_with_another_home": ("subsidised_owner_has_another_home",),
}
"""Kind of contradiction → the rules of which one must name the row, on either side."""
NUMBERS = {
    "population": "citizen_id",
    "education": "citizen_id",
    "birth": "child_id, mother_id, father_id",
    "marriage": "male_id, female_id",
    "legal_person": "uscc, legal_rep_id",
    "house": "owner_id, unit_code",
}
"""Whom a row names."""


@pytest.fixture(scope="module", params=[7041, 88123])
def city(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, repository
) -> Iterator[duckdb.DuckDBPyConnection]:
    """``truth``: the published rows that bear a contradiction; ``found``: what the rules say, both sides; ``idle``:
    who is at no school."""
    deployment = Deployment(tmp_path_factory.mktemp("across"))
    registry = load(repository / "standards")
    (deployment.home / "standards").symlink_to(repository / "standards")
    rates = {kind: rate if kind in _OF_PEOPLE else 4 * rate for kind, rate in ACROSS.items()}
    report = generate(PEOPLE, request.param, deployment.home, dates=(DAY,), defects=rates)
    publish_day(deployment, registry, DAY)
    outcomes = masters.judge(registry, deployment, DAY)
    assert not [outcome.rule.id for outcome in outcomes if outcome.reason]
    publish.rebuild_catalogue(deployment, registry)
    with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
        rows = " UNION ALL ".join(
            f"SELECT '{name}' AS dataset, _row_id, _source_file, _source_row, [{NUMBERS[name]}] AS numbers "
            f"FROM published.{name}"
            for name in registry.delivered
        )
        connection.execute(f"CREATE TEMP TABLE rows AS {rows}")
        connection.execute(
            "CREATE TEMP TABLE truth AS SELECT substr(t.kind, 7) AS kind, t.true_value, r.* FROM read_parquet(?) AS t "
            "LEFT JOIN rows AS r ON t.dataset = r.dataset AND t.file = r._source_file AND t.row = r._source_row",
            [str(report.truth)],
        )
        people = build_city(PEOPLE, request.param, (DAY,))
        idle = people.ids.filter(pa.array(people.people.stage == 0))
        connection.register("idle", pa.table({"number": idle}))
        connection.execute("CREATE TEMP TABLE found AS SELECT * FROM governance.cross_findings")
        yield connection


_OF_PEOPLE = {"cross_registered_twice", "cross_unmarried_though_married", "cross_divorced_though_married"}


def test_what_was_injected_is_found(city: duckdb.DuckDBPyConnection) -> None:
    told = {}
    for kind, rules in FOUND_BY.items():
        named = "SELECT _row_id FROM found WHERE list_contains($rules, rule_id) UNION ALL " \
                "SELECT other_row_id FROM found WHERE list_contains($rules, rule_id)"  # fmt: skip
        told[kind] = city.execute(
            "SELECT count(*), count(*) FILTER (_row_id IS NULL), count(*) FILTER "
            f"(_row_id IN ({named})) FROM truth WHERE kind = $kind",
            {"rules": list(rules), "kind": kind},
        ).fetchall()[0]
    print("\nkind, injected, not published, found:", told)
    assert all(injected >= 3 for injected, _, _ in told.values())
    assert sum(unpublished for _, unpublished, _ in told.values()) == 0
    injected, found = (sum(line[place] for line in told.values()) for place in (0, 2))
    assert found >= 0.995 * injected


def test_hardly_a_row_without_a_contradiction_is_named(city: duckdb.DuckDBPyConnection) -> None:
    """Lawful is what touches one: the row on the other side, and rows of whoever lost his own record to it; and that a
    child whom the city has at no school is not at school."""
    false = city.execute(
        "SELECT f.dataset, f.rule_id, count(DISTINCT f._row_id) FROM found AS f JOIN rows AS r "
        "ON r.dataset = f.dataset AND r._row_id = f._row_id "
        "WHERE f._row_id NOT IN (SELECT _row_id FROM truth WHERE _row_id IS NOT NULL) "
        "AND coalesce(f.other_row_id NOT IN (SELECT _row_id FROM truth WHERE _row_id IS NOT NULL), TRUE) "
        "AND NOT list_has_any(r.numbers, (SELECT list(true_value) FROM truth WHERE true_value IS NOT NULL)) "
        "AND NOT (f.rule_id = 'school_age_has_record' AND list_has_any(r.numbers, (SELECT list(number) FROM idle))) "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    (rows,) = city.execute("SELECT count(*) FROM rows").fetchall()[0]
    print(f"\n{rows} rows, named without reason:", false)
    assert sum(count for _, _, count in false) <= 0.0002 * rows
