"""Drills with the real services, too long for the suite: kill -9 of web server and daemon in turn; a backfill by
Dagster beside nights."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

from dagster import DagsterRun, DagsterRunStatus

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.operations import alerts
from tests.faults import city
from tests.faults.drill import Prepared
from tests.faults.services import followed, last_step, launch, running, runs, wait_for
from tests.servers import free_port, is_up, program
from tests.zygote import Zygote


@dataclass(frozen=True)
class Cut:
    """What was found after the services were killed. ``marked`` and ``repaired``: seconds after the daemon was started
    again."""

    step: str
    first: str
    shown: str
    marked: float
    repaired: float
    as_undisturbed: bool
    alerted: bool
    leftovers: list[str]

    @property
    def good(self) -> bool:
        return (
            self.first == "SUCCESS"
            and self.shown != "mixed"
            and self.as_undisturbed
            and self.alerted
            and not self.leftovers
        )


def cuts(prepared: Prepared, folder: Path, times: int) -> Iterator[Cut]:
    """Each time nights 1 (again) and 2 are launched from the interface. The web server is killed while the first runs,
    which has to go on; the daemon, its code server and the run's process after the second has begun, which the next
    daemon has to find and to run anew."""
    for number in range(times):
        prepared.reset()
        yield _cut(prepared, folder / f"log{number}", wait=0.7 * number)


def _cut(prepared: Prepared, log: Path, wait: float) -> Cut:
    deployment, port = prepared.deployment, free_port()

    def now(run_id: str) -> DagsterRunStatus:
        return next(run.status for run in runs(deployment) if run.run_id == run_id)

    with running("daemon", deployment, log) as daemon:
        with running("web", deployment, log, port) as web:
            wait_for(lambda: is_up(port), log, 180)
            first, second = (launch(f"http://127.0.0.1:{port}", city.day(number).isoformat()) for number in (1, 2))
            wait_for(lambda: bool(last_step(deployment, first)), log, 180)
            web.cut()
        wait_for(lambda: bool(last_step(deployment, second)), log, 180)
        time.sleep(wait)
        daemon.cut()
    step, status, ended = last_step(deployment, second), now(first).value, now(second) == DagsterRunStatus.SUCCESS
    shown = city.rows_of(city.state(deployment))
    nights = {"before": city.rows_of(prepared.good), "after": city.rows_of(prepared.next)}
    seen = next((name for name, rows in nights.items() if rows == shown), "mixed")
    began, marked = time.monotonic(), 0.0
    with running("daemon", deployment, log):
        if not ended:
            wait_for(lambda: now(second) == DagsterRunStatus.FAILURE, log, 180)
            marked = time.monotonic() - began
            wait_for(lambda: any(run.parent_run_id == second and run.is_success for run in runs(deployment)), log, 180)
        wait_for(lambda: followed(deployment), log, 180)
        repaired = time.monotonic() - began
    same = city.rows_of(city.state(deployment)) == nights["after"]
    told = [(alert.kind, alert.run_id) for alert in alerts.alerts(deployment)]
    prepared.run(1)  # any later run clears away what the dead one left
    return Cut(
        step,
        status,
        seen,
        marked,
        repaired,
        same,
        told == ([] if ended else [("run_failed", second)]),
        city.leftovers(deployment),
    )


@dataclass(frozen=True)
class Backfilled:
    """``failed``: runs that did not succeed, by status; ``wrong``: tables unlike those of an undisturbed sequence;
    ``lineage``: whether every snapshot of the delta table is merged from all the dates before it, in order."""

    dates: int
    nights: int
    seconds: float
    failed: list[str]
    wrong: list[str]
    lineage: bool
    told: list[str]
    leftovers: list[str]

    @property
    def good(self) -> bool:
        return not (self.failed or self.wrong or self.told or self.leftovers) and self.lineage


def backfill(folder: Path, zygote: Zygote, dates: int, first: Date) -> Backfilled:
    """Date 0 is there. Dates 1 … ``dates`` are delivered and backfilled by the daemon, while ``govdata run`` makes the
    night after them again and again, as the schedule would: until the dates before it are done its delta waits (exit
    code 3), then it is published."""
    plain, busy = (city.lay_down(folder / name, dates + 2, first) for name in ("plain", "busy"))
    day = [first + timedelta(days=number) for number in range(dates + 2)]
    log = folder / "log"
    every = [word for date in day for word in ("--date", date.isoformat())]
    assert zygote.run(plain.home, "run", *every, log=log) == 0
    assert zygote.run(busy.home, "run", *every[:2], log=log) == 0
    environment = os.environ | {
        "GOVDATA_HOME": str(busy.home),
        "DAGSTER_HOME": str(busy.dagster_home),
        "DO_NOT_TRACK": "1",
    }
    began, nights, failed = time.monotonic(), 0, []
    with running("daemon", busy, log):
        partitions = ",".join(date.isoformat() for date in day[1:-1])
        command = [
            "dagster",
            "job",
            "backfill",
            "-w",
            str(busy.dagster_home / "workspace.yaml"),
            "-j",
            "nightly",
            "--noprompt",
        ]
        command += ["--partitions", partitions]
        with open(log, "ab") as out:
            subprocess.run(
                [program(command[0]), *command[1:]], env=environment, cwd=busy.home, stdout=out, stderr=out, check=True
            )
        while sum(run.is_finished for run in _backfilled(busy)) < dates or not followed(busy):
            assert time.monotonic() - began < 60 * dates, log.read_text(encoding="utf-8", errors="replace")[-3000:]
            code = zygote.run(busy.home, "run", "--date", day[-1].isoformat(), log=log)
            nights += 1
            failed += [f"night: exit {code}"] if code not in (0, 3) else []
            time.sleep(5)
    seconds = time.monotonic() - began
    failed += [run.status.value for run in _backfilled(busy) if not run.is_success]
    failed += ["last night"] if zygote.run(busy.home, "run", *every[-2:], log=log) else []
    one, other = city.rows_of(city.state(plain)), city.rows_of(city.state(busy))
    wrong = [table for table in one if one[table] != other.get(table)]
    chains = [Snapshot.read(Snapshot.path(busy, "cards", date)) for date in day]
    lineage = all(
        chain is not None and chain.lineage == tuple(day[: number + 1]) for number, chain in enumerate(chains)
    )
    told = [
        f"{alert.kind}: {'; '.join(alert.reasons)}"
        for alert in alerts.alerts(busy)
        if "先处理" not in str(alert.reasons)
    ]
    return Backfilled(dates, nights, seconds, failed, wrong, lineage, told, city.leftovers(busy))


def _backfilled(deployment: Deployment) -> list[DagsterRun]:
    return [run for run in runs(deployment) if "dagster/backfill" in run.tags]
