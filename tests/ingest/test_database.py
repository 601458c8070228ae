"""The database that readers share."""

from __future__ import annotations

import duckdb
import pytest

from govdata.ingest import database


def test_readers_of_one_delivery_share_a_database():
    with database.kept():
        with database.connection() as first:
            first.execute("CREATE TABLE seen AS SELECT 1 AS n")
        with database.connection() as second:
            assert second.execute("SELECT n FROM seen").fetchall() == [(1,)]
    with database.connection() as alone, pytest.raises(duckdb.CatalogException):
        alone.execute("SELECT n FROM seen")


def test_every_connection_tells_the_time_of_beijing():
    with database.kept():
        for _ in range(2):
            with database.connection() as connection:
                (row,) = connection.execute("SELECT CAST(TIMESTAMPTZ '2026-01-01 00:00:00+00' AS VARCHAR)").fetchall()
                assert row == ("2026-01-01 08:00:00+08",)


def test_another_thread_has_a_database_of_its_own():
    from concurrent.futures import ThreadPoolExecutor

    def tables() -> list[tuple]:
        with database.connection() as connection:
            return connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()

    with database.kept(), database.connection() as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS n")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(tables).result() == []
