"""What is kept, what goes, when; and that nobody who reads is cut off."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

import duckdb
import pytest

from govdata.publish import Pruned, prune
from govdata.storage import files, sql
from tests.publish.nights import City, person, shop

DAY = [Date(2026, 1, 28) + timedelta(days=day) for day in range(40)]
HOUR = 3600.0


def pruned(city: City, today: Date, at: float, *, keep_days: int = 3, keep_month_ends: int = 2) -> Pruned:
    return prune(
        city.deployment, city.registry, keep_days=keep_days, keep_month_ends=keep_month_ends, today=today, now=at * HOUR
    )


def snapshot_dates(city: City, table: str) -> list[Date]:
    return [
        row[0] for row in city.query(f"SELECT date FROM governance.snapshots WHERE dataset = '{table}' ORDER BY date")
    ]


@pytest.mark.slow
def test_days_month_ends_and_the_newest(city: City) -> None:
    for day in (0, 1, 3, 4, 5, 6, 7):  # 28, 29, 31 January; 1 to 4 February
        city.publish(city.deliver("shops", DAY[day], [shop(n) for n in range(day + 1)], quarantined=[shop(99)]))
    assert pruned(city, DAY[7], 0) == Pruned(
        snapshots=2, nights=2, files=0, bytes=0, waiting=pruned(city, DAY[7], 0).waiting, before=DAY[4]
    )
    assert snapshot_dates(city, "shops") == [DAY[3], DAY[4], DAY[5], DAY[6], DAY[7]]
    assert city.query("SELECT DISTINCT _delivery_date FROM quarantine.shops ORDER BY 1") == [(day,) for day in DAY[3:8]]
    assert city.query("SELECT count(*) FROM governance.reconciliation") == [(7,)]
    pruned(city, DAY[39], 0)
    assert snapshot_dates(city, "shops") == [DAY[3], DAY[7]]  # the end of January and the newest
    pruned(city, Date(2027, 1, 1), 0)
    assert snapshot_dates(city, "shops") == [DAY[7]]


def test_readers_of_the_old_catalogue_have_a_day(city: City) -> None:
    for day in range(4):
        city.publish(city.deliver("shops", DAY[day], [shop(n) for n in range(day + 1)], quarantined=[shop(99)]))
    city.rebuild()
    with duckdb.connect(":memory:") as reader:
        reader.execute(f"ATTACH {sql.text(str(city.deployment.catalogue))} AS c (READ_ONLY)")
        first = pruned(city, Date(2027, 1, 1), 0)
        assert first.files == 0 and first.waiting > 0
        pruned(city, Date(2027, 1, 1), 23)
        assert reader.execute(f"SELECT count(*) FROM c.published.shops_at(DATE '{DAY[1]}')").fetchall() == [(2,)]
        assert reader.execute("SELECT count(*) FROM c.quarantine.shops").fetchall() == [(4,)]
    last = pruned(city, Date(2027, 1, 1), 25)
    assert last.files == first.waiting and last.bytes > 0 and last.waiting == 0
    assert not (city.deployment.published / "shops" / DAY[0].isoformat()).exists()
    assert city.query("SELECT count(*) FROM published.shops") == [(4,)]
    assert city.query("SELECT count(*) FROM quarantine.shops") == [(1,)]


@pytest.mark.slow
def test_deltas_live_as_long_as_what_is_merged_from_them(city: City) -> None:
    """Old snapshots go, their layers stay: the table is right, an old delivery can still be corrected, its rows are
    still traceable."""
    city.night("people", DAY[0], [person(1), person(2)], mode="snapshot")
    for day in range(1, 10):
        city.publish(city.deliver("people", DAY[day], [person(10 + day, str(day))], repaired={0: f" {day}"}))
    city.rebuild()
    before = city.query("SELECT * FROM published.people ORDER BY ALL")
    for at in (0, 48):
        pruned(city, Date(2027, 1, 1), at)
    assert snapshot_dates(city, "people") == [DAY[9]]
    assert city.query("SELECT * FROM published.people ORDER BY ALL") == before
    assert city.query("SELECT count(*) FROM governance.repairs") == [(9,)]
    city.night("people", DAY[2], [person(12, "改"), person(1, operation="D")])
    assert city.query("SELECT count(*), count(*) FILTER (WHERE name = '改') FROM published.people") == [(10, 1)]


def test_leftovers_of_dead_runs(city: City) -> None:
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    folder = city.deployment.snapshot("people", DAY[0])
    leftovers = [
        folder / "base-0-0.parquet",
        folder / ".hidden.parquet.17.tmp",
        city.deployment.published / ".govdata.duckdb.17.tmp",
    ]
    spill = city.deployment.temporary / "merge-people-17-0"
    spill.mkdir()
    for path in (*leftovers, spill / "block"):
        path.write_bytes(b"x")
    pruned(city, DAY[0], 0)
    assert all(path.exists() for path in leftovers)
    assert pruned(city, DAY[0], 25).files == 4
    assert not any(path.exists() for path in (*leftovers, spill))
    assert city.query("SELECT count(*) FROM published.people") == [(1,)]


def test_deliveries_are_never_touched(city: City) -> None:
    landing = city.deployment.delivery("shops", DAY[0])
    landing.mkdir(parents=True)
    (landing / "shops.parquet").write_bytes(b"x")
    city.night("shops", DAY[0], [shop(1)])
    city.night("shops", DAY[1], [shop(1)])
    for at in (0, 25):
        pruned(city, Date(2027, 1, 1), at)
    assert (landing / "shops.parquet").exists()


def test_the_empty_folder_of_a_stage_at_work_stays(city: City) -> None:
    """A stage makes its folder a moment before the first file in it; a night that ends beside it must not take the
    folder away."""
    city.night("shops", DAY[0], [shop(1)])
    begun = city.deployment.lake("raw", "shops", DAY[1])
    begun.mkdir(parents=True)
    with files.locked(city.deployment.stage_lock("shops")):
        prune(city.deployment, city.registry, keep_days=10, keep_month_ends=0)
        assert begun.is_dir()
    prune(city.deployment, city.registry, keep_days=10, keep_month_ends=0)
    assert not begun.exists()
