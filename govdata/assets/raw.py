"""Stage 1: delivered files → text rows, every value as it was delivered."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    DailyPartitionsDefinition,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)

from govdata.assets import describe, guard, landing
from govdata.assets.checked import unjudged
from govdata.assets.resources import DeploymentResource
from govdata.batches import Delivery
from govdata.errors import DeliveryError, GovdataError
from govdata.standards.model import Dataset, Registry
from govdata.storage.tables.system_columns import RAW

STAGE = "raw"


def key(dataset: Dataset) -> AssetKey:
    return AssetKey([dataset.name, "raw"])


def raw(dataset: Dataset, registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset ``<dataset>/raw``. It yields nothing on a date without a delivery, and everything downstream is then
    skipped."""

    @multi_asset(
        name=f"{STAGE}__{dataset.name}",
        specs=[
            AssetSpec(
                key(dataset),
                deps=[landing.key(dataset)],
                skippable=True,
                description=f"{dataset.title}：交付内容按行读入，全部为文本，列名已对应到合同；读不出的行另存，并写明行号和原因。",
                kinds={"duckdb", "parquet"},
                partitions_def=dates,
                metadata={
                    "dagster/column_schema": describe.schema(dataset, registry, RAW, typed=False),
                    "dagster/column_lineage": describe.lineage(dataset, landing.key(dataset)),
                    "dagster/table_name": f"raw.{dataset.name}",
                },
                **describe.common(dataset, registry),
            )
        ],
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import ingest
        from govdata.ingest import account
        from govdata.storage import files

        date = Date.fromisoformat(context.partition_key)
        with (
            unjudged(context, deployment.deployment, dataset, registry),
            guard.stage(context, deployment.deployment, dataset, STAGE) as work,
        ):
            with suppress(FileNotFoundError):  # before it is read: what changes meanwhile is read again
                work.delivery, _ = files.state(deployment.deployment.delivery(dataset.name, date))
            delivery = None
            with _end_recorded(dataset, date, work, None):
                delivery = ingest.receive(deployment.deployment, dataset, date)
            if delivery is None:
                work.nothing()
                return
            context.log_event(
                AssetMaterialization(
                    landing.key(dataset),
                    partition=context.partition_key,
                    metadata={"文件数": len(delivery.files), "字节数": sum(file.size for file in delivery.files)},
                    tags={"dagster/data_version": delivery.fingerprint},
                )
            )
            with _end_recorded(dataset, date, work, delivery):
                batch = ingest.ingest(delivery, dataset, registry, deployment.deployment)
            told = ingest.report.of(batch, delivery)
            ingest.report.record(told, deployment.deployment)
            work.counts = {"交付": batch.delivered, "拒收": batch.rejected, "重复交付": batch.duplicates}
            formats = sorted({" ".join(filter(None, (source.format, source.encoding))) for source in batch.sources})
            unknown = sorted({column for source in batch.sources for column in source.unknown_columns})
            result: MaterializeResult[None] = MaterializeResult(
                asset_key=key(dataset),
                data_version=DataVersion(batch.batch_id),
                metadata={
                    "dagster/partition_row_count": batch.rows,
                    "交付记录数": batch.delivered,
                    "拒收记录数": batch.rejected,
                    "重复交付的记录数": batch.duplicates,
                    "格式": MetadataValue.text("、".join(formats)),
                    "合同外的列数": len(unknown),
                    "实物行数": batch.physical,
                    "不是记录的行数": batch.set_aside,
                    "留在一边的": MetadataValue.text("；".join(account.notes(batch, dataset)) or "无"),
                    "读入报告": describe.reading(told),
                },
            )
        yield result

    return stage


@contextmanager
def _end_recorded(dataset: Dataset, date: Date, work: guard.Stage, delivery: Delivery | None) -> Iterator[None]:
    """What is not read has a line among the deliveries too. A refused delivery has been dealt with: the record of it
    lets the deltas of later dates go on."""
    from govdata import ingest, publish

    try:
        yield
    except DeliveryError as error:
        with suppress(
            OSError
        ):  # without the record later deltas wait, which is safe; the reason must not be lost for it
            publish.record_refusal(dataset.name, date, work.deployment)
            told = ingest.report.refused(dataset.name, date, delivery, work.delivery, error)
            ingest.report.record(told, work.deployment)
        raise
    except guard.ENDED:
        raise
    except BaseException as error:
        with suppress(OSError):  # the outcome itself stands in the manifest
            reason = str(error) if isinstance(error, GovdataError) else guard.reason(error)
            told = ingest.report.failed(dataset.name, date, delivery, work.delivery, reason)
            ingest.report.record(told, work.deployment)
        raise
