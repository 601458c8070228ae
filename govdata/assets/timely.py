"""Is the newest published delivery as new as the contract's schedule says? Asked of delivery dates, not of when a run
made the table.

Dagster's freshness policies go by the moment of materialisation: five days old data, processed today, would be "fresh".
So a check per dataset, ``timely`` of the published table. It costs no run and no night anything: a sensor judges while
the daemon lives, and tells Dagster what has changed.
"""

import json
from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime, timedelta

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    DefaultSensorStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    multi_asset_check,
    sensor,
)

from govdata.assets import published
from govdata.assets.resources import DeploymentResource
from govdata.batches import Snapshot
from govdata.checks.asset_checks import DATE, DatedResult
from govdata.deployment import Deployment, dates_in
from govdata.operations import alerts
from govdata.standards.model import Dataset, Registry

NAME = "timely"
WORK = timedelta(hours=4)
"""What a night may take after the deadline until its tables count as late."""


def due(dataset: Dataset, now: datetime) -> Date:
    """The oldest delivery date that is still in time at ``now`` (Beijing time). A daily delivery is due four hours
    after its deadline; others when their period and one more day are over."""
    schedule = dataset.schedule
    hour, minute = (int(part) for part in (schedule.deadline or "01:00").split(":"))
    last = (now - timedelta(hours=hour, minutes=minute) - WORK).date()
    period = schedule.days
    return last if period == 1 else last - timedelta(days=period)


def judged(dataset: Dataset, deployment: Deployment, now: datetime) -> dict[str, object]:
    """Whether the dataset is in time, with the Chinese reason; what a check's result is made of."""
    folder = deployment.snapshot(dataset.name, Date.min).parent
    newest = max(
        (date for date in dates_in(folder) if Snapshot.path(deployment, dataset.name, date).exists()), default=None
    )
    oldest = due(dataset, now)
    passed = newest is not None and newest >= oldest
    told = f"最新一期是 {newest} 的交付" if newest else "还没有发布过"
    return {
        "passed": passed,
        "severity": AssetCheckSeverity.WARN,
        "description": f"{told}；按合同至少应有 {oldest} 的交付",
        "metadata": {DATE: newest.isoformat() if newest else "无", "应有的交付日期": oldest.isoformat()},
    }


def timely(registry: Registry) -> AssetChecksDefinition:
    """All datasets' checks; somebody may also ask for them in the interface."""
    datasets = {name: registry.datasets[name] for name in registry.delivered}
    specs = [
        AssetCheckSpec(NAME, asset=published.key(dataset), description="最新一期的交付日期符合合同约定的交付周期和期限")
        for dataset in datasets.values()
    ]

    @multi_asset_check(name=NAME, specs=specs, can_subset=True)
    def stage(context: AssetCheckExecutionContext, deployment: DeploymentResource) -> Iterator[AssetCheckResult]:
        for key in context.selected_asset_check_keys:
            facts = judged(datasets[key.asset_key.path[0]], deployment.deployment, alerts.now())
            yield DatedResult(asset_key=key.asset_key, check_name=NAME, **facts)  # type: ignore[arg-type]

    return stage


def timely_sensor(registry: Registry) -> SensorDefinition:
    """Tells Dagster of each dataset whose state has changed since it last told of it."""

    @sensor(
        name="timely_check",
        minimum_interval_seconds=300,
        default_status=DefaultSensorStatus.RUNNING,
        description="按交付日期判断各数据集是否按时更新；状态变化时记到检查 timely",
    )
    def watch(context: SensorEvaluationContext, deployment: DeploymentResource) -> SensorResult | SkipReason:
        before = json.loads(context.cursor or "{}")
        now, told = dict[str, str](), list[AssetCheckEvaluation]()
        for name in registry.delivered:
            dataset = registry.datasets[name]
            facts = judged(dataset, deployment.deployment, alerts.now())
            now[name] = str(facts["description"])
            if before.get(name) != now[name]:
                told.append(AssetCheckEvaluation(asset_key=published.key(dataset), check_name=NAME, **facts))  # type: ignore[arg-type]
        return SensorResult(asset_events=told, cursor=json.dumps(now)) if told else SkipReason("没有变化")

    return watch
