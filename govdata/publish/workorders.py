"""The tables of work orders in the catalogue: the files that the room of governance keeps for them.

A name of a file stands for its content, so a reader never sees one change; ``WorkOrderTables`` names those in force.
"""

from __future__ import annotations

from pathlib import Path

from govdata.deployment import Deployment
from govdata.publish import layers
from govdata.publish.views import Catalogue
from govdata.storage import files
from govdata.storage.manifest import Inside, Manifest
from govdata.storage.tables.workorders import TABLES


class WorkOrderTables(Manifest):
    """Table → its file in force, relative to the deployment."""

    files: dict[str, Inside]

    @staticmethod
    def path(deployment: Deployment) -> Path:
        return deployment.governance / "workorders.json"


def show(catalogue: Catalogue, deployment: Deployment) -> None:
    """The views ``governance.<table>``, empty where nothing was judged yet or the file is damaged (the next night makes
    it again)."""
    kept = layers.read(WorkOrderTables, WorkOrderTables.path(deployment))
    for table in TABLES:
        file = deployment.absolute(kept.files[table.name]) if kept is not None and table.name in kept.files else None
        catalogue.show_file(table, file if file is not None and files.is_sound(file, table.columns) else None)
