"""Publishing again, publishing the past, and dying on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date as Date
from pathlib import Path

import pytest

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.errors import GateBlocked
from tests.publish.nights import City, person, registry, shop

DAY = [Date(2026, 3, day) for day in range(1, 8)]
NAMES = "SELECT right(citizen_id, 2), name FROM published.people ORDER BY ALL"


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every data file and manifest under ``folder`` → (inode, time of change): nothing was written where this is the
    same."""
    found = [
        path for path in folder.rglob("*") if path.is_file() and path.name != ".lock" and "_governance" not in str(path)
    ]
    return {str(path): ((stat := path.stat()).st_ino, stat.st_mtime_ns) for path in found}


def stored(city: City, date: Date, dataset: str = "people") -> Snapshot | None:
    return Snapshot.read(Snapshot.path(city.deployment, dataset, date))


def test_again_changes_nothing(city: City) -> None:
    city.publish(city.deliver("people", DAY[0], [person(1), person(2)], mode="snapshot"))
    batch = city.deliver("people", DAY[1], [person(2, "乙", "U")])
    first = city.publish(batch)
    before = contents(city.deployment.published)
    assert city.publish(batch) == first
    assert city.publish(city.deliver("people", DAY[1], [person(2, "乙", "U")])) == first  # the stages ran again, too
    assert contents(city.deployment.published) == before


def test_whole_replaces_and_is_linked(city: City) -> None:
    city.publish(city.deliver("shops", DAY[0], [shop(1), shop(2)]))
    batch = city.deliver("shops", DAY[1], [shop(3)])
    snapshot = city.publish(batch)
    assert snapshot.rows == 1 and snapshot.hidden_file is None and snapshot.base_snapshot_id is None
    assert city.deployment.absolute(snapshot.files[0]).samefile(city.deployment.absolute(batch.clean_files[0]))
    assert snapshot.batch_id in snapshot.files[0]


def test_published_files_outlive_the_lake(city: City) -> None:
    """A stage that runs again removes its old files; the published ones are other names of them."""
    old = city.publish(city.deliver("shops", DAY[0], [shop(1)]))
    city.deliver("shops", DAY[0], [shop(1), shop(2)])
    assert all(city.deployment.absolute(file).exists() for file in old.files)
    city.rebuild()
    assert city.query("SELECT count(*) FROM published.shops") == [(1,)]


@pytest.mark.slow
def test_corrected_past_is_carried_forward(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2)], mode="snapshot")
    city.night("people", DAY[1], [person(3, "丙")])
    city.night("people", DAY[2], [person(1, "甲", "U")])
    city.night("people", DAY[3], [person(9)], mode="snapshot")
    later_whole = stored(city, DAY[3])
    city.night("people", DAY[1], [person(3, "丙改"), person(1, "早先", "U"), person(4, "丁")])
    third = stored(city, DAY[2])
    assert third is not None and third.rows == 4 and third.base_snapshot_id == stored(city, DAY[1]).snapshot_id  # type: ignore[union-attr]
    assert stored(city, DAY[3]) == later_whole
    assert city.query(f"SELECT right(citizen_id, 2), name FROM published.people_at(DATE '{DAY[2]}') ORDER BY ALL") == [
        ("01", "甲"),
        ("02", "张三"),
        ("03", "丙改"),
        ("04", "丁"),
    ]
    assert city.query("SELECT published FROM governance.reconciliation ORDER BY date") == [(2,), (4,), (4,), (1,)]


def test_carried_forward_from_what_was_published_not_from_a_blocked_batch(city: City) -> None:
    """A later night whose batch was replaced and blocked meanwhile keeps the rows it was published with."""
    city.publish(city.deliver("people", DAY[0], [person(1)], mode="snapshot"))
    city.publish(city.deliver("people", DAY[1], [person(2, "好")]))
    bad = city.deliver("people", DAY[1], [person(2, "坏")], outcomes=city.outcomes("people", failing="volume"))
    with pytest.raises(GateBlocked):
        city.publish(bad)
    city.publish(city.deliver("people", DAY[0], [person(1), person(5)], mode="snapshot"))
    city.rebuild()
    assert city.query(NAMES) == [("01", "张三"), ("02", "好"), ("05", "张三")]
    assert city.query("SELECT published FROM governance.reconciliation ORDER BY date") == [(2,), (None,)]


def test_night_after_a_blocked_one(city: City) -> None:
    """A delta lies on the newest good night; when the blocked one is mended, it takes its place below."""
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    blocked = city.deliver(
        "people", DAY[1], [person(1, "二", "U"), person(2, "二")], outcomes=city.outcomes("people", failing="parity")
    )
    with pytest.raises(GateBlocked):
        city.publish(blocked)
    city.night("people", DAY[2], [person(2, "三"), person(3, "三")])
    assert city.query(NAMES) == [("01", "张三"), ("02", "三"), ("03", "三")]
    city.judge(blocked, city.outcomes("people"))
    city.publish(blocked)
    city.rebuild()
    assert city.query(NAMES) == [("01", "二"), ("02", "三"), ("03", "三")]


def _first_two_nights(city: City) -> StandardizedBatch:
    city.publish(city.deliver("people", DAY[0], [person(1), person(2)], mode="snapshot"))
    city.publish(city.deliver("people", DAY[1], [person(3)]))
    city.night("people", DAY[2], [person(1, "甲", "U")])
    return city.deliver("people", DAY[1], [person(2, operation="D"), person(4)])


EXPECTED = [("01", "甲"), ("04", "张三")]


class PowerCut(BaseException):
    """Not an Exception: no handler may catch it."""


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, 18))
def test_death_at_any_step_is_mended_by_the_next_run(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th rename, link or write of a manifest never happens. Readers see a whole night, old or new, and the next
    run finishes."""
    city = City(Deployment(tmp_path))
    batch = _first_two_nights(city)
    before = city.query(NAMES)
    left = step

    def dying(do):  # type: ignore[no-untyped-def]
        def call(*arguments: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerCut
            return do(*arguments)

        return call

    died = False
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying(os.replace))
        patch.setattr(os, "link", dying(os.link))
        try:
            city.publish(batch)
            city.rebuild()
        except PowerCut:
            died = True
    assert died
    assert city.query(NAMES) in (before, EXPECTED)
    city.rebuild()  # another dataset's night rebuilds the catalogue in between
    assert city.query(NAMES) in (before, EXPECTED)
    city.publish(batch)
    city.rebuild()
    assert city.query(NAMES) == EXPECTED


KILLED = """
import os, sys
from datetime import date
from pathlib import Path
from govdata.deployment import Deployment
from govdata.batches import StandardizedBatch
from govdata.storage import files
from tests.publish.nights import City
city, step = City(Deployment(Path(sys.argv[1]))), int(sys.argv[2])
sync = files.sync
def dying(path):
    global step
    step -= 1
    if step == 0:
        os._exit(9)
    sync(path)
files.sync = dying
batch = StandardizedBatch.read(StandardizedBatch.path(city.deployment, "people", date(2026, 3, 2)))
city.publish(batch)
city.rebuild()
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 5, 9])
def test_killed_process(tmp_path: Path, step: int, repository: Path) -> None:
    city = City(Deployment(tmp_path))
    batch = _first_two_nights(city)
    before = city.query(NAMES)
    result = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(step)], cwd=repository, capture_output=True, check=False
    )
    assert result.returncode == 9, result.stderr.decode()
    assert city.query(NAMES) == before
    city.publish(batch)
    city.rebuild()
    assert city.query(NAMES) == EXPECTED


def test_two_publish_the_same_night(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    city = City(Deployment(tmp_path), registry())
    batch = _first_two_nights(city)
    with ThreadPoolExecutor(4) as pool:
        snapshots = list(pool.map(lambda _: city.publish(batch), range(4)))
    assert len(set(snapshots)) == 1
    city.rebuild()
    assert city.query(NAMES) == EXPECTED
