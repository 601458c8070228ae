"""The deployment as a Dagster resource, so that a test or another process can point the same assets at another folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from dagster import ConfigurableResource, InitResourceContext

from govdata.assets import dead_runs
from govdata.deployment import Deployment


class DeploymentResource(ConfigurableResource):
    """``home``: the deployment's folder; empty means ``$GOVDATA_HOME``, else the current folder.

    It is opened once for all steps of a run, in the run's own process, which from then on shows that the run lives.
    """

    home: str = ""

    @property
    def deployment(self) -> Deployment:
        return Deployment.from_env(self.home or None)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        run = context.run
        # The command line shows its own runs, from before Dagster knows of them; a sensor opens the resource without a run.
        if run is not None and not dead_runs.is_ours(run):
            dead_runs.alive_from_now_on(self.deployment, run.run_id)
        yield self
