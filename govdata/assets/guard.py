"""What happens when a stage stops: a Chinese reason in the run, an alert for the person on duty, and no record's value anywhere.

The text of an exception that is not ours may quote data (DuckDB's conversion errors do), and Dagster keeps messages, causes and
contexts in its event log. So only a GovdataError's own text goes on; of any other error its type and the places it passed through.
That includes what is no ``Exception``: the panics of libraries written in Rust quote the text they stumbled over, and a SystemExit may too.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date as Date

from dagster import DagsterExecutionInterruptedError, Failure, MetadataValue

from govdata import alerts
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.standards.model import Dataset

OUTCOME = "govdata/outcome"
"""Metadata key of a Failure: ``blocked`` (the delivery is at fault) or ``error`` (the program or the machine is)."""


@contextmanager
def guarded(deployment: Deployment, dataset: Dataset | None, date: Date | None, stage: str, run_id: str) -> Iterator[None]:
    """Run a stage's work. Raises ``dagster.Failure`` with Chinese text for whatever goes wrong in it, after writing an alert."""
    try:
        yield
    except (Failure, KeyboardInterrupt, GeneratorExit, DagsterExecutionInterruptedError):
        raise
    except GovdataError as error:
        outcome, reason, stack = "blocked", str(error), None
    except BaseException as error:
        outcome, reason, stack = "error", f"程序错误 {type(error).__name__}（详见调用位置；消息可能含数据，不予记录）", places(error)
    else:
        return
    alert(deployment, dataset, date, stage, run_id, "blocked" if outcome == "blocked" else "error", (reason,))
    metadata: dict[str, MetadataValue] = {OUTCOME: MetadataValue.text(outcome)}
    if stack is not None:
        metadata["调用位置"] = MetadataValue.md("```\n" + stack + "\n```")
    # `from None`: Dagster would otherwise store the original, message and all, as the context of this one.
    raise Failure(description=reason, metadata=metadata, allow_retries=False) from None


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
