"""Faults on purpose, counted: kill -9 over a night, readers during swaps of the catalogue, 400 nights under retention,
200 nights of Dagster's own records, kill -9 of the services, a backfill beside nights.

    python benchmarks/faults.py [kills] [readers] [retention] [dagster] [services] [backfill]
                                [--points 40] [--seed 1] [--cuts 4] [--dates 30]

Prints a table for each; exit code 1 where one of them lost something. docs/reliability.md keeps the figures of one run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from datetime import date as Date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from govdata.publish import Policy
from tests.faults import dagster_years, readers, service_drills, years
from tests.faults.drill import Drill, Prepared
from tests.zygote import Zygote

DRILLS = ("kills", "readers", "retention", "dagster", "services", "backfill")


def kills(points: int, seed: int, folder: Path) -> bool:
    began = time.monotonic()
    with Zygote() as zygote:
        drill = Drill(Prepared(folder, zygote))
        found = []
        for killed in drill.strikes(points, seed):
            found.append(killed)
            print(
                f"  {killed.fraction:5.2f}  {killed.step:28} shows {killed.shown:6}  repaired {killed.repaired!s:5}  "
                f"left over {killed.leftovers}  alert {killed.alerted}",
                flush=True,
            )
    print(
        f"kill -9 at {len(found)} points (seed {seed}), {time.monotonic() - began:.0f} s, a night costs "
        f"{drill.prepared.seconds:.1f} CPU s:"
    )
    print(f"  step killed in: {dict(Counter(killed.step.split('__')[0] for killed in found))}")
    print(f"  readers saw: {dict(Counter(killed.shown for killed in found))}")
    print(f"  as undisturbed after running again: {sum(killed.repaired for killed in found)} of {len(found)}")
    print(f"  with temporary files left: {sum(killed.leftovers > 0 for killed in found)}; without an alert: ", end="")
    print(sum(not killed.alerted for killed in found), flush=True)
    return all(killed.good for killed in found)


def swaps(folder: Path) -> bool:
    began = time.monotonic()
    found = readers.watch(folder, 8, 100)
    print(f"8 reading processes during 100 swaps of the catalogue, {time.monotonic() - began:.0f} s:")
    print(
        f"  {sum(r.queries for r in found)} queries joining three tables, up to {max(r.nights for r in found)} "
        "nights seen by one reader"
    )
    print(f"  errors: {sum(len(r.errors) for r in found)}; mixed views: {sum(r.mixed for r in found)}", flush=True)
    for error in {error for r in found for error in r.errors}:
        print(f"    {error}")
    return not any(r.errors or r.mixed for r in found)


def retention(folder: Path) -> bool:
    began = time.monotonic()
    print(
        "400 nights, keep 30 days and 3 month ends, a whole delivery of the delta table every 60 nights, pruned "
        "every 10 nights:"
    )
    found = []
    for look in years.nights(folder, 400, Policy(days=30, month_ends=3), whole_every=60, prune_every=10, look_every=40):
        found.append(look)
        print(
            f"  night {look.night:3}: {look.files:5} files, {look.kilobytes:6} KB on disk; rows shown {look.shown}",
            flush=True,
        )
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    half = len(found) // 2
    return max(look.kilobytes for look in found[half:]) <= 1.2 * max(look.kilobytes for look in found[:half])


def dagster(folder: Path) -> bool:
    began = time.monotonic()
    print("200 nights of Dagster's records alone, one run with 100 checks each, runs kept for 30 days:")
    found = []
    for look in dagster_years.nights(folder, 200, keep_days=30, look_every=20, checks=100):
        found.append(look)
        print(
            f"  night {look.night:3}: {look.runs:3} runs, {look.checks:5} results of checks, {look.kilobytes:6} KB "
            "on disk, "
            f"{look.index:6} KB of it index.db",
            flush=True,
        )
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return max(look.kilobytes for look in found[4:]) <= 1.1 * max(look.kilobytes for look in found[1:4])


def services(folder: Path, times: int) -> bool:
    folder.mkdir(parents=True)
    print("kill -9 of the web server during one run, then of the daemon with all it has started during the next:")
    good = True
    with Zygote() as zygote:
        for cut in service_drills.cuts(Prepared(folder, zygote), folder, times):
            print(
                f"  in {cut.step:24} first run {cut.first}, shows {cut.shown}, marked after {cut.marked:.0f} s, "
                "repaired after "
                f"{cut.repaired:.0f} s, as undisturbed {cut.as_undisturbed}, alert {cut.alerted}, left over "
                f"{len(cut.leftovers)}",
                flush=True,
            )
            good &= cut.good
    return good


def backfill(folder: Path, dates: int) -> bool:
    folder.mkdir(parents=True)
    with Zygote() as zygote:
        found = service_drills.backfill(folder, zygote, dates, Date(2026, 10, 1))
    print(
        f"backfill of {found.dates} dates by the daemon beside {found.nights} runs of the night after them, "
        f"{found.seconds:.0f} s:"
    )
    print(
        f"  failed: {found.failed}; tables unlike an undisturbed sequence: {found.wrong}; snapshots in order: "
        f"{found.lineage}"
    )
    print(f"  alerts: {found.told}; left over: {len(found.leftovers)}", flush=True)
    return found.good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("drills", nargs="*", choices=[*DRILLS, []], default=[])
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cuts", type=int, default=4)
    parser.add_argument("--dates", type=int, default=30)
    options = parser.parse_args()
    if options.drills and not {"kills", "services", "backfill"} & set(options.drills):
        os.fsync = lambda descriptor: (
            None
        )  # nothing is cut off in these two: waiting for the disk would only make them long
    good = True
    with tempfile.TemporaryDirectory(prefix="govdata-faults-") as folder:
        if not options.drills or "kills" in options.drills:
            good &= kills(options.points, options.seed, Path(folder))
        if not options.drills or "readers" in options.drills:
            good &= swaps(Path(folder) / "readers")
        if not options.drills or "retention" in options.drills:
            good &= retention(Path(folder) / "years")
        if not options.drills or "dagster" in options.drills:
            good &= dagster(Path(folder) / "dagster")
        if not options.drills or "services" in options.drills:
            good &= services(Path(folder) / "services", options.cuts)
        if not options.drills or "backfill" in options.drills:
            good &= backfill(Path(folder) / "backfill", options.dates)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
