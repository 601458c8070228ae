"""The night: one job of all datasets, its schedule, and the sensors that report runs whose process died."""

import time
from collections.abc import Sequence
from datetime import date as Date
from pathlib import Path
from zoneinfo import ZoneInfo

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    DagsterRun,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    define_asset_job,
    run_failure_sensor,
    schedule,
    sensor,
)

from govdata.assets import cockpit, dead_runs, guard
from govdata.assets.partitions import TIMEZONE
from govdata.assets.resources import DeploymentResource
from govdata.checks.asset_checks import check_specs
from govdata.deployment import NIGHT, Deployment
from govdata.standards.model import Dataset, Registry
from govdata.storage import files

JOB = "nightly"

DATASETS = AssetSelection.tag("delivery", "snapshot") | AssetSelection.tag("delivery", "delta")
"""What comes from a delivery. Everything else is the city's (``city.py``)."""

nightly_job = define_asset_job(
    JOB,
    selection=DATASETS,
    description="一个交付日期的全部数据集：读入、标准化、检查、发布。之后由 city 更新派生表和目录。"
    f"结果见{cockpit.LINK}。",
    # A run that died is started once more by Dagster (dagster.yaml): all of it, since a dead run's last step is not
    # known to be whole.
    tags={"dagster/retry_strategy": "ALL_STEPS"},
)


STAGES = ("raw", "standardized", "quarantine", "repairs", "published")

ENDED_BY_SIGNAL = "UNEXPECTED_TERMINATION"
"""Dagster's word for a run that its service's end has ended: it told so itself, and no fault is to be told of."""

QUIET = 300
"""Seconds since the last change in a folder until the clock or a sensor takes it: somebody may still be copying into
it."""


def is_at_rest(folder: Path) -> bool:
    """Whether nothing in ``folder`` has changed for ``QUIET`` seconds. A sender whose clock is ahead keeps nobody
    waiting."""
    return not 0 <= time.time() - files.state(folder)[1] < QUIET


def nightly_schedule(registry: Registry) -> ScheduleDefinition:
    """02:00 Asia/Shanghai. The night of date D works on the deliveries of D that are there; later ones are taken up by
    ``late.py``.

    Only datasets with a delivery are taken into the run: the checks of the others would be shown as skipped from
    then on. A folder that somebody may still be copying into is left to ``late.py``: half an upload must not be
    published as a whole.

    On by default: a bureau's night must not depend on somebody having pressed a switch after an upgrade.
    """

    @schedule(
        name=f"{JOB}_schedule",
        job=nightly_job,
        cron_schedule=f"{NIGHT.minute} {NIGHT.hour} * * *",
        execution_timezone=TIMEZONE,
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"每日 {NIGHT:%H:%M}（北京时间）处理当日交付",
    )
    def night(context: ScheduleEvaluationContext, deployment: DeploymentResource) -> RunRequest | SkipReason:
        from govdata import ingest

        date = context.scheduled_execution_time.astimezone(ZoneInfo(TIMEZONE)).date()
        declared = [registry.datasets[name] for name in registry.delivered]
        there = [dataset for dataset in declared if ingest.has_delivery(deployment.deployment, dataset, date)]
        delivered = [dataset for dataset in there if is_at_rest(deployment.deployment.delivery(dataset.name, date))]
        if not delivered:
            coming = "、".join(dataset.title for dataset in there)
            return SkipReason(
                f"{date} 的交付还在传：{coming}。静置 {QUIET // 60} 分钟后补收" if there else f"{date} 没有交付"
            )
        return request(date, delivered, registry, date.isoformat())

    return night


def request(date: Date, delivered: Sequence[Dataset], registry: Registry, key: str) -> RunRequest:
    """The night of ``date`` for the ``delivered`` datasets alone, once for each ``key``."""
    return RunRequest(
        run_key=key,
        partition_key=date.isoformat(),
        asset_selection=[AssetKey([dataset.name, stage]) for dataset in delivered for stage in STAGES],
        asset_check_keys=[spec.key for dataset in delivered for spec in check_specs(dataset, registry)],
    )


def died_run_sensor() -> SensorDefinition:
    """Writes the closing line of a failed run, and an alert where it could not write one itself (killed, out of memory,
    definitions that do not load)."""

    @run_failure_sensor(
        name="run_failure_alert",
        description="运行失败时在运行日志末尾写明停在哪里、为什么；没有留下告警的（进程被终止、内存耗尽等）补写告警",
        default_status=DefaultSensorStatus.RUNNING,
    )
    def failed(context: RunFailureSensorContext, deployment: DeploymentResource) -> None:
        report_failed_run(deployment.deployment, context.instance, context.dagster_run)

    return failed


def dead_run_sensor() -> SensorDefinition:
    """Looks after started runs whose process died, which Dagster's own run monitoring cannot see."""

    @sensor(
        name="dead_run_alert",
        description="运行的进程被终止后，把停在“运行中”的记录标为失败并写告警，免得后面的夜间运行一直排队",
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
    )
    def dead(context: SensorEvaluationContext, deployment: DeploymentResource) -> SkipReason:
        found = dead_runs.report(deployment.deployment, context.instance)
        return SkipReason(f"{len(found)} 个中断的运行已标为失败")

    return dead


def report_failed_run(deployment: Deployment, instance: DagsterInstance, run: DagsterRun) -> None:
    """What stopped goes into the run's log. Where nothing did, the run died: an alert, but for one that ended with its
    service and is done again."""
    ours = dead_runs.is_ours(run)
    if not ours:  # the command line has told it itself
        guard.conclude(deployment, instance, run)
    again = run.tags.get("dagster/will_retry") == "true" and not ours
    if again and run.tags.get("dagster/failure_reason") == ENDED_BY_SIGNAL:
        instance.report_engine_event("服务停止时运行没有做完，没有发布；启动后已自动重做这一日", run)
    else:
        dead_runs.alert(deployment, run.run_id, run.tags.get("dagster/partition"), again=again)
