"""The bar of ``govdata run``: which stage of which dataset, how many are done; below it, once a stage takes seconds,
its rows and their rate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date as Date
from typing import TYPE_CHECKING, TextIO

from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from govdata.batches import RawBatch
from govdata.cli.common import console
from govdata.deployment import Deployment
from govdata.operations.outcomes import title
from govdata.storage import pace

if TYPE_CHECKING:
    from govdata.standards.model import Registry

LONG = 2.0
"""Seconds after which a stage is a long one."""


class Bar(Progress):
    """Drawn on ``terminal`` while it is entered."""

    def __init__(self, deployment: Deployment, registry: Registry, terminal: TextIO) -> None:
        self._deployment, self._registry = deployment, registry
        self._stage = ""
        self._rows: int | None = None
        self._since = self._statement = time.monotonic()
        self._read_before, self._share = 0, 0.0
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        # Drawing ten times a second, as it would, is two per cent of a core on a terminal.
        super().__init__(*columns, console=console(file=terminal), refresh_per_second=4)
        self._task = self.add_task("准备", total=None)

    def begin(self, stages: int) -> None:
        """So many stages are to come."""
        self.update(self._task, total=stages)

    def step(self, stage: str, dataset: str, date: Date) -> None:
        """A stage begins or, with an empty ``stage``, has ended."""
        self._stage = stage
        if not stage:
            self.advance(self._task)
            return
        declared = self._registry.datasets
        self._rows = self._raw_rows(dataset, date) if dataset in declared and stage != "raw" else None
        self._since = self._statement = time.monotonic()
        self._read_before, self._share = pace.rows(), 0.0
        whose = declared[dataset].title if dataset in declared else "全市"
        # The stage of a derived table goes by the table's own name.
        what = declared[stage].title if stage in declared else title(stage)
        self.update(self._task, description=f"{date} {whose} {what}")

    def finish(self) -> None:
        self._stage = ""
        self.update(self._task, description="完成")

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self._stage and time.monotonic() - self._since > LONG:
            yield Text(self.detail(), style="dim")

    def detail(self) -> str:
        """Rows and rate of the stage that runs."""
        now = time.monotonic()
        if self._rows is None:
            read = pace.rows() - self._read_before
            return f"  已读入 {read:,} 行，{_rate(read, now - self._since)}" if read else "  处理中"
        share = pace.share()
        if share is None or share < self._share:  # another statement of the stage
            self._statement = now
        self._share = share or 0.0
        if not share or now - self._statement < 1:
            return f"  共 {self._rows:,} 行"
        return f"  共 {self._rows:,} 行，这一遍 {share:.0%}，{_rate(self._rows * share, now - self._statement)}"

    def _raw_rows(self, dataset: str, date: Date) -> int | None:
        raw = RawBatch.read(RawBatch.path(self._deployment, dataset, date))  # which the stage before has just written
        return raw.rows if raw is not None else None


def _rate(rows: float, seconds: float) -> str:
    return f"约 {rows / max(seconds, 0.1):,.0f} 行/秒"
