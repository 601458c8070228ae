"""Retention: the disk stays bounded, readers keep what the policy keeps, Dagster's records go by age; readers during
swaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from datetime import date as Date
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.publish import Policy, nightly, retention
from tests.faults import readers, years
from tests.faults.conftest import Place
from tests.publish.nights import City, shop

DAY = [Date(2026, 3, day) for day in range(1, 8)]


@pytest.mark.slow
def test_readers_during_swaps(tmp_path: Path) -> None:
    found = readers.watch(tmp_path, 2, 10)
    assert [(reader.errors, reader.mixed) for reader in found] == [([], 0)] * 2
    assert all(reader.queries > 10 and reader.nights > 1 for reader in found), found


@pytest.mark.slow
def test_disk_stays_bounded(tmp_path: Path) -> None:
    policy = Policy(days=6, month_ends=1)
    found = list(years.nights(tmp_path, 36, policy, whole_every=6, prune_every=3, look_every=12))
    assert found[2].files <= found[1].files * 1.25 and found[2].kilobytes <= found[1].kilobytes * 1.25, found
    assert [look.shown for look in found] == [(60, 30)] * 3


@pytest.mark.slow
def test_clock_that_jumps_removes_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy counts from the newest night, not from today."""
    for date in DAY:
        city.night("shops", date, [shop(1)])

    class Jumped(Date):
        @classmethod
        def today(cls) -> Date:
            return Date(2036, 3, 8)

    monkeypatch.setattr(retention, "Date", Jumped)
    done = nightly(city.deployment, city.registry, Policy(days=10))
    assert done is not None and (done.snapshots, done.nights) == (0, 0)
    done = nightly(city.deployment, city.registry, Policy(days=3))
    assert done is not None and done.snapshots == 3
    assert city.query("SELECT count(*) FROM governance.snapshots") == [(4,)]


@pytest.mark.slow
def test_the_night_that_readers_see_is_kept(city: City) -> None:
    """Newer snapshots are damaged: the old one that is shown instead must not go because of its age."""
    for date in DAY:
        city.night("shops", date, [shop(1)])
    for date in DAY[1:]:
        for path in city.deployment.snapshot("shops", date).glob("*.parquet"):
            path.unlink()
    city.rebuild()
    nightly(city.deployment, city.registry, Policy(days=2))
    assert city.query("SELECT date FROM governance.snapshots WHERE complete") == [(DAY[0],)]
    assert city.query("SELECT count(*) FROM published.shops") == [(1,)]


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Policy.from_env() == Policy()
    monkeypatch.setenv("GOVDATA_KEEP_DAYS", "0")
    monkeypatch.setenv("GOVDATA_KEEP_RUN_DAYS", "400")
    assert Policy.from_env() == Policy(days=0, run_days=400)
    monkeypatch.setenv("GOVDATA_KEEP_MONTH_ENDS", "-1")
    with pytest.raises(GovdataError, match="GOVDATA_KEEP_MONTH_ENDS"):
        Policy.from_env()


@pytest.mark.slow
@pytest.mark.xdist_group("faults")
def test_dagsters_runs_go_by_age(place: Place) -> None:
    """Of nights 0 and 1, each a run of the datasets and one of the city, the older two go with all their files; the
    newer ones last made the assets and stay, whatever their age."""
    from dagster import AssetKey

    from govdata.assets.run_retention import delete_old_runs
    from govdata.night import instance

    home = place.deployment.dagster_home
    with instance(place.deployment) as dagster:
        *newest, old_city, old_night = (run.run_id for run in dagster.get_runs())
        assert len(newest) == 2
        assert delete_old_runs(dagster, 30) == 0
        assert delete_old_runs(dagster, 0, datetime.now(UTC) + timedelta(days=400)) == 0
        assert delete_old_runs(dagster, 30, datetime.now(UTC) + timedelta(days=31)) == 2
        assert [run.run_id for run in dagster.get_runs()] == newest
        assert dagster.get_latest_materialization_event(AssetKey(["cards", "published"])) is not None
    assert not [path for path in home.rglob("*") if old_city in path.name or old_night in path.name]
    assert place.run(2) == 0


@pytest.mark.slow
def test_dagsters_folder_stays_bounded(tmp_path: Path) -> None:
    """Check results go with their runs, and the disk gets the space back."""
    from tests.faults import dagster_years

    found = list(dagster_years.nights(tmp_path, 24, keep_days=5, look_every=8))
    assert found[2].kilobytes <= found[1].kilobytes * 1.1 and found[2].index <= found[1].index * 1.1, found
    assert found[2].runs <= 7 and found[2].checks == found[2].runs * 40, found


@pytest.mark.slow
def test_shrinking_beside_a_reader_and_a_writer(tmp_path: Path) -> None:
    """A web server has the database open, and a run writes to it: neither fails, and nothing of a known run is lost."""
    import sqlite3
    import threading

    from govdata.assets import run_retention
    from govdata.night import instance
    from tests.faults import dagster_years

    nightly = dagster_years.job(40)
    with instance(Deployment(tmp_path)) as dagster:
        folder = Path(dagster.root_directory)
        for _ in range(4):
            nightly.execute_in_process(instance=dagster)
        kept = dagster.get_runs(limit=1)[0].run_id
        for run in dagster.get_runs()[1:]:
            dagster.delete_run(run.run_id)
        reader = sqlite3.connect(folder / "history" / "runs" / "index.db")
        seen = reader.execute("BEGIN").execute("SELECT count(*) FROM event_logs").fetchone()
        worker = threading.Thread(target=lambda: [run_retention.shrink(folder) for _ in range(10)])
        worker.start()
        written = nightly.execute_in_process(instance=dagster)
        worker.join()
        assert written.success and reader.execute("SELECT count(*) FROM event_logs").fetchone() == seen
        reader.close()
        run_retention.shrink(folder)
        assert {run.run_id for run in dagster.get_runs()} == {kept, written.run_id}
        connection = sqlite3.connect(folder / "history" / "runs" / "index.db")
        counts = connection.execute("SELECT run_id, count(*) FROM asset_check_executions GROUP BY run_id").fetchall()
        connection.close()
        assert dict(counts) == {kept: 40, written.run_id: 40}
