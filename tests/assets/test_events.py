"""The event log with kept connections: the same files and the same answers as Dagster's own class."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, job, op

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
