"""The city, after the datasets of a date: derived tables, work orders, scores, the catalogue, reports, retention, each
with the newest snapshot ≤ D of its inputs.

It is a job of its own, started when a run of datasets has ended, whatever became of each dataset: by the sensors here
for runs of the schedule and of the interface, by the command line (``night``) for its own. The ended run's id is the
run key of the city it starts, so each ended run starts one, also after a restart of the daemon.
"""

from datetime import date as Date

from dagster import (
    AssetsDefinition,
    AssetSelection,
    DagsterRun,
    DagsterRunStatus,
    DailyPartitionsDefinition,
    DefaultSensorStatus,
    RunRequest,
    RunStatusSensorContext,
    SensorDefinition,
    define_asset_job,
    run_status_sensor,
)

from govdata.assets import (
    anomalies,
    catalogue,
    cockpit,
    dead_runs,
    derived,
    inspection,
    orders,
    published,
    rejudged,
    scorecard,
)
from govdata.assets.nightly import DATASETS
from govdata.assets.resources import DeploymentResource
from govdata.assets.retention import retention
from govdata.checks.asset_checks import MASTERS
from govdata.deployment import Deployment
from govdata.operations import outcomes
from govdata.standards.model import Registry

JOB = "city"

city_job = define_asset_job(
    JOB,
    selection=AssetSelection.all() - DATASETS,
    description=f"一个交付日期的数据集都处理完之后：跨表的派生表、更新目录、报告、清理过期数据。结果见{cockpit.LINK}。",
    tags={"dagster/retry_strategy": "ALL_STEPS"},
)


def city_assets(registry: Registry, dates: DailyPartitionsDefinition) -> list[AssetsDefinition]:
    """Everything after the datasets: what was held back judged again, derived tables in the order of what they read,
    rules across tables, orders, scores, catalogue, reports, retention. Each works within
    ``guard.stage(context, deployment, room, table)``.

    The catalogue shows what the others made but does not wait upon their success: it has the lowest priority and no
    step upstream in this job, so the one process of a night takes it when nothing else is left to do."""
    made = [derived.table(registry.datasets[name], registry, dates) for name in registry.derived]
    across = [derived.cross_findings(registry, dates)] if registry.cross else []
    shown = sorted(published.key(registry.datasets[name]) for name in registry.delivered)
    again = rejudged.rejudged(registry, dates, shown)
    followed_up = orders.work_orders(registry, dates, shown)
    scored = scorecard.scorecard(registry, dates, shown)
    unusual = anomalies.anomalies(registry, dates, shown)
    readable = catalogue.catalogue(registry, dates, shown)
    told = inspection.inspection(registry, dates)
    shown_to_all = cockpit.cockpit(registry, dates)
    return [
        again,
        *made,
        *across,
        followed_up,
        scored,
        unusual,
        readable,
        told,
        shown_to_all,
        retention(registry, dates),
    ]


def city_sensors(registry: Registry) -> list[SensorDefinition]:
    """Not when somebody cancelled the run: half a night is nothing to show."""
    statuses = {"city_after_success": DagsterRunStatus.SUCCESS, "city_after_failure": DagsterRunStatus.FAILURE}
    return [_sensor(name, status, registry) for name, status in statuses.items()]


def _sensor(name: str, status: DagsterRunStatus, registry: Registry) -> SensorDefinition:
    @run_status_sensor(
        run_status=status,
        name=name,
        request_job=city_job,
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="处理数据集的运行结束后（无论各数据集结果如何），为同一交付日期更新派生表和目录",
    )
    def ended(context: RunStatusSensorContext, deployment: DeploymentResource) -> RunRequest | None:
        run = context.dagster_run
        if not is_due(run, registry, deployment.deployment):
            return None
        return RunRequest(run_key=run.run_id, partition_key=run.tags["dagster/partition"])

    return ended


def is_due(run: DagsterRun, registry: Registry, deployment: Deployment) -> bool:
    """Whether the city has to follow the ended run: it worked on datasets, will not be started once more, and did not
    renew the catalogue itself (as "Materialize all" does where no dataset was blocked)."""
    date = run.tags.get("dagster/partition")
    if date is None or dead_runs.is_ours(run) or run.tags.get("dagster/will_retry") == "true":
        return False
    rooms = {*registry.datasets, MASTERS}
    selected = run.asset_selection  # empty: everything the job has
    if run.job_name == JOB or (selected and not any(key.path[0] in rooms for key in selected)):
        return False
    renewed = outcomes.read(deployment, outcomes.GOVERNANCE, Date.fromisoformat(date), catalogue.STAGE, run.run_id)
    return renewed is None or renewed.is_stopped
