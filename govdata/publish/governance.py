"""The reconciliation line of a night: where the delivered records went, and how many rows the table has."""

from __future__ import annotations

from pathlib import Path

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.storage import files


def record_reconciliation(batch: StandardizedBatch, published: int | None, deployment: Deployment) -> Path:
    """Write ``governance.reconciliation``'s line for the batch's dataset and date. ``published``: rows of the snapshot; None where the
    night was blocked."""
    import pyarrow as pa

    count = pa.int64()
    table = pa.table(
        {
            "date": pa.array([batch.date], pa.date32()),
            "dataset": pa.array([batch.dataset], pa.string()),
            "delivered": pa.array([batch.delivered], count),
            "rejected": pa.array([batch.rejected], count),
            "duplicates": pa.array([batch.duplicates], count),
            "quarantined": pa.array([batch.quarantined], count),
            "clean": pa.array([batch.clean], count),
            "published": pa.array([published], count),
        }
    )
    return files.put_table(table, deployment.governance / "reconciliation" / batch.dataset / f"{batch.date.isoformat()}.parquet")
