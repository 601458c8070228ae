"""The deployment as a Dagster resource, so that a test or another process can point the same assets at another
folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from dagster import (
    ConfigurableIOManager,
    ConfigurableResource,
    InitResourceContext,
    InputContext,
    OutputContext,
    ResourceDependency,
)

from govdata.assets import dead_runs
from govdata.deployment import Deployment
from govdata.errors import GovdataError


class DeploymentResource(ConfigurableResource):
    """The deployment of the process the run is in, as the definitions were assembled for it.

    It has no configuration: whoever starts a run could otherwise make it read and write another folder. Dagster refuses
    a run that configures it before the run begins.

    It is opened once for all steps of a run, in the run's own process, which from then on shows that the run lives.
    """

    deployment: ResourceDependency[Deployment]

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        run = context.run
        # The command line shows its own runs, from before Dagster knows of them; a sensor opens the resource without a
        # run.
        if run is not None and not dead_runs.is_ours(run):
            dead_runs.alive_from_now_on(self.deployment, run.run_id)
        yield self


class NoValues(ConfigurableIOManager):
    """Assets write their tables themselves and hand no value on. Dagster's own IO manager would pickle one, record by
    record, into a folder that a run's configuration may name; this one has no configuration and keeps nothing."""

    def handle_output(self, context: OutputContext, obj: object) -> None:
        raise GovdataError(f"{context.step_key}：资产之间不传递值，表由各环节自己写")

    def load_input(self, context: InputContext) -> object:
        raise GovdataError(f"{context.step_context.step.key}：资产之间不传递值，表由各环节自己读")
