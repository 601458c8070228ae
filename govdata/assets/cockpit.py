"""``governance/cockpit``: the one page of the city and those behind it, once the catalogue shows the date."""

from collections.abc import Iterator
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    MaterializeResult,
    MetadataValue,
)

from govdata.assets import catalogue, guard, scorecard
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.deployment import COCKPIT
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "cockpit"
LINK = f"[数据质量驾驶舱]({COCKPIT})"
"""In a description, which Dagster shows as Markdown: the interface serves the page itself."""
KEY = AssetKey([GOVERNANCE, STAGE])


def cockpit(registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset: reads the catalogue alone, so it waits for that and for the scores."""

    @governed(
        KEY,
        dates,
        [scorecard.KEY, catalogue.KEY],
        f"{LINK}：全市一页（中、英文），部门、数据集、规则、区划各有下一级的页；不联网，每个数字附查询，不含任何一条记录的值。",
        kinds={"html"},
        metadata={"页面": "data/reports/cockpit.html", "打开": MetadataValue.url(COCKPIT)},
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import reports

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            made = reports.write_cockpit(registry, home, date)
            work.counts = {"下级页面": made.behind}
        places = {"页面": MetadataValue.path(made.page), "English": MetadataValue.path(made.english)}
        yield MaterializeResult(asset_key=KEY, metadata={**places, **work.counts})

    return stage
