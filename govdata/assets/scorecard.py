"""``governance/scorecard``: how good what was delivered is, after the tables of the date and the work orders."""

from collections.abc import Iterator, Sequence
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    MaterializeResult,
    MetadataValue,
)

from govdata.assets import guard
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "scorecard"
KEY = AssetKey([GOVERNANCE, STAGE])


def scorecard(registry: Registry, dates: DailyPartitionsDefinition, upstream: Sequence[AssetKey]) -> AssetsDefinition:
    """The asset, after work orders (whose waivers it shows apart) and before the catalogue that shows it, by priority
    alone: a blocked delivery is scored too."""

    @governed(
        KEY,
        dates,
        upstream,
        "数据质量评分：数据集、部门、区划、全市，按 GB/T 36344 的维度和合计；没有评估的写未评估，不算满分。",
        kinds={"duckdb", "parquet"},
        metadata={"dagster/table_name": "governance.scorecard"},
        priority=-60,
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import scoring

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            made = scoring.make(registry, home, date)
            work.counts = {"评分": made.lines, "未评估": made.not_assessed}
        shown: dict[str, float] = {} if made.score is None else {"全市得分": round(made.score, 2)}
        query = MetadataValue.text(
            f"SELECT * FROM governance.scorecard WHERE date = DATE '{date.isoformat()}' AND part IS NULL"
        )
        yield MaterializeResult(asset_key=KEY, metadata={**shown, **work.counts, "查询": query})

    return stage
