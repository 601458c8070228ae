"""The one DuckDB and the one Parquet relation, through the stages that use them."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from govdata import checks, engine, ingest, publish
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards import load
from govdata.storage import sql
from tests.faults.city import FIRST, lay_down


def test_a_folder_that_looks_like_a_partition_is_no_column(tmp_path: Path) -> None:
    """DuckDB takes ``name=value`` of a path for a column: the folder's 9 stood where the delivered number was, or the
    types clashed."""
    plain, tricky = tmp_path / "plain", tmp_path / "night=9" / "card_no=LB99999999"
    lay_down(plain, nights=1)
    tricky.parent.mkdir(parents=True)
    shutil.copytree(plain, tricky)
    rows = []
    for home in (plain, tricky):
        deployment = Deployment(home)
        registry = load(deployment.standards)
        dataset = registry.datasets["cards"]
        delivery = ingest.receive(deployment, dataset, FIRST)
        assert delivery is not None
        raw = ingest.ingest(delivery, dataset, registry, deployment)
        batch = engine.standardize(raw, dataset, registry, deployment)
        assert checks.validate(batch, dataset, registry, deployment).passed
        publish.publish(batch, dataset, registry, deployment)
        publish.rebuild_catalogue(deployment, registry)
        with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
            rows.append(connection.execute("SELECT card_no, night FROM published.cards ORDER BY ALL").fetchall())
    assert rows[0] == rows[1]
    assert {night for _, night in rows[1]} == {0}


SETTINGS = ("threads", "memory_limit", "temp_directory", "preserve_insertion_order", "TimeZone")


def _settings(session: duckdb.DuckDBPyConnection) -> list[str]:
    return [session.execute(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in SETTINGS]


def test_a_session_finds_nothing_of_the_one_before(tmp_path: Path) -> None:
    first = sql.connect()
    usual = _settings(first)
    first.close()
    del first
    other = sql.connect(memory_limit="300MB", threads=1, spill=tmp_path, ordered=True)
    assert _settings(other) != usual
    other.execute("CREATE SCHEMA codes; CREATE TABLE codes.a AS SELECT 1 AS x; CREATE TABLE b AS SELECT 1 AS x")
    other.execute("CREATE TEMP TABLE c AS SELECT 1 AS x; SET partitioned_write_flush_threshold = 1000")
    other.execute(f"ATTACH '{tmp_path / 'kept.duckdb'}' AS kept")
    other.close()
    del other
    again = sql.connect()
    assert _settings(again) == usual
    assert again.execute("SELECT current_setting('partitioned_write_flush_threshold')").fetchall() == [(524288,)]
    assert again.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    assert again.execute("SELECT count(*) FROM duckdb_databases() WHERE database_name = 'kept'").fetchall() == [(0,)]


def _resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells of the process on Linux alone")
def test_the_memory_of_a_session_goes_with_it() -> None:
    sql.connect().close()
    before = _resident()
    session = sql.connect()
    columns = "i, md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b"
    session.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(2_000_000) AS r(i)")
    assert _resident() > before + 100_000_000
    session.close()
    del session
    assert _resident() < before + 60_000_000


def test_sessions_at_one_time_are_strangers_and_another_of_a_session_is_not() -> None:
    one, two = sql.connect(), sql.connect()
    one.execute("CREATE TABLE t AS SELECT 1 AS x")
    two.execute("CREATE TABLE t AS SELECT 2 AS x")
    assert one.execute("FROM t").fetchall() == [(1,)]
    beside = sql.another(one)
    assert beside.execute("SELECT x, current_setting('TimeZone') FROM t").fetchall() == [(1, "Asia/Shanghai")]


def test_the_catalogue_is_read_only_bounded_and_in_beijing_time(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    with pytest.raises(GovdataError, match="还没有目录"):
        sql.catalogue(deployment)
    deployment.catalogue.parent.mkdir(parents=True)
    with duckdb.connect(str(deployment.catalogue)) as made:
        made.execute("CREATE VIEW v AS SELECT TIMESTAMPTZ '2026-11-20 20:00:00+00' AS moment")
    with sql.catalogue(deployment) as opened:
        ((moment, memory),) = opened.execute(
            "SELECT CAST(moment AS VARCHAR), current_setting('memory_limit') FROM v"
        ).fetchall()
        assert moment == "2026-11-21 04:00:00+08"
        assert [(memory,)] == sql.connect().execute("SELECT current_setting('memory_limit')").fetchall()
        with pytest.raises(duckdb.InvalidInputException):
            opened.execute("CREATE TABLE t (x INTEGER)")


def test_one_that_has_spilled_is_not_used_with_another_folder(tmp_path: Path) -> None:
    spilled = sql.connect(memory_limit="60MB", threads=1, spill=tmp_path / "one")
    spilled.execute("CREATE TABLE t AS SELECT random() AS x, md5(i::VARCHAR) AS y FROM range(2_000_000) AS r(i)")
    assert any((tmp_path / "one").iterdir())
    spilled.close()
    del spilled
    other = sql.connect(spill=tmp_path / "two")
    assert other.execute("SELECT current_setting('temp_directory')").fetchall() == [(str(tmp_path / "two"),)]


def test_shared_tables_are_the_next_session_s_too_and_nobody_s_who_asks_for_none() -> None:
    table = pa.table({"code": ["1", "2"]})
    shared = {("codes", "sex"): table}
    for _ in range(2):
        with closing(sql.connect(shared=shared)) as session:
            assert session.execute("SELECT count(*) FROM codes.sex").fetchall() == [(2,)]
        del session
    with closing(sql.connect(shared={("codes", "sex"): pa.table({"code": ["1"]})})) as other:
        assert other.execute("SELECT count(*) FROM codes.sex").fetchall() == [(1,)]
    del other
    with closing(sql.connect()) as plain:
        assert plain.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
