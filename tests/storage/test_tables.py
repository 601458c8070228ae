"""The declared system tables: the catalogue shows just them, writers keep to them, and nobody else spells their
columns."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from datetime import date as Date
from pathlib import Path

import duckdb
import pytest

from govdata.deployment import Deployment
from govdata.publish import rebuild_catalogue
from govdata.standards import load
from govdata.standards.model import Registry
from govdata.storage import tables
from govdata.storage.tables import (
    Column,
    Table,
    access,
    codes,
    health,
    masters,
    nights,
    page,
    system_columns,
    workorders,
)

PACKAGE = Path(tables.__file__).resolve().parents[2]
OF_ROWS = "|".join(
    {*system_columns.RAW, *system_columns.PUBLISHED, system_columns.FAILED_RULES, system_columns.KEPT_ROW_ID}
)
SPELLED = re.compile(rf"(?<!\w)(({OF_ROWS})(?!\w)|{system_columns.REPAIR_FLAGS})")


@pytest.fixture(scope="module")
def committed(repository: Path) -> Registry:
    return load(repository / "standards")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, committed: Registry) -> Iterator[duckdb.DuckDBPyConnection]:
    """The catalogue of the committed standards before anything was delivered: every view, empty."""
    built = rebuild_catalogue(Deployment(tmp_path_factory.mktemp("empty")), committed)
    with duckdb.connect(str(built), read_only=True) as connection:
        yield connection


def shown(catalogue: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[tuple[str, str, str | None]]:
    query = "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
    return catalogue.execute(f"{query} ORDER BY column_index", [schema, table]).fetchall()


def declared(columns: tables.Columns) -> list[tuple[str, str, str]]:
    return [(str(column), column.type, column.comment) for column in columns]


@pytest.mark.slow
def test_governance_shows_the_declared_tables_and_none_besides(
    catalogue: duckdb.DuckDBPyConnection, committed: Registry
) -> None:
    views = dict(
        catalogue.execute("SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'governance'").fetchall()
    )
    derived = {name for name, dataset in committed.datasets.items() if dataset.schema_name == "governance"}
    derived |= {name + system_columns.CHINESE for name in derived}
    assert {name: comment for name, comment in views.items() if name not in derived} == {
        table.name: table.comment for table in tables.GOVERNANCE
    }
    assert derived <= views.keys()
    for table in tables.GOVERNANCE:
        assert shown(catalogue, table.schema, table.name) == declared(table.columns), table.name


def test_codes_and_rows_carry_the_declared_columns(catalogue: duckdb.DuckDBPyConnection, committed: Registry) -> None:
    for name in committed.code_sets:
        assert shown(catalogue, "codes", name) == declared(codes.CODES), name
    for name, dataset in committed.datasets.items():
        for schema, added in (
            (dataset.schema_name, system_columns.PUBLISHED),
            ("quarantine", system_columns.QUARANTINE),
        ):
            columns = shown(catalogue, schema, name)
            assert columns[len(dataset.columns) :] == declared(added), f"{schema}.{name}"
            assert all(comment for _, _, comment in columns), f"{schema}.{name}"


def test_one_name_for_one_thing() -> None:
    """A table about deliveries says which by ``dataset`` and ``date``; one about rows carries a row's identity."""
    about_rows = {"findings", "standing_findings", "cross_findings", "repairs", "rejected", "duplicates"}
    about_rows |= {"work_order_items", "releases"}
    for table in tables.GOVERNANCE:
        names = set(table.columns)
        assert "table_name" not in names
        assert (nights.DATASET in names) or table in (
            health.NIGHT_RUNS,
            workorders.DEPARTMENT_PERFORMANCE,
            workorders.SUGGESTION_ACCEPTANCE,
            masters.MASTER_CHANGES,
            access.ACCESS_LOG,
            access.TABLE_READS,
        )
        assert (nights.DATE in names) == (
            table not in (nights.RULES, *workorders.TABLES, *access.TABLES) or table.name.endswith("events")
        )
        assert names.issuperset(system_columns.IDENTITY) == (table.name in about_rows), table.name


def test_a_row_of_another_shape_is_not_written() -> None:
    table = Table("governance", "x", "例", (nights.DATE, nights.FAILED), key=(nights.DATE,), writer="检查")
    made = table.arrow([{"date": Date(2026, 3, 1), "failed": 2}])
    assert made.to_pylist() == [{"date": Date(2026, 3, 1), "failed": 2}]
    assert table.arrow([]).schema == made.schema
    for row in ({"date": Date(2026, 3, 1)}, {"date": Date(2026, 3, 1), "failed": 2, "more": 1}):
        with pytest.raises(ValueError, match=r"governance\.x"):
            table.arrow([row])
    with pytest.raises(ValueError, match="stands twice"):
        Table("governance", "x", "例", (nights.DATE, nights.DATE), key=(), writer="检查")


def test_a_column_is_its_name_wherever_it_goes() -> None:
    column = Column("a", "DATE", "日期", "日", former=("b",))
    for same in (copy.deepcopy(column), pickle.loads(pickle.dumps(column))):
        assert same == "a" and (same.type, same.comment, same.label, same.former) == ("DATE", "日期", "日", ("b",))
    assert column.meaning("别的").former == ("b",)


def test_the_page_is_current(repository: Path) -> None:
    kept = (repository / "docs" / "tables.zh-CN.md").read_text("utf-8")
    assert kept == page.page(), "python -m govdata.storage.tables.page docs/tables.zh-CN.md"


def spelled(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a module's code, not its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def test_no_other_module_spells_a_column_that_rows_are_given() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line} {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.is_relative_to(Path(tables.__file__).parent)
        for line, text in spelled(path)
        if SPELLED.search(text)
    ]
    assert not found
    assert (
        SPELLED.search("SELECT b._row_id, 1") and SPELLED.search("_repairs_0") and not SPELLED.search("regexp_extract")
    )
