"""govdata.load: typed, always the newest, readable errors, nothing outside the deployment."""

from __future__ import annotations

from datetime import date as Date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import govdata
from govdata.errors import GovdataError
from tests.publish.nights import CANARY, City, person

DAY1, DAY2 = Date(2026, 3, 1), Date(2026, 3, 2)


@pytest.fixture
def loaded(city: City, monkeypatch: pytest.MonkeyPatch) -> City:
    city.night(
        "people",
        DAY1,
        [person(1), person(2, "李四", birth_date=None), person(3, CANARY)],
        mode="snapshot",
        quarantined=[person(4)],
    )
    monkeypatch.setenv("GOVDATA_HOME", str(city.deployment.home))
    return city


def test_types(loaded: City) -> None:
    frame = govdata.load("people")
    kinds = {name: kind.pyarrow_dtype for name, kind in frame.dtypes.items()}
    assert (
        kinds["name"] == pa.string() and kinds["birth_date"] == pa.date32() and kinds["amount"] == pa.decimal128(24, 2)
    )
    assert kinds["_source_row"] == pa.int64() and kinds["_warnings"] == pa.list_(pa.string())
    assert len(frame) == 3 and frame.amount.sum() == Decimal("37.50") and frame.birth_date.isna().sum() == 1


def test_columns_and_where(loaded: City) -> None:
    frame = govdata.load("people", columns=["name", "citizen_id"], where="birth_date IS NULL OR name = '张三'")
    assert list(frame.columns) == ["name", "citizen_id"]
    assert sorted(frame.name) == ["张三", "李四"]
    assert len(govdata.load("quarantine.people", where="list_contains(failed_rules, 'citizen_id.format')")) == 1
    assert list(govdata.load("codes.sex", columns=["code"], where="current", home=loaded.deployment.home).code) == [
        "1",
        "2",
    ]


def test_always_the_newest(loaded: City) -> None:
    """Even while this process holds the catalogue open."""
    with duckdb.connect(str(loaded.deployment.catalogue), read_only=True) as held:
        assert held.execute("SELECT count(*) FROM published.people").fetchall() == [(3,)]
        loaded.night("people", DAY2, [person(7)])
        assert len(govdata.load("people")) == 4
        assert isinstance(govdata.load("people", columns=["sex"]), pd.DataFrame)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "peopel"}, "没有表 peopel；是否为：people"),
        ({"table": "governance.repair"}, "是否为：repairs"),
        (
            {"table": "people", "columns": ["nam", "xyzzy"]},
            "没有列 nam（是否为 name？）、xyzzy。可用的列：citizen_id、name",
        ),
        ({"table": "people", "columns": "name"}, "列名的列表"),
        ({"table": "people", "columns": []}, "空列表"),
        ({"table": "people", "where": "nam = '1'"}, "条件无法解读"),
        ({"table": "people", "where": "name = "}, "条件无法解读"),
        ({"table": "people", "where": "true; DROP TABLE x"}, "条件无法解读"),
        ({"table": "people", "where": "true) UNION ALL SELECT * FROM (SELECT 1"}, "条件无法解读"),
        ({"table": "people", "where": "exists(FROM read_text('/etc/hostname'))"}, "条件无法解读"),
        ({"table": "people", "where": "CAST(name AS INTEGER) > 1"}, "不能转换的值"),
        ({"table": "people", "home": "/nonexistent"}, "没有数据目录"),
    ],
)
def test_errors(loaded: City, arguments: dict, message: str) -> None:
    with pytest.raises(GovdataError) as error:
        govdata.load(**arguments)
    assert message in str(error.value)
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None and (error.value.__context__ is None or error.value.__suppress_context__)


def test_nothing_is_written_but_that_the_table_was_read(loaded: City, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    govdata.load("people")
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert before.items() <= after.items()
    assert {path.relative_to(loaded.deployment.workorders).parts[0] for path in after.keys() - before} == {"_events"}
