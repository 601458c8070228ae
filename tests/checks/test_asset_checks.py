"""What Dagster is told: a check per quality dimension and table check, numbers as numbers, blocking only for the
table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    FloatMetadataValue,
    IntMetadataValue,
    MetadataValue,
    TableMetadataValue,
    asset,
    materialize,
    multi_asset_check,
)

from govdata.batches import CheckOutcome, Verdict
from govdata.checks import TABLE_CHECKS
from govdata.checks.asset_checks import (
    CHECKED,
    DATE,
    FAILED,
    QUERY,
    RATE,
    asset_key,
    check_results,
    check_specs,
    current,
)
from govdata.publish import table_checks
from govdata.standards import load
from govdata.standards.model import DIMENSION_NAMES
from tests.checks import by_hand
from tests.checks.by_hand import CANARY, Night, independent_counts

DIMENSIONS = list(DIMENSION_NAMES)  # the small dataset has rules of all six


def test_specs_name_every_dimension_and_block_on_the_table_alone(night: Night) -> None:
    specs = {spec.name: spec for spec in check_specs(night.dataset, night.registry)}
    assert list(specs) == DIMENSIONS + list(TABLE_CHECKS)
    assert {name for name, spec in specs.items() if spec.blocking} == set(TABLE_CHECKS)
    assert all(spec.asset_key.path == ["people", "standardized"] for spec in specs.values())
    # A partitioned check would show the worst of its dates.
    assert all(spec.partitions_def is None for spec in specs.values())
    assert all(
        re.search("[一-龥]", spec.description or "") and re.fullmatch("[a-z_]+", name) for name, spec in specs.items()
    )
    rules = sum(rule.dimension == "conformity" for rule in night.registry.rules("people"))
    assert specs["conformity"].description is not None and f"{rules} 条规则" in specs["conformity"].description


def run_checks(night: Night) -> tuple[bool, dict[str, AssetCheckEvaluation]]:
    @asset(key=asset_key(night.dataset))
    def standardized() -> None: ...

    @multi_asset_check(specs=check_specs(night.dataset, night.registry))
    def checks():  # type: ignore[no-untyped-def]
        yield from check_results(night.validate(), night.dataset)

    result = materialize([standardized, checks], raise_on_error=False)
    return result.success, {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def lines(metadata: Mapping[str, MetadataValue]) -> dict[str, dict[str, object]]:
    """Rule id → its line in a dimension's table."""
    table = metadata["规则"]
    assert isinstance(table, TableMetadataValue)
    return {str(record.data["规则"]): dict(record.data) for record in table.records}


@pytest.mark.slow
def test_a_dimension_sums_its_rules_and_lists_each(night: Night) -> None:
    success, found = run_checks(night)
    assert success and list(found) == DIMENSIONS + list(TABLE_CHECKS)
    expected = independent_counts(night.frame)
    for name in DIMENSIONS:
        rules = [rule for rule in night.registry.rules("people") if rule.dimension == name]
        checked, failed = (sum(expected[rule.id][place] for rule in rules) for place in (0, 1))
        metadata = found[name].metadata
        assert (metadata[CHECKED], metadata[FAILED]) == (IntMetadataValue(checked), IntMetadataValue(failed))
        rate = metadata[RATE]
        assert isinstance(rate, FloatMetadataValue) and rate.value == pytest.approx(100 * failed / checked, abs=1e-4)
        assert (found[name].passed, found[name].severity) == (False, AssetCheckSeverity.WARN)
        told = lines(metadata)
        assert {rule: (line[CHECKED], line[FAILED]) for rule, line in told.items()} == {
            rule.id: expected[rule.id] for rule in rules
        }
        assert all(told[rule.id]["说明"] == rule.message for rule in rules)
        assert metadata[DATE].value == by_hand.DATE.isoformat()
    assert lines(found["timeliness"].metadata)["division.current"]["级别"] == "警告"
    assert all(found[name].passed and found[name].severity == AssetCheckSeverity.ERROR for name in TABLE_CHECKS)


def test_the_rules_with_most_failures_come_first_and_the_query_names_each(night: Night) -> None:
    _, found = run_checks(night)
    told = lines(found["conformity"].metadata)
    failed = [int(str(line[FAILED])) for line in told.values()]
    assert failed == sorted(failed, reverse=True) and len(told) > 3
    query = str(found["conformity"].metadata[QUERY].value)
    assert "governance.findings" in query and [rule for rule in told if f"'{rule}'" not in query] == []


def test_what_a_person_reads_is_chinese_and_holds_no_value(night: Night) -> None:
    _, found = run_checks(night)
    for evaluation in found.values():
        assert all(re.search("[一-龥]", name) for name in evaluation.metadata), evaluation.check_name
    values = {CANARY, *night.frame.citizen_id.dropna(), *night.frame.name.dropna()}
    told = str(found)
    assert [value for value in values if value in told] == []


def test_every_figure_of_a_table_check_is_shown(night: Night) -> None:
    _, found = run_checks(night)
    verdict = night.validate()
    for outcome in verdict.outcomes:
        if outcome.kind == "table":
            assert len(found[outcome.name].metadata) == len({DATE, CHECKED, FAILED}) + len(outcome.figures), (
                outcome.name
            )


def test_a_failed_table_check_fails_the_run(night: Night) -> None:
    night.batch = night.batch.model_copy(update={"rule_failures": night.batch.rule_failures | {"name.form": 0}})
    success, found = run_checks(night)
    assert not success
    assert not found["parity"].passed and "name.form" in str(found["parity"].description)
    assert found["parity"].metadata["计数不同的规则"].value == "name.form"


def test_an_earlier_verdict_is_told_for_the_checks_there_still_are(night: Night) -> None:
    gone = CheckOutcome(
        name="former",
        kind="table",
        description="从前的检查",
        severity="error",
        blocking=True,
        passed=True,
        checked=1,
        failed=0,
    )
    verdict = night.validate()
    verdict = verdict.model_copy(update={"outcomes": (*verdict.outcomes, gone)})
    assert [told.check_name for told in current(verdict, night.dataset, night.registry)] == DIMENSIONS + list(
        TABLE_CHECKS
    )


@pytest.mark.parametrize("broken", [(), ("schema", "volume")])
def test_a_derived_table_has_one_check_of_rules_one_of_the_whole_and_its_own(
    repository: Path, broken: tuple[str, ...]
) -> None:
    registry = load(repository / "standards")
    dataset = registry.datasets["person_link"]
    specs = {spec.name: bool(spec.blocking) for spec in check_specs(dataset, registry)}
    own = dict.fromkeys(dataset.own_checks, True)
    assert own and specs == {"rules": False, "whole": True} | own

    def outcome(name: str, title: str, **more: object) -> CheckOutcome:
        facts = {"kind": "table", "severity": "error", "blocking": True, "passed": name not in broken} | more
        return CheckOutcome.model_validate(
            {"name": name, "description": f"{title}如何", "checked": 3, "failed": int(name in broken)} | facts
        )

    asked = table_checks(dataset)
    rule = {"kind": "rule", "rule_id": "person_id.form", "dimension": "conformity", "blocking": False}
    outcomes = (*(outcome(*check) for check in asked.items()), outcome("a rule", "形式", **rule))
    verdict = Verdict(dataset=dataset.name, date=by_hand.DATE, batch_id="b", standards_hash="h", outcomes=outcomes)
    told = {result.check_name: result for result in check_results(verdict, dataset)}
    assert told.keys() == specs.keys()
    whole = told["whole"]
    assert whole.passed is not bool(broken)
    assert whole.metadata[CHECKED].value == len(asked) - len(own) and whole.metadata[FAILED].value == len(broken)
    assert [asked[name] + "如何" for name in broken] == (whole.description or "").split("；") * bool(broken)
    parts = whole.metadata["各项"]
    assert isinstance(parts, TableMetadataValue)
    shown = [(record.data["检查"], record.data["结果"]) for record in parts.records]
    assert shown[: len(broken)] == [(asked[name], "不通过") for name in broken]
    assert len(shown) == len(asked) - len(own) and all(state == "通过" for _, state in shown[len(broken) :])
