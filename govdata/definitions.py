"""The one place where Dagster's Definitions are assembled, from the registry of the deployment's declared standards."""

from __future__ import annotations

from dagster import Definitions, definitions, in_process_executor

from govdata.assets.catalogue import catalogue, closing
from govdata.assets.factory import dataset_assets
from govdata.assets.nightly import dead_run_sensor, died_run_sensor, nightly_job, nightly_schedule
from govdata.assets.published import key as published_key
from govdata.assets.resources import DeploymentResource, NoValues
from govdata.deployment import Deployment
from govdata.standards import load
from govdata.standards.model import Registry
from govdata.storage.permissions import restrict


def build_definitions(deployment: Deployment | None = None, registry: Registry | None = None) -> Definitions:
    """Everything Dagster knows of a deployment; ``registry`` overrides the standards found in it.

    Raises ``StandardsError`` (Chinese, every problem at once) where the standards cannot be loaded.
    """
    deployment = deployment or Deployment.from_env()
    registry = registry or load(deployment.standards)
    datasets = [registry.datasets[name] for name in registry.delivered]
    parts = [dataset_assets(dataset, registry) for dataset in datasets]
    return Definitions(
        assets=[*(asset for part in parts for asset in part.assets), catalogue([published_key(dataset) for dataset in datasets])],
        asset_checks=[*(check for part in parts for check in part.checks), closing(registry)],
        jobs=[nightly_job],
        schedules=[nightly_schedule(registry)],
        sensors=[died_run_sensor(), dead_run_sensor()],
        resources={"deployment": DeploymentResource(deployment=deployment), "io_manager": NoValues()},
        # One process for the whole night: a process per step would import GX and open DuckDB twenty times over.
        executor=in_process_executor,
    )


@definitions
def defs() -> Definitions:
    """The deployment at ``$GOVDATA_HOME``, else at the current folder; assembled when Dagster asks, not when this module is imported."""
    restrict()
    return build_definitions()
