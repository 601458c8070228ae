"""Where what the room of scoring keeps for the catalogue lies: a file per dataset (or ``CITY``) and date of a table."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment
from govdata.storage.tables import Table

CITY = "city"
"""Stands for the dataset in the path of what is of the whole city."""


def path(deployment: Deployment, table: Table, date: Date, dataset: str = CITY) -> Path:
    return deployment.governance / table.name / dataset / f"{date.isoformat()}.parquet"
