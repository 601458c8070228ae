"""The log survives what a machine does to files, and is all that is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from govdata import governance
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.governance import log
from govdata.governance.orders import CLOSED
from govdata.operations.backup import backup, restore
from tests.governance.conftest import City
from tests.governance.test_closing import BAD_PLACE, GOOD, MENDED_PLACE, PLACE


def events_file(city: City) -> Path:
    return city.deployment.workorders / "_events" / "events.jsonl"


def test_a_line_a_power_cut_left_unfinished_was_never_said(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    whole = city.events
    with open(events_file(city), "ab") as file:
        file.write(b'{"seq":3,"at":"2026')
    assert city.events == whole
    city.night(1, [*GOOD, MENDED_PLACE])
    assert [event.kind for event in city.events] == ["EVIDENCE", "ISSUE", "EVIDENCE", "VERIFY"]


def test_a_run_that_died_after_the_evidence_issues_the_orders_later(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    lines = events_file(city).read_bytes().splitlines(keepends=True)
    whole = city.order(PLACE)
    events_file(city).write_bytes(lines[0])
    governance.judge_night(city.registry, city.deployment, city.day(0))
    assert city.order(PLACE) == whole


@pytest.mark.parametrize("damage", ["missing", "changed", "not json"])
def test_a_damaged_line_is_told_by_its_number(city: City, damage: str) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, [*GOOD, MENDED_PLACE])
    lines = events_file(city).read_bytes().splitlines(keepends=True)
    if damage == "missing":
        del lines[1]
    else:
        lines[1] = lines[1].replace(b'"ISSUE"', b'"CLOSE"') if damage == "changed" else b"{}}\n"
    events_file(city).write_bytes(b"".join(lines))
    with pytest.raises(GovdataError, match="第 2 行"):
        city.state  # noqa: B018


def test_without_its_key_nothing_is_written(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    (city.deployment.workorders / "_events" / "key").unlink()
    with pytest.raises(GovdataError, match="备份"):
        city.night(1, [*GOOD, MENDED_PLACE])


def test_how_things_stand_needs_the_log_alone(city: City, tmp_path: Path) -> None:
    for number, place in enumerate([BAD_PLACE, MENDED_PLACE, BAD_PLACE]):
        city.night(number, [*GOOD, place])
    before = city.state
    for folder in ("lake", "published"):
        shutil.rmtree(city.deployment.data / folder, ignore_errors=True)
    assert city.state.orders == before.orders


def test_a_backup_holds_the_log_and_goes_on_from_there(city: City, tmp_path: Path) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    backup(city.deployment, city.registry, tmp_path / "kept.tar")
    restore(tmp_path / "kept.tar", tmp_path / "elsewhere")
    moved = City(Deployment(tmp_path / "elsewhere"))
    assert moved.state.orders == city.state.orders
    moved.night(1, [*GOOD, MENDED_PLACE])
    assert moved.order(PLACE).state == CLOSED  # the key came along: the record is known again


def test_no_value_of_a_record_is_in_the_log(city: City) -> None:
    city.night(0, [*GOOD, "错龘龗1,龘龗,1990-01-01,龘龗", "A9,龘龗,1990-01-01,190101,龘龗,多"])
    files = [path for path in (city.deployment.workorders / "_events").rglob("*") if path.is_file()]
    import pyarrow.parquet as pq

    text = "".join(
        str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text() for path in files
    )
    assert "龘" not in text and "\\u9f98" not in text and len(city.events) >= 4


def test_people_who_write_at_once_wait_for_each_other(city: City) -> None:
    from concurrent.futures import ThreadPoolExecutor

    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: city.say("REMIND", number, 0), range(24)))
    assert [event.seq for event in log.read(city.deployment)] == list(range(1, 27))
    assert city.order(PLACE).reminded == 24
