"""Who is who where numbers are missing: twins, people of one name and birthday, former names, homophones, unsimplified
names, slips in birth dates, foreigners, people in some registers only. Two cities that the model never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date

import duckdb
import pyarrow as pa
import pytest

from govdata import publish
from govdata.deployment import Deployment
from govdata.sample import generate, identity
from govdata.sample.lives import build_city
from govdata.sample.registers import REGISTERS
from govdata.standards import load
from tests.proof.conftest import publish_day
from tests.proof.test_masters import KEYS, keys_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("likeness")]

PEOPLE, DAY, SHARE = 20_000, Date(2026, 11, 20), 0.06
WEAK = "method IN ('unlinked', 'similar')"


@dataclass(frozen=True)
class Pairs:
    """Of mentions: pairs that share a master, those that are one person in truth, and those that are both."""

    together: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.together

    @property
    def recall(self) -> float:
        return self.right / self.true


def _truth(seed: int, roles: dict[str, tuple[str, str]]) -> pa.Table:
    """Role and delivered key of every mention → the citizen number of the person meant."""
    city = identity.harder(build_city(PEOPLE, seed, (DAY,)))
    veil = identity.Veil(city, SHARE)
    rows: dict[tuple[str, str], str] = {}
    for dataset, register in REGISTERS.items():
        for part in register(city, 0):
            told = veil.part(dataset, 0, part).records
            meant = told if dataset == "population" else part.records
            keys = keys_of(dataset, told)
            for role, (of, column) in roles.items():
                if of == dataset:
                    people = meant[column].to_pylist()
                    rows |= {(role, key): who for key, who in zip(keys, people, strict=True) if who}
    return pa.table(
        {"role": [role for role, _ in rows], "key": [key for _, key in rows], "person": list(rows.values())}
    )


@pytest.fixture(scope="module", params=[905, 41177])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, repository
) -> Iterator[duckdb.DuckDBPyConnection]:
    """``told``: every mention with its master, how it was linked and whom it means; ``asked``: mentions that people are
    asked about."""
    deployment = Deployment(tmp_path_factory.mktemp("hard"))
    registry = load(repository / "standards")
    (deployment.home / "standards").symlink_to(repository / "standards")
    generate(PEOPLE, request.param, deployment.home, dates=(DAY,), defects=False, without_numbers=SHARE)
    publish_day(deployment, registry, DAY)
    publish.rebuild_catalogue(deployment, registry)
    roles = {
        name: (m.dataset, str(m.number("citizen_id")[0])) for name, m in registry.masters["person"].mentions.items()
    }
    with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
        connection.register("truth", _truth(request.param, roles))
        keys = " UNION ALL ".join(
            f"SELECT '{dataset}' AS dataset, _row_id AS row_id, {key} AS key FROM published.{dataset}"
            for dataset, key in KEYS.items()
        )
        connection.execute(
            "CREATE TEMP TABLE asked AS SELECT DISTINCT mention_id FROM governance.link_candidates WHERE state = "
            "'candidate'"
        )
        connection.execute(
            "CREATE TEMP TABLE told AS SELECT l.mention_id, l.role, l.person_id, l.method, t.person FROM "
            f"published.person_link AS l JOIN ({keys}) AS k USING (dataset, row_id) JOIN truth AS t USING (role, key)"
        )
        yield connection


def _pairs(connection: duckdb.DuckDBPyConnection, relation: str = "told", weak: bool = False) -> Pairs:
    """With ``weak`` only pairs of which one at least has no valid identifier."""
    strong = f"NOT ({WEAK})" if weak else "FALSE"
    found = [
        connection.execute(
            "SELECT CAST(sum(n * (n - 1) / 2 - s * (s - 1) / 2) AS BIGINT) FROM (SELECT count(*) AS n, "
            f"count(*) FILTER ({strong}) AS s FROM {relation} GROUP BY {by})"
        ).fetchall()[0][0]
        for by in ("person_id", "person", "person_id, person")
    ]
    made = Pairs(*found)
    print(f"\n{relation} {'without number' if weak else 'all'}: {made} {made.precision:.5f} {made.recall:.5f}")
    return made


def test_all_pairs(told: duckdb.DuckDBPyConnection) -> None:
    found = _pairs(told)

    assert found.true >= 30_000 and found.precision >= 0.9999 and found.recall >= 0.99


def test_pairs_without_a_valid_identifier(told: duckdb.DuckDBPyConnection) -> None:
    """What is left to people counts apart: a name alone, of which the city has several, tells nobody."""
    every = _pairs(told, weak=True)
    apart = _pairs(told, "(SELECT * FROM told ANTI JOIN asked USING (mention_id))", weak=True)

    assert every.true >= 1_000 and every.precision >= 0.995 and every.recall >= 0.93
    assert apart.precision >= 0.995 and apart.recall >= 0.97


def test_where_more_than_a_name_is_known_hardly_anybody_is_missed(told: duckdb.DuckDBPyConnection) -> None:
    found = _pairs(told, "(SELECT * FROM told WHERE role <> 'legal_representative')", weak=True)

    assert found.precision >= 0.995 and found.recall >= 0.985


def test_no_master_has_two_numbers(told: duckdb.DuckDBPyConnection) -> None:
    query = (
        "SELECT count(*) FROM (SELECT person_id FROM told WHERE method = 'citizen_id' GROUP BY ALL HAVING "
        "count(DISTINCT person) > 1)"
    )
    assert told.execute(query).fetchall() == [(0,)]
