"""Dagster's own folder inside the deployment: settings written on first use, runs and events kept there and nowhere else."""

from importlib.resources import files
from pathlib import Path

from govdata.deployment import Deployment

FORMER_EVENT_LOG = """event_log_storage:
  module: govdata.assets.events
  class: EventLog
  config: {}
"""
"""Written into ``dagster.yaml`` by version 0.1.0 before there were few checks. The class is gone; Dagster's own reads the same files."""


def prepare(deployment: Deployment) -> Path:
    """Create ``$GOVDATA_HOME/.dagster`` with ``dagster.yaml`` and ``workspace.yaml`` where they are missing; returns the folder.

    Files that are there already are the deployment's own and stay as they are, but for a block that names a class which is gone.
    """
    home = deployment.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        target = home / name
        if not target.exists():
            target.write_text(files("govdata.assets").joinpath("templates", name).read_text(encoding="utf-8"), encoding="utf-8")
    settings = home / "dagster.yaml"
    written = settings.read_text(encoding="utf-8")
    if FORMER_EVENT_LOG in written:
        replacement = settings.with_suffix(".yaml.tmp")
        replacement.write_text(written.replace(FORMER_EVENT_LOG, ""), encoding="utf-8")
        replacement.replace(settings)
    return home
