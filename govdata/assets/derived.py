"""What is made of published tables: derived tables, and what rules across tables found. Each takes the newest snapshots
not later than the date, so it does not matter which datasets were delivered in the night itself."""

from collections.abc import Iterator
from datetime import date as Date

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DailyPartitionsDefinition,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)

from govdata.assets import describe, guard, published
from govdata.assets.resources import DeploymentResource
from govdata.checks.asset_checks import (
    CHECKED,
    DATE,
    FAILED,
    MASTERS,
    QUERY,
    RATE,
    RULE_TABLE,
    DatedResult,
    check_results,
    check_specs,
    not_made,
    per_cent,
    rule_line,
)
from govdata.masters import CrossOutcome
from govdata.standards.model import Dataset, Registry
from govdata.storage.tables.system_columns import PUBLISHED

REMARKS = "不是本日的输入"
CROSS = "cross_findings"
CROSS_KEY = AssetKey([MASTERS, CROSS])
PRIORITY = -10
"""Of the rules across tables: after the derived tables, before the work orders."""


def table(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset ``masters/<table>`` of a derived dataset: made, judged and published in one step, or not at all."""
    assert dataset.derived is not None
    tables = registry.inputs(dataset.name)
    inputs = [published.key(registry.datasets[name]) for name in tables]
    spec = AssetSpec(
        published.key(dataset),
        deps=inputs,
        skippable=True,
        description=f"{dataset.title}（{dataset.owner}）。{dataset.purpose}。由{'、'.join(tables)}生成。",
        kinds={"duckdb", "parquet"},
        partitions_def=dates,
        metadata={
            "dagster/column_schema": describe.schema(dataset, registry, PUBLISHED, typed=True),
            "dagster/column_lineage": describe.derived_lineage(dataset, registry, published.key),
            "dagster/table_name": f"{dataset.schema_name}.{dataset.name}",
        },
        **{**describe.common(dataset, registry), "group_name": MASTERS},
    )

    @multi_asset(name=f"{dataset.name}__{MASTERS}", specs=[spec], check_specs=check_specs(dataset, registry))
    def stage(
        context: AssetExecutionContext, deployment: DeploymentResource
    ) -> Iterator[MaterializeResult | AssetCheckResult]:
        from govdata import masters, publish

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        snapshot = verdict = None
        with guard.stage(context, home, MASTERS, dataset.name) as work:
            made = masters.judge_derived(dataset, registry, home, date)
            if made is None:
                work.nothing()
            else:
                batch, verdict = made
                if verdict.passed:
                    snapshot = publish.publish(batch, dataset, registry, home)
                    work.counts = {"行数": snapshot.rows}
                else:
                    publish.record_reconciliation(batch, None, home)
                    work.block(tuple(o.description for o in verdict.outcomes if o.blocking and not o.passed))
        yield from check_results(verdict, dataset) if verdict is not None else not_made(dataset, registry)
        if snapshot is not None:
            yield MaterializeResult(
                asset_key=published.key(dataset),
                data_version=DataVersion(snapshot.snapshot_id),
                metadata={
                    "dagster/row_count": snapshot.rows,
                    QUERY: f"SELECT * FROM {dataset.schema_name}.{dataset.name}",
                    **({REMARKS: "；".join(told)} if (told := masters.remarks(dataset, registry, home, date)) else {}),
                },
            )
        work.stop()

    return stage


def cross_findings(registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset ``masters/cross_findings``: every rule across tables, with a check per dataset that is judged.

    It comes after the derived tables by priority and does not wait upon their success: where links were blocked, only
    the rules that ask for masters are not judged."""
    judged = sorted({rule.dataset for rule in registry.cross})
    named = {name for rule in registry.cross for name in rule.tables}
    tables = sorted(published.key(registry.datasets[name]) for name in named if name in registry.delivered)
    spec = AssetSpec(
        CROSS_KEY,
        deps=tables,
        description="跨表规则发现的问题：一行与另一张表的对应行不一致、找不到或不应存在。只是线索，退回责任部门核实，不改动数据。",
        group_name=MASTERS,
        kinds={"duckdb", "parquet"},
        partitions_def=dates,
        metadata={"dagster/table_name": "governance.cross_findings"},
    )
    checks = [
        AssetCheckSpec(
            name, asset=CROSS_KEY, description=f"{registry.datasets[name].title}：与其他表核对的规则（只报告，不隔离）"
        )
        for name in judged
    ]

    @multi_asset(
        name=f"{CROSS}__{MASTERS}", specs=[spec], check_specs=checks, op_tags={"dagster/priority": str(PRIORITY)}
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import masters

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, MASTERS, CROSS) as work:
            outcomes = masters.judge(registry, home, date)
            work.counts = {"规则": len(outcomes), "发现": sum(outcome.failed for outcome in outcomes)}
        yield MaterializeResult(
            asset_key=CROSS_KEY,
            metadata={"dagster/row_count": work.counts["发现"], QUERY: _query(date)},
            check_results=[_result(name, [o for o in outcomes if o.rule.dataset == name], date) for name in judged],
        )

    return stage


def _query(date: Date, dataset: str | None = None) -> str:
    wanted = f" AND dataset = '{dataset}'" if dataset else ""
    return f"SELECT * FROM governance.cross_findings WHERE date = DATE '{date.isoformat()}'{wanted}"


def _result(dataset: str, outcomes: list[CrossOutcome], date: Date) -> DatedResult:
    checked, failed = sum(outcome.checked for outcome in outcomes), sum(outcome.failed for outcome in outcomes)
    failing = [outcome for outcome in outcomes if not outcome.passed]
    lines = [
        rule_line(
            outcome.rule.id,
            outcome.reason or outcome.rule.message,
            outcome.rule.severity,
            outcome.checked,
            outcome.failed,
        )
        for outcome in sorted(outcomes, key=lambda outcome: -outcome.failed)
    ]
    return DatedResult(
        asset_key=CROSS_KEY,
        check_name=dataset,
        passed=not failing,
        severity=AssetCheckSeverity.WARN,
        description=(
            f"{len(outcomes)} 条跨表规则中 {len(failing)} 条有不合格的行；检查 {checked:,} 项，不合格 {failed:,} 项"
        ),
        metadata={
            DATE: date.isoformat(),
            CHECKED: checked,
            FAILED: failed,
            RATE: per_cent(failed, checked),
            "规则": MetadataValue.table(lines, schema=RULE_TABLE),
            **({QUERY: _query(date, dataset)} if failed else {}),
        },
    )
