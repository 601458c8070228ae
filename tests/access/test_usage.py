"""Which tables were read, by which door: counted without a query or a value, and no hindrance to anybody."""

from __future__ import annotations

import os
from datetime import date as Date
from pathlib import Path

import duckdb
import pytest

import govdata
from govdata import access
from govdata.deployment import Deployment, beijing_today
from govdata.errors import GovdataError
from govdata.publish import usage
from govdata.standards import Registry
from govdata.storage import usage_log
from govdata.storage.usage_log import Read
from tests.publish.nights import City, person

DAY = Date(2026, 3, 1)


@pytest.fixture
def city(tmp_path: Path) -> City:
    """A published night of one table."""
    made = City(Deployment(tmp_path / "home"))
    made.night("people", DAY, [person(1), person(2)], mode="snapshot", quarantined=[person(4)])
    return made


def lines(city: City) -> list[tuple[str, str]]:
    return [(line.door, line.table) for line in usage_log.read(city.deployment)]


@pytest.mark.slow
def test_every_door_counts_the_tables_it_read(city: City) -> None:
    home = city.deployment
    query = (
        "WITH a AS (SELECT name FROM published.people) SELECT count(*) FROM a, quarantine.people AS q, "
        "governance.rules WHERE a.name <> 'governance.releases'"
    )
    assert access.select(home, query, 5).rows
    access.findings(home, rows=False, limit=5)
    govdata.load("people", columns=["name"], home=home.home)
    govdata.load("people_zh", home=home.home)
    assert lines(city) == [
        ("sql", "governance.rules"),
        ("sql", "published.people"),
        ("sql", "quarantine.people"),
        ("findings", "governance.findings"),
        ("load", "published.people"),
        ("load", "published.people_zh"),
    ]
    assert {line.account for line in usage_log.read(home)} == {usage_log.account()}


@pytest.mark.slow
def test_what_could_not_be_read_was_not_read(city: City) -> None:
    for asked in ("SELECT * FROM published.nothing", "SELECT CAST('x' AS INTEGER) FROM published.people"):
        with pytest.raises(GovdataError):
            access.select(city.deployment, asked, 5)
    with pytest.raises(GovdataError):
        govdata.load("nothing", home=city.deployment.home)
    assert lines(city) == []


def test_no_query_and_no_value_is_kept(city: City) -> None:
    secret = "19010119900101001X"
    access.select(city.deployment, f"SELECT * FROM published.people WHERE name = '{secret}'", 5)
    (file,) = city.deployment.usage.glob("*.jsonl")
    text = file.read_text(encoding="utf-8")
    assert secret not in text and "WHERE" not in text and text.count("\n") == 1


def test_who_may_not_write_reads_all_the_same(city: City) -> None:
    city.deployment.usage.parent.mkdir(parents=True, exist_ok=True)
    city.deployment.usage.write_bytes(b"")  # no folder can be made there, for root either
    assert access.select(city.deployment, "SELECT count(*) FROM published.people", 5).rows == [["2"]]


def test_a_damaged_month_keeps_no_night_from_its_catalogue(city: City, caplog: pytest.LogCaptureFixture) -> None:
    access.select(city.deployment, "SELECT count(*) FROM published.people", 5)
    (city.deployment.usage / "2020-01.jsonl").write_text('{"date": "x"}\n', encoding="utf-8")
    assert lines(city) == [("sql", "published.people")]
    assert "2020-01.jsonl 第 1 行" in caplog.text


@pytest.mark.slow
def test_the_catalogue_shows_who_reads_and_what_lies_unread(city: City) -> None:
    access.select(city.deployment, "SELECT count(*) FROM published.people", 5)
    city.night("people", Date(2026, 3, 2), [person(1)], mode="snapshot")
    with duckdb.connect(str(city.deployment.catalogue), read_only=True) as connection:
        read = connection.execute("SELECT day, relation, door, reads, accounts FROM governance.table_reads").fetchall()
        (used,) = connection.execute(
            "SELECT dataset, reads, doors, last_read, published_since, snapshots, idle_days FROM governance.table_usage"
        ).fetchall()
    assert read == [(beijing_today(), "published.people", "sql", 1, 1)]
    assert used == ("people", 1, "sql", beijing_today(), DAY, 2, 0)


def test_days_without_a_reader_are_counted_from_the_last_read_or_the_first_snapshot() -> None:
    registry = Registry(elements={}, code_sets={}, datasets={}, null_tokens=(), bound={}, hashes={})
    dates = [Date(2026, 1, 1), Date(2026, 3, 2)]
    log = [
        Read(date=Date(2026, 1, 20), account="a", door="sql", table="published.read"),
        Read(date=Date(2026, 2, 20), account="b", door="load", table="published.read_zh"),
        Read(date=Date(2026, 2, 20), account="b", door="load", table="quarantine.never"),
    ]
    told = {row[0]: row for row in usage.usage(log, {"read": dates, "never": dates, "empty": []}, registry)}
    assert list(told) == ["never", "read"]
    names = [str(column) for column in usage.TABLE_USAGE.columns]
    facts = {table: dict(zip(names, row, strict=True)) for table, row in told.items()}
    assert {k: facts["read"][k] for k in ("reads", "reads_30", "accounts", "doors", "idle_days")} == {
        "reads": 2, "reads_30": 1, "accounts": 2, "doors": "load、sql", "idle_days": 10,
    }  # fmt: skip
    assert (facts["never"]["last_read"], facts["never"]["idle_days"]) == (None, 60)


def test_a_program_of_an_analysts_leaves_no_log_that_others_read(city: City) -> None:
    before = os.umask(0o022)
    try:
        govdata.load("people", columns=["name"], home=city.deployment.home)
    finally:
        os.umask(before)
    made = [city.deployment.usage, *city.deployment.usage.iterdir()]
    assert len(made) == 3 and not [path for path in made if path.stat().st_mode & 0o007]
