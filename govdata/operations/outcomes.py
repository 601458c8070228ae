"""What became of each stage of a night, kept as a small manifest that the stage writes itself: ``StageOutcome``.

The closing summary and the exit code go by these manifests, and the alert of a stage is made of its manifest. A stage
that was begun and left none did not finish. A run that died leaves those of an earlier run lying, so a reader names the
run it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date as Date
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from govdata.deployment import Deployment, beijing_today, dates_in
from govdata.storage.manifest import Manifest

STAGES = ("raw", "standardized", "checked", "published")
"""Of a dataset, in their order."""

GOVERNANCE = "governance"
"""The room of what is no table: catalogue and retention."""

STAGE_NAMES = {
    "raw": "读入",
    "standardized": "标准化",
    "checked": "检查",
    "published": "发布",
    "rejudged": "隔离复审",
    "cross_findings": "跨表核对",
    "work_orders": "更新工单",
    "scorecard": "评分",
    "anomalies": "异常提示",
    "catalogue": "更新目录",
    "inspection": "写检测报告",
    "cockpit": "写驾驶舱",
    "retention": "清理过期数据",
}

Outcome = Literal["done", "nothing", "blocked", "error"]
"""``nothing``: there was no delivery. ``blocked``: the delivery is at fault. ``error``: the standards, the program or
the machine are."""


class StageOutcome(Manifest):
    """What became of the stage ``[dataset, stage]`` (of a derived table, the catalogue and retention ``[room, table]``)
    on one date.

    ``reasons`` are Chinese sentences, ``counts`` numbers by Chinese name: never a record's value. ``delivery``: of the
    stage raw, what stands for the files it read (``files.state``). ``waiting``: blocked until an earlier date is dealt
    with. ``made_by``: of the catalogue, what stands for the standards and the program (``unchanged.made_by``).
    ``began``: unknown of manifests that earlier versions wrote."""

    dataset: str
    stage: str
    date: Date
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    delivery: str = ""
    waiting: bool = False
    made_by: str = ""
    run_id: str
    began: datetime | None = None
    time: datetime

    @property
    def is_stopped(self) -> bool:
        return self.outcome in ("blocked", "error")


LOOKED_AT = timedelta(days=31)
"""Deliveries of older dates are not looked at for files that have changed since they were read."""

_ours: dict[tuple[Deployment, str, Date, str], StageOutcome] = {}
"""Outcomes of this process, for its own summary: on the disk there may be no place for them (which is then the reason),
or those of another run of the same date that was quicker to end."""

_watchers: list[Callable[[str, str, bool], None]] = []


def title(stage: str) -> str:
    """A stage as people call it; a derived table goes by its own name."""
    return STAGE_NAMES.get(stage, stage)


def begin(dataset: str, stage: str) -> None:
    for tell in _watchers:
        tell(dataset, stage, False)


def record(outcome: StageOutcome, deployment: Deployment) -> None:
    """Keep ``outcome`` in place of the stage's earlier one. Never raises for a disk that refuses: the reason must not
    be lost for it."""
    _ours[deployment, outcome.dataset, outcome.date, outcome.stage] = outcome
    with suppress(OSError):
        outcome.write(deployment.outcome(outcome.dataset, outcome.date, outcome.stage))
    for tell in _watchers:
        tell(outcome.dataset, outcome.stage, True)


def read(
    deployment: Deployment, dataset: str, date: Date, stage: str, run_id: str | None = None
) -> StageOutcome | None:
    """The stage's newest outcome, or that of ``run_id`` alone; None where there is none, or a damaged one."""
    ours = _ours.get((deployment, dataset, date, stage))
    if ours is not None and ours.run_id == run_id:
        return ours
    try:
        kept = StageOutcome.read(deployment.outcome(dataset, date, stage))
    except ValidationError:
        return None
    found = kept if kept is not None or run_id is not None else ours
    return found if found is not None and run_id in (None, found.run_id) else None


def dates(deployment: Deployment) -> set[Date]:
    """Dates of which any stage left an outcome."""
    return {date for room in rooms(deployment) for date in dates_in(room)}


def of_date(deployment: Deployment, date: Date) -> list[StageOutcome]:
    """What became of every stage of ``date``, by dataset and stage; damaged manifests are passed over."""
    found: list[StageOutcome] = []
    for room in rooms(deployment):
        for path in sorted((room / date.isoformat()).glob("*.json")):
            with suppress(ValidationError):
                found += filter(None, [StageOutcome.read(path)])
    return found


def rooms(deployment: Deployment) -> list[Path]:
    """Folders of datasets and rooms that have outcomes."""
    top = deployment.outcome("any", Date.min, "any").parents[2]
    return sorted(top.iterdir()) if top.is_dir() else []


def forget(deployment: Deployment, before: Date) -> int:
    """Remove the outcomes of dates before ``before`` that lie longer back than ``LOOKED_AT``; returns how many there
    were. That of the stage raw stays as long as its delivery: nothing else tells that a delivery which was blocked
    has been read."""
    before = min(before, beijing_today() - LOOKED_AT)
    count = 0
    for room in rooms(deployment):
        for date in dates_in(room):
            if date >= before:
                continue
            folder = room / date.isoformat()
            lies_there = deployment.delivery(room.name, date).is_dir()
            for path in folder.glob("*.json"):
                if not (lies_there and path.stem == "raw"):
                    path.unlink(missing_ok=True)
                    count += 1
            with suppress(OSError):
                folder.rmdir()
    return count


@contextmanager
def watched(tell: Callable[[str, str, bool], None]) -> Iterator[None]:
    """Within the block ``tell(dataset, stage, ended)`` hears of every stage that begins and ends in this process."""
    _watchers.append(tell)
    try:
        yield
    finally:
        _watchers.remove(tell)
