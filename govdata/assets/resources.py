"""The deployment as a Dagster resource, so that a test or another process can point the same assets at another folder."""

from dagster import ConfigurableResource

from govdata.deployment import Deployment


class DeploymentResource(ConfigurableResource):
    """``home``: the deployment's folder; empty means ``$GOVDATA_HOME``, else the current folder."""

    home: str = ""

    @property
    def deployment(self) -> Deployment:
        return Deployment.from_env(self.home or None)
