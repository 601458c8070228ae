"""Deliveries that lie where nobody looks: under ``data/landing``, but not in ``<dataset>/<YYYY-MM-DD>/``."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date as Date
from difflib import get_close_matches
from pathlib import Path

from govdata.deployment import Deployment, dates_in

_DATE = re.compile(r"(20[0-9]{2})[-./_年]?([0-9]{1,2})[-./_月]?([0-9]{1,2})日?(?:[^0-9].*)?")
_WEEK = re.compile(r"(20[0-9]{2})-?W([0-9]{2})(?:-?([1-7]))?", re.IGNORECASE)


def misplaced(deployment: Deployment, datasets: Collection[str]) -> list[str]:
    """A Chinese sentence for each entry that holds something and is read by no night. ``datasets``: those that are
    delivered."""
    if not deployment.landing.is_dir():
        return []
    found = []
    for entry in sorted(deployment.landing.iterdir()):
        if entry.name.startswith(".") or not _holds_something(entry):
            continue
        if not entry.is_dir():
            found.append(f"landing/{entry.name} 不在数据集文件夹里")
        elif entry.name not in datasets:
            near = get_close_matches(entry.name, datasets, n=1)
            found.append(f"landing/{entry.name} 不是任何数据集的名称" + (f"，是否为 {near[0]}" if near else ""))
        else:
            found += _in_dataset(entry)
    return found


def _in_dataset(folder: Path) -> list[str]:
    dates = {date.isoformat() for date in dates_in(folder)}
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name in dates or entry.name.startswith(".") or not _holds_something(entry):
            continue
        name = f"landing/{folder.name}/{entry.name}"
        if not entry.is_dir():
            found.append(f"{name} 不在日期文件夹里")
        else:
            meant = _meant(entry.name)
            found.append(f"{name} 不是日期" + (f"，是否为 {meant}" if meant else ""))
    return found


def _holds_something(entry: Path) -> bool:
    return entry.is_file() or any(path.is_file() for path in entry.rglob("*"))


def _meant(name: str) -> str | None:
    """The date a person would take the name for, as it should be written."""
    try:
        if (week := _WEEK.fullmatch(name)) is not None:
            return Date.fromisocalendar(int(week[1]), int(week[2]), int(week[3] or 1)).isoformat()
        if (day := _DATE.fullmatch(name)) is not None:
            return Date(int(day[1]), int(day[2]), int(day[3])).isoformat()
    except ValueError:
        pass
    return None
