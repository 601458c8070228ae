"""The catalogue ``governance/catalogue``: the DuckDB file of views that analysts open, renewed once at the end of a night.

It is an external asset, told of by the step that renews it. That step is a check of it (are all views readable?) and not an asset with the
published tables upstream: such a step would be skipped whenever one dataset had no delivery and never run when one was blocked, while
analysts must see what was published and the governance tables must show the blocked night. It has no step upstream and the lowest
priority, so the one process of a night (definitions.py sets the in-process executor) takes it when nothing else is left to do.
Renewing once, and not after each dataset, also means that a reader never sees half a night.

Where a run has no such step (somebody materialises tables in the UI) publishing renews the catalogue itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    DagsterInstance,
    multi_asset_check,
)

from govdata.assets import run_retention
from govdata.assets.guard import alert, guarded
from govdata.assets.resources import DeploymentResource
from govdata.deployment import Deployment
from govdata.standards.model import Registry

if TYPE_CHECKING:
    from govdata.publish.catalogue import DamagedNight

KEY = AssetKey(["governance", "catalogue"])
CHECK = AssetCheckKey(KEY, "readable")
NIGHTLY = "nightly"
STEP = "governance__catalogue"
TITLE = "更新目录"


def catalogue(published: Sequence[AssetKey]) -> AssetSpec:
    return AssetSpec(
        KEY,
        deps=published,
        description="DuckDB 目录：已发布表、隔离区、修复台账、规则结果、对账的视图，带中文注释；每夜最后原子替换一次。",
        group_name="governance",
        kinds={"duckdb"},
        metadata={"数据目录": "data/published/govdata.duckdb"},
    )


def closing(registry: Registry) -> AssetChecksDefinition:
    """The last step of a night: rebuild the catalogue, then open every view of it."""

    @multi_asset_check(
        name=STEP,
        specs=[AssetCheckSpec(CHECK.name, asset=KEY, description="目录已按本夜结果重建，每个视图都能打开")],
        op_tags={"dagster/priority": "-100"},
    )
    def stage(context: AssetCheckExecutionContext, deployment: DeploymentResource) -> AssetCheckResult:
        home = deployment.deployment
        with guarded(home, None, None, TITLE, context.run.run_id):
            context.op_execution_context.log_event(renewed(home, registry))
            views, broken = unreadable(home)
            report_damage(home, registry, context.run.run_id)
            if not broken:
                tidy(home, registry, context.op_execution_context.instance)
            result = AssetCheckResult(
                asset_key=KEY,
                check_name=CHECK.name,
                passed=not broken,
                severity=AssetCheckSeverity.ERROR,
                metadata={"checked": views, "failed": len(broken), "打不开的视图": "、".join(broken) or "无"},
            )
        return result

    return stage


def renew_unless_nightly(context: AssetExecutionContext | AssetCheckExecutionContext, deployment: Deployment, registry: Registry) -> None:
    """Called by a step that changed what the catalogue shows. The run's own steps say whether a closing step will follow, not its job's
    name: "Materialize" on the job's page in the UI selects the job's assets and so leaves the closing step, a check, out."""
    op_context = context.op_execution_context
    if not op_context.job_def.has_node_named(STEP):
        op_context.log_event(renewed(deployment, registry))


def renewed(deployment: Deployment, registry: Registry) -> AssetMaterialization:
    """Rebuild the catalogue; returns the event that tells Dagster of it."""
    from govdata import publish

    path = publish.rebuild_catalogue(deployment, registry)
    return AssetMaterialization(KEY, description="目录已重建", metadata={"文件": deployment.relative(path), "字节数": path.stat().st_size})


def tidy(deployment: Deployment, registry: Registry, instance: DagsterInstance) -> None:
    """Retention, by the deployment's policy: nothing that a good night needs goes before that night is there and opens."""
    from govdata import publish

    policy = publish.Policy.from_env()
    publish.nightly(deployment, registry, policy)
    run_retention.delete_old_runs(instance, policy.run_days)
    run_retention.shrink(Path(instance.root_directory))


def report_damage(deployment: Deployment, registry: Registry, run_id: str) -> None:
    """An alert for each table of which a published night cannot be shown, because files of it are missing, damaged or changed, and for each
    night of which the lake has lost something."""
    from govdata import publish

    for dataset, nights in publish.lost_nights(deployment, sorted(registry.datasets)).items():
        listed = "、".join(date.isoformat() for date in nights)
        reason = (
            f"{listed} 期的已发布文件缺失、损坏或内容被改动，目录改用未受影响的各期。重新运行即可重做：{publish.rerun(dataset, nights)}"
        )
        alert(deployment, registry.datasets.get(dataset), nights[-1], TITLE, run_id, "damaged", (reason,))
    for night in publish.damaged_nights(deployment):
        alert(deployment, registry.datasets.get(night.dataset), night.date, TITLE, run_id, "damaged", (damage_told(night),))


def damage_told(night: "DamagedNight") -> str:
    listed = "、".join(night.files[:5]) + ("等" if len(night.files) > 5 else "")
    return (
        f"{night.dataset} {night.date} 有 {len(night.files)} 个文件缺失或损坏（{listed}），目录里这一日的隔离、拒收、修复等记录因此不全，"
        f"不是没有。重新运行即可重做：govdata run --date {night.date} --dataset {night.dataset}"
    )


def unreadable(deployment: Deployment) -> tuple[int, list[str]]:
    """How many views the catalogue has, and the names of those that cannot be opened."""
    import duckdb

    broken = []
    with duckdb.connect(str(deployment.catalogue), read_only=True) as connection:
        views = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY schema_name, view_name"
        ).fetchall()
        for schema, view in views:
            try:
                # Binding opens the files and looks every column up; planning a SELECT on top of that would find nothing more.
                connection.execute(f'DESCRIBE "{schema}"."{view}"').fetchall()
            except duckdb.Error:
                broken.append(f"{schema}.{view}")
    return len(views), broken
