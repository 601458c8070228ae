"""Whether each dataset had, on a date, the delivery that its contract's period asks for.

What is late cannot be seen from the files (a copy changes their times), so it is recorded: a date that was without its
delivery when the night was closed is ``missing``, and ``late`` once the delivery came and the night was run again. What
was in time stays so. Doing it again changes nothing else.
"""

from __future__ import annotations

from datetime import date as Date
from typing import Any

from govdata.deployment import Deployment, dates_in, iso_date
from govdata.ingest import has_delivery
from govdata.publish import scorecard
from govdata.standards.model import Dataset, Registry
from govdata.storage import files
from govdata.storage.tables.scoring import PUNCTUALITY

ON_TIME, LATE, MISSING, NOT_DUE = "on_time", "late", "missing", "not_due"


def record(registry: Registry, deployment: Deployment, date: Date) -> None:
    """Keep the state of every delivered dataset on ``date``."""
    arrived = {
        name: [day for day in arrivals(deployment, registry.datasets[name]) if day <= date]
        for name in registry.delivered
    }
    begun = min((days[0] for days in arrived.values() if days), default=date)
    for name, days in arrived.items():
        newest = days[-1] if days else None
        dataset = registry.datasets[name]
        state = judged(dataset, newest, begun, date, _before(deployment, name, date))
        row = {
            "date": date,
            "dataset": name,
            "state": state,
            "newest_delivery": newest,
            "period_days": dataset.schedule.days,
        }
        _keep(row, deployment)


def arrivals(deployment: Deployment, dataset: Dataset) -> list[Date]:
    """Dates of the dataset's deliveries, refused and blocked ones too, oldest first: those that lie there (a night that
    failed for want of disk is no fault of the department's) and those that once were dealt with."""
    folder = deployment.governance / "reconciliation" / dataset.name
    known = {date for path in folder.glob("*.parquet") if (date := iso_date(path.stem)) is not None}
    lying = {date for date in dates_in(deployment.landing / dataset.name) if has_delivery(deployment, dataset, date)}
    return sorted(known | lying)


def judged(dataset: Dataset, newest: Date | None, begun: Date, date: Date, before: str | None) -> str:
    """The state on ``date``. ``newest``: delivery not later than it; ``begun``: first delivery of any dataset;
    ``before``: what was recorded of this date earlier."""
    if newest is not None and (date - newest).days < dataset.schedule.days:
        return LATE if before in (MISSING, LATE) else ON_TIME
    if before in (ON_TIME, LATE):
        return before
    return MISSING if dataset.schedule.is_overdue(newest, begun, date) else NOT_DUE


def _before(deployment: Deployment, dataset: str, date: Date) -> str | None:
    import pyarrow.parquet as pq

    path = scorecard.path(deployment, PUNCTUALITY, date, dataset)
    if not files.is_sound(path, PUNCTUALITY.columns):
        return None
    (state,) = pq.read_table(path, columns=["state"])["state"].to_pylist()
    return str(state)


def _keep(row: dict[str, Any], deployment: Deployment) -> None:
    files.put_table(PUNCTUALITY.arrow([row]), scorecard.path(deployment, PUNCTUALITY, row["date"], row["dataset"]))
