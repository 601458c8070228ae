"""Deliveries and runs that come at the wrong moment: replaced while read, late, twice, corrected; two runs, a reader in
the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from dagster import RunsFilter

from govdata.batches import Snapshot
from govdata.night import instance
from tests.faults import city
from tests.faults.conftest import Place
from tests.faults.drill import Prepared
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

CARDS = "published.cards"
ONLY = ("--dataset", "cards")

REPLACED = """
from govdata.ingest import formats
original = formats.open_file
def opened(path, headers):
    result = original(path, headers)
    if "借阅证" in path.name:
        with open(path, "ab") as file:
            file.write("LB00000399,2,D\\n".encode())
    return result
formats.open_file = opened
"""


def test_replaced_while_it_is_read(prepared: Prepared, place: Place) -> None:
    assert place.run(2, before=REPLACED) == 3
    assert "在接收后被改动" in place.told()
    assert place.state()[CARDS] == prepared.good[CARDS]
    city.deliver(place.deployment, 2)
    assert place.run(2) == 0
    assert place.state() == prepared.next
    assert not city.leftovers(place.deployment)


def test_two_runs_at_once(prepared: Prepared, place: Place, other: Zygote) -> None:
    arguments = ("run", "--date", city.day(2).isoformat())
    nights = [starter.start(place.deployment.home, *arguments, log=place.log) for starter in (place.zygote, other)]
    assert [night.wait() for night in nights] == [0, 0], place.log.read_text(encoding="utf-8")
    assert place.state() == prepared.next
    assert not city.leftovers(place.deployment) and not place.told()
    with instance(place.deployment) as dagster:
        first, second = dagster.get_run_records(RunsFilter(job_name="nightly"), limit=2)
    assert (
        first.start_time is not None and second.end_time is not None and first.start_time < second.end_time
    )  # they did run at once


def test_a_backfill_beside_a_night(prepared: Prepared, place: Place, other: Zygote, tmp_path: Path) -> None:
    """Nights 0 (again) and 1 are made up for while night 2 runs: where its delta comes before night 1 is done it waits,
    and says so. ``benchmarks/faults.py backfill`` does thirty dates, started by Dagster."""
    late = Place(city.lay_down(tmp_path / "late", 3), place.zygote, place.log)
    assert late.run(0) == 0
    dates = [word for number in (0, 1) for word in ("--date", city.day(number).isoformat())]
    backfill = other.start(late.deployment.home, "run", *dates, log=late.log)
    night = late.run(2)
    assert backfill.wait() == 0 and night in (0, 3), late.log.read_text(encoding="utf-8")
    assert ("先处理" in late.told()) is (night == 3)
    assert night == 0 or late.run(2, *ONLY) == 0
    for table in (CARDS, "published.rooms", "quarantine.cards", "governance.reconciliation"):
        assert late.state()[table] == prepared.next[table], table
    snapshot = Snapshot.read(Snapshot.path(late.deployment, "cards", city.day(2)))
    assert snapshot is not None and snapshot.lineage == tuple(city.day(number) for number in range(3))
    assert not city.leftovers(late.deployment) and late.kinds() == ["blocked"] * (night == 3)


def test_an_analyst_holds_the_catalogue_open(prepared: Prepared, place: Place) -> None:
    with duckdb.connect(str(place.deployment.catalogue), read_only=True) as reader:
        assert place.run(2) == 0
        assert sorted(reader.execute(f"SELECT * FROM {CARDS}").fetchall(), key=repr) == prepared.good[CARDS]
    assert place.state() == prepared.next


def test_late_and_corrected(prepared: Prepared, place: Place, tmp_path: Path) -> None:
    """Night 2 comes before night 1; then night 1 is corrected, twice delivered in one folder. Later deltas are merged
    anew, in order."""
    late = Place(city.lay_down(tmp_path / "late", 1), place.zygote, place.log)
    assert late.run(0, *ONLY) == 0
    for number in (2, 1):
        city.deliver(late.deployment, number)
        assert late.run(number, *ONLY) == 0
    assert city.rows_of(late.state())[CARDS] == prepared.next[CARDS]

    folder = late.deployment.delivery("cards", city.day(1))
    corrected = ["LB00000100,1,D", "LB00000201,77,U", "LB00000002,77,U"]  # night 2 updates card 2 once more
    shutil.rmtree(folder)
    city.write(folder / "借阅证_更正.csv", corrected)
    shutil.copyfile(folder / "借阅证_更正.csv", folder / "借阅证_更正_重发.csv")
    assert late.run(1, *ONLY) == 0
    expected = {f"LB{n:08d}": 0 for n in range(city.CARDS)}
    del expected["LB00000100"]
    expected["LB00000201"] = 77
    second = [row for row in prepared.next[CARDS] if row[1] == 2]
    assert len(second) > 50
    expected |= {row[0]: 2 for row in second}
    del expected[f"LB{city.CARDS - 2:08d}"]
    assert {row[0]: row[1] for row in late.state()[CARDS]} == expected
    counts = "governance.reconciliation"
    assert [row[2:7] for row in late.state()[counts] if row[:2] == (city.day(1), "cards")] == [(6, 0, 3, 0, 3)]


def test_an_empty_folder_is_no_delivery_and_no_news(zygote: Zygote, tmp_path: Path) -> None:
    """Dagster once warned on the terminal, for each blocking check, that publishing would go on without it."""
    place = Place(city.lay_down(tmp_path / "home", 0), zygote, tmp_path / "log")
    place.deployment.delivery("cards", city.day(0)).mkdir(parents=True)
    assert place.run(0) == 0
    assert "asset check" not in place.log.read_text(encoding="utf-8")
