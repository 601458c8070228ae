"""Stage 4: the checked batch becomes the snapshot of its date."""

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
    multi_asset,
)

from govdata.assets import describe, guard, standardized
from govdata.assets.resources import DeploymentResource
from govdata.batches import StandardizedBatch
from govdata.checks.asset_checks import MASTERS
from govdata.errors import GovdataError
from govdata.operations.outcomes import title
from govdata.standards.model import Dataset, Registry
from govdata.storage.tables.system_columns import PUBLISHED

STAGE = "published"


def key(dataset: Dataset) -> AssetKey:
    """The asset that is the published table."""
    return AssetKey([dataset.name, "published"] if dataset.derived is None else [MASTERS, dataset.name])


def published(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset ``<dataset>/published``. Publishing verifies the gate of exactly this date itself, whatever Dagster ran
    before."""
    merged = (
        "每次全量快照"
        if dataset.delivery.mode == "snapshot"
        else f"逐日合并增量（键：{'、'.join(dataset.delivery.key)}）"
    )
    sharing = describe.SHARING[dataset.sharing]

    @multi_asset(
        name=f"{STAGE}__{dataset.name}",
        specs=[
            AssetSpec(
                key(dataset),
                deps=[standardized.key(dataset)],
                description=f"{dataset.title}（{dataset.owner}，{sharing}）。{dataset.purpose or '可信表'}。{merged}。",
                kinds={"duckdb", "parquet"},
                partitions_def=dates,
                metadata={
                    "dagster/column_schema": describe.schema(dataset, registry, PUBLISHED, typed=True),
                    "dagster/column_lineage": describe.lineage(dataset, standardized.key(dataset)),
                    "dagster/table_name": f"published.{dataset.name}",
                },
                **describe.common(dataset, registry),
            )
        ],
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import publish

        home = deployment.deployment
        date = Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, dataset, STAGE) as work:
            batch = StandardizedBatch.read(StandardizedBatch.path(home, dataset.name, date))
            if batch is None:
                raise GovdataError(f"{dataset.name} {date} 尚未标准化：请先运行“{title('standardized')}”")
            snapshot = publish.publish(batch, dataset, registry, home)
            work.counts = {"发布后的行数": snapshot.rows}
        yield MaterializeResult(
            asset_key=key(dataset),
            data_version=DataVersion(snapshot.snapshot_id),
            metadata={
                "dagster/row_count": snapshot.rows,
                "文件数": len(snapshot.files),
                "查询": f"SELECT * FROM published.{dataset.name}",
            },
        )

    return stage
