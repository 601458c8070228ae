"""Per-rule figures as the small Parquet files that ``governance.rule_results`` reads: one per dataset and date."""

from __future__ import annotations

from pathlib import Path

from govdata.batches import CheckOutcome, StandardizedBatch
from govdata.deployment import Deployment
from govdata.standards.model import Dataset, Registry
from govdata.storage import files


def path(deployment: Deployment, dataset: str, date: str) -> Path:
    return deployment.governance / "rule_results" / dataset / f"{date}.parquet"


def write(
    outcomes: list[CheckOutcome], batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment
) -> Path:
    """One row per rule: date, dataset, rule_id, column, dimension, indicator (GB/T 36344 code), severity, message,
    checked, failed."""
    import pyarrow as pa

    counted = {outcome.rule_id: outcome for outcome in outcomes if outcome.kind == "rule"}
    rules = registry.rules(dataset.name)
    text = pa.string()
    table = pa.table(
        {
            "date": pa.array([batch.date] * len(rules), pa.date32()),
            "dataset": pa.array([dataset.name] * len(rules), text),
            "rule_id": pa.array([rule.id for rule in rules], text),
            "column": pa.array([rule.column for rule in rules], text),
            "dimension": pa.array([rule.dimension for rule in rules], text),
            "indicator": pa.array([rule.indicator for rule in rules], text),
            "severity": pa.array([rule.severity for rule in rules], text),
            "message": pa.array([rule.message for rule in rules], text),
            "checked": pa.array([counted[rule.id].checked for rule in rules], pa.int64()),
            "failed": pa.array([counted[rule.id].failed for rule in rules], pa.int64()),
        }
    )
    return files.put_table(table, path(deployment, dataset.name, batch.date.isoformat()))
