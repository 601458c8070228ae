"""``governance/rejudged``: what earlier deliveries have in quarantine, by the standards and waivers of now."""

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

STAGE = "rejudged"
KEY = AssetKey([GOVERNANCE, STAGE])


def rejudged(registry: Registry, dates: DailyPartitionsDefinition, upstream: Sequence[AssetKey]) -> AssetsDefinition:
    """The asset, first of the city by its priority: what is released is in the tables that the others read."""

    @governed(
        KEY,
        dates,
        upstream,
        "隔离复审：标准修改或准予豁免之后，以前各期隔离的行重新判定，合格的并入它那一期；已发布的行不动。",
        kinds={"duckdb", "parquet"},
        metadata={"dagster/table_name": "governance.releases"},
        priority=50,
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import governance

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            made = governance.rejudge(registry, home, date)
            work.counts = {
                "复审的行": sum(each.judged for each in made if each.problem is None),
                "放行": sum(each.released for each in made),
                "其中凭豁免": sum(each.by_waiver for each in made),
                "仍隔离": sum(each.held for each in made),
            }
        problems = [f"{each.dataset} {each.date}：{each.problem}" for each in made if each.problem is not None]
        query = MetadataValue.text(f"SELECT * FROM governance.releases WHERE released_on = DATE '{date.isoformat()}'")
        told = {"没有复审的": MetadataValue.text("\n".join(problems))} if problems else {}
        yield MaterializeResult(asset_key=KEY, metadata={**work.counts, **told, "查询": query})

    return stage
