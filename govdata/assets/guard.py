"""What happens when a stage stops: a Chinese reason in the run, an alert for the person on duty, and no record's value anywhere.

The text of an exception that is not ours may quote data (DuckDB's conversion errors do), and Dagster keeps messages, causes and
contexts in its event log. So only a GovdataError's own text goes on; of any other error its type and the places it passed through.
That includes what is no ``Exception``: the panics of libraries written in Rust quote the text they stumbled over, and a SystemExit may too.
"""

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date as Date

from dagster import DagsterExecutionInterruptedError, Failure, MetadataValue

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.operations import alerts, interruption
from govdata.standards.model import Dataset

OUTCOME = "govdata/outcome"
"""Metadata key of a Failure: ``blocked`` (the delivery is at fault) or ``error`` (the standards, the program or the machine are)."""


@contextmanager
def guarded(deployment: Deployment, dataset: Dataset | None, date: Date | None, stage: str, run_id: str) -> Iterator[None]:
    """Run a stage's work, one process at a time for a dataset. Raises ``dagster.Failure`` with Chinese text for whatever goes wrong in it,
    after writing an alert."""
    try:
        with interruption.deferred():
            try:
                interruption.check()
                with _alone(deployment, dataset):
                    yield
            except BaseException:
                interruption.check()  # what comes up after the end was asked for is no fault of the delivery's
                raise
    except (Failure, KeyboardInterrupt, GeneratorExit, DagsterExecutionInterruptedError):
        raise
    except GovdataError as error:
        outcome, reason, stack = ("blocked" if error.delivery_at_fault else "error"), str(error), None
    except BaseException as error:
        outcome, reason, stack = "error", _machine(error) or _program(error), places(error)
    else:
        return
    alert(deployment, dataset, date, stage, run_id, "blocked" if outcome == "blocked" else "error", (reason,))
    metadata: dict[str, MetadataValue] = {OUTCOME: MetadataValue.text(outcome)}
    if stack is not None:
        metadata["调用位置"] = MetadataValue.md("```\n" + stack + "\n```")
    # `from None`: Dagster would otherwise store the original, message and all, as the context of this one.
    raise Failure(description=reason, metadata=metadata, allow_retries=False) from None


def _alone(deployment: Deployment, dataset: Dataset | None) -> AbstractContextManager[None]:
    from govdata.storage import files

    return files.locked(deployment.stage_lock(dataset.name)) if dataset is not None else nullcontext()


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
    """What the machine refused, in Chinese, where the error says so by its number or, DuckDB's and Arrow's, by the system's own words."""
    for cause in (error, error.__cause__, error.__context__):
        if isinstance(cause, OSError) and cause.errno in _MACHINE:
            return _MACHINE[cause.errno]
        if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in ("_duckdb", "duckdb", "pyarrow", "sqlite3"):
            words = str(cause)
            for number, reason in _MACHINE.items():
                if os.strerror(number) in words or (number == errno.ENOSPC and "disk is full" in words):
                    return reason
            if "parquet" in words.lower() and ("snappy" in words or "corrupt" in words.lower() or "too small" in words or "magic" in words):
                return "数据湖中的文件已损坏，重新运行同一交付日期即可重做"
    return None


def places(error: BaseException) -> str:
    """Where ``error`` passed through: file, line, function and source line of each frame, without any message or local value."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def alert(
    deployment: Deployment,
    dataset: Dataset | None,
    date: Date | None,
    stage: str,
    run_id: str,
    kind: alerts.Kind,
    reasons: tuple[str, ...],
) -> None:
    alerts.raise_alert(
        deployment,
        alerts.Alert(
            kind=kind,
            time=alerts.now(),
            dataset=dataset.name if dataset else None,
            title=dataset.title if dataset else None,
            owner=dataset.owner if dataset else None,
            date=date.isoformat() if date else None,
            stage=stage,
            run_id=run_id,
            reasons=reasons,
        ),
    )
