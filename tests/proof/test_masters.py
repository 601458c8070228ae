"""Who is who and whose word counts on the simulated city, held against the city as it was built, which the pipeline
never sees."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pytest

from govdata.sample.city import City
from govdata.sample.lives import build_city
from govdata.sample.registers import REGISTERS
from govdata.standards.model import Registry
from tests.proof.conftest import PEOPLE, SEED, Nights

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("truth")]

KEYS = {"marriage": "certificate_no", "birth": "certificate_no", "education": "student_no", "legal_person": "uscc",
        "population": "citizen_id"}  # fmt: skip
"""By these a mention is known in the city as it was built: never by the number that links it."""


@dataclass(frozen=True)
class Linked:
    """``pairs``: of mentions with a valid identifier, those that share a master, those that are one person in truth,
    and those that are both."""

    connection: duckdb.DuckDBPyConnection
    mentions: int
    pairs: tuple[int, int, int]


def _truth(city: City, registry: Registry) -> pa.Table:
    """Role and key of every mention → the citizen number of the person meant; later deliveries go first."""
    rows: dict[tuple[str, str], str] = {}
    roles = registry.masters["person"].mentions
    for dataset, register in REGISTERS.items():
        for number in range(len(city.dates)):
            for part in register(city, number):
                records = part.records
                for role, mention in roles.items():
                    if mention.dataset != dataset:
                        continue
                    column = str(mention.number("citizen_id")[0])
                    pairs = zip(records[KEYS[dataset]].to_pylist(), records[column].to_pylist(), strict=True)
                    rows.update({(role, key): person for key, person in pairs if person})
    return pa.table({
        "role": [role for role, _ in rows], "key": [key for _, key in rows], "person": list(rows.values())
    })  # fmt: skip


@pytest.fixture(scope="module")
def linked(nights: Nights, published: duckdb.DuckDBPyConnection) -> Linked:
    registry, deployment, connection = nights.registry, nights.deployment, published
    city = build_city(PEOPLE, SEED, nights.dates)
    connection.register("truth", _truth(city, registry))
    connection.register("people", pa.table({
        "number": city.ids, "name": city.names, "sex": city.people.sex, "born": city.people.birth
    }))  # fmt: skip
    keys = " UNION ALL ".join(
        f"SELECT '{dataset}' AS dataset, _row_id AS row_id, {key} AS key, _source_file AS file, _source_row AS row, "
        f"_delivery_date AS delivery_date FROM published.{dataset}"
        for dataset, key in KEYS.items()
    )
    # Into a few rows the generator puts another person's number with that person's name and birth date: whom they mean
    # is no longer what the city as built says.
    kinds = "'cross_marriage_of_dead', 'cross_overlapping_marriage', 'cross_deleted_person_used'"
    replaced = f"SELECT * FROM '{deployment.data / 'truth.parquet'}' WHERE kind IN ({kinds})"
    connection.execute(
        "CREATE TEMP TABLE told AS SELECT l.role, l.person_id, l.method, t.person FROM published.person_link AS l "
        f"JOIN ({keys}) AS k USING (dataset, row_id) JOIN truth AS t USING (role, key) "
        f"ANTI JOIN ({replaced}) AS r ON r.dataset = l.dataset AND r.file = k.file AND r.row = k.row "
        "AND r.delivery_date = k.delivery_date AND l.role IN ('husband', 'legal_representative')"
    )
    pairs = [
        connection.execute(
            f"SELECT CAST(sum(n * (n - 1) / 2) AS BIGINT) FROM (SELECT count(*) AS n FROM told "
            f"WHERE method <> 'unlinked' GROUP BY {by})"
        ).fetchone()[0]
        for by in ("person_id", "person", "person_id, person")
    ]
    count = connection.execute("SELECT count(*) FROM told WHERE method <> 'unlinked'").fetchone()
    print(f"\n{count[0]} mentions, pairs {pairs}")
    return Linked(connection, count[0], tuple(pairs))


def test_there_is_enough_to_link(linked: Linked) -> None:
    assert linked.mentions >= 35_000 and linked.pairs[1] >= 20_000


def test_mentions_that_share_a_master_are_one_person(linked: Linked) -> None:
    together, _, right = linked.pairs
    assert right / together >= 0.9999


def test_mentions_of_one_person_share_a_master(linked: Linked) -> None:
    _, one, right = linked.pairs
    assert right / one >= 0.999


def test_no_master_has_two_identifiers_and_no_identifier_two_masters(linked: Linked) -> None:
    query = "SELECT count(*), count(DISTINCT person_id), count(DISTINCT identifier), count(identifier) FROM published.person"
    rows, masters_, identifiers, given = linked.connection.execute(query).fetchall()[0]
    assert rows == masters_ and identifiers == given


def test_what_the_ranked_source_says_rightly_survives(linked: Linked) -> None:
    same = " AND ".join(
        ("p.name = t.name", "p.sex = CAST(t.sex AS VARCHAR)", "p.birth_date = DATE '1970-01-01' + t.born")
    )
    right, all_ = linked.connection.execute(
        f"SELECT count(*) FILTER ({same}), count(*) FROM published.person AS p JOIN people AS t ON p.identifier = t.number "
        "WHERE p.name_source = 'population'"
    ).fetchall()[0]
    assert all_ >= 19_000 and right / all_ >= 0.999


def test_names_that_differ_are_told_with_who_must_act(linked: Linked) -> None:
    """Of the names that the generator spoilt in marriage, education and company registers, those published in the end
    stand in the conflicts as values that were not taken."""
    rows = linked.connection.execute(
        "SELECT dataset, count(*), count(DISTINCT owner), bool_or(owner IS NULL) FROM governance.conflicts "
        "WHERE element = 'name' AND master_kind = 'person' AND open AND NOT chosen GROUP BY dataset"
    ).fetchall()
    assert {row[0] for row in rows} >= {"marriage", "education", "legal_person"}
    assert all(row[2] == 1 and not row[3] for row in rows)
