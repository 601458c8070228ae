"""Each distinct value once: looked up, a row is what it is when every cell of it goes the whole way."""

import random
from collections.abc import Iterator
from datetime import date as Date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from govdata import standards
from govdata.deployment import Deployment
from govdata.engine import dictionaries, ledger, standardization, standardize
from govdata.engine.compiled import CompiledDataset
from govdata.engine.session import session
from govdata.standards.model import Registry
from govdata.storage import sql
from tests.engine import by_hand
from tests.engine.test_prefilters import ROWS, cells

DATE = Date(2026, 11, 20)


@pytest.fixture(scope="module")
def registry(repository: Path) -> Registry:
    return standards.load(repository / "standards")


@pytest.fixture
def delivered(registry: Registry) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = session(registry, as_of=DATE, threads=1)
    yield connection
    connection.close()


def rows(connection: duckdb.DuckDBPyConnection, queries: CompiledDataset, table: str) -> str:
    """The judged rows as a table, and a SELECT of them that can be compared: a MAP cannot."""
    query = queries.rows(dropped=False, conflicts=frozenset())
    connection.execute(f"CREATE TABLE {table} AS {query}")
    return f"SELECT COLUMNS(*)::VARCHAR FROM {table}"


def differing(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    query = f"SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))"
    return int(connection.execute(query).fetchall()[0][0])


@pytest.mark.slow
@pytest.mark.parametrize("absent", [0, 1, 2], ids=["all columns", "the even ones absent", "the odd ones absent"])
@pytest.mark.parametrize("dataset", ["population", "legal_person", "marriage", "education", "birth", "house"])
def test_rows_are_the_same_looked_up_and_gone_through(
    registry: Registry, delivered: duckdb.DuckDBPyConnection, dataset: str, absent: int
) -> None:
    """Of a column that is not delivered everything that its dictionary tells is settled."""
    declared = registry.datasets[dataset]
    columns = {
        name: pa.nulls(ROWS, pa.string()) if absent and number % 2 == absent - 1 else pa.array(values, pa.string())
        for number, (name, values) in enumerate(cells(dataset, registry, random.Random(f"{dataset} looked up")).items())
    }
    sql.create_table(delivered, "given", pa.table({"_source_row": pa.array(range(ROWS), pa.int64()), **columns}))
    delivered.execute(
        "CREATE TABLE given_rows AS SELECT *, CAST(_source_row AS VARCHAR) AS _row_id, '' AS _source_file, "
        f"DATE '{DATE}' AS _delivery_date, _source_row AS \"~at\" FROM given"
    )
    plain = CompiledDataset(declared, registry)
    standardization.prepare(delivered, plain, [])
    delivered.execute("DROP TABLE raw_rows; ALTER TABLE given_rows RENAME TO raw_rows")
    made = tuple(filter(None, (standardization.fill(delivered, plain, item, DATE) for item in plain.possible)))
    assert len(made) == len(plain.possible)
    assert any(len(item.settled) == len(item.told) for item in made) or not absent
    looked_up = CompiledDataset(declared, registry, dictionaries=made)
    answered = {plan.name for item in plain.possible for plan in item.plans}
    assert len(answered) > len(declared.columns) / 2
    assert not differing(delivered, rows(delivered, plain, "gone"), rows(delivered, looked_up, "looked_up"))


def test_a_column_is_known_with_the_columns_that_its_steps_read(registry: Registry) -> None:
    possible = CompiledDataset(registry.datasets["legal_person"], registry).possible
    capital = next(item for item in possible if "registered_capital" in item.key)
    assert capital.key == ("capital_currency", "capital_unit", "registered_capital")
    assert {plan.name for plan in capital.plans} == {"capital_currency", "registered_capital"}
    assert {rule.id for rule in capital.rules} >= {"registered_capital.type", "capital_currency.code_set"}
    everywhere = [plan.name for item in possible for plan in item.plans]
    assert len(everywhere) == len(set(everywhere))


@pytest.mark.parametrize(("most", "made"), [(2, {("sex",), ("unit",)}), (3, {("sex",), ("unit",), ("birth_date",)})])
def test_what_does_not_repeat_or_is_too_much_is_gone_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, made: set[tuple[str, ...]]
) -> None:
    monkeypatch.setattr(standardization, "HELD_ROWS", 0)
    monkeypatch.setattr(dictionaries, "MAX_DISTINCT", most)
    filled: set[tuple[str, ...]] = set()

    def fill(*arguments) -> dictionaries.Dictionary | None:
        done = original(*arguments)
        filled.update([arguments[2].key] if done else [])
        return done

    original = standardization.fill
    monkeypatch.setattr(standardization, "fill", fill)
    people = [
        {
            "citizen_id": f"{number:018}",
            "name": f"人{number}",
            "sex": "男女"[number % 2],
            "birth_date": f"1990年{number % 3 + 1}月1日",
        }
        for number in range(60)
    ]
    deployment, known = Deployment(tmp_path), by_hand.registry()
    raw = by_hand.raw_batch(deployment, people)
    batch = standardize(raw, known.datasets["people"], known, deployment)
    assert made <= filled and ("name",) not in filled
    assert (("birth_date",) in filled) == (("birth_date",) in made)
    assert batch.repaired_cells["sex"] == batch.repaired_cells["birth_date"] == 60


@pytest.mark.parametrize("held", [0, 1000], ids=["looked up", "gone through"])
def test_altered_cells_are_counted_by_step_as_the_ledger_tells_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """Cells of exact duplicates are not counted, whichever of the spellings of a value is dropped."""
    monkeypatch.setattr(standardization, "HELD_ROWS", held)
    people = [
        {
            "citizen_id": f"{number:018}".replace("1", "１", number % 2),
            "name": f" 人{number}",
            "sex": "男",
            "birth_date": ("1990年1月1日", "00000000", "1990-13-41")[number % 3],
            "capital": ("1,000元", "2000", "两箱")[number % 3],
            "unit": "",
        }
        for number in range(60)
    ]
    people += [person | {"name": person["name"].strip(), "sex": "1"} for person in people[:20]]
    deployment, known = Deployment(tmp_path), by_hand.registry()
    raw = by_hand.raw_batch(deployment, people)
    batch = standardize(raw, known.datasets["people"], known, deployment)
    assert batch.duplicates == 20
    files = [
        sql.parquet(map(deployment.absolute, named))
        for named in (raw.files, (*batch.clean_files, *batch.quarantine_files))
    ]
    query = ledger.ledger_sql(batch.ledger).replace("{raw}", files[0]).replace("{standardized}", files[1])
    told = duckdb.execute(f"SELECT column_name, rule, count(*) FROM ({query}) GROUP BY ALL ORDER BY ALL").fetchall()
    counted = [(name, rule, cells) for name, rules in batch.repaired_steps.items() for rule, cells in rules.items()]
    assert counted == told and {"halfwidth", "code_set", "placeholder_dates"} <= {rule for _, rule, _ in told}
