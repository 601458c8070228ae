"""Dagster's view of the checks: their specs from the registry, their results from a verdict. The one Dagster import of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, PartitionsDefinition

from govdata.batches import TABLE_CHECKS, CheckOutcome, Verdict
from govdata.standards.model import DIMENSION_NAMES, BoundRule, Dataset, Registry

SEVERITY_NAMES = {"error": "错误：不合格的行隔离", "warning": "警告：不合格的行发布并提示"}


def asset_key(dataset: Dataset) -> AssetKey:
    """The asset the checks are of."""
    return AssetKey(["standardized", dataset.name])


def check_specs(dataset: Dataset, registry: Registry, partitions_def: PartitionsDefinition | None = None) -> list[AssetCheckSpec]:
    """One spec per rule (not blocking: its rows are quarantined or reported) and one per table check (blocking)."""
    key = asset_key(dataset)
    rules = [
        AssetCheckSpec(
            rule.check_name,
            asset=key,
            description=f"{rule.message}（{DIMENSION_NAMES[rule.dimension]}；{SEVERITY_NAMES[rule.severity]}）",
            metadata=_rule_facts(rule),
            partitions_def=partitions_def,
        )
        for rule in registry.rules(dataset.name)
    ]
    tables = [
        AssetCheckSpec(
            name,
            asset=key,
            description=f"{description}。不通过则不发布。",
            metadata={"severity": "blocking"},
            blocking=True,
            partitions_def=partitions_def,
        )
        for name, description in TABLE_CHECKS.items()
    ]
    return rules + tables


def _rule_facts(rule: BoundRule) -> dict[str, str]:
    facts = {
        "rule_id": rule.id,
        "column": rule.column,
        "dimension": rule.dimension,
        "severity": rule.severity,
        "indicator": rule.indicator,
        "standard": rule.source,
    }
    return {name: fact for name, fact in facts.items() if fact}


def check_results(verdict: Verdict, dataset: Dataset, registry: Registry) -> Iterator[AssetCheckResult]:
    """One result per outcome, numbers as numbers (Dagster plots them over time) and never a record's value.

    A failed rule is a WARN: its rows are already held back or flagged. A failed table check is an ERROR and stops publishing."""
    for outcome in verdict.outcomes:
        yield AssetCheckResult(
            asset_key=asset_key(dataset),
            check_name=outcome.name,
            passed=outcome.passed,
            severity=AssetCheckSeverity.ERROR if outcome.blocking else AssetCheckSeverity.WARN,
            description=outcome.description,
            metadata=_metadata(outcome),
        )


def _metadata(outcome: CheckOutcome) -> dict[str, Any]:
    metadata: dict[str, Any] = {"checked": outcome.checked, "failed": outcome.failed, **outcome.figures}
    if outcome.dimension:
        metadata["dimension"] = f"{outcome.dimension} {DIMENSION_NAMES[outcome.dimension]}"
    return metadata | {"severity": outcome.severity}
