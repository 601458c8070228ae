"""Stage 2: text rows → standardised rows, split into clean and quarantine, with the repair flags, all from one pass."""

from collections.abc import Iterator
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    DailyPartitionsDefinition,
    DataVersion,
    MaterializeResult,
    TableSchema,
    multi_asset,
)

from govdata.assets import describe, guard, raw
from govdata.assets.checked import unjudged
from govdata.assets.resources import DeploymentResource
from govdata.batches import RawBatch
from govdata.checks.asset_checks import per_cent
from govdata.errors import GovdataError
from govdata.operations.outcomes import title
from govdata.standards.model import Dataset, Registry
from govdata.storage.tables.nights import REPAIRS
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, PUBLISHED, QUARANTINE, REPAIR_COUNTS

STAGE = "standardized"


def key(dataset: Dataset) -> AssetKey:
    return AssetKey([dataset.name, "standardized"])


def quarantine_key(dataset: Dataset) -> AssetKey:
    return AssetKey([dataset.name, "quarantine"])


def repairs_key(dataset: Dataset) -> AssetKey:
    return AssetKey([dataset.name, "repairs"])


def standardized(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The assets ``standardized``, ``quarantine`` and ``repairs`` of a dataset, made together or not at all."""
    upstream = raw.key(dataset)

    def spec(asset_key: AssetKey, description: str, table: str, schema: TableSchema, *, traced: bool) -> AssetSpec:
        metadata: dict[str, object] = {"dagster/column_schema": schema, "dagster/table_name": table}
        if traced:
            metadata["dagster/column_lineage"] = describe.lineage(dataset, upstream)
        return AssetSpec(
            asset_key,
            deps=[upstream],
            description=description,
            kinds={"duckdb", "parquet"},
            partitions_def=dates,
            metadata=metadata,
            **describe.common(dataset, registry),
        )

    full = describe.schema(dataset, registry, PUBLISHED, typed=True)
    held_back = describe.schema(dataset, registry, QUARANTINE, typed=True)

    @multi_asset(
        name=f"{STAGE}__{dataset.name}",
        specs=[
            spec(
                key(dataset),
                f"{dataset.title}：按数据元标准化并通过全部错误级规则的行。待检查通过后发布。",
                f"standardized.{dataset.name}",
                full,
                traced=True,
            ),
            spec(
                quarantine_key(dataset),
                f"{dataset.title}：未通过错误级规则的行，附规则编号（{FAILED_RULES}）。退回{dataset.owner}核实，不由我们改动。",
                f"quarantine.{dataset.name}",
                held_back,
                traced=True,
            ),
            spec(
                repairs_key(dataset),
                f"{dataset.title}：每一列被标准化改动的单元格数。逐格的改前、改后和所用步骤见视图 governance.repairs。",
                f"repairs.{dataset.name}",
                TableSchema(columns=describe.system(REPAIR_COUNTS)),
                traced=False,
            ),
        ],
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import engine

        date = Date.fromisoformat(context.partition_key)
        with (
            unjudged(context, deployment.deployment, dataset, registry),
            guard.stage(context, deployment.deployment, dataset, STAGE) as work,
        ):
            delivered = RawBatch.read(RawBatch.path(deployment.deployment, dataset.name, date))
            if delivered is None:
                raise GovdataError(f"{dataset.name} {date} 尚未读入：请先运行“{title('raw')}”")
            batch = engine.standardize(delivered, dataset, registry, deployment.deployment)
            work.counts = {"合格": batch.clean, "隔离": batch.quarantined, "重复": batch.duplicates}
        version = DataVersion(batch.batch_id)
        failing = {rule: count for rule, count in batch.rule_failures.items() if count}
        yield MaterializeResult(
            asset_key=key(dataset),
            data_version=version,
            metadata={
                "dagster/partition_row_count": batch.clean,
                "精确重复的记录数": batch.duplicates,
                "规则数": len(batch.rule_failures),
            },
        )
        yield MaterializeResult(
            asset_key=quarantine_key(dataset),
            data_version=version,
            metadata={
                "dagster/partition_row_count": batch.quarantined,
                "隔离率（%）": per_cent(batch.quarantined, batch.rows),
                "未通过的规则数": len(failing),
                "查询": f"SELECT * FROM quarantine.{dataset.name} WHERE {DELIVERY_DATE} = DATE '{date.isoformat()}'",
            },
        )
        yield MaterializeResult(
            asset_key=repairs_key(dataset),
            data_version=version,
            metadata={
                "改动的单元格数": sum(batch.repaired_cells.values()),
                "改动的列数": sum(1 for count in batch.repaired_cells.values() if count),
                "查询": (
                    f"SELECT * FROM {REPAIRS} WHERE dataset = '{dataset.name}' AND date = DATE '{date.isoformat()}'"
                ),
            },
        )

    return stage
