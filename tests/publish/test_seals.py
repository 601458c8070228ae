"""A published file whose content changed is noticed: set aside, told, and made again."""

from __future__ import annotations

import os
import stat
from datetime import date as Date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from govdata.batches import Snapshot
from govdata.operations import alerts, verification
from govdata.publish import lost_nights, rerun, set_aside_changed
from govdata.publish.layers import Layer
from govdata.storage import permissions
from tests.publish.nights import City, person

DAY1, DAY2 = Date(2026, 3, 1), Date(2026, 3, 2)


def _two_nights(city: City) -> None:
    city.night("people", DAY1, [person(1), person(2)], mode="snapshot")
    city.night("people", DAY2, [person(3)])


def _tamper(path: Path, *, keep_time: bool = False) -> None:
    """Other rows in a whole file, as a query that wrote would leave them."""
    times = path.stat()
    table = pq.read_table(path)
    path.chmod(0o640)
    pq.write_table(table.set_column(table.column_names.index("name"), "name", [["某人"] * table.num_rows]), path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns if keep_time else times.st_mtime_ns + 10**9))


def _layer_file(city: City, day: Date) -> Path:
    layer = Layer.read(Layer.path(city.deployment, "people", day))
    assert layer is not None
    return city.deployment.absolute(layer.files[0])


def test_manifests_carry_the_hash_of_every_file(city: City) -> None:
    _two_nights(city)
    snapshot = Snapshot.read(Snapshot.path(city.deployment, "people", DAY2))
    assert (
        snapshot is not None
        and {seal.file for seal in snapshot.seals} == set(snapshot.every_file)
        and len(snapshot.files) == 2
    )
    assert all(len(seal.sha256) == 64 for seal in snapshot.seals)


def test_a_rebuild_notices_changed_content_and_readers_get_the_night_before(city: City) -> None:
    _two_nights(city)
    _tamper(_layer_file(city, DAY2))
    city.rebuild()
    assert city.query("SELECT count(*) FROM published.people") == [(2,)]
    assert city.query("SELECT count(*) FROM published.people WHERE name = '某人'") == [(0,)]
    assert lost_nights(city.deployment, ["people"]) == {"people": [DAY2]}
    city.night("people", DAY2, [person(3)])
    assert city.query("SELECT count(*) FROM published.people") == [(3,)]
    assert lost_nights(city.deployment, ["people"]) == {}


def test_a_changed_file_below_names_the_night_that_made_it(city: City) -> None:
    _two_nights(city)
    _tamper(_layer_file(city, DAY1))
    city.rebuild()
    lost = lost_nights(city.deployment, ["people"])
    assert lost == {"people": [DAY1]} and rerun(city.deployment, "people", lost["people"]).endswith(
        "govdata run --date 2026-03-01 --dataset people"
    )
    assert city.query("SELECT count(*) FROM published.people WHERE name = '某人'") == [(0,)]
    city.night("people", DAY1, [person(1), person(2)], mode="snapshot")
    assert city.query("SELECT count(*) FROM published.people") == [(3,)]


def test_verify_reads_every_byte_and_tells(city: City) -> None:
    _two_nights(city)
    sound = verification.verify(city.deployment, city.registry)
    assert (sound.changed, sound.commands, sound.unsealed) == ((), (), 0) and sound.files >= 2
    path = _layer_file(city, DAY2)
    size = path.stat().st_size
    content = bytearray(path.read_bytes())
    content[size // 2] ^= 1
    times = path.stat()
    path.chmod(0o640)
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert set_aside_changed(city.deployment, ["people"]) == []  # same size, same time: only reading finds it
    found = verification.verify(city.deployment, city.registry)
    assert found.changed == (city.deployment.relative(path),)
    assert [command.partition("govdata run ")[2] for command in found.commands] == [
        "--date 2026-03-02 --dataset people"
    ]
    (alert,) = alerts.alerts(city.deployment)
    assert alert.kind == "damaged" and "govdata run --date 2026-03-02 --dataset people" in alert.reasons[0]
    assert city.query("SELECT count(*) FROM published.people") == [(2,)]


def test_a_copy_that_lost_its_times_is_read_and_found_whole(city: City) -> None:
    _two_nights(city)
    for path in city.deployment.published.glob("people/*/*.parquet"):
        os.utime(path)
    assert set_aside_changed(city.deployment, ["people"]) == []


def test_a_manifest_of_an_older_version_is_read(city: City) -> None:
    _two_nights(city)
    for kind in (Layer, Snapshot):
        for day in (DAY1, DAY2):
            path = kind.path(city.deployment, "people", day)
            manifest = kind.read(path)
            assert manifest is not None
            manifest.model_copy(update={"seals": ()}).write(path)
    city.rebuild()
    assert city.query("SELECT count(*) FROM published.people") == [(3,)]
    found = verification.verify(city.deployment, city.registry)
    assert found.files == 0 and found.unsealed >= 2 and not found.commands


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_what_is_finished_nobody_may_write(city: City) -> None:
    before = os.umask(permissions.MASK)
    try:
        _two_nights(city)
        city.night("people", DAY2, [person(3), person(4)])  # made again, over what is there
    finally:
        os.umask(before)
    made = [path for path in city.deployment.published.rglob("*") if path.suffix in (".parquet", ".duckdb", ".json")]
    made = [path for path in made if path.parents[1].name != "rule_results"]  # the fixture's own
    assert made and [path.name for path in made if stat.S_IMODE(path.stat().st_mode) != 0o440] == []
