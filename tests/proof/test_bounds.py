"""A count with its bounds holds the truth: random aggregates of the registers of the simulated city, as it was built,
lie between the bounds that the delivered, damaged registers give."""

from __future__ import annotations

import random
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

AGGREGATES = 1_000
ASKED = {
    "population": ("sex", "ethnicity", "household_division", "birth_date", "marital_status", "education", "person_status"),
    "legal_person": ("org_type", "status", "registration_division", "established_date", "industry", "economic_type"),
    "marriage": ("kind", "registration_date", "office_division", "male_birth_date", "female_birth_date"),
    "education": ("stage", "sex", "school_year", "student_status", "enrolment_date"),
    "birth": ("sex", "birth_division", "issue_date", "gestation_weeks", "mother_age"),
    "house": ("division", "house_use", "ownership", "status", "registration_date"),
}  # fmt: skip


def register(city: City, dataset: str, registry: Registry) -> pa.Table:
    """What a register would be had nothing gone wrong: the deliveries as they were before they were damaged, merged."""
    contract = registry.datasets[dataset]
    merged: dict[tuple[str, ...], dict[str, str]] = {}
    for number in range(len(city.dates)):
        parts = list(REGISTERS[dataset](city, number))
        if parts and contract.delivery.mode == "snapshot":
            merged = {}
        for part in parts:
            for record in part.records.to_pylist():
                key = tuple(record[name] for name in contract.key)
                merged[key] = record
                if contract.delivery.operation and record.get(contract.delivery.operation) == "D":
                    del merged[key]
    names = [column.name for column in contract.columns]
    return pa.table({name: pa.array([row.get(name) for row in merged.values()], pa.string()) for name in names})


@dataclass(frozen=True)
class Asked:
    dataset: str
    condition: str
    truth: int
    lower: int
    published: int
    upper: int

    @property
    def holds(self) -> bool:
        return self.lower <= self.truth <= self.upper


def conditions(connection: duckdb.DuckDBPyConnection, dataset: str, chance: random.Random) -> str:
    """One to three columns, each equal to a value it has, among three of them, or on one side of it."""
    parts = []
    for name in chance.sample(ASKED[dataset], chance.randint(1, 3)):
        values = connection.execute(
            f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM truth_{dataset} WHERE {name} IS NOT NULL ORDER BY 1"
        ).fetchall()
        (value,) = chance.choice(values)
        (kind,) = connection.execute(f"SELECT any_value(typeof({name})) FROM truth_{dataset}").fetchone()
        one = f"CAST('{value}' AS {kind})"
        some = ", ".join(f"CAST('{chance.choice(values)[0]}' AS {kind})" for _ in range(3))
        ways = [f"{name} >= {one}", f"{name} < {one}"] if kind != "VARCHAR" else [f"{name} = {one}", f"{name} <> {one}"]
        parts.append(chance.choice([*ways, f"{name} IN ({some})"]))
    return chance.choice((" AND ", " AND ", " OR ")).join(parts)


@pytest.fixture(scope="module")
def asked(nights: Nights, published: duckdb.DuckDBPyConnection) -> list[Asked]:
    city, chance = build_city(PEOPLE, SEED, nights.dates), random.Random(20261126)
    for dataset in ASKED:
        published.register("built", register(city, dataset, nights.registry))
        typed = ", ".join(
            f"CAST({name} AS {kind}) AS {name}"
            for name, kind, *_ in published.execute(f"DESCRIBE published.{dataset}").fetchall()
            if not name.startswith("_")
        )
        published.execute(f"CREATE TEMP TABLE truth_{dataset} AS SELECT {typed} FROM built")
        published.execute(f"CREATE TEMP TABLE possible_{dataset} AS FROM governance.{dataset}_possible()")
    found = []
    for number in range(AGGREGATES):
        dataset = list(ASKED)[number % len(ASKED)]
        told = conditions(published, dataset, chance)
        query = (
            f"SELECT (SELECT count_if({told}) FROM truth_{dataset}), "
            f"greatest(0, count_if(_sure AND ({told})) - count_if(_unplaced)), "
            f"(SELECT count_if({told}) FROM published.{dataset}), count_if(({told}) IS NOT FALSE) FROM possible_{dataset}"
        )
        found.append(Asked(dataset, told, *published.execute(query).fetchone()))
    return found


def test_the_truth_lies_between_the_bounds(asked: list[Asked]) -> None:
    outside = [one for one in asked if not one.holds]
    for one in outside[:20]:
        print(one)
    widths = sorted((one.upper - one.lower) / one.truth for one in asked if one.truth >= 100)
    print(f"{len(asked) - len(outside)} of {len(asked)} hold; width of the middle one {widths[len(widths) // 2]:.2%}")
    assert len(asked) == AGGREGATES and len(outside) <= AGGREGATES // 100


def test_the_bounds_are_narrow(asked: list[Asked]) -> None:
    """Or they would say nothing."""
    widths = sorted((one.upper - one.lower) / one.truth for one in asked if one.truth >= 100)
    assert len(widths) > 500 and widths[len(widths) // 2] <= 0.06


def test_without_them_the_published_count_is_often_wrong(asked: list[Asked]) -> None:
    assert sum(one.published != one.truth for one in asked) > AGGREGATES / 2


def test_the_people_there_are_lie_between_the_bounds_of_the_masters(
    nights: Nights, published: duckdb.DuckDBPyConnection
) -> None:
    """As the cockpit tells them: masters with a valid number, and all with whoever a row held back may mention."""
    city, people = build_city(PEOPLE, SEED, nights.dates), set()
    for mention in nights.registry.masters["person"].mentions.values():
        column = mention.number("citizen_id")[0]
        people |= {number for number in register(city, mention.dataset, nights.registry)[column].to_pylist() if number}
    roles = published.execute("SELECT dataset, count(DISTINCT role) FROM published.person_link GROUP BY 1").fetchall()
    held = 0
    for dataset, count in roles:
        query = f"SELECT upper - published FROM governance.{dataset}_bounds(TRUE)"
        held += count * published.execute(query).fetchone()[0]
    lower, masters = published.execute("SELECT count(identifier), count(*) FROM published.person").fetchone()
    assert lower <= len(people) <= masters + held <= 1.05 * len(people)


def test_the_macro_is_the_sum_of_the_possible_rows(published: duckdb.DuckDBPyConnection, asked: list[Asked]) -> None:
    for one in asked[:25]:
        (told,) = published.execute(f"FROM governance.{one.dataset}_bounds({one.condition})").fetchall()
        assert told == (one.lower, one.published, one.upper)
