"""What Dagster does with the stages: a dataset without a delivery is skipped, a blocked one stops alone, the others are
published.

The stages themselves are stand-ins here, so that each can be made to misbehave; the real ones run in test_night.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    DagsterInstance,
    DagsterRun,
    RunRequest,
    RunStatusSensorDefinition,
    build_run_status_sensor_context,
    build_schedule_context,
)

from govdata import checks, engine, ingest, publish, reports
from govdata.assets.city import is_due
from govdata.assets.nightly import ENDED_BY_SIGNAL, nightly_schedule, report_failed_run
from govdata.assets.resources import DeploymentResource
from govdata.batches import CheckOutcome, DeliveredFile, Delivery, RawBatch, Snapshot, StandardizedBatch, Verdict
from govdata.checks import TABLE_CHECKS, ChecksError
from govdata.definitions import build_definitions
from govdata.deployment import Deployment
from govdata.errors import DeliveryError, GateBlocked, GovdataError, Problem
from govdata.night import DatasetNight, Nights
from govdata.night import instance as instance_of
from govdata.operations import alerts
from govdata.standards.model import Dataset, Registry
from tests.assets.tiny import tiny_registry

NIGHT = Date(2026, 11, 20)


class StandIns:
    """Stage functions that write the manifests a real stage would; ``misbehave[dataset, stage]`` is raised instead, or
    returned."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.misbehave: dict[tuple[str, str], Any] = {}
        self.calls: list[tuple[str, str]] = []

    def _called(self, stage: str, dataset: str) -> Any:
        self.calls.append((stage, dataset))
        answer = self.misbehave.get((dataset, stage))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def receive(self, deployment: Deployment, dataset: Dataset, date: Date) -> Delivery | None:
        if self._called("receive", dataset.name) == "nothing":
            return None
        return Delivery(
            dataset=dataset.name,
            date=date,
            files=(DeliveredFile(name="a.csv", size=1, sha256="0"),),
            fingerprint="f" * 12,
        )

    def ingest(self, delivery: Delivery, dataset: Dataset, registry: Registry, deployment: Deployment) -> RawBatch:
        self._called("ingest", dataset.name)
        batch = RawBatch(
            dataset=dataset.name,
            date=delivery.date,
            batch_id="b1",
            delivery_fingerprint=delivery.fingerprint,
            standards_hash="0" * 12,
            mode="snapshot",
            files=(),
            rejected_files=(),
            sources=(),
        )
        batch.write(RawBatch.path(deployment, dataset.name, delivery.date))
        return batch

    def standardize(
        self, raw: RawBatch, dataset: Dataset, registry: Registry, deployment: Deployment
    ) -> StandardizedBatch:
        self._called("standardize", dataset.name)
        batch = StandardizedBatch(
            dataset=dataset.name,
            date=raw.date,
            batch_id="s1",
            raw_batch_id=raw.batch_id,
            standards_hash="0" * 12,
            mode="snapshot",
            clean_files=(),
            quarantine_files=(),
            duplicate_files=(),
            delivered=10,
            rejected=1,
            duplicates=2,
            quarantined=3,
            clean=4,
            rule_failures={"id.required": 3},
            repaired_cells={"id": 5},
            ledger_sql="",
        )
        batch.write(StandardizedBatch.path(deployment, dataset.name, raw.date))
        return batch

    def validate(
        self, batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment
    ) -> Verdict:
        unbalanced = self._called("validate", dataset.name) == "unbalanced"
        rule = CheckOutcome(
            name="id__required",
            kind="rule",
            description="必填",
            rule_id="id.required",
            column="id",
            dimension="completeness",
            severity="error",
            blocking=False,
            passed=False,
            checked=7,
            failed=3,
        )
        tables = [
            CheckOutcome(
                name=name,
                kind="table",
                description=f"{name}不平" if unbalanced else name,
                severity="error",
                blocking=True,
                passed=not (unbalanced and name == "reconciliation"),
                checked=1,
                failed=0,
            )
            for name in TABLE_CHECKS
        ]
        verdict = Verdict(
            dataset=dataset.name,
            date=batch.date,
            batch_id=batch.batch_id,
            standards_hash="0" * 12,
            outcomes=(rule, *tables),
        )
        verdict.write(Verdict.path(deployment, dataset.name, batch.date))
        return verdict

    def publish(
        self, batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment
    ) -> Snapshot:
        self._called("publish", dataset.name)
        snapshot = Snapshot(
            table=dataset.name,
            date=batch.date,
            snapshot_id="p1",
            batch_id=batch.batch_id,
            base_snapshot_id=None,
            standards_hash="0" * 12,
            files=(),
            rows=4,
        )
        snapshot.write(Snapshot.path(deployment, dataset.name, batch.date))
        return snapshot

    def record_reconciliation(self, batch: StandardizedBatch, *_: object, **__: object) -> None:
        self._called("record_reconciliation", batch.dataset)

    def rebuild_catalogue(self, deployment: Deployment, registry: Registry) -> Path:
        self._called("rebuild_catalogue", "")
        deployment.catalogue.parent.mkdir(parents=True, exist_ok=True)
        deployment.catalogue.unlink(missing_ok=True)
        with duckdb.connect(str(deployment.catalogue)) as connection:
            if self.misbehave.get(("", "view")):
                connection.execute("CREATE TABLE gone (id INTEGER)")
                connection.execute("CREATE VIEW broken AS SELECT * FROM gone")
                connection.execute("DROP TABLE gone")
            else:
                connection.execute("CREATE VIEW whole AS SELECT 1 AS id")
        return deployment.catalogue


@pytest.fixture
def home(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    for name in ("alpha", "beta"):
        deployment.delivery(name, NIGHT).mkdir(parents=True)
        deployment.delivery(name, NIGHT).joinpath("a.csv").touch()
    return deployment


@pytest.fixture
def stages(home: Deployment, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    stand_ins = StandIns(home)
    monkeypatch.setattr(ingest, "receive", stand_ins.receive, raising=False)
    monkeypatch.setattr(ingest, "ingest", stand_ins.ingest, raising=False)
    monkeypatch.setattr(engine, "standardize", stand_ins.standardize, raising=False)
    monkeypatch.setattr(checks, "validate", stand_ins.validate, raising=False)
    for name in ("publish", "record_reconciliation", "rebuild_catalogue"):
        monkeypatch.setattr(publish, name, getattr(stand_ins, name), raising=False)
    monkeypatch.setattr(reports, "write", lambda *_: [])
    nothing = reports.Cockpit(home.reports / "cockpit.html", home.reports / "cockpit.en.html", 0)
    monkeypatch.setattr(reports, "write_cockpit", lambda *_: nothing)
    return stand_ins


@pytest.fixture
def night(home: Deployment, stages: StandIns) -> Callable[[], dict[str, DatasetNight]]:
    registry = tiny_registry("alpha", "beta")

    def run() -> dict[str, DatasetNight]:
        return {outcome.dataset: outcome for outcome in Nights(home, registry, ["alpha", "beta"]).run(NIGHT)}

    return run


@pytest.mark.slow
def test_all_is_published(night: Callable[[], dict[str, DatasetNight]], stages: StandIns) -> None:
    outcomes = night()
    assert {name: outcome.outcome for name, outcome in outcomes.items()} == {"alpha": "published", "beta": "published"}
    assert outcomes["alpha"].snapshot is not None and outcomes["alpha"].snapshot.rows == 4
    assert [call[0] for call in stages.calls if call[1] == "alpha"] == [
        "receive",
        "ingest",
        "standardize",
        "validate",
        "publish",
    ]
    assert stages.calls.count(("rebuild_catalogue", "")) == 1 and stages.calls[-1] == ("rebuild_catalogue", "")


@pytest.mark.slow
def test_a_dataset_without_a_delivery_is_skipped_and_the_run_succeeds(
    night: Callable[[], dict[str, DatasetNight]], stages: StandIns, home: Deployment
) -> None:
    stages.misbehave["beta", "receive"] = "nothing"
    outcomes = night()
    assert {name: outcome.outcome for name, outcome in outcomes.items()} == {"alpha": "published", "beta": "nothing"}
    assert [call for call in stages.calls if call[1] == "beta"] == [("receive", "beta")]
    assert not list(alerts.alerts(home))


@pytest.mark.slow
def test_a_dataset_whose_delivery_folder_is_empty_is_not_in_the_run(
    night: Callable[[], dict[str, DatasetNight]], stages: StandIns, home: Deployment
) -> None:
    home.delivery("beta", NIGHT).joinpath("a.csv").unlink()
    assert {name: outcome.outcome for name, outcome in night().items()} == {"alpha": "published", "beta": "nothing"}
    assert [call for call in stages.calls if call[1] == "beta"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "error", "outcome"),
    [
        ("ingest", DeliveryError("交付不能接收", [Problem("a.csv", "空文件")]), "blocked"),
        ("ingest", ValueError("内部"), "error"),
        ("standardize", MemoryError(), "error"),
        ("validate", RuntimeError("内部"), "error"),
        # Not the delivery's fault, so not a blocked dataset: the standards changed meanwhile, or a rule that does not
        # run.
        ("validate", ChecksError("标准化之后标准已修改"), "error"),
        ("publish", GateBlocked("alpha", "2026-11-20", ["检查没有运行"]), "blocked"),
    ],
)
def test_a_dataset_that_stops_stops_alone(
    night: Callable[[], dict[str, DatasetNight]],
    stages: StandIns,
    home: Deployment,
    stage: str,
    error: Exception,
    outcome: str,
) -> None:
    stages.misbehave["alpha", stage] = error
    outcomes = night()
    assert (outcomes["alpha"].outcome, outcomes["beta"].outcome) == (outcome, "published")
    assert outcomes["alpha"].reasons and "内部" not in "".join(outcomes["alpha"].reasons)
    (alert,) = alerts.alerts(home)
    assert (alert.dataset, alert.kind, alert.date) == ("alpha", outcome, "2026-11-20")
    assert stages.calls[-1] == ("rebuild_catalogue", ""), "the catalogue is renewed last, whatever happened before"


@pytest.mark.slow
def test_a_failed_blocking_check_keeps_the_dataset_from_publishing(
    night: Callable[[], dict[str, DatasetNight]], stages: StandIns, home: Deployment
) -> None:
    stages.misbehave["alpha", "validate"] = "unbalanced"
    outcomes = night()
    assert outcomes["alpha"].outcome == "blocked" and outcomes["alpha"].reasons == ("reconciliation不平",)
    assert outcomes["beta"].outcome == "published"
    assert ("publish", "alpha") not in stages.calls
    assert ("record_reconciliation", "alpha") in stages.calls
    (alert,) = alerts.alerts(home)
    assert (alert.kind, alert.reasons) == ("check_failed", ("reconciliation不平",))


@pytest.mark.parametrize(
    ("stage", "wrong"),
    [("ingest", DeliveryError("交付不能接收", [Problem("a.csv", "空文件")])), ("validate", "unbalanced")],
)
def test_a_run_tells_the_reason_and_no_stack(
    home: Deployment, stages: StandIns, dagster: DagsterInstance, stage: str, wrong: object
) -> None:
    stages.misbehave["alpha", stage] = wrong
    job = build_definitions(home, tiny_registry("alpha")).resolve_job_def("nightly")
    run = job.execute_in_process(partition_key="2026-11-20", instance=dagster, raise_on_error=False)
    told = [event for event in run.all_events if event.event_type_value in ("STEP_FAILURE", "PIPELINE_FAILURE")]
    assert len(told) == 2
    for event in told:
        error = (
            getattr(event.event_specific_data, "error", None)
            or event.event_specific_data.first_step_failure_event.event_specific_data.error
        )
        assert (
            ("空文件" if stage == "ingest" else "reconciliation不平") in error.message
            and not error.stack
            and not error.cause
        )


def shown_checks(dagster: DagsterInstance) -> dict[str, tuple[str, str]]:
    """Check of ``alpha`` → outcome and delivery date of what a person is shown: the last that was told."""
    shown = {}
    for name in ("completeness", *TABLE_CHECKS):
        key = AssetCheckKey(AssetKey(["alpha", "standardized"]), name)
        (last,) = dagster.event_log_storage.get_asset_check_execution_history(key, limit=1)
        evaluation = last.event.dagster_event.asset_check_evaluation_data
        shown[name] = (last.status.value, str(evaluation.metadata["交付日期"].value))
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "error"),
    [("ingest", DeliveryError("交付不能接收", [Problem("a.csv", "空文件")])), ("standardize", RuntimeError("内部"))],
)
def test_what_does_not_come_to_its_checks_leaves_those_of_the_delivery_before(
    home: Deployment, stages: StandIns, dagster: DagsterInstance, stage: str, error: Exception
) -> None:
    later = NIGHT + timedelta(days=1)
    home.delivery("alpha", later).mkdir(parents=True)
    home.delivery("alpha", later).joinpath("a.csv").touch()
    job = build_definitions(home, tiny_registry("alpha")).resolve_job_def("nightly")
    first, second = NIGHT.isoformat(), later.isoformat()
    assert job.execute_in_process(partition_key=first, instance=dagster).success
    before = shown_checks(dagster)
    stages.misbehave["alpha", stage] = error

    assert not job.execute_in_process(partition_key=second, instance=dagster, raise_on_error=False).success
    unread = {"reading": ("FAILED", second)} if stage == "ingest" else {}
    assert shown_checks(dagster) == before | unread

    assert not job.execute_in_process(partition_key=first, instance=dagster, raise_on_error=False).success
    assert shown_checks(dagster) == before | unread, "an older date is no news"
    stages.misbehave.clear()
    assert job.execute_in_process(partition_key=first, instance=dagster).success
    assert shown_checks(dagster) == before | unread


@pytest.mark.slow
def test_a_delivery_that_cannot_be_read_says_so_the_first_time_and_delivered_anew(
    home: Deployment, stages: StandIns, dagster: DagsterInstance
) -> None:
    job = build_definitions(home, tiny_registry("alpha")).resolve_job_def("nightly")
    day, unreadable = NIGHT.isoformat(), DeliveryError("交付不能接收", [Problem("a.csv", "空文件")])
    stages.misbehave["alpha", "ingest"] = unreadable
    assert not job.execute_in_process(partition_key=day, instance=dagster, raise_on_error=False).success
    assert set(shown_checks(dagster).values()) == {("FAILED", day)}, "each says why there is no result yet"

    stages.misbehave.clear()
    assert job.execute_in_process(partition_key=day, instance=dagster).success
    judged = shown_checks(dagster)
    assert judged["reading"] == ("SUCCEEDED", day)

    stages.misbehave["alpha", "ingest"] = unreadable
    assert not job.execute_in_process(partition_key=day, instance=dagster, raise_on_error=False).success
    assert shown_checks(dagster) == judged | {"reading": ("FAILED", day)}


@pytest.mark.slow
def test_the_run_its_checks_and_the_catalogue_are_in_the_deployments_own_dagster(
    night: Callable[[], dict[str, DatasetNight]], stages: StandIns, home: Deployment
) -> None:
    night()
    with instance_of(home) as instance:
        city, run = instance.get_runs()  # newest first
        assert (run.job_name, city.job_name) == ("nightly", "city")
        assert all(made.tags["dagster/partition"] == "2026-11-20" and made.is_success for made in (run, city))
        event = instance.get_latest_materialization_event(AssetKey(["alpha", "published"]))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.metadata["dagster/row_count"].value == 4
        assert instance.get_latest_materialization_event(AssetKey(["governance", "catalogue"])) is not None
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled


@pytest.mark.slow
def test_a_catalogue_with_a_view_that_cannot_be_opened_is_an_error(
    home: Deployment, stages: StandIns, night: Callable[[], dict[str, DatasetNight]]
) -> None:
    stages.misbehave["", "view"] = True
    outcomes = night()
    assert outcomes["catalogue"].outcome == "error" and outcomes["catalogue"].reasons == (
        "这些视图打不开：main.broken",
    )
    assert outcomes["alpha"].outcome == "published"


def test_no_date_is_judged_by_standards_that_have_changed_since(home: Deployment, stages: StandIns) -> None:
    home.standards.mkdir()
    (home.standards / "a.yaml").write_text("a: 1")
    nights = Nights(home, tiny_registry("alpha", "beta"), ["alpha"])
    (home.standards / "a.yaml").write_text("a: 22")
    with pytest.raises(GovdataError, match="标准在运行期间被修改"):
        nights.run(NIGHT)
    assert stages.calls == []
    (outcome,) = Nights(home, tiny_registry("alpha", "beta"), ["alpha"]).run(NIGHT)
    assert outcome.outcome == "published"


@pytest.mark.slow
def test_one_dataset_alone(home: Deployment, stages: StandIns) -> None:
    (outcome,) = Nights(home, tiny_registry("alpha", "beta"), ["beta"]).run(NIGHT)
    assert (outcome.dataset, outcome.outcome) == ("beta", "published")
    assert [call for call in stages.calls if call[1] == "alpha"] == []
    assert ("validate", "beta") in stages.calls and stages.calls[-1] == ("rebuild_catalogue", "")


KEYS = [AssetKey(["alpha", stage]) for stage in ("raw", "standardized", "quarantine", "repairs", "published")]


@pytest.fixture
def dagster() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


def due(home: Deployment, dagster: DagsterInstance, run: DagsterRun, name: str) -> list[RunRequest]:
    """What the sensor ``name`` asks for when ``run`` has ended."""
    definitions = build_definitions(home, tiny_registry("alpha", "beta"))
    (watching,) = [sensor for sensor in definitions.sensors or [] if sensor.name == name]
    assert isinstance(watching, RunStatusSensorDefinition)
    told = [record.event_log_entry.dagster_event for record in dagster.get_records_for_run(run.run_id).records]
    (event,) = [event for event in told if event and event.event_type_value in ("PIPELINE_SUCCESS", "PIPELINE_FAILURE")]
    resources = {"deployment": DeploymentResource(deployment=home)}
    with build_run_status_sensor_context(name, event, dagster, run, resources=resources) as context:
        asked = watching(context)
    return [asked] if isinstance(asked, RunRequest) else []


@pytest.mark.parametrize("job", ["nightly", "__ASSET_JOB"])
def test_the_interfaces_button_for_one_dataset_renews_the_catalogue(
    home: Deployment, stages: StandIns, dagster: DagsterInstance, job: str
) -> None:
    """Materialising a dataset's assets asks for the city of that date, which renews the catalogue and asks for nothing
    more."""
    definitions = build_definitions(home, tiny_registry("alpha", "beta"))
    made = definitions.resolve_job_def(job).execute_in_process(
        partition_key="2026-11-20", asset_selection=KEYS, instance=dagster
    )
    assert made.success and stages.calls[-1] == ("publish", "alpha")
    (asked,) = due(home, dagster, made.dagster_run, "city_after_success")
    assert (asked.run_key, asked.partition_key) == (made.run_id, "2026-11-20")
    city = definitions.resolve_job_def("city").execute_in_process(partition_key="2026-11-20", instance=dagster)
    assert city.success and stages.calls[-1] == ("rebuild_catalogue", "")
    assert due(home, dagster, city.dagster_run, "city_after_success") == []


def test_a_run_of_one_dataset_assembles_no_other(home: Deployment, stages: StandIns, dagster: DagsterInstance) -> None:
    """The city is whole, and works for it as for any run."""
    registry = tiny_registry("alpha", "beta")
    whole, one = build_definitions(home, registry), build_definitions(home, registry, ["alpha"])
    made = {spec.key for spec in one.resolve_all_asset_specs() if spec.key.path[0] != "beta"}
    assert made == {spec.key for spec in whole.resolve_all_asset_specs() if spec.key.path[0] != "beta"}
    assert {node.name for node in one.resolve_job_def("city").nodes} == {
        node.name for node in whole.resolve_job_def("city").nodes
    }
    assert not [node for node in one.resolve_job_def("nightly").nodes if "beta" in node.name] and not one.sensors
    for job, last in (("nightly", ("publish", "alpha")), ("city", ("rebuild_catalogue", ""))):
        run = one.resolve_job_def(job).execute_in_process(partition_key="2026-11-20", instance=dagster)
        assert run.success and stages.calls[-1] == last


def test_materialise_all_renews_the_catalogue_also_when_a_dataset_is_blocked(
    home: Deployment, stages: StandIns, dagster: DagsterInstance
) -> None:
    definitions = build_definitions(home, tiny_registry("alpha", "beta"))
    everything = definitions.resolve_implicit_global_asset_job_def()
    made = everything.execute_in_process(partition_key="2026-11-20", instance=dagster)
    assert made.success and stages.calls[-1] == ("rebuild_catalogue", "")
    assert due(home, dagster, made.dagster_run, "city_after_success") == []  # it has renewed it itself
    stages.misbehave["alpha", "validate"] = "unbalanced"
    made = everything.execute_in_process(partition_key="2026-11-20", instance=dagster, raise_on_error=False)
    assert not made.success and stages.calls[-1] != ("rebuild_catalogue", "")
    (asked,) = due(home, dagster, made.dagster_run, "city_after_failure")
    assert asked.run_key == made.run_id


def test_no_city_for_a_run_that_will_be_started_again_or_is_followed_by_the_command_line(home: Deployment) -> None:
    registry = tiny_registry("alpha", "beta")

    def asks(job: str = "nightly", selection: list[AssetKey] | None = None, **tags: str) -> bool:
        marks = {"dagster/partition": "2026-11-20"} | {name.replace("__", "/"): value for name, value in tags.items()}
        return is_due(
            DagsterRun(job, tags=marks, asset_selection=frozenset(selection) if selection else None), registry, home
        )

    assert asks() and asks(selection=KEYS)
    assert not asks("city") and not asks("__ASSET_JOB", [AssetKey(["governance", "catalogue"])])
    assert not asks(dagster__will_retry="true") and not asks(govdata__trigger="cli")


def test_a_step_alone_says_what_is_missing(home: Deployment) -> None:
    """Publishing without a batch, as somebody might start it in the UI."""
    job = build_definitions(home, tiny_registry("alpha")).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        partition_key="2026-11-20", asset_selection=[AssetKey(["alpha", "published"])], raise_on_error=False
    )
    (failure,) = [event.step_failure_data for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert failure.user_failure_data is not None and "尚未标准化" in (failure.user_failure_data.description or "")


def test_the_night_of_a_date_works_on_that_dates_deliveries(home: Deployment) -> None:
    """02:00 on 20 November in Shanghai is still the 19th in UTC."""
    home.delivery("beta", NIGHT).joinpath("a.csv").unlink()
    registry = tiny_registry("alpha", "beta")
    definitions, night = build_definitions(home, registry), nightly_schedule(registry)

    def tick(moment: datetime) -> Any:
        with build_schedule_context(
            scheduled_execution_time=moment,
            repository_def=definitions.get_repository_def(),
            resources={"deployment": DeploymentResource(deployment=home)},
        ) as context:
            return night.evaluate_tick(context)

    coming = tick(
        datetime(2026, 11, 19, 18, 0, tzinfo=UTC)
    )  # the folder was made a moment ago: perhaps somebody is copying into it
    assert not coming.run_requests and "还在传：测试表alpha" in (coming.skip_message or "")
    for path in (home.delivery("alpha", NIGHT) / "a.csv", home.delivery("alpha", NIGHT)):
        os.utime(path, (time.time() - 301,) * 2)
    (request,) = tick(datetime(2026, 11, 19, 18, 0, tzinfo=UTC)).run_requests or []
    assert request.partition_key == "2026-11-20"
    # Beta delivered nothing: its checks must not be planned, or they would be shown as skipped.
    assert {key.path[0] for key in request.asset_selection or []} == {"alpha"}
    assert {key.asset_key.path[0] for key in request.asset_check_keys or []} == {"alpha"}
    nothing = tick(datetime(2026, 11, 20, 18, 0, tzinfo=UTC))
    assert not nothing.run_requests and "没有交付" in (nothing.skip_message or "")
    assert (night.cron_schedule, night.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")


def test_a_run_that_died_gets_one_alert_and_one_that_ended_with_its_service_none(home: Deployment) -> None:
    tags = {"dagster/partition": "2026-11-20"}
    again = tags | {"dagster/will_retry": "true"}
    ended, killed = again | {"dagster/failure_reason": ENDED_BY_SIGNAL}, again
    with DagsterInstance.ephemeral() as instance:
        report_failed_run(home, instance, DagsterRun("nightly", run_id="run-1", tags=ended))
        assert not list(alerts.alerts(home)) and "自动重做" in instance.all_logs("run-1")[-1].message
        for run_id, of_it in (
            ("run-2", killed),
            ("run-2", killed),
            ("run-3", tags | {"dagster/failure_reason": ENDED_BY_SIGNAL}),
        ):
            report_failed_run(home, instance, DagsterRun("nightly", run_id=run_id, tags=of_it))
    told = sorted((alert.kind, alert.run_id, alert.date) for alert in alerts.alerts(home))
    assert told == [("run_failed", "run-2", "2026-11-20"), ("run_failed", "run-3", "2026-11-20")]
