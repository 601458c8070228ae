"""Deliveries that no night has read: late ones (a contract's deadline may lie after the night), corrected ones, and
those of days on which nothing ran. A sensor takes them up, oldest date first and one date at a time, while no other run
is on its way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from govdata.assets import nightly
from govdata.assets.resources import DeploymentResource
from govdata.deployment import NIGHT, Deployment, dates_in, set_first_date
from govdata.operations import alerts, outcomes
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.manifest import fingerprint

ON_THE_WAY = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Unread:
    """A delivery folder that is to be read. ``state`` stands for its files (``files.state``) and what else made it
    due."""

    dataset: str
    date: Date
    state: str


def unread(deployment: Deployment, registry: Registry) -> Iterator[Unread]:
    """Every folder that has come to rest and that no run has read as it is now, and every delta that waited for an
    earlier date which has been published since. Today's only after the night has begun."""
    from govdata import ingest
    from govdata.publish import layers

    now = alerts.now()
    last = now.date() if now.time() >= NIGHT else now.date() - timedelta(days=1)
    first = set_first_date() or Date.min
    for name in registry.delivered:
        known = {*layers.recorded_dates(deployment, name), *dates_in(deployment.lake("raw", name, Date.min).parent)}
        freed: datetime | None = None  # when an earlier date was last published
        for date in dates_in(deployment.landing / name):
            if not first <= date <= last:
                continue
            # Of older dates it is only seen whether they were ever read: looking at their files costs time.
            looked_at = date >= last - outcomes.LOOKED_AT
            made = outcomes.read(deployment, name, date, "raw") if looked_at or date not in known else None
            if made is None and date in known:
                continue
            ended = (
                outcomes.read(deployment, name, date, "published", made.run_id)
                if made is not None and looked_at
                else None
            )
            if ended is not None and ended.waiting and freed is not None and freed > ended.time:
                yield Unread(name, date, f"after-{freed.isoformat()}")
                continue
            if ended is not None and ended.outcome == "done":
                freed = max(freed or ended.time, ended.time)
            folder = deployment.delivery(name, date)
            state, _ = files.state(folder)
            is_read = made is not None and made.delivery in ("", state)
            if (
                not is_read
                and nightly.is_at_rest(folder)
                and ingest.has_delivery(deployment, registry.datasets[name], date)
            ):
                yield Unread(name, date, state)


def late_sensor(registry: Registry) -> SensorDefinition:
    @sensor(
        name="late_deliveries",
        job=nightly.nightly_job,
        minimum_interval_seconds=120,
        default_status=DefaultSensorStatus.RUNNING,
        description="补收：夜间运行之后到的、更正过的、还没有处理过的交付，从最早的日期起逐日处理"
        "（文件 5 分钟没有变化才取）",
    )
    def late(context: SensorEvaluationContext, deployment: DeploymentResource) -> RunRequest | SkipReason:
        if context.instance.get_runs_count(RunsFilter(statuses=ON_THE_WAY)):
            return SkipReason("有运行正在进行或排队")
        found = list(unread(deployment.deployment, registry))
        if not found:
            return SkipReason("没有待处理的交付")
        date = min(folder.date for folder in found)
        taken = [folder for folder in found if folder.date == date]
        key = f"late-{date}-{fingerprint(*((folder.dataset, folder.state) for folder in taken))}"
        return nightly.request(date, [registry.datasets[folder.dataset] for folder in taken], registry, key)

    return late
