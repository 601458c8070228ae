"""The event log with kept connections: the same files and the same answers as Dagster's own class."""

import os
import sqlite3
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetMaterialization,
    DagsterEventType,
    DagsterInstance,
    DailyPartitionsDefinition,
    Definitions,
    PreviewWarning,
    asset,
    define_asset_job,
    job,
    multi_asset_check,
    op,
)
from dagster._core.definitions.asset_selection import AssetSelection
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.exc import IntegrityError

from govdata.assets.events import KEPT, EventLog
from govdata.assets.instance import prepare
from govdata.deployment import Deployment
from govdata.night import instance


@op
def tell() -> None: ...


@job
def night() -> None:
    tell()


def test_it_is_what_a_new_deployment_uses_and_dagsters_own_class_reads_its_files(tmp_path: Path) -> None:
    home = Deployment(tmp_path)
    with instance(home) as kept:
        assert isinstance(kept.event_log_storage, EventLog)
        run_id = night.execute_in_process(instance=kept).run_id
        kept.report_runless_asset_event(AssetMaterialization(AssetKey(["published", "x"]), metadata={"dagster/row_count": 7}))
        told = [record.event_log_entry.message for record in kept.get_records_for_run(run_id).records]
    (home.dagster_home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with DagsterInstance.from_config(str(home.dagster_home)) as plain:
        assert not isinstance(plain.event_log_storage, EventLog)
        assert [record.event_log_entry.message for record in plain.get_records_for_run(run_id).records] == told
        event = plain.get_latest_materialization_event(AssetKey(["published", "x"]))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.metadata["dagster/row_count"].value == 7


def test_many_runs_do_not_keep_many_files_open(tmp_path: Path) -> None:
    with instance(Deployment(tmp_path)) as kept:
        ids = [night.execute_in_process(instance=kept).run_id for _ in range(KEPT + 3)]
        storage = kept.event_log_storage
        assert isinstance(storage, EventLog) and len(storage._kept) == KEPT
        assert all(kept.get_records_for_run(run_id).records for run_id in ids)


def test_threads_and_other_processes_write_and_read_at_the_same_time(tmp_path: Path) -> None:
    home = Deployment(tmp_path)
    prepare(home)
    code = "import sys; from tests.assets.test_events import write; write(sys.argv[1])"
    with instance(home) as kept:
        night.execute_in_process(instance=kept)
        other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2], env=dict(os.environ))
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda n: kept.report_runless_asset_event(AssetMaterialization(AssetKey(["here", str(n)]))), range(40)))
        assert other.wait(timeout=120) == 0
        assert len([key for key in kept.all_asset_keys() if key.path[0] in ("here", "there")]) == 80


def write(home: str) -> None:
    with instance(Deployment(Path(home))) as kept:
        for number in range(40):
            kept.report_runless_asset_event(AssetMaterialization(AssetKey(["there", str(number)])))


def test_without_dagster_home_it_does_not_guess(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prepare(Deployment(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with pytest.raises(KeyError, match="DAGSTER_HOME"):
        DagsterInstance.from_config(str(Deployment(tmp_path).dagster_home)).event_log_storage  # noqa: B018


NAMES = ("good", "bad", "never")
DAYS = DailyPartitionsDefinition("2026-01-01")


with warnings.catch_warnings():
    warnings.simplefilter("ignore", PreviewWarning)
    SPECS = [AssetCheckSpec(name, asset="table", partitions_def=DAYS) for name in NAMES]


@asset(partitions_def=DAYS)
def table() -> None: ...


@multi_asset_check(specs=SPECS)
def judged(context: AssetCheckExecutionContext):  # type: ignore[no-untyped-def]
    yield AssetCheckResult(asset_key=AssetKey("table"), check_name="good", passed=True, metadata={"checked": 3})
    yield AssetCheckResult(asset_key=AssetKey("table"), check_name="bad", passed=False)
    raise RuntimeError("before the third")


def checks_run(dagster: DagsterInstance) -> str:
    checks = Definitions(
        assets=[table],
        asset_checks=[judged],
        jobs=[define_asset_job("judge", selection=AssetSelection.all() | AssetSelection.all_asset_checks())],
    ).resolve_job_def("judge")
    return checks.execute_in_process(instance=dagster, partition_key="2026-01-02", raise_on_error=False).run_id


def rows_of_checks(folder: Path, run_id: str) -> tuple[list[tuple], list[tuple]]:
    """The run's events in its own file and in the index, and the checks' rows, without what differs from run to run."""
    with sqlite3.connect(folder / f"{run_id}.db") as own, sqlite3.connect(folder / "index.db") as index:
        query = "SELECT dagster_event_type, step_key, asset_key, partition, length(timestamp) FROM event_logs ORDER BY id"
        events = [*own.execute(query), *index.execute(query)]
        held = "evaluation_event = (SELECT event FROM event_logs WHERE id = evaluation_event_storage_id)"
        stamped = "evaluation_event_timestamp = (SELECT timestamp FROM event_logs WHERE id = evaluation_event_storage_id)"
        checks = index.execute(
            f"SELECT asset_key, check_name, partition, run_id = ?, execution_status, {held}, {stamped}, evaluation_event_storage_id, "
            "materialization_event_storage_id, length(create_timestamp) FROM asset_check_executions ORDER BY id",
            (run_id,),
        ).fetchall()
    return events, checks


def test_checks_leave_the_rows_that_dagsters_own_class_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planned, a passed, a failed and a never evaluated check, in the run's file, the index and the table of checks."""
    ours, theirs = Deployment(tmp_path / "ours"), Deployment(tmp_path / "theirs")
    with instance(ours) as dagster:
        assert isinstance(dagster.event_log_storage, EventLog)
        written = rows_of_checks(ours.dagster_home / "history" / "runs", checks_run(dagster))
    prepare(theirs)
    (theirs.dagster_home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE")
    with DagsterInstance.from_config(str(theirs.dagster_home)) as dagster:
        assert type(dagster.event_log_storage) is SqliteEventLogStorage
        expected = rows_of_checks(theirs.dagster_home / "history" / "runs", checks_run(dagster))
    assert written == expected
    assert {name: status for _, name, _, _, status, *_ in written[1]} == {"good": "SUCCEEDED", "bad": "FAILED", "never": "PLANNED"}
    assert all(partition == "2026-01-02" and mine and held for _, _, partition, mine, _, held, *_ in written[1])


def test_an_evaluation_that_nobody_planned_is_kept(tmp_path: Path) -> None:
    with instance(Deployment(tmp_path)) as dagster:
        run_id = checks_run(dagster)
        index = Deployment(tmp_path).dagster_home / "history" / "runs" / "index.db"
        (entry,) = [
            record.event_log_entry
            for record in dagster.get_records_for_run(run_id).records
            if record.event_log_entry.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION
            and '"good"' in str(record.event_log_entry.to_json())
        ]
        with sqlite3.connect(index) as connection:
            connection.execute("DELETE FROM asset_check_executions WHERE check_name = 'good'")
        dagster.event_log_storage.store_event(entry)
        with sqlite3.connect(index) as connection:
            kept = connection.execute("SELECT execution_status FROM asset_check_executions WHERE check_name = 'good'").fetchall()
        assert kept == [("SUCCEEDED",)]


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with instance(Deployment(tmp_path)) as dagster:
        run_id = checks_run(dagster)
        storage = dagster.event_log_storage
        entries = [record.event_log_entry for record in dagster.get_records_for_run(run_id).records]
        planned = [entry for entry in entries if entry.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED]
        assert len(planned) == len(NAMES)
        with pytest.raises(IntegrityError):  # their rows in the table of checks are there already
            storage.store_event_batch([entries[-2], *planned])
        assert len(dagster.get_records_for_run(run_id).records) == len(entries)
