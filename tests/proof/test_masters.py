"""Who is who and whose word counts on the simulated city, held against the city as it was built, which the pipeline
never sees."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from govdata.sample.arrow import NO_DAY
from govdata.sample.city import DEAD, City, days_of
from govdata.sample.lives import build_city
from govdata.sample.registers import REGISTERS
from govdata.standards.model import Registry
from tests.proof.conftest import PEOPLE, SEED, Nights

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("truth")]

KEYS = {"marriage": "certificate_no", "birth": "certificate_no", "education": "student_no", "legal_person": "uscc",
        "population": "citizen_id", "house": "unit_code || certificate_no || owner_order"}  # fmt: skip
"""By these a mention is known in the city as it was built: never by the number that links it."""


@dataclass(frozen=True)
class Linked:
    """``pairs``: of mentions with a valid identifier, those that share a master, those that are one person in truth,
    and those that are both."""

    connection: duckdb.DuckDBPyConnection
    mentions: int
    pairs: tuple[int, int, int]


def keys_of(dataset: str, records: pa.Table) -> list[str]:
    columns = KEYS[dataset].split(" || ")
    return ["".join(values) for values in zip(*(records[name].to_pylist() for name in columns), strict=True)]


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
                    pairs = zip(keys_of(dataset, records), records[column].to_pylist(), strict=True)
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


# ------------------------------------------------------------------------------------------------ events and relations


def _dates(days: np.ndarray) -> pa.Array:
    """Days since 1970 as dates; NO_DAY as NULL."""
    return pa.array([None if day == NO_DAY else int(day) for day in days], pa.int32()).cast(pa.date32())


@pytest.fixture(scope="module")
def lives(linked: Linked, nights: Nights) -> duckdb.DuckDBPyConnection:
    """The connection with what became of everybody in the city as built: ``wed``, ``parent``, ``home``, ``fate``."""
    city = build_city(PEOPLE, SEED, nights.dates)
    people, couples, connection = city.people, city.couples, linked.connection.cursor()
    connection.register("wed", pa.table({
        "his": city.take(city.ids, couples.husband), "hers": city.take(city.ids, couples.wife),
        "married": _dates(couples.married), "divorced": _dates(couples.divorced)
    }))  # fmt: skip
    known = {"mother": people.mother, "father": people.father}
    connection.register("parent", pa.concat_tables([
        pa.table({"kind": [kind] * int((who >= 0).sum()), "parent": city.take(city.ids, who[who >= 0]),
                  "child": city.take(city.ids, np.flatnonzero(who >= 0)), "born": _dates(people.birth[who >= 0])})
        for kind, who in known.items()
    ]))  # fmt: skip
    connection.register("home", pa.table({"person": city.ids, "household": people.household}))
    status, day = people.status.copy(), people.status_day.copy()
    for number, changes in city.changes.items():
        died = changes.get("died", np.empty(0, np.int64))
        status[died], day[died] = DEAD, days_of(city.dates[number]) - 1
    connection.register("fate", pa.table({
        "person": city.ids, "status": status, "day": _dates(day), "born": _dates(people.birth)
    }))  # fmt: skip
    return connection


def _shares(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, float]:
    """Rows that are judged, and the share of them that is right."""
    rows, right = connection.execute(f"SELECT count(*), count(*) FILTER (WHERE fits) FROM ({query})").fetchall()[0]
    print(f"{rows} rows, {right} right")
    return rows, right / rows


KNOWN = "(SELECT person_id, identifier AS number FROM published.person WHERE identifier_kind = 'citizen_id')"


def test_couples_begin_and_end_as_the_city_was_built(lives: duckdb.DuckDBPyConnection) -> None:
    """What is judged are couples both of whom have a number; a registration may carry another's number, or a date that
    was damaged into another lawful one."""
    rows, share = _shares(
        lives,
        f"""
        SELECT coalesce(w.married = c.valid_from AND w.divorced IS NOT DISTINCT FROM c.valid_to, FALSE) AS fits
        FROM published.couple AS c JOIN {KNOWN} AS h ON h.person_id = c.husband_id JOIN {KNOWN} AS k
        ON k.person_id = c.wife_id LEFT JOIN wed AS w ON w.his = h.number AND w.hers = k.number
        WHERE c.kind = 'marriage' AND coalesce(c.ended_by, 'divorce') = 'divorce'""",
    )
    assert rows >= 3_000 and share >= 0.97
    rows, share = _shares(
        lives,
        f"""
        SELECT c.husband_id IS NOT NULL AS fits FROM (SELECT DISTINCT male_id, female_id FROM published.marriage
        WHERE kind = '1') AS m JOIN wed AS w ON w.his = m.male_id AND w.hers = m.female_id
        JOIN {KNOWN} AS h ON h.number = m.male_id JOIN {KNOWN} AS k ON k.number = m.female_id
        LEFT JOIN published.couple AS c ON c.husband_id = h.person_id AND c.wife_id = k.person_id""",
    )
    assert rows >= 3_000 and share == 1


def test_parents_and_guardians_are_those_of_the_city_as_built(lives: duckdb.DuckDBPyConnection) -> None:
    for table, left, right in (("parent_child", "parent_id", "child_id"), ("guardian", "guardian_id", "ward_id")):
        rows, share = _shares(
            lives,
            f"""
            SELECT p.child IS NOT NULL AND p.born = r.valid_from AS fits FROM published.{table} AS r
            JOIN {KNOWN} AS a ON a.person_id = r.{left} JOIN {KNOWN} AS b ON b.person_id = r.{right}
            LEFT JOIN parent AS p ON p.parent = a.number AND p.child = b.number AND p.kind = r.kind""",
        )
        assert rows >= 3_000 and share >= 0.995


def test_who_lives_together_is_one_household(lives: duckdb.DuckDBPyConnection) -> None:
    """Addresses are made of the household's number and few: two households may have one. Pairs are judged."""
    rows, share = _shares(
        lives,
        f"""
        WITH member AS (SELECT h.household_id, t.household FROM published.household AS h JOIN {KNOWN} AS k
        USING (person_id) JOIN home AS t ON t.person = k.number WHERE h.ended_by IS NULL)
        SELECT a.household = b.household AS fits FROM (SELECT *, row_number() OVER () AS n FROM member) AS a
        JOIN (SELECT *, row_number() OVER () AS n FROM member) AS b ON a.household_id = b.household_id AND a.n < b.n""",
    )
    assert rows >= 10_000 and share >= 0.97


def test_births_and_deaths_are_those_of_the_city_as_built(lives: duckdb.DuckDBPyConnection) -> None:
    rows, share = _shares(
        lives,
        f"""
        SELECT t.born = e.event_date AS fits FROM published.person_event AS e JOIN {KNOWN} AS k USING (person_id)
        JOIN fate AS t ON t.person = k.number WHERE e.kind = 'birth'""",
    )
    assert rows >= 15_000 and share >= 0.999
    rows, share = _shares(
        lives,
        f"""
        SELECT t.status = {DEAD} AND t.day = e.event_date AS fits FROM published.person_event AS e
        JOIN {KNOWN} AS k USING (person_id) JOIN fate AS t ON t.person = k.number
        WHERE e.kind = 'death' AND e.event_date IS NOT NULL""",
    )
    assert rows >= 100 and share >= 0.95
