"""The disk: full, read-only, cutting files short, flipping bits, losing folders. Mounts need root; elsewhere those
tests are skipped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import city
from tests.faults.conftest import Place
from tests.faults.drill import Prepared

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


CARDS = ("--dataset", "cards")


def mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder: Path, spare: int) -> Iterator[Callable[[], None]]:
    """``folder`` on a file system of its own with ``spare`` KB left; gives the function that makes room."""
    aside = folder.with_name(folder.name + ".aside")
    subprocess.run(["cp", "-a", str(folder), str(aside)], check=True)
    if not mounted("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)):
        pytest.skip("mounting is not permitted here")
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
        used = shutil.disk_usage(folder).used // 1024
        assert mounted("-o", f"remount,size={used + spare}k", str(folder))
        yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(aside)


@pytest.mark.parametrize(("below", "spare"), [("data/lake", 12), ("data", 48)])
def test_disk_full(prepared: Prepared, place: Place, below: str, spare: int) -> None:
    with small_disk(place.deployment.home / below, spare) as make_room:
        assert place.run(2) == 1
        assert place.state()["published.cards"] in (prepared.good["published.cards"], prepared.next["published.cards"])
        if below == "data/lake":  # with all of the data on a full disk an alert may find no room either
            assert "磁盘已满" in place.told()
        make_room()
        assert place.run(2) == 0
        assert place.state() == prepared.next
        assert not city.leftovers(place.deployment)


def test_read_only(prepared: Prepared, place: Place) -> None:
    folder = str(place.deployment.published)
    if not mounted("--bind", folder, folder):
        pytest.skip("mounting is not permitted here")
    try:
        assert mounted("-o", "remount,bind,ro", folder)
        assert place.run(2) == 1
        assert "不可写" in place.told()
        assert place.state()["published.cards"] == prepared.good["published.cards"]
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    assert place.run(2) == 0
    assert place.state() == prepared.next
    assert not city.leftovers(place.deployment)


def truncate(path: Path) -> None:
    content = path.read_bytes()
    with open(path, "r+b") as file:  # in place: every name of the file sees it, as with a bad disk
        file.truncate(len(content) * 2 // 3)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 5, len(content) // 3, 37):
        content[at] ^= 0x24
    with open(path, "r+b") as file:
        file.write(content)


@pytest.mark.parametrize("damage", [truncate, flip])
def test_damaged_everywhere(prepared: Prepared, place: Place, damage: Callable[[Path], None]) -> None:
    """Every Parquet file of night 1, of every stage, is damaged: readers get the night before, and running night 1
    again mends it."""
    hit = 0
    for dataset in ("cards", "rooms"):
        date = city.day(1).isoformat()
        folders = [
            *(place.deployment.data / "lake").glob(f"*/{dataset}/{date}"),
            place.deployment.snapshot(dataset, city.day(1)),
        ]
        inodes = set()
        for path in (path for folder in folders for path in folder.glob("*.parquet")):
            if path.stat().st_ino not in inodes:
                inodes.add(path.stat().st_ino)
                damage(path)
                hit += 1
    assert hit >= 8
    assert place.zygote.run(place.deployment.home, "catalogue", "rebuild", log=place.log) == 0
    if damage is truncate:
        assert {row[1] for row in place.state()["published.rooms"]} == {0}
    assert place.run(1) == 0
    assert place.state() == prepared.good


def test_damaged_below_a_delta(prepared: Prepared, place: Place) -> None:
    """Night 2 lies on a damaged night 1: it is blocked with the way out, and follows once night 1 was run again."""
    for path in place.deployment.snapshot("cards", city.day(1)).glob("*.parquet"):
        truncate(path)
    assert place.run(2) == 3
    assert f"govdata run --date {city.day(1)}" in place.told()
    assert {row[1] for row in place.state()["published.cards"]} == {0}
    assert place.state()["published.rooms"] == prepared.next["published.rooms"]
    assert place.run(1, *CARDS) == 0 and place.run(2, *CARDS) == 0
    assert city.rows_of(place.state()) == city.rows_of(prepared.next)


def test_snapshot_folder_deleted(prepared: Prepared, place: Place) -> None:
    """A lost night of a delta table is never passed over in silence: its changes would be taken back."""
    shutil.rmtree(place.deployment.snapshot("cards", city.day(1)))
    assert place.run(2) == 3
    assert "找不到它的快照" in place.told() and f"govdata run --date {city.day(1)}" in place.told()
    assert {row[1] for row in place.state()["published.cards"]} == {0}
    assert place.run(1, *CARDS) == 0 and place.run(2, *CARDS) == 0
    assert city.rows_of(place.state()) == city.rows_of(prepared.next)
