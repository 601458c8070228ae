"""Run the night of one delivery date in this process, through the same Dagster jobs that the daemon runs: first the
delivered datasets, then the city (derived tables, catalogue, retention), whatever became of each dataset. What became
of them is read from the manifests that the stages wrote (``outcomes``).

The runs, their checks and their events are kept in the deployment's Dagster folder, so the UI shows them like any other
run.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date as Date
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from govdata import ingest
from govdata.batches import RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment, dates_in
from govdata.errors import GovdataError
from govdata.night import event_log
from govdata.operations import interruption, outcomes
from govdata.operations.outcomes import STAGES
from govdata.standards.model import Registry
from govdata.storage import files

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions, JobDefinition

NIGHTLY, CITY = "nightly", "city"
ASSETS = ("raw", "standardized", "quarantine", "repairs", "published")

Outcome = Literal["published", "nothing", "blocked", "error"]

Stage = tuple[str, str]
"""Dataset and stage, or room and table: an asset's key."""

REJUDGED: Stage = (outcomes.GOVERNANCE, "rejudged")

OnStep = Callable[[str, str], None]

SHOWN_WITH_THE_JOB = {".dagster/repository": "__repository__@govdata"}
"""By this tag Dagster finds the runs of a job for its page; it writes it itself for runs that the daemon starts."""

UNFINISHED = "运行没有走完，原因见运行记录"


@dataclass(frozen=True)
class DatasetNight:
    """What became of one dataset on one date. ``raw``, ``batch`` and ``snapshot`` are those this run made; ``reasons``
    are Chinese."""

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
    """Runs nights one after another; the Dagster job is assembled once, of ``datasets`` alone, and within ``with
    nights.opened()`` its storage is opened once.

    Only datasets with a delivery are taken into a run: Dagster would record each check of the others as planned
    and never run.
    """

    deployment: Deployment
    registry: Registry
    datasets: Sequence[str]
    _jobs: dict[str | frozenset[str], JobDefinition] = field(default_factory=dict, init=False)
    _dagster: DagsterInstance | None = field(default=None, init=False)

    @contextmanager
    def opened(self) -> Iterator[Nights]:
        with instance(self.deployment) as self._dagster:
            try:
                yield self
            finally:
                self._dagster = None

    def delivered(self, date: Date) -> list[str]:
        """The datasets that have a delivery of ``date``; an empty folder is none."""
        declared = self.registry.datasets
        return [name for name in self.datasets if ingest.has_delivery(self.deployment, declared[name], date)]

    def run(self, date: Date, on_step: OnStep = lambda stage, dataset: None) -> list[DatasetNight]:
        """The datasets of ``date`` and then the city; ``on_step(stage, dataset)`` is called when a stage begins and
        again, with an empty stage, when it has ended (done, skipped or failed); of the city ``dataset`` is the room.
        ``date`` must be one of Dagster's partitions. Raises ``KeyboardInterrupt`` where the date was not finished
        because somebody asked for the end, ``GovdataError`` where the standards have changed since."""
        self._check_standards()
        delivered = self.delivered(date)
        nothing = [DatasetNight(dataset, date, "nothing") for dataset in self.datasets if dataset not in delivered]
        if not delivered:
            return nothing
        with nullcontext(self._dagster) if self._dagster else instance(self.deployment) as dagster, _quiet():
            stages = [(dataset, stage) for dataset in delivered for stage in STAGES]
            night = self._execute(self._nightly(frozenset(delivered)), dagster, date, stages, on_step)
            city = self._execute(self._job(CITY), dagster, date, self.city, on_step)
        made = [self._dataset(dataset, date, night) for dataset in delivered]
        return [*made, *nothing, *self._closing(date, city, self.city)]

    def follow(self, date: Date, on_step: OnStep = lambda stage, dataset: None) -> list[DatasetNight]:
        """What follows the datasets of ``date``, as ``run`` has it, by the tables as they are now: nothing is read,
        standardised or judged again. Returns what stopped; raises as ``run`` does."""
        self._check_standards()
        with nullcontext(self._dagster) if self._dagster else instance(self.deployment) as dagster, _quiet():
            city = self._execute(self._following, dagster, date, self.following, on_step)
        return self._closing(date, city, self.following)

    def __post_init__(self) -> None:
        self._standards = self._state_of_standards()

    def _check_standards(self) -> None:
        """No date is judged by standards that are no longer those of the deployment."""
        if self._state_of_standards() != self._standards:
            raise GovdataError(
                "标准在运行期间被修改，其余日期没有处理；已处理的日期不受影响。重新运行即按修改后的标准处理"
            )

    def _state_of_standards(self) -> str | None:
        folder = self.deployment.standards
        return files.state(folder)[0] if folder.is_dir() else None

    @cached_property
    def city(self) -> list[Stage]:
        """Room and table of everything that follows the datasets."""
        specs = self._definitions.resolve_all_asset_specs()
        rooms = [spec.key.path for spec in specs if spec.key.path[0] not in self.registry.delivered]
        return [(room, table) for room, table in rooms]

    @property
    def following(self) -> list[Stage]:
        """Of these, what ``follow`` does."""
        return [stage for stage in self.city if stage != REJUDGED]

    def _execute(
        self, job: JobDefinition, dagster: DagsterInstance, date: Date, stages: Sequence[Stage], on_step: OnStep
    ) -> str:
        """Run ``job`` for ``date`` to its end, good or bad; returns the run's id."""
        from dagster import DagsterRunStatus

        from govdata.assets import dead_runs, guard

        run_id = str(uuid4())
        ended: set[tuple[str, str]] = set()

        def heard(dataset: str, stage: str, end: bool) -> None:
            if not end:
                on_step(stage, dataset)
            elif (dataset, stage) not in ended:
                ended.add((dataset, stage))
                on_step("", dataset)

        def cancel() -> None:
            # Dagster asks for this before a run ends early: else the run would count as failed, and be told of.
            run = dagster.get_run_by_id(run_id)
            if run is not None and run.status != DagsterRunStatus.CANCELING:
                dagster.report_run_canceling(run)

        dead_runs.report(self.deployment, dagster)
        interruption.check()
        with (
            dead_runs.alive(self.deployment, run_id),
            event_log.held_open(self.deployment, run_id),
            interruption.ending(cancel),
            outcomes.watched(heard),
        ):
            result = job.execute_in_process(
                instance=dagster,
                run_id=run_id,
                partition_key=date.isoformat(),
                raise_on_error=False,
                tags=dead_runs.TRIGGER | SHOWN_WITH_THE_JOB,
                # The terminal belongs to the progress bar; the event log has everything.
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        guard.frames_again()
        if result.dagster_run.status == DagsterRunStatus.CANCELED:
            raise KeyboardInterrupt
        if not result.success:
            guard.conclude(self.deployment, dagster, result.dagster_run)
        for dataset, stage in stages:  # a stage behind one that stopped never begins
            if (dataset, stage) not in ended:
                on_step("", dataset)
        return run_id

    @cached_property
    def _definitions(self) -> Definitions:
        from govdata.definitions import build_definitions

        return build_definitions(self.deployment, self.registry, self.datasets)

    def _job(self, name: str) -> JobDefinition:
        if name not in self._jobs:
            self._jobs[name] = self._definitions.resolve_job_def(name)
        return self._jobs[name]

    def _nightly(self, datasets: frozenset[str]) -> JobDefinition:
        """The nightly job of ``datasets`` alone, with the checks of their stages."""
        from dagster import AssetKey

        from govdata.checks.asset_checks import check_specs

        if datasets not in self._jobs:
            whole = self._job(NIGHTLY)
            assets = {AssetKey([dataset, stage]) for dataset in datasets for stage in ASSETS}
            made = [
                spec.key for dataset in datasets for spec in check_specs(self.registry.datasets[dataset], self.registry)
            ]
            self._jobs[datasets] = whole.get_subset(asset_selection=assets, asset_check_selection=set(made))
        return self._jobs[datasets]

    @cached_property
    def _following(self) -> JobDefinition:
        from dagster import AssetKey

        return self._job(CITY).get_subset(asset_selection={AssetKey(list(stage)) for stage in self.following})

    def _closing(self, date: Date, run_id: str, stages: Sequence[Stage]) -> list[DatasetNight]:
        """One entry for each that stopped of what follows the datasets; else one for the first that did not finish."""
        found = {stage: outcomes.read(self.deployment, *_place(stage, date), run_id) for stage in stages}
        stopped = [
            DatasetNight(table, date, "blocked" if made.outcome == "blocked" else "error", table, made.reasons)
            for (_, table), made in found.items()
            if made is not None and made.is_stopped
        ]
        # Dagster skips a table made of one that had nothing to be made of.
        nothing = {table for (_, table), made in found.items() if made is not None and made.outcome == "nothing"}
        skipped = {table for table in self.registry.derived if nothing & {*self.registry.inputs(table)}}
        unfinished = [
            DatasetNight(table, date, "error", table, (UNFINISHED,))
            for (_, table), made in found.items()
            if made is None and table not in skipped
        ]
        return stopped or unfinished[:1]

    def _dataset(self, dataset: str, date: Date, run_id: str) -> DatasetNight:
        """What the run's stages wrote of themselves."""
        found = {stage: outcomes.read(self.deployment, dataset, date, stage, run_id) for stage in STAGES}
        done = {stage for stage, made in found.items() if made is not None and made.outcome == "done"}
        raw = RawBatch.read(RawBatch.path(self.deployment, dataset, date)) if "raw" in done else None
        batch = (
            StandardizedBatch.read(StandardizedBatch.path(self.deployment, dataset, date))
            if "standardized" in done
            else None
        )
        for stage, made in found.items():
            if made is not None and made.outcome in ("blocked", "error"):
                return DatasetNight(dataset, date, made.outcome, stage, made.reasons, raw, batch)
            if made is not None and made.outcome == "nothing":
                return DatasetNight(dataset, date, "nothing")
        if "published" in done:
            snapshot = Snapshot.read(Snapshot.path(self.deployment, dataset, date))
            return DatasetNight(dataset, date, "published", raw=raw, batch=batch, snapshot=snapshot)
        return DatasetNight(dataset, date, "error", reasons=(UNFINISHED,), raw=raw, batch=batch)


def _place(stage: Stage, date: Date) -> tuple[str, Date, str]:
    return stage[0], date, stage[1]


@contextmanager
def _quiet() -> Iterator[None]:
    """Dagster warns of previews and of every check that a skipped dataset did not run; the terminal is for the night's
    own words."""
    loggers = [
        logging.getLogger(name) for name in ("dagster", "dagster._core")
    ]  # Dagster sets the level of the first anew in a run
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


def delivery_dates(deployment: Deployment, datasets: Sequence[str]) -> list[Date]:
    """Every date for which one of ``datasets`` has a delivery folder, in order. Folders whose name is not a date are
    passed over."""
    return sorted({date for dataset in datasets for date in dates_in(deployment.landing / dataset)})


@contextmanager
def instance(deployment: Deployment) -> Iterator[DagsterInstance]:
    """The deployment's own Dagster instance; ``$DAGSTER_HOME`` is set while it is open, since Dagster's storage asks
    for it."""
    from dagster import DagsterInstance

    from govdata.assets.instance import prepare

    home = prepare(deployment)
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with files.locked(home / ".opening"):  # Dagster makes and migrates its SQLite files without a lock
            opened = DagsterInstance.from_config(str(home))
            (
                opened.get_runs(limit=1),
                opened.all_asset_keys(),
                opened.all_instigator_state(),
            )  # each file is made at its first use
        with opened:
            yield opened
    finally:
        if before is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = before
