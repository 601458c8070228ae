"""``governance/anomalies``: what is unusual about the deliveries of a date, after the scorecard that kept their
counts."""

from collections.abc import Iterator, Mapping, Sequence
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
from govdata.deployment import Deployment
from govdata.operations import alerts, outcomes
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "anomalies"
KEY = AssetKey([GOVERNANCE, STAGE])


def anomalies(registry: Registry, dates: DailyPartitionsDefinition, upstream: Sequence[AssetKey]) -> AssetsDefinition:
    """The asset, after the scorecard and before the catalogue, by priority alone."""

    @governed(
        KEY,
        dates,
        upstream,
        "异常提示：与各数据集自身的历史相比反常的数量、空值、不同值和分布，每个原因一条；"
        "久不起作用的规则列在 stale_rules。",
        kinds={"duckdb", "parquet"},
        metadata={"dagster/table_name": "governance.anomalies"},
        priority=-65,
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import scoring

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            found = scoring.detect(registry, home, date)
            work.counts = {
                "比过的数据集": found.compared,
                "异常": found.causes,
                "基线已到期的数据集": len(found.expired),
                "久不起作用的规则": scoring.stale(registry, home, date),
            }
            tell(home, found.fresh, date, context.run.run_id)
        query = MetadataValue.text(f"SELECT * FROM governance.anomalies WHERE date = DATE '{date.isoformat()}'")
        yield MaterializeResult(asset_key=KEY, metadata={**work.counts, "查询": query})

    return stage


def tell(home: Deployment, fresh: Mapping[str, tuple[str, ...]], date: Date, run_id: str) -> None:
    """One notice per owner of a baseline of what is new tonight, a line per cause."""
    for owner, messages in fresh.items():
        notice = alerts.Alert(
            kind="found",
            time=alerts.now(),
            owner=owner,
            date=date.isoformat(),
            stage=outcomes.title(STAGE),
            run_id=run_id,
            reasons=messages,
        )
        alerts.raise_alert(home, notice)
