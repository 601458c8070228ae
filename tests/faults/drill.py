"""The kill drill: a night is killed with kill -9 at a seeded point; what readers see, and what the next run makes of it, is compared with a
night that nobody disturbed."""

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

from govdata import alerts
from govdata.deployment import Deployment
from tests.faults import city
from tests.faults.zygote import Zygote


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


class Drill:
    """Night 0 is there; night 1 is killed. Always in the same folder, since a catalogue names its files by absolute path."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self.zygote, self.template = zygote, folder / "template"
        self.deployment = city.lay_down(folder / "home", 2)
        self.arguments = ("run", "--date", city.day(1).isoformat())
        assert zygote.run(self.deployment.home, "run", "--date", city.day(0).isoformat(), log=folder / "log") == 0
        self.before = city.state(self.deployment)
        subprocess.run(["cp", "-a", str(self.deployment.home), str(self.template)], check=True)  # hard links stay hard links
        began = time.monotonic()
        assert zygote.run(self.deployment.home, *self.arguments, log=folder / "log") == 0
        self.duration = time.monotonic() - began
        self.after = city.state(self.deployment)
        assert self.after != self.before and not list(alerts.alerts(self.deployment))

    def reset(self) -> None:
        shutil.rmtree(self.deployment.home)
        subprocess.run(["cp", "-a", str(self.template), str(self.deployment.home)], check=True)

    def strike(self, fraction: float) -> Killed | None:
        """Kill at ``fraction`` of an undisturbed night's duration, look, run again, look. None: the night had ended already."""
        self.reset()
        night = self.zygote.start(self.deployment.home, *self.arguments)
        time.sleep(fraction * self.duration)
        with suppress(ProcessLookupError):
            os.kill(night.pid, signal.SIGKILL)
        if night.wait() != -signal.SIGKILL:
            return None
        step, begun = last_step(self.deployment)
        shown = self._shown()
        code = self.zygote.run(self.deployment.home, *self.arguments)
        told = any(alert.kind == "run_failed" for alert in alerts.alerts(self.deployment))
        return Killed(
            fraction,
            step,
            shown,
            repaired=code == 0 and city.state(self.deployment) == self.after,
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
                fraction *= 0.9  # this night was quicker than the measured one
            else:
                raise AssertionError("the night is never caught")

    def _shown(self) -> str:
        shown = city.state(self.deployment)
        return "before" if shown == self.before else "after" if shown == self.after else "mixed"


def last_step(deployment: Deployment) -> tuple[str, bool]:
    """The last step that began in the newest run, and whether Dagster knew of the run as going on when its process died."""
    from dagster import DagsterEventType, RunsFilter

    from govdata.assets.dead_runs import ALIVE
    from govdata.night import instance

    with instance(deployment) as dagster:
        (run,) = dagster.get_runs(limit=1)
        if run.tags.get("dagster/partition") != city.day(1).isoformat():
            return "(start)", False
        steps = [
            record.event_log_entry.step_key
            for record in dagster.get_records_for_run(run.run_id, of_type={DagsterEventType.STEP_START}).records
        ]
        going_on = bool(dagster.get_runs(RunsFilter(run_ids=[run.run_id], statuses=ALIVE)))
    return (steps[-1] if steps else "(begun)") or "", going_on
