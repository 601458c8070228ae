"""``governance/retention``: what is kept and for how long, after a night whose catalogue is there and opens, and never
before."""

from collections.abc import Iterator
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    MaterializeResult,
)

from govdata.assets import catalogue, guard, run_retention
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.operations import outcomes
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "retention"
KEY = AssetKey([GOVERNANCE, STAGE])


def retention(registry: Registry, dates: DailyPartitionsDefinition) -> AssetsDefinition:
    """The asset ``governance/retention``: removes what the deployment's policy no longer keeps, and Dagster's old
    runs."""

    @governed(
        KEY,
        dates,
        [catalogue.KEY],
        "按部署的保留策略清理：过期的快照和夜间数据、无人引用的文件、旧的工作簿、报告和通知、"
        "Dagster 的旧运行记录。交付文件、工单日志和回执从不删除。",
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import publish

        home, instance = deployment.deployment, context.op_execution_context.instance
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            policy = publish.Policy.from_env()
            pruned = publish.nightly(home, registry, policy)
            runs = run_retention.delete_old_runs(instance, policy.run_days)
            run_retention.shrink(Path(instance.root_directory))
            work.counts = {"清理的运行记录": runs}
            if pruned is not None:
                work.counts |= {
                    "清理的快照": pruned.snapshots,
                    "清理的夜间数据": pruned.nights,
                    "删除的文件": pruned.files,
                    "清理的处理记录": outcomes.forget(home, pruned.before),
                    "清理的旧文书": pruned.documents,
                }
        yield MaterializeResult(asset_key=KEY, metadata=dict(work.counts))

    return stage
