"""The one place where Dagster's Definitions are assembled, from the registry of the deployment's declared standards."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from dagster import Definitions, definitions, in_process_executor

from govdata.assets.city import city_assets, city_job, city_sensors
from govdata.assets.factory import dataset_assets
from govdata.assets.late import late_sensor
from govdata.assets.nightly import dead_run_sensor, died_run_sensor, nightly_job, nightly_schedule
from govdata.assets.orders import inbox_sensor
from govdata.assets.partitions import delivery_dates
from govdata.assets.resources import DeploymentResource, NoValues
from govdata.assets.timely import timely, timely_sensor
from govdata.deployment import Deployment
from govdata.standards import load
from govdata.standards.model import Registry
from govdata.storage.permissions import restrict


def build_definitions(
    deployment: Deployment | None = None, registry: Registry | None = None, datasets: Collection[str] | None = None
) -> Definitions:
    """Everything Dagster knows of a deployment; ``registry`` overrides the standards found in it. With ``datasets``
    only what a run of just these needs: their assets, the city's and the two jobs.

    Raises ``StandardsError`` (Chinese, every problem at once) where the standards cannot be loaded.
    """
    deployment = deployment or Deployment.from_env()
    registry = registry or load(deployment.standards)
    dates = delivery_dates(deployment.first_date(registry.delivered))
    chosen = registry.delivered if datasets is None else datasets
    parts = [dataset_assets(registry.datasets[name], registry, dates) for name in chosen]
    run = Definitions(
        assets=[*(asset for part in parts for asset in part.assets), *city_assets(registry, dates)],
        asset_checks=[check for part in parts for check in part.checks],
        jobs=[nightly_job, city_job],
        resources={"deployment": DeploymentResource(deployment=deployment), "io_manager": NoValues()},
        # One process for the whole night: a process per step would import GX and open DuckDB twenty times over.
        executor=in_process_executor,
    )
    return run if datasets is not None else Definitions.merge(run, _watched(registry))


def _watched(registry: Registry) -> Definitions:
    """What the daemon looks after: schedule, sensors, whether tables are in time."""
    return Definitions(
        asset_checks=[timely(registry)],
        schedules=[nightly_schedule(registry)],
        sensors=[
            died_run_sensor(),
            dead_run_sensor(),
            *city_sensors(registry),
            timely_sensor(registry),
            late_sensor(registry),
            inbox_sensor(registry),
        ],
    )


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    """What is made of the standards stays: to look through it again and again for garbage takes a fifth of the time
    that two hundred datasets need."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@definitions
def defs() -> Definitions:
    """The deployment at ``$GOVDATA_HOME``, else at the current folder; assembled when Dagster asks, not when this
    module is imported."""
    restrict()
    with _nothing_is_garbage():
        return build_definitions()
