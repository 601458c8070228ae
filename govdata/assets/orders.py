"""``governance/work_orders``: orders opened, closed and reopened by what the night's deliveries prove; the inbox,
watched by a sensor."""

from collections.abc import Iterator, Sequence
from datetime import date as Date

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    DefaultSensorStatus,
    MaterializeResult,
    MetadataValue,
    SensorDefinition,
    SkipReason,
    sensor,
)

from govdata.assets import guard
from govdata.assets.governed import governed
from govdata.assets.resources import DeploymentResource
from govdata.deployment import Deployment
from govdata.operations import alerts, outcomes
from govdata.operations.outcomes import GOVERNANCE
from govdata.standards.model import Registry

STAGE = "work_orders"
KEY = AssetKey([GOVERNANCE, STAGE])


def work_orders(registry: Registry, dates: DailyPartitionsDefinition, upstream: Sequence[AssetKey]) -> AssetsDefinition:
    """The asset, after everything that finds something. Lower in priority than what it reads, since it waits upon
    nobody's success: a blocked delivery is what departments must hear of."""

    @governed(
        KEY,
        dates,
        upstream,
        "问题数据工单：按责任部门、规则和原因归并，写成各部门的工作簿；收回的反馈读入；只凭后来的交付办结。",
        kinds={"excel", "duckdb"},
        metadata={"dagster/table_name": "governance.work_orders", "工作簿": "data/workorders/<部门>/"},
        priority=-50,
    )
    def stage(context: AssetExecutionContext, deployment: DeploymentResource) -> Iterator[MaterializeResult]:
        from govdata import governance

        home, date = deployment.deployment, Date.fromisoformat(context.partition_key)
        with guard.stage(context, home, GOVERNANCE, STAGE) as work:
            night = governance.close_night(registry, home, date)
            work.counts = {
                "新派发": night.events.get("ISSUE", 0),
                "办结": night.events.get("VERIFY", 0),
                "重开": night.events.get("REOPEN", 0),
                "在办": night.open,
                "超期": night.overdue,
                "收到的反馈": sum(receipt.read for receipt in night.receipts),
                "工作簿": len(night.workbooks),
            }
            tell(home, registry, date, context.run.run_id)
        query = MetadataValue.text("SELECT * FROM governance.work_orders WHERE state NOT IN (60, 90)")
        yield MaterializeResult(asset_key=KEY, metadata={**work.counts, "查询": query})

    return stage


def tell(home: Deployment, registry: Registry, date: Date, run_id: str) -> None:
    """One notice per owner of what the night found, and one of what is solved; each thing once."""
    from govdata import governance

    notices, seq = governance.pending_notices(registry, home, date)
    for notice in notices:
        alert = alerts.Alert(
            kind=notice.kind,
            time=alerts.now(),
            owner=notice.owner,
            date=notice.date.isoformat(),
            stage=outcomes.title(STAGE),
            run_id=run_id,
            reasons=notice.messages,
        )
        alerts.raise_alert(home, alert)
    governance.told(home, seq)


def inbox_sensor(registry: Registry) -> SensorDefinition:
    """Reads what departments sent back, when it has come to rest. It starts no run: a workbook is read in seconds, and
    a receipt that waits for the next night is no receipt."""

    @sensor(
        name="work_order_inbox",
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="收 data/workorders/inbox/ 里部门交回的工作簿（文件 5 分钟没有变化才收），写回执",
    )
    def inbox(deployment: DeploymentResource) -> SkipReason:
        from govdata import governance

        home = deployment.deployment
        receipts = governance.receive_inbox(registry, home, quiet=governance.QUIET)
        if not receipts:
            return SkipReason("没有要收的文件，或还没有传完")
        governance.write_tables(home, registry)
        read, refused = sum(receipt.read for receipt in receipts), sum(len(receipt.refused) for receipt in receipts)
        return SkipReason(f"收了 {len(receipts)} 个文件：反馈 {read} 条，未收 {refused} 处")

    return inbox
