"""How the nights went, kept for the catalogue: ``governance.night_runs`` and ``governance.stage_runs``.

Made of the manifests that the stages wrote of themselves, of what lies in ``landing`` and of the contracts' periods. A
date keeps its lines when its manifests have gone. The stages that come after the catalogue (reports, retention) are
in it from the next night on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from govdata.deployment import SHANGHAI, Deployment, dates_in
from govdata.ingest import has_delivery
from govdata.operations import outcomes
from govdata.operations.outcomes import GOVERNANCE, StageOutcome
from govdata.publish import scorecard
from govdata.standards.model import Dataset, Registry
from govdata.storage import files
from govdata.storage.tables import Table
from govdata.storage.tables.health import NIGHT_RUNS, STAGE_RUNS

NIGHTS = outcomes.LOOKED_AT
"""Dates before the newest one that are looked at again: for so long no manifest goes."""

CLOSING = ("scorecard", "catalogue")
"""Stages of the city without which a night did not come to its end; of the newest date the catalogue is being made."""


def keep(registry: Registry, deployment: Deployment, also: Iterable[Date] = ()) -> int:
    """Keep the lines of the newest dates and of the dates ``also``; returns how many dates were looked at."""
    found = outcomes.dates(deployment)
    if not found:
        return 0
    newest = max(found)
    begin = max(min(found), newest - NIGHTS)
    days = {begin + timedelta(days=number) for number in range((newest - begin).days + 1)}
    expected = _Expected(registry, deployment, found)
    for date in sorted(days.union(also)):
        made = outcomes.of_date(deployment, date)
        stands = scorecard.path(deployment, NIGHT_RUNS, date)
        if stands.exists() and all(outcome.stage == "raw" for outcome in made) and date != newest and date in found:
            continue  # the other manifests have gone
        _put([night(date, made, expected.unread(date), expected.is_due(date), date == newest)], NIGHT_RUNS, stands)
        _put([_line(outcome) for outcome in made], STAGE_RUNS, scorecard.path(deployment, STAGE_RUNS, date))
    return len(days)


def night(date: Date, made: Sequence[StageOutcome], unread: int, is_due: bool, is_newest: bool) -> dict[str, Any]:
    """The line of a date. ``unread``: deliveries that nobody read; ``is_due``: a contract asked for one."""
    delivered: dict[str, list[StageOutcome]] = {}
    for outcome in made:
        if outcome.stage in outcomes.STAGES:
            delivered.setdefault(outcome.dataset, []).append(outcome)
    came = {name: told for name, told in delivered.items() if not any(one.outcome == "nothing" for one in told)}
    ended = [_end(told) for told in came.values()]
    stopped = [outcome for outcome in made if outcome.is_stopped]
    timed = [seconds for outcome in made if (seconds := _seconds(outcome)) is not None]
    return {
        "date": date,
        "state": _state(made, ended, stopped, unread, is_due, is_newest),
        "deliveries": len(came),
        "published": ended.count("published"),
        "blocked": ended.count("blocked"),
        "failed": ended.count("error"),
        "unread": unread,
        "stages": len(made),
        "stopped_stages": len(stopped),
        "seconds": round(sum(timed), 1) if timed else None,
        "ended": max((_beijing(outcome.time) for outcome in made), default=None),
    }


def _state(
    made: Sequence[StageOutcome],
    ended: Sequence[str],
    stopped: Sequence[StageOutcome],
    unread: int,
    is_due: bool,
    is_newest: bool,
) -> str:
    if not made:
        return "not_run" if unread or is_due else "idle"
    if stopped:
        return "stopped"
    city = {outcome.stage for outcome in made if outcome.dataset == GOVERNANCE}
    closing = CLOSING[:1] if is_newest else CLOSING
    return "complete" if city.issuperset(closing) and "" not in ended else "unfinished"


def _end(told: Sequence[StageOutcome]) -> str:
    """How a delivery ended: ``published``, ``blocked``, ``error``, or nothing where its stages did not come to an
    end."""
    for outcome in told:
        if outcome.is_stopped:
            return outcome.outcome
    return "published" if any(outcome.stage == "published" for outcome in told) else ""


class _Expected:
    """Which deliveries lie there, and which the contracts ask for. ``since``: dates with any outcome."""

    def __init__(self, registry: Registry, deployment: Deployment, since: Iterable[Date]) -> None:
        self.deployment = deployment
        self.datasets: Mapping[str, Dataset] = {name: registry.datasets[name] for name in registry.delivered}
        self.arrived = {name: dates_in(deployment.landing / name) for name in self.datasets}
        self.begun = min(since)

    def unread(self, date: Date) -> int:
        return sum(
            date in self.arrived[name]
            and outcomes.read(self.deployment, name, date, "raw") is None
            and has_delivery(self.deployment, dataset, date)
            for name, dataset in self.datasets.items()
        )

    def is_due(self, date: Date) -> bool:
        """Whether a dataset's period had run out on ``date`` with nothing delivered since."""
        return any(
            dataset.schedule.is_overdue(
                max((day for day in self.arrived[name] if day <= date), default=None),
                self.begun,
                date,
            )
            for name, dataset in self.datasets.items()
        )


def _line(outcome: StageOutcome) -> dict[str, Any]:
    return {
        "date": outcome.date,
        "dataset": outcome.dataset,
        "stage": outcome.stage,
        "stage_name": outcomes.title(outcome.stage),
        "outcome": outcome.outcome,
        "waiting": outcome.waiting,
        "reason": "；".join(outcome.reasons) or None,
        "seconds": _seconds(outcome),
        "ended": _beijing(outcome.time),
    }


def _seconds(outcome: StageOutcome) -> float | None:
    return None if outcome.began is None else round((outcome.time - outcome.began).total_seconds(), 1)


def _beijing(time: datetime) -> datetime:
    return time if time.tzinfo is None else time.astimezone(SHANGHAI).replace(tzinfo=None)


def _put(rows: list[dict[str, Any]], table: Table, path: Path) -> None:
    """Nothing is written where it stands there already: the catalogue gathers files that changed."""
    made = table.arrow(rows)
    if files.is_sound(path, table.columns):
        import pyarrow.parquet as pq

        if pq.read_table(path).equals(made):
            return
    files.put_table(made, path)
