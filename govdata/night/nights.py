"""Run the night of one delivery date in this process, through the same Dagster job that the schedule runs.

The run, its checks and its events are kept in the deployment's Dagster folder, so the UI shows them like any other run.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date as Date
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from govdata.batches import RawBatch, Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.operations import interruption
from govdata.standards.model import Registry

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult, JobDefinition

STAGES = ("raw", "standardized", "checked", "published")
ASSETS = ("raw", "standardized", "quarantine", "repairs", "published")
STAGE_NAMES = {"raw": "读入", "standardized": "标准化", "checked": "检查", "published": "发布", "governance": "更新目录"}

Outcome = Literal["published", "nothing", "blocked", "error"]


@dataclass(frozen=True)
class DatasetNight:
    """What became of one dataset on one date. ``raw``, ``batch`` and ``snapshot`` are those this run made; ``reasons`` are Chinese."""

    dataset: str
    date: Date
    outcome: Outcome
    stage: str | None = None
    reasons: tuple[str, ...] = ()
    raw: RawBatch | None = None
    batch: StandardizedBatch | None = None
    snapshot: Snapshot | None = None


@dataclass
class Nights:
    """Runs nights one after another; the Dagster job is assembled once, and within ``with nights.opened()`` its storage is opened once.

    Only datasets with a delivery folder are taken into a run: Dagster would record each check of the others as planned and never run.
    """

    deployment: Deployment
    registry: Registry
    datasets: Sequence[str]
    _jobs: dict[frozenset[str], JobDefinition] = field(default_factory=dict, init=False)
    _dagster: DagsterInstance | None = field(default=None, init=False)

    @contextmanager
    def opened(self) -> Iterator[Nights]:
        with instance(self.deployment) as self._dagster:
            try:
                yield self
            finally:
                self._dagster = None

    def run(self, date: Date, on_step: Callable[[str, str], None] = lambda stage, dataset: None) -> list[DatasetNight]:
        """Materialise everything for ``date``; ``on_step(stage, dataset)`` is called when a step starts and again, with an empty
        stage, when it has ended (done, skipped or failed). ``date`` must be one of Dagster's partitions. Raises ``KeyboardInterrupt``
        where the date was not finished because somebody asked for the end."""
        from dagster import DagsterRunStatus

        from govdata.assets import dead_runs

        delivered = [dataset for dataset in self.datasets if self.deployment.delivery(dataset, date).is_dir()]
        nothing = [DatasetNight(dataset, date, "nothing") for dataset in self.datasets if dataset not in delivered]
        if not delivered:
            return nothing
        job = self._job(frozenset(delivered))
        ended: set[str] = set()
        run_id = str(uuid4())

        def heard(entry: object) -> None:
            event = getattr(entry, "dagster_event", None)
            if event is None or event.step_key is None:
                return
            stage, dataset = split_step(event.step_key)
            if event.event_type_value == "STEP_START":
                on_step(stage, dataset)
            elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED") and event.step_key not in ended:
                ended.add(event.step_key)
                on_step("", dataset)

        def cancel() -> None:
            # Dagster asks for this before a run ends early: else the run would count as failed, and be told of.
            run = dagster.get_run_by_id(run_id)
            if run is not None and run.status != DagsterRunStatus.CANCELING:
                dagster.report_run_canceling(run)

        with nullcontext(self._dagster) if self._dagster else instance(self.deployment) as dagster, _quiet():
            dead_runs.report(self.deployment, dagster)
            interruption.check()
            dagster.add_event_listener(run_id, heard)
            with dead_runs.alive(self.deployment, run_id), interruption.ending(cancel):
                result = job.execute_in_process(
                    instance=dagster,
                    run_id=run_id,
                    partition_key=date.isoformat(),
                    raise_on_error=False,
                    tags=dead_runs.TRIGGER,
                    # The terminal belongs to the progress bar; the event log has everything.
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
            if result.dagster_run.status == DagsterRunStatus.CANCELED:
                raise KeyboardInterrupt
            for dataset in delivered:  # a step abandoned because of a failure upstream has no event of its own
                for stage in STAGES:
                    if f"{stage}__{dataset}" not in ended:
                        on_step("", dataset)
        return [*(self._outcome(result, dataset, date) for dataset in delivered), *nothing, *self._closing(result, date)]

    def _job(self, datasets: frozenset[str]) -> JobDefinition:
        """The nightly job of ``datasets`` alone, with their checks and the renewal of the catalogue."""
        from dagster import AssetKey

        from govdata.assets import catalogue
        from govdata.definitions import build_definitions

        everything = frozenset(self.registry.delivered)
        if everything not in self._jobs:
            self._jobs[everything] = build_definitions(self.deployment, self.registry).resolve_job_def(catalogue.NIGHTLY)
        if datasets not in self._jobs:
            whole = self._jobs[everything]
            assets = {AssetKey([dataset, stage]) for dataset in datasets for stage in ASSETS}
            known = whole.asset_layer.asset_graph.asset_check_keys
            checks = {key for key in known if key.asset_key in assets or key == catalogue.CHECK}
            self._jobs[datasets] = whole.get_subset(asset_selection=assets, asset_check_selection=checks)
        return self._jobs[datasets]

    def _closing(self, result: ExecuteInProcessResult, date: Date) -> list[DatasetNight]:
        """One entry where the catalogue could not be renewed, none where it was."""
        from govdata.assets.catalogue import KEY, STEP

        name = KEY.path[-1]
        for event in result.all_events:
            if event.step_key != STEP:
                continue
            if event.event_type_value == "STEP_FAILURE":
                return [DatasetNight(name, date, "error", "governance", self._reasons(event, name, date)[1])]
            if event.event_type_value == "ASSET_CHECK_EVALUATION" and not event.asset_check_evaluation_data.passed:
                broken = event.asset_check_evaluation_data.metadata["打不开的视图"].value
                return [DatasetNight(name, date, "error", "governance", (f"这些视图打不开：{broken}",))]
        return []

    def _outcome(self, result: ExecuteInProcessResult, dataset: str, date: Date) -> DatasetNight:
        kinds: dict[str, str] = {}
        failure: tuple[str, Outcome, tuple[str, ...]] | None = None
        materialised: set[str] = set()
        for event in result.all_events:
            if event.step_key is None or split_step(event.step_key)[1] != dataset:
                continue
            stage = split_step(event.step_key)[0]
            if event.event_type_value == "ASSET_MATERIALIZATION":
                materialised.add(stage)
            elif event.event_type_value == "STEP_FAILURE":
                failure = (stage, *self._reasons(event, dataset, date))
            elif event.event_type_value.startswith("STEP_"):
                kinds[stage] = event.event_type_value
        raw = RawBatch.read(RawBatch.path(self.deployment, dataset, date)) if "raw" in materialised else None
        batch = None
        if "standardized" in materialised:
            batch = StandardizedBatch.read(StandardizedBatch.path(self.deployment, dataset, date))
        if failure is not None:
            return DatasetNight(dataset, date, failure[1], failure[0], failure[2], raw, batch)
        if "published" in materialised:
            snapshot = Snapshot.read(Snapshot.path(self.deployment, dataset, date))
            return DatasetNight(dataset, date, "published", raw=raw, batch=batch, snapshot=snapshot)
        if kinds.get("raw") == "STEP_SUCCESS" and "raw" not in materialised:
            return DatasetNight(dataset, date, "nothing")
        return DatasetNight(dataset, date, "error", reasons=("运行没有走完，原因见运行记录",), raw=raw, batch=batch)

    def _reasons(self, event: object, dataset: str, date: Date) -> tuple[Outcome, tuple[str, ...]]:
        from dagster import DagsterEvent

        from govdata.assets.guard import OUTCOME

        assert isinstance(event, DagsterEvent)
        data = event.step_failure_data
        if data.user_failure_data is not None:
            kind = data.user_failure_data.metadata.get(OUTCOME)
            text = data.user_failure_data.description or ""
            return ("blocked" if kind is not None and kind.value == "blocked" else "error"), (text,)
        if data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError":
            verdict = Verdict.read(Verdict.path(self.deployment, dataset, date))
            outcomes = verdict.outcomes if verdict is not None else ()
            return "blocked", tuple(outcome.description for outcome in outcomes if outcome.blocking and not outcome.passed)
        return "error", (f"程序错误 {data.error.cls_name if data.error else ''}，详见运行记录",)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dagster warns of previews and of every check that a skipped dataset did not run; the terminal is for the night's own words."""
    loggers = [logging.getLogger(name) for name in ("dagster", "dagster._core")]  # Dagster sets the level of the first anew in a run
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def split_step(step_key: str) -> tuple[str, str]:
    """``standardized__population`` → (``standardized``, ``population``)."""
    stage, _, dataset = step_key.partition("__")
    return stage, dataset


def delivery_dates(deployment: Deployment, datasets: Sequence[str]) -> list[Date]:
    """Every date for which one of ``datasets`` has a delivery folder, in order. Folders whose name is not a date are passed over."""
    found: set[Date] = set()
    for dataset in datasets:
        folder = deployment.landing / dataset
        if folder.is_dir():
            found.update(date for entry in folder.iterdir() if entry.is_dir() and (date := _date(entry.name)) is not None)
    return sorted(found)


def _date(text: str) -> Date | None:
    try:
        return Date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


@contextmanager
def instance(deployment: Deployment) -> Iterator[DagsterInstance]:
    """The deployment's own Dagster instance; ``$DAGSTER_HOME`` is set while it is open, since Dagster's storage asks for it."""
    from dagster import DagsterInstance

    from govdata.assets.instance import prepare
    from govdata.storage import files

    home = prepare(deployment)
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with files.locked(home / ".opening"):  # Dagster makes and migrates its SQLite files without a lock
            opened = DagsterInstance.from_config(str(home))
            opened.get_runs(limit=1), opened.all_asset_keys(), opened.all_instigator_state()  # each file is made at its first use
        with opened:
            yield opened
    finally:
        if before is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = before
