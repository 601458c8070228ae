"""The kill drill: a night is killed with kill -9 at a seeded point; what readers see, and what the next run makes of
it, is compared with a night that nobody disturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from govdata.deployment import Deployment
from govdata.operations import alerts
from tests.faults import city
from tests.zygote import Night, Zygote


@dataclass(frozen=True)
class Killed:
    """What was found after one kill. ``step``: the last step Dagster had begun; ``shown``: the night readers saw."""

    fraction: float
    step: str
    shown: str
    repaired: bool
    leftovers: int
    alerted: bool

    @property
    def good(self) -> bool:
        return self.shown in ("before", "after") and self.repaired and not self.leftovers and self.alerted


class Prepared:
    """Nights 0 and 1 are there, as ``template``; ``good`` is what readers see then, ``next`` what they see after an
    undisturbed night 2, which costs ``seconds`` of CPU. Always in the same folder, since a catalogue names its files by
    absolute path."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self.zygote, self.template, self.log = zygote, folder / "template", folder / "log"
        self.deployment = city.lay_down(folder / "home", 3)
        for number in (0, 1):
            assert self.run(number) == 0, self.log.read_text(encoding="utf-8")
        self.good = city.state(self.deployment)
        subprocess.run(
            ["cp", "-a", str(self.deployment.home), str(self.template)], check=True
        )  # hard links stay hard links
        night = self.start(2)
        assert night.wait() == 0, self.log.read_text(encoding="utf-8")
        self.seconds = night.seconds
        self.next = city.state(self.deployment)
        assert self.next != self.good and not list(alerts.alerts(self.deployment))

    def start(self, number: int) -> Night:
        return self.zygote.start(self.deployment.home, "run", "--date", city.day(number).isoformat(), log=self.log)

    def run(self, number: int) -> int:
        return self.start(number).wait()

    def reset(self) -> None:
        """Back to the two good nights."""
        shutil.rmtree(self.deployment.home)
        subprocess.run(["cp", "-a", str(self.template), str(self.deployment.home)], check=True)


class Drill:
    """Night 2 is killed."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.deployment = prepared, prepared.deployment

    def strike(self, fraction: float) -> Killed | None:
        """Kill at ``fraction`` of an undisturbed night's work, look, run again, look. None: the night had ended
        already."""
        self.prepared.reset()
        night = self.prepared.start(2)
        while (spent := night.spent()) is not None and spent < fraction * self.prepared.seconds:
            time.sleep(0.002)
        with suppress(ProcessLookupError):
            os.kill(night.pid, signal.SIGKILL)
        if night.wait() != -signal.SIGKILL:
            return None
        step, begun = last_step(self.deployment)
        shown = self._shown()
        code = self.prepared.run(2)
        told = any(alert.kind == "run_failed" for alert in alerts.alerts(self.deployment))
        return Killed(
            fraction,
            step,
            shown,
            repaired=code == 0 and city.state(self.deployment) == self.prepared.next,
            leftovers=len(city.leftovers(self.deployment)),
            alerted=told or not begun,
        )

    def strikes(self, count: int, seed: int) -> Iterator[Killed]:
        """``count`` kills, one in each of as many equal parts of the night, at a seeded place of it."""
        chance = random.Random(seed)
        for part in range(count):
            fraction = (part + chance.random()) / count
            for _ in range(8):
                killed = self.strike(fraction)
                if killed is not None:
                    yield killed
                    break
                fraction *= 0.9  # this night was cheaper than the measured one
            else:
                raise AssertionError("the night is never caught")

    def _shown(self) -> str:
        shown = city.state(self.deployment)
        return "before" if shown == self.prepared.good else "after" if shown == self.prepared.next else "mixed"


def last_step(deployment: Deployment) -> tuple[str, bool]:
    """The last step that began in the newest run, and whether Dagster knew of the run as going on when its process
    died."""
    from dagster import DagsterEventType, RunsFilter

    from govdata.assets.dead_runs import ALIVE
    from govdata.night import instance

    with instance(deployment) as dagster:
        (run,) = dagster.get_runs(limit=1)
        if run.tags.get("dagster/partition") != city.day(2).isoformat():
            return "(start)", False
        steps = [
            record.event_log_entry.step_key
            for record in dagster.get_records_for_run(run.run_id, of_type={DagsterEventType.STEP_START}).records
        ]
        going_on = bool(dagster.get_runs(RunsFilter(run_ids=[run.run_id], statuses=ALIVE)))
    return (steps[-1] if steps else "(begun)") or "", going_on
