"""Where what the room of scoring keeps for the catalogue lies: a file per dataset (or ``CITY``) and date of a table;
and when a delivery is overdue."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment
from govdata.standards.model import Schedule
from govdata.storage.tables import Table

CITY = "city"
"""Stands for the dataset in the path of what is of the whole city."""


def path(deployment: Deployment, table: Table, date: Date, dataset: str = CITY) -> Path:
    return deployment.governance / table.name / dataset / f"{date.isoformat()}.parquet"


def is_overdue(schedule: Schedule, newest: Date | None, begun: Date, date: Date) -> bool:
    """Whether the period has run out on ``date``. ``newest``: the last delivery not later than it; ``begun``: from
    where the first period counts while there was none."""
    waited = (date - (newest or begun)).days + (newest is None)
    return waited >= schedule.days
