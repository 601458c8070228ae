"""Dagster's own folder inside the deployment: settings written on first use, runs and events kept there and nowhere else."""

from importlib import resources
from pathlib import Path

from govdata.deployment import Deployment
from govdata.storage import files


def prepare(deployment: Deployment) -> Path:
    """Create ``$GOVDATA_HOME/.dagster`` with ``dagster.yaml`` and ``workspace.yaml`` where they are missing; returns the folder.

    Files that are there already are the deployment's own and stay as they are.
    """
    home = deployment.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        target = home / name
        if not target.exists():
            written = files.temporary(target)  # another process may be reading it already
            written.write_text(resources.files("govdata.assets").joinpath("templates", name).read_text(encoding="utf-8"), encoding="utf-8")
            files.put(written, target)
    return home
