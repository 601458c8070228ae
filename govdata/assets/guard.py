"""What happens when a stage stops: a Chinese reason in the run, an alert for the person on duty, and no record's value
anywhere.

The text of an exception that is not ours may quote data (DuckDB's conversion errors do), and Dagster keeps messages,
causes and contexts in its event log. So only a GovdataError's own text goes on; of any other error its type and the
places it passed through. That includes what is no ``Exception``: the panics of libraries written in Rust quote the text
they stumbled over, and a SystemExit may too.
"""

import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import datetime

from dagster import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    DagsterRun,
    Failure,
    MetadataValue,
)

from govdata.deployment import Deployment
from govdata.errors import GovdataError, Waiting
from govdata.operations import alerts, interruption, outcomes
from govdata.operations.outcomes import StageOutcome
from govdata.standards.model import Dataset
from govdata.storage import files

SHOWN_ON = {"checked": "standardized"}
"""The asset a stage's outcome is told of, where it is not the one of its name."""

HAS_A_LINE = ("raw", "checked")
"""Stages that write the line of ``governance.reconciliation`` when they refuse a delivery."""

OUTCOME_NAMES = {"blocked": "被阻断", "error": "出错"}


@dataclass
class Stage:
    """One stage of one date at work. ``dataset`` is None where the stage is of the whole city, in the room ``room``."""

    deployment: Deployment
    dataset: Dataset | None
    room: str
    name: str
    date: Date
    run_id: str
    observe: Callable[[AssetObservation], None]
    counts: dict[str, int] = field(default_factory=dict)
    outcome: outcomes.Outcome = "done"
    reasons: tuple[str, ...] = ()
    delivery: str = ""
    made_by: str = ""
    waiting: bool = False
    began: datetime = field(default_factory=alerts.now)

    def nothing(self) -> None:
        """There was no delivery."""
        self.outcome = "nothing"

    def block(self, reasons: tuple[str, ...]) -> None:
        """The delivery is at fault. The stage goes on to tell what it found and ends with ``stop``."""
        self.outcome, self.reasons = "blocked", reasons

    def fail(self, reasons: tuple[str, ...]) -> None:
        """As ``block``, where it is not the delivery's fault."""
        self.outcome, self.reasons = "error", reasons

    def stop(self) -> None:
        """Raises ``Failure`` with the Chinese reasons where the stage was blocked or failed, after all it had to
        tell."""
        if self.reasons:
            raise failure(self.reasons)

    def record(self) -> None:
        """The manifest; of a stage that stopped also the alert, and the reason on the assets a person looks at."""
        made = StageOutcome(
            dataset=self.room,
            stage=self.name,
            date=self.date,
            outcome=self.outcome,
            reasons=self.reasons,
            counts=self.counts,
            delivery=self.delivery,
            made_by=self.made_by,
            waiting=self.waiting,
            run_id=self.run_id,
            began=self.began,
            time=alerts.now(),
        )
        outcomes.record(made, self.deployment)
        self._conclude()
        if made.is_stopped:
            alerts.raise_alert(self.deployment, _alert(made, self.dataset))
            for key in self._assets():
                self.observe(
                    AssetObservation(
                        key, partition=self.date.isoformat(), description=_told(made), metadata=_metadata(made)
                    )
                )

    def _conclude(self) -> None:
        """The report of the delivery goes on with what became of it after it was read."""
        from govdata.ingest import report

        if self.dataset is None or self.name == "raw" or self.outcome == "nothing":
            return
        with suppress(OSError):  # the outcome itself stands in the manifest
            if self.outcome != "done":
                report.conclude(self.room, self.date, self.outcome, self.reasons, self.deployment)
            elif self.name == "published":
                report.conclude(self.room, self.date, "published", (), self.deployment)

    def _assets(self) -> list[AssetKey]:
        """The stage's own and, of a dataset, what was to be published."""
        names = [SHOWN_ON.get(self.name, self.name), *(["published"] if self.dataset else [])]
        return [AssetKey([self.room, name]) for name in dict.fromkeys(names)]


def _alert(made: StageOutcome, dataset: Dataset | None) -> alerts.Alert:
    refused = made.outcome == "blocked"
    kind: alerts.Kind = "error" if not refused else "check_failed" if made.stage == "checked" else "blocked"
    return alerts.Alert(
        kind=kind,
        time=made.time,
        dataset=dataset.name if dataset else None,
        title=dataset.title if dataset else None,
        owner=dataset.owner if dataset else None,
        date=made.date.isoformat(),
        stage=outcomes.title(made.stage),
        run_id=made.run_id,
        reasons=made.reasons,
    )


def _told(made: StageOutcome) -> str:
    """Shown as Markdown."""
    return (
        f"{made.date} 在“{outcomes.title(made.stage)}”{OUTCOME_NAMES[made.outcome]}："
        f"\n\n{alerts.itemised(made.reasons)}"
    )


def _metadata(made: StageOutcome) -> Mapping[str, MetadataValue]:
    facts = {
        "结果": MetadataValue.text(OUTCOME_NAMES[made.outcome]),
        "环节": MetadataValue.text(outcomes.title(made.stage)),
        "交付日期": MetadataValue.text(made.date.isoformat()),
        "原因": MetadataValue.text("；".join(made.reasons)),  # Markdown would be shown at a click only
    }
    if made.outcome == "blocked" and made.stage in HAS_A_LINE:
        where = f"dataset = '{made.dataset}' AND date = DATE '{made.date.isoformat()}'"
        facts["查询"] = MetadataValue.text(f"SELECT * FROM governance.reconciliation WHERE {where}")
    return facts


def stage(
    context: AssetExecutionContext | AssetCheckExecutionContext, deployment: Deployment, place: Dataset | str, name: str
) -> AbstractContextManager[Stage]:
    """``guarded`` for the run, the date and the event log of ``context``."""
    date, op = Date.fromisoformat(context.partition_key), context.op_execution_context
    return guarded(deployment, place, date, name, context.run.run_id, op.log_event)


ENDED = (Failure, KeyboardInterrupt, GeneratorExit, DagsterExecutionInterruptedError)
"""What ends a stage and is no fault of it."""


@contextmanager
def guarded(
    deployment: Deployment,
    place: Dataset | str,
    date: Date,
    name: str,
    run_id: str,
    observe: Callable[[AssetObservation], None] = lambda observation: None,
) -> Iterator[Stage]:
    """Do the work of stage ``name`` of a dataset (one process at a time) or of a room, and keep what became of it
    (``StageOutcome``).

    Raises ``dagster.Failure`` with Chinese text for whatever goes wrong in it, after an alert was written."""
    dataset = place if isinstance(place, Dataset) else None
    work = Stage(deployment, dataset, dataset.name if dataset else str(place), name, date, run_id, observe)
    stack = None
    frames_again()
    outcomes.begin(work.room, name)
    try:
        with interruption.deferred(_no_frames):
            try:
                interruption.check()
                with _alone(deployment, dataset):
                    yield work
            except BaseException:
                interruption.check()  # what comes up after the end was asked for is no fault of the delivery's
                raise
    except ENDED:
        _no_frames()
        raise
    except GovdataError as error:
        work.waiting = isinstance(error, Waiting)
        work.outcome, work.reasons = ("blocked" if error.delivery_at_fault else "error"), (str(error),)
    except BaseException as error:
        work.outcome, work.reasons, stack = "error", (reason(error),), places(error)
    else:
        work.record()
        return
    work.record()
    metadata = {"调用位置": MetadataValue.md("```\n" + stack + "\n```")} if stack is not None else {}
    # `from None`: Dagster would otherwise store the original, message and all, as the context of this one.
    raise failure(work.reasons, metadata) from None


def reason(error: BaseException) -> str:
    """What may be told of an error that is not ours: its text may quote data."""
    return _machine(error) or _program(error)


def failure(reasons: tuple[str, ...], metadata: Mapping[str, MetadataValue] | None = None) -> Failure:
    """What a stage that stopped is to raise at once. Dagster shows the stack of whatever a step raises; this one's
    leads to this module and would push the reasons out of sight, so there is none until ``frames_again``: Python has a
    switch for that."""
    _no_frames()
    return Failure(description="；".join(reasons), metadata=metadata, allow_retries=False)


def _no_frames() -> None:
    sys.tracebacklimit = 0


def conclude(deployment: Deployment, instance: DagsterInstance, run: DagsterRun) -> None:
    """The closing line of a failed run: everything that stopped and why. Dagster's own has the first reason only, and
    the names of the steps."""
    date = run.tags.get("dagster/partition")
    stopped = [
        made
        for made in (outcomes.of_date(deployment, Date.fromisoformat(date)) if date else ())
        if made.is_stopped and made.run_id == run.run_id
    ]
    if stopped:
        # Dagster shows a long line in part: who stopped comes before why.
        names = "、".join(
            f"{made.dataset}（{outcomes.title(made.stage)}，{OUTCOME_NAMES[made.outcome]}）" for made in stopped
        )
        why = [f"{made.dataset}：{'；'.join(made.reasons)}" for made in stopped]
        instance.report_engine_event("\n".join([f"{date} 没有做完的：{names}。其余照常。原因：", *why]), run)


def frames_again() -> None:
    """Stacks are told again: a stage begins, or a run has ended."""
    sys.__dict__.pop("tracebacklimit", None)


@contextmanager
def _alone(deployment: Deployment, dataset: Dataset | None) -> Iterator[None]:
    """One process at a time works on a dataset. Waiting for another may be ended as work may."""
    if dataset is None:
        yield
        return
    while True:
        with files.locked_if_free(deployment.stage_lock(dataset.name)) as got:
            if got:
                yield
                return
        interruption.check()
        time.sleep(0.2)


def _program(error: BaseException) -> str:
    return f"程序错误 {type(error).__name__}（详见调用位置；消息可能含数据，不予记录）"


_NO_SPACE = "磁盘已满，没有写完；已发布的数据不受影响。腾出空间后重新运行同一交付日期即可恢复"
_NOT_WRITABLE = "输出文件夹不可写（只读或没有权限），已发布的数据不受影响。恢复写权限后重新运行同一交付日期"
_MACHINE = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EROFS: _NOT_WRITABLE,
    errno.EACCES: _NOT_WRITABLE,
    errno.EPERM: _NOT_WRITABLE,
    errno.EIO: "磁盘读写出错（硬件或文件系统故障），请检查磁盘后重新运行同一交付日期",
}


def _machine(error: BaseException) -> str | None:
    """What the machine refused, in Chinese, where the error says so by its number or, DuckDB's and Arrow's, by the
    system's own words."""
    for cause in (error, error.__cause__, error.__context__):
        if isinstance(cause, OSError) and cause.errno in _MACHINE:
            return _MACHINE[cause.errno]
        if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in (
            "_duckdb",
            "duckdb",
            "pyarrow",
            "sqlite3",
        ):
            words = str(cause)
            for number, reason in _MACHINE.items():
                if os.strerror(number) in words or (number == errno.ENOSPC and "disk is full" in words):
                    return reason
            if "parquet" in words.lower() and (
                "snappy" in words or "corrupt" in words.lower() or "too small" in words or "magic" in words
            ):
                return "数据湖中的文件已损坏，重新运行同一交付日期即可重做"
    return None


def places(error: BaseException) -> str:
    """Where ``error`` passed through: file, line, function and source line of each frame, without any message or local
    value."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()
