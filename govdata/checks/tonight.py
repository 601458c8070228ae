"""The table checks that a reading alone decides: what they would say of a file before it is delivered."""

from __future__ import annotations

from collections.abc import Mapping

from govdata.batches import CheckOutcome, RawBatch
from govdata.checks import columns, table
from govdata.deployment import Deployment
from govdata.publish import layers
from govdata.standards.model import Dataset


def of_reading(
    raw: RawBatch, dataset: Dataset, deployment: Deployment, filled: Mapping[str, int]
) -> tuple[CheckOutcome, ...]:
    """``filled``: column → cells with a value. The rules of single rows, volume and quarantine are judged by night
    only."""
    before = layers.before(deployment, dataset.name, raw.date)
    return (
        columns.delivered_columns(raw, before, dataset, filled, raw.rows),
        table.reading(raw, dataset),
        table.rejected_share(raw, raw, dataset.volume),
    )
