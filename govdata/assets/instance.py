"""Dagster's own folder inside the deployment: settings written on first use, runs and events kept there and nowhere
else."""

from importlib import resources
from pathlib import Path

from govdata.deployment import Deployment
from govdata.storage import files

FORMER_EVENT_LOG = """event_log_storage:
  module: govdata.assets.events
  class: EventLog
  config: {}
"""
"""Written into ``dagster.yaml`` by version 0.1.0 before there were few checks. The class is gone; Dagster's own reads
the same files."""


def prepare(deployment: Deployment) -> Path:
    """Create ``$GOVDATA_HOME/.dagster`` with ``dagster.yaml`` and ``workspace.yaml`` where they are missing; returns
    the folder.

    Files that are there already are the deployment's own and stay as they are, but for a block that names a class which
    is gone.
    """
    home = deployment.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        target = home / name
        if not target.exists():
            written = files.temporary(target)  # another process may be reading it already
            written.write_text(
                resources.files("govdata.assets").joinpath("templates", name).read_text(encoding="utf-8"),
                encoding="utf-8",
            )
            files.put(written, target)
    settings = home / "dagster.yaml"
    text = settings.read_text(encoding="utf-8")
    if FORMER_EVENT_LOG in text:
        replacement = files.temporary(settings)
        replacement.write_text(text.replace(FORMER_EVENT_LOG, ""), encoding="utf-8")
        files.put(replacement, settings)
    return home
