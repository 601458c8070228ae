"""What masters cost: a simulated city, all datasets published, then every derived table of the date, and of the next one.

    python benchmarks/masters.py [--people 20000 100000 …] [--nights 2] [--without-numbers 0.02] [--dir FOLDER]

Each night's derived tables are made in a process of their own, one after the other as a night does, checks and
publishing included; a line per table gives the CPU seconds it took, and the last one the whole with the process's peak
memory. Either mentions lack numbers, or values have defects (`--without-numbers 0`). Of several sizes the last column
says how the cost grew against the people: above 1 it grows worse than they do.
The look-ups are `govdata person`, `company` by the number and `why`, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

FIRST = Date(2026, 11, 19)
ALL, START = "合计", "载入程序与标准"
Costs = dict[str, tuple[float, float, float]]
"""What → CPU seconds, wall seconds, peak memory so far in MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--without-numbers", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="keep the deployments here; default: a temporary folder")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        return _step(options.step, options.dir)
    with tempfile.TemporaryDirectory(prefix="govdata-masters-") as scratch:
        _run(options, options.dir or Path(scratch))


def _run(options: argparse.Namespace, folder: Path) -> None:
    dates = [FIRST + timedelta(days=back) for back in range(options.nights)]
    measured: dict[int, list[Costs]] = {}
    for people in sorted(options.people):
        home = folder / str(people)
        _generate(home, people, options, dates)
        measured[people] = []
        for date in dates:
            _child(home, f"publish {date}")
            measured[people].append(_child(home, f"derive {date}"))
        _show(measured, people)
        _look(home)


def _generate(home: Path, people: int, options: argparse.Namespace, dates: list[Date]) -> None:
    from govdata.deployment import Deployment
    from govdata.sample import generate, lay_down_standards

    deployment = Deployment.from_env(home)
    if not deployment.standards.exists():
        lay_down_standards(deployment.standards)
        generate(
            people,
            options.seed,
            home,
            dates=dates,
            defects=not options.without_numbers,
            without_numbers=options.without_numbers,
        )


def _child(home: Path, step: str) -> Costs:
    command = [sys.executable, __file__, "--dir", str(home), "--step", step]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {
        line["what"]: (line["cpu"], line["wall"], line["peak"]) for line in map(json.loads, ran.stdout.splitlines())
    }


def _step(step: str, home: Path) -> None:
    """In a process of its own: publish the deliveries of a date, or make its derived tables; a JSON line for each."""
    what, date = step.split()
    day = Date.fromisoformat(date)
    began = time.perf_counter()
    from govdata import checks, engine, ingest, masters, publish, standards
    from govdata.deployment import Deployment

    deployment = Deployment.from_env(home)
    registry = standards.load(deployment.standards)
    last = _told(START, 0.0, began)
    if what == "publish":
        for name in registry.delivered:
            dataset = registry.datasets[name]
            delivery = ingest.receive(deployment, dataset, day)
            if delivery is not None:
                raw = ingest.ingest(delivery, dataset, registry, deployment)
                batch = engine.standardize(raw, dataset, registry, deployment)
                checks.validate(batch, dataset, registry, deployment)
                publish.publish(batch, dataset, registry, deployment)
            last = _told(name, last, began)
        publish.rebuild_catalogue(deployment, registry)
        return
    for name in registry.derived:
        masters.publish_derived(registry.datasets[name], registry, deployment, day)
        last = _told(name, last, began)
    _told(ALL, 0.0, began)
    publish.rebuild_catalogue(deployment, registry)


def _told(what: str, before: float, began: float) -> float:
    now = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = {"what": what, "cpu": now - before, "wall": time.perf_counter() - began, "peak": peak}
    print(json.dumps(line), flush=True)
    return now


def _show(measured: dict[int, list[Costs]], people: int) -> None:
    smaller = max((size for size in measured if size < people), default=None)
    print(f"\n{people:,} 人，{os.cpu_count()} 核；CPU 秒（两夜），峰值 MB，对 {smaller or '—'} 人的增长倍数 ÷ 人数倍数")
    for what, first in measured[people][0].items():
        nights = " ".join(f"{night.get(what, (0.0,))[0]:9.2f}" for night in measured[people])
        grown = ""
        if smaller is not None and (then := measured[smaller][0].get(what)) and then[0] > 0:
            grown = f"{first[0] / then[0] / (people / smaller):6.2f}"
        print(f"{what:32}{nights}{first[2]:9.0f}  {grown}")


def _look(home: Path) -> None:
    import duckdb

    from govdata.deployment import Deployment

    with duckdb.connect(str(Deployment.from_env(home).catalogue), read_only=True) as connection:
        asked = {
            "person": "SELECT identifier FROM published.person WHERE identifier_kind = 'citizen_id' ORDER BY mentions DESC LIMIT 1",
            "company": "SELECT identifier FROM published.organisation WHERE identifier_kind = 'uscc' LIMIT 1",
            "why": "SELECT _row_id FROM published.population LIMIT 1",
        }
        given = {door: str(connection.execute(query).fetchall()[0][0]) for door, query in asked.items()}
    for door, number in given.items():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "govdata", door, "-"],
            input=f"{number}\n",
            env=os.environ | {"GOVDATA_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"govdata {door}: {cpu:.2f} CPU 秒（含启动）")


if __name__ == "__main__":
    main()
