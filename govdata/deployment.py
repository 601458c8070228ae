"""Where things lie: every path of the public contract is spelled here and nowhere else."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Literal

from govdata.errors import GovdataError

FIRST_DATE = "GOVDATA_FIRST_DATE"
"""Environment variable: the first delivery date the deployment knows, YYYY-MM-DD."""

NIGHT = time(2)
"""When the night's run begins, Beijing time."""

Stage = Literal["raw", "standardized", "quarantine", "repairs", "rejected"]


SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The clock of every delivery date; without summer time since 1992."""
COCKPIT = "/reports/cockpit.html"
"""Where ``govdata ui`` serves the city's page."""


@dataclass(frozen=True)
class Deployment:
    """One folder that holds ``standards/`` and ``data/``; nothing is written outside it."""

    home: Path

    @classmethod
    def from_env(cls, home: str | os.PathLike[str] | None = None) -> Deployment:
        """The deployment at ``home``, else at ``$GOVDATA_HOME``, else at the current folder."""
        return cls(Path(home or os.environ.get("GOVDATA_HOME") or ".").resolve())

    @property
    def standards(self) -> Path:
        return self.home / "standards"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def first_date(self, datasets: Iterable[str]) -> Date:
        """The first delivery date there is for ``datasets``: as set by $GOVDATA_FIRST_DATE, else that of the earliest
        delivery, of those still there and of those that were published; today where there is none. Raises
        ``GovdataError`` as ``set_first_date`` does."""
        known = [min(dates_in(top / name), default=None) for name in datasets for top in (self.landing, self.published)]
        return set_first_date() or min(
            (date for date in known if date is not None and date <= beijing_today()), default=beijing_today()
        )

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    def delivery(self, dataset: str, date: Date) -> Path:
        """The folder a department's files of one delivery date lie in; read-only for us."""
        return self.landing / dataset / date.isoformat()

    def lake(self, stage: Stage, dataset: str, date: Date) -> Path:
        """The folder of one stage's Parquet files and its manifest ``batch.json``."""
        return self.lake_of(stage, dataset) / date.isoformat()

    def lake_of(self, stage: Stage, dataset: str) -> Path:
        """The folder of one stage's dates of a dataset."""
        return self.data / "lake" / stage / dataset

    @property
    def published(self) -> Path:
        return self.data / "published"

    def snapshot(self, table: str, date: Date) -> Path:
        return self.published / table / date.isoformat()

    @property
    def governance(self) -> Path:
        """Small Parquet files that the ``governance`` views of the catalogue read."""
        return self.published / "_governance"

    def outcome(self, dataset: str, date: Date, stage: str) -> Path:
        """The manifest of what became of a stage ``[dataset, stage]``, or of ``[room, table]`` after the datasets, on
        one date."""
        return self.governance / "outcomes" / dataset / date.isoformat() / f"{stage}.json"

    @property
    def code_tables(self) -> Path:
        """Code sets as Parquet, for the ``codes`` views of the catalogue."""
        return self.published / "_codes"

    @property
    def catalogue(self) -> Path:
        return self.published / "govdata.duckdb"

    @property
    def catalogue_spill(self) -> Path:
        """Where a DuckDB client that opens the catalogue itself spills, unless told otherwise: nothing of ours."""
        return self.published / "govdata.duckdb.tmp"

    @property
    def pinned(self) -> Path:
        """Second names of the lake's files that the catalogue reads: a stage that runs again may remove the first
        ones."""
        return self.data / "lake" / ".pinned"

    def stage_lock(self, dataset: str) -> Path:
        """Held by the process that works on a stage of the dataset: two nights at once must not remove each other's
        files."""
        return self.data / "lake" / ".locks" / f"{dataset}.lock"

    @property
    def reports(self) -> Path:
        return self.data / "reports"

    @property
    def alerts(self) -> Path:
        return self.reports / "alerts"

    @property
    def notices(self) -> Path:
        """What is told without anything having gone wrong in the program: problems found in the data, and solved."""
        return self.alerts / "notices"

    @property
    def expectations(self) -> Path:
        return self.reports / "expectations"

    @property
    def workorders(self) -> Path:
        return self.data / "workorders"

    @property
    def secret(self) -> Path:
        """What cannot be made again: the key of the digests by which records and masters are known."""
        return self.workorders / "_events" / "key"

    @property
    def link_reviews(self) -> Path:
        """What people were asked about links and what they decided, a line each, only ever added to."""
        return self.workorders / "_events" / "link_reviews.jsonl"

    @property
    def access_log(self) -> Path:
        """Who looked at which master or list, when and why, a line each, only ever added to."""
        return self.workorders / "_events" / "access.jsonl"

    @property
    def usage(self) -> Path:
        """Which tables were read, a file a month, only ever added to."""
        return self.workorders / "_events" / "usage"

    @property
    def dagster_home(self) -> Path:
        return self.home / ".dagster"

    @property
    def temporary(self) -> Path:
        """Spill and scratch space; on the same file system as the outputs so that a rename is atomic."""
        return self.data / "lake" / ".tmp"

    @property
    def standards_tried(self) -> Path:
        """What of the standards a check need not try again."""
        return self.temporary / "standards-tried.json"

    def command(self, *arguments: str) -> str:
        """``govdata <arguments>`` on this deployment, as a line that a person may paste into a shell wherever they
        are."""
        return f"GOVDATA_HOME={shlex.quote(str(self.home))} {shlex.quote(_program())} {shlex.join(arguments)}"

    def relative(self, path: Path) -> str:
        """``path`` as it is written into manifests: relative to the deployment, so that a deployment can be moved."""
        return path.relative_to(self.home).as_posix()

    def absolute(self, path: str) -> Path:
        return self.home / path


@cache
def _program() -> str:
    """How a person calls the command line: by its name, or by its path where the environment is not activated."""
    beside = Path(sys.executable).with_name("govdata")
    return str(beside) if shutil.which("govdata") is None and beside.exists() else "govdata"


def set_first_date() -> Date | None:
    """The first delivery date as set by $GOVDATA_FIRST_DATE; None where it is not set. Raises ``GovdataError`` where it
    is not a date."""
    text = os.environ.get(FIRST_DATE)
    date = iso_date(text) if text else None
    if text and date is None:
        raise GovdataError(f"环境变量 {FIRST_DATE} 不是日期，应为 YYYY-MM-DD")
    return date


def iso_date(text: str) -> Date | None:
    """The date written ``YYYY-MM-DD``, None for anything else (Python also reads 20261120 and week dates)."""
    try:
        date = Date.fromisoformat(text)
    except ValueError:
        return None
    return date if date.isoformat() == text else None


def dates_in(folder: Path) -> list[Date]:
    """Dates that have a folder ``YYYY-MM-DD`` in ``folder``, oldest first; other names are passed over."""
    found = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        date = iso_date(entry.name)
        if date is not None and entry.is_dir():
            found.append(date)
    return sorted(found)


def beijing_today() -> Date:
    """The date in Beijing, where a delivery date begins and ends."""
    return datetime.now(SHANGHAI).date()
