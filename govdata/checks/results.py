"""Per-rule figures as the small Parquet files that ``governance.rule_results`` reads: one per dataset and date."""

from __future__ import annotations

from pathlib import Path

from govdata.batches import CheckOutcome, StandardizedBatch
from govdata.deployment import Deployment
from govdata.standards.model import Dataset, Registry
from govdata.storage import files
from govdata.storage.tables.nights import RULE_RESULTS


def path(deployment: Deployment, dataset: str, date: str) -> Path:
    return deployment.governance / RULE_RESULTS.name / dataset / f"{date}.parquet"


def write(
    outcomes: list[CheckOutcome], batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment
) -> Path:
    """The lines of ``governance.rule_results`` of one delivery: one per rule."""
    counted = {outcome.rule_id: outcome for outcome in outcomes if outcome.kind == "rule"}
    lines = [
        {
            "date": batch.date,
            "dataset": dataset.name,
            "rule_id": rule.id,
            "column_name": rule.column,
            "dimension": rule.dimension,
            "indicator": rule.indicator,
            "severity": rule.severity,
            "message": rule.message,
            "checked": counted[rule.id].checked,
            "failed": counted[rule.id].failed,
        }
        for rule in registry.rules(dataset.name)
    ]
    return files.put_table(RULE_RESULTS.arrow(lines), path(deployment, dataset.name, batch.date.isoformat()))
