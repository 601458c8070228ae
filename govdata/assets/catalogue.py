"""The catalogue ``governance/catalogue``: the DuckDB file of views that analysts open, renewed once at the end of a
night.

It depends on every published and derived table, but runs in the job of the city (``city.py``), after the datasets have
ended, whatever became of each: analysts must see what was published, and the governance tables must show the blocked
night. Renewing once, and not after each dataset, also means that a reader never sees half a night.
"""

from collections.abc import Iterator, Sequence
from datetime import date as Date
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    MaterializeResult,
)

from govdata.assets import guard
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.checks.asset_checks import CHECKED, FAILED, DatedResult
from govdata.deployment import Deployment
from govdata.operations import alerts
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry
from govdata.storage import sql

if TYPE_CHECKING:
    from govdata.publish import DamagedNight

STAGE = "catalogue"
KEY = AssetKey([GOVERNANCE, STAGE])
READABLE = "readable"


def catalogue(registry: Registry, dates: DailyPartitionsDefinition, upstream: Sequence[AssetKey]) -> AssetsDefinition:
    """The asset ``governance/catalogue`` and its check: are all views readable? A view that is not stops what depends
    on the catalogue."""

    @governed(
        KEY,
        dates,
        upstream,
        "DuckDB 目录：已发布表、隔离区、修复台账、规则结果、对账的视图，带中文注释；每夜最后原子替换一次。",
        kinds={"duckdb"},
        metadata={"数据目录": "data/published/govdata.duckdb"},
        priority=-100,
        checks=[
            AssetCheckSpec(READABLE, asset=KEY, description="目录已按本夜结果重建，每个视图都能打开", blocking=True)
        ],
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import publish
        from govdata.operations import run_health, unchanged

        home = deployment.deployment
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            run_health.keep(registry, home, [Date.fromisoformat(context.partition_key)])
            path = publish.rebuild_catalogue(home, registry)
            work.made_by = unchanged.made_by(registry)
            views, broken = unreadable(home)
            work.counts = {"视图": views, "打不开的视图": len(broken)}
            report_damage(home, registry, context.run.run_id)
            if broken:
                work.fail((f"这些视图打不开：{'、'.join(broken)}",))
            readable = DatedResult(
                asset_key=KEY,
                check_name=READABLE,
                passed=not broken,
                severity=AssetCheckSeverity.ERROR,
                metadata={CHECKED: views, FAILED: len(broken), "打不开的视图": "、".join(broken) or "无"},
            )
            facts: dict[str, str | int] = {"文件": home.relative(path), "字节数": path.stat().st_size}
        yield MaterializeResult(asset_key=KEY, metadata=facts, check_results=[readable])
        work.stop()

    return stage


def report_damage(deployment: Deployment, registry: Registry, run_id: str) -> None:
    """An alert for each table of which a published night cannot be shown, because files of it are missing, damaged or
    changed, and for each night of which the lake has lost something."""
    from govdata import publish

    def tell(table: str, date: str, reason: str) -> None:
        known = registry.datasets.get(table)
        facts = {"dataset": known.name, "title": known.title, "owner": known.owner} if known else {"dataset": table}
        alert = alerts.Alert(
            kind="damaged", time=alerts.now(), date=date, stage="更新目录", run_id=run_id, reasons=(reason,), **facts
        )
        alerts.raise_alert(deployment, alert)

    for table, nights in publish.lost_nights(deployment, sorted(registry.datasets)).items():
        listed = "、".join(date.isoformat() for date in nights)
        reason = (
            f"{listed} 期的已发布文件缺失、损坏或内容被改动，目录改用未受影响的各期。重新运行即可重做："
            f"{publish.rerun(deployment, table, nights)}"
        )
        tell(table, nights[-1].isoformat(), reason)
    for night in publish.damaged_nights(deployment):
        tell(night.dataset, night.date.isoformat(), damage_told(deployment, night))


def damage_told(deployment: Deployment, night: "DamagedNight") -> str:
    again = deployment.command("run", "--date", night.date.isoformat(), "--dataset", night.dataset)
    listed = "、".join(night.files[:5]) + ("等" if len(night.files) > 5 else "")
    return (
        f"{night.dataset} {night.date} 有 {len(night.files)} 个文件缺失或损坏（{listed}），目录里这一日的隔离、拒收、"
        "修复等记录因此不全，"
        f"不是没有。重新运行即可重做：{again}"
    )


def unreadable(deployment: Deployment) -> tuple[int, list[str]]:
    """How many views the catalogue has, and the names of those that cannot be opened."""
    import duckdb

    broken = []
    with sql.catalogue(deployment) as connection:
        views = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY schema_name, view_name"
        ).fetchall()
        for schema, view in views:
            try:
                # Binding opens the files and looks every column up; planning a SELECT on top of that would find nothing
                # more.
                connection.execute(f'DESCRIBE "{schema}"."{view}"').fetchall()
            except duckdb.Error:
                broken.append(f"{schema}.{view}")
    return len(views), broken
