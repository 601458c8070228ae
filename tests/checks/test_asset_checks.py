"""What Dagster is told: a spec per rule and table check, results with numbers as numbers, blocking only for the table."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DailyPartitionsDefinition,
    FloatMetadataValue,
    IntMetadataValue,
    asset,
    materialize,
    multi_asset_check,
)

from govdata.checks import TABLE_CHECKS
from govdata.checks.asset_checks import asset_key, check_results, check_specs
from tests.checks.small import CANARY, DATE, Night

DAYS = DailyPartitionsDefinition(start_date=datetime(2026, 1, 1), timezone="Asia/Shanghai", end_offset=1)


@pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")  # partitions_def of a check
def test_specs_name_every_rule_and_block_on_the_table_alone(night: Night) -> None:
    specs = {spec.name: spec for spec in check_specs(night.dataset, night.registry, DAYS)}
    rules = night.registry.rules("people")
    assert list(specs) == [rule.check_name for rule in rules] + list(TABLE_CHECKS)
    assert {name for name, spec in specs.items() if spec.blocking} == set(TABLE_CHECKS)
    assert all(spec.asset_key.path == ["standardized", "people"] and spec.partitions_def == DAYS for spec in specs.values())
    assert all(re.search("[一-龥]", spec.description) and re.fullmatch("[A-Za-z0-9_]+", name) for name, spec in specs.items())
    assert "规范性" in specs["citizen_id__check_digit"].description
    assert check_specs(night.dataset, night.registry)[0].partitions_def is None


def run_checks(night: Night) -> tuple[bool, dict[str, AssetCheckEvaluation]]:
    @asset(key=asset_key(night.dataset))
    def standardized() -> None: ...

    @multi_asset_check(specs=check_specs(night.dataset, night.registry))
    def checks():  # type: ignore[no-untyped-def]
        yield from check_results(night.validate(), night.dataset, night.registry)

    result = materialize([standardized, checks], raise_on_error=False)
    return result.success, {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def test_results_in_a_real_run(night: Night) -> None:
    success, found = run_checks(night)
    assert success and len(found) == len(night.registry.rules("people")) + len(TABLE_CHECKS)
    rule = found["citizen_id__check_digit"]
    assert (rule.passed, rule.severity) == (False, AssetCheckSeverity.WARN)
    assert rule.metadata["failed"] == IntMetadataValue(night.batch.rule_failures["citizen_id.check_digit"])
    assert isinstance(rule.metadata["checked"], IntMetadataValue) and isinstance(rule.metadata["rate"], FloatMetadataValue)
    assert rule.metadata["dimension"].text.endswith("规范性") and rule.metadata["severity"].text == "error"
    assert rule.metadata["query"].text.startswith("SELECT * FROM quarantine.people")
    assert all(found[name].passed and found[name].severity == AssetCheckSeverity.ERROR for name in TABLE_CHECKS)
    values = {CANARY, *night.frame.citizen_id.dropna(), *night.frame.name.dropna()}
    told = str(found)
    assert [value for value in values if value in told] == []


def test_a_failed_table_check_fails_the_run(night: Night) -> None:
    night.batch = night.batch.model_copy(update={"rule_failures": night.batch.rule_failures | {"name.form": 0}})
    success, found = run_checks(night)
    assert not success
    assert not found["parity"].passed and "name.form" in found["parity"].description
    assert str(DATE) in found["name__form"].metadata["query"].text
