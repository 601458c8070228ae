"""The reconciliation line of a night: where the delivered records went, and how many rows the table has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.storage import files
from govdata.storage.tables.nights import COUNTS, DAMAGED, RECONCILIATION


def record_reconciliation(batch: StandardizedBatch, published: int | None, deployment: Deployment) -> Path:
    """Write ``governance.reconciliation``'s line for the batch's dataset and date. ``published``: rows of the snapshot;
    None where the night was blocked."""
    counts = (batch.delivered, batch.rejected, batch.duplicates, batch.quarantined, batch.clean, published)
    return _put(batch.dataset, batch.date, counts, deployment)


def record_refusal(dataset: str, date: Date, deployment: Deployment) -> None:
    """The line of a delivery that was refused at reading: it came, and how many records it held is not known. A line
    that is there tells of an earlier delivery of that date, which stays published: it is left alone."""
    if not line(deployment, dataset, date).exists():
        _put(dataset, date, (None,) * len(COUNTS), deployment)


def line(deployment: Deployment, dataset: str, date: Date) -> Path:
    return deployment.governance / RECONCILIATION.name / dataset / f"{date.isoformat()}.parquet"


def _put(dataset: str, date: Date, counts: Sequence[int | None], deployment: Deployment) -> Path:
    written: dict[str, object] = {"date": date, "dataset": dataset, **dict(zip(COUNTS, counts, strict=True))}
    return files.put_table(RECONCILIATION.without(DAMAGED).arrow([written]), line(deployment, dataset, date))
