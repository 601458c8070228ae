"""Old documents go by policy: work order workbooks with their CSV files, inspection reports, notices.

They are made from what stays: the log of work orders, the scorecards, the snapshots. Never removed: the log, what
departments sent back (``inbox``), the receipts that say so (``回执``), and the newest of each department and kind.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment, dates_in, iso_date

KEPT_FOLDERS = ("_events", "inbox")


def prune(deployment: Deployment, cutoff: Date) -> int:
    """Remove the documents of dates before ``cutoff``; returns how many files and folders there were."""
    old = [*_workbooks(deployment, cutoff), *_reports(deployment, cutoff), *_notices(deployment, cutoff)]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _workbooks(deployment: Deployment, cutoff: Date) -> Iterator[Path]:
    folders = deployment.workorders.iterdir() if deployment.workorders.is_dir() else ()
    for folder in folders:
        if not folder.is_dir() or folder.is_symlink() or folder.name in KEPT_FOLDERS:
            continue
        dated = [(date, path) for path in folder.iterdir() if path.is_file() and (date := iso_date(path.name[:10]))]
        newest = max((date for date, _ in dated), default=cutoff)
        yield from (path for date, path in dated if date < min(cutoff, newest))


def _reports(deployment: Deployment, cutoff: Date) -> Iterator[Path]:
    dates = dates_in(deployment.reports)
    yield from (deployment.reports / date.isoformat() for date in dates[:-1] if date < cutoff)


def _notices(deployment: Deployment, cutoff: Date) -> Iterator[Path]:
    """Their names begin with the day on which they were told."""
    for path in deployment.notices.glob("*"):
        day = iso_date(f"{path.name[:4]}-{path.name[4:6]}-{path.name[6:8]}")
        if path.suffix in (".json", ".md") and day is not None and day < cutoff:
            yield path
