"""``governance/inspection``: the inspection reports of a date, for people, once the catalogue shows it."""

from collections.abc import Iterator
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    MaterializeResult,
)

from govdata.assets import catalogue, guard, scorecard
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "inspection"
KEY = AssetKey([GOVERNANCE, STAGE])


def inspection(registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset: reads the catalogue alone, so it waits for that and for the scores."""

    @governed(
        KEY,
        dates,
        [scorecard.KEY, catalogue.KEY],
        "数据质量检测报告：全市一份、每个部门一份，Word 文档和网页；不含任何一条记录的值。",
        kinds={"word", "html"},
        metadata={"报告": "data/reports/<日期>/<部门>/"},
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import reports

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            work.counts = {"报告": len(reports.write(registry, home, date))}
        yield MaterializeResult(asset_key=KEY, metadata=dict(work.counts))

    return stage
