"""What a night costs: the population dataset against a bare DuckDB copy of the same file, in one run, on one machine.

    python benchmarks/night.py [--people 1000000 …] [--dir FOLDER]

Of several sizes the largest is generated and the others are its first lines.

Every stage runs in a process of its own, so its CPU seconds and its peak memory are the operating system's figures for
exactly that stage; the whole night, as `govdata run` runs it with all that follows from the population, is measured
once more in one process. The yardstick is
`COPY (read_csv all VARCHAR) TO parquet (zstd)` of the delivered file, the median of three, transcoded to UTF-8 first
where needed (the transcoding is not counted: the bare copy could not read it otherwise, the night does it itself).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date as Date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from govdata.deployment import Deployment

DATE = Date(2026, 11, 20)

STAGE_CODE = {
    "读入 raw": "delivery = ingest.receive(d, ds, date); ingest.ingest(delivery, ds, registry, d)",
    "标准化 standardized": "engine.standardize(RawBatch.read(RawBatch.path(d, ds.name, date)), ds, registry, d)",
    "检查 checks": "checks.validate(StandardizedBatch.read(StandardizedBatch.path(d, ds.name, date)), ds, registry, d)",
    "发布 published": (
        "publish.publish(StandardizedBatch.read(StandardizedBatch.path(d, ds.name, date)), ds, registry, d); "
        "publish.rebuild_catalogue(d, registry)"
    ),
}

PRELUDE = """
import sys
from datetime import date as Date
from govdata import checks, engine, ingest, publish, standards
from govdata.batches import RawBatch, StandardizedBatch
from govdata.deployment import Deployment
d = Deployment.from_env()
registry = standards.load(d.standards)
ds = registry.datasets["population"]
date = Date.fromisoformat(sys.argv[1])
"""

# No quoting: one unclosed quote among the sample's defects would otherwise swallow most of the file, and the yardstick
# with it.
BARE_COPY = """
import sys, duckdb
connection = duckdb.connect(config={"memory_limit": "2GB", "preserve_insertion_order": False})
source, target, names, lines = sys.argv[1], sys.argv[2], sys.argv[3].split("\\x1f"), int(sys.argv[4])
reader = "read_csv(?, auto_detect=false, header=true, delim=',', quote='', columns=?, ignore_errors=true)"
copied = connection.execute(
    f"COPY (SELECT * FROM {reader}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", [source, {name: "VARCHAR" for name in names}]
).fetchone()[0]
assert copied > 0.99 * lines, (copied, lines)
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system, children included), wall seconds, and peak resident memory in MB."""

    cpu: float
    wall: float
    peak: float


def measure(command: list[str], environment: dict[str, str]) -> Cost:
    """Run ``command`` to its end; raises ``SystemExit`` where it fails."""
    # A small Python that does nothing but wait for the command: its RUSAGE_CHILDREN is the command's alone.
    wrapper = (
        "import resource, subprocess, sys, time; began = time.perf_counter(); "
        "code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "u = resource.getrusage(resource.RUSAGE_CHILDREN); print(u.ru_utime + u.ru_stime, time.perf_counter() - "
        "began, u.ru_maxrss, code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", wrapper, *command], env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    cpu, wall, peak, code = result.stdout.split()
    if code != "0":
        raise SystemExit(f"失败（退出码 {code}）：{' '.join(command[:3])} …")
    return Cost(float(cpu), float(wall), float(peak) / 1024)


def utf8_copy(source: Path, target: Path) -> list[str]:
    """Transcode ``source`` to UTF-8 at ``target`` in pieces; returns the header's names (made unique)."""
    with open(source, "rb") as file:
        head = file.read(1 << 20)
    encoding = "utf-8-sig"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            encoding = "gb18030"
    with (
        open(source, encoding=encoding, errors="replace", newline="") as file,
        open(target, "w", encoding="utf-8", newline="") as out,
    ):
        header = file.readline()
        out.write(header)
        while piece := file.read(1 << 22):
            out.write(piece)
    return [f"{name.strip()}_{number}" for number, name in enumerate(header.rstrip("\r\n").split(","))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="keep the deployment here; default: a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govdata-bench-") as scratch:
        run(options.people, options.seed, options.dir or Path(scratch))


def run(people: list[int], seed: int, home: Path) -> None:
    from rich.console import Console

    from govdata.deployment import Deployment
    from govdata.sample import generate, lay_down_standards

    console = Console()
    deployment = Deployment.from_env(home)
    if not deployment.standards.exists():
        lay_down_standards(deployment.standards)
    *smaller, largest = sorted(people)
    with console.status(f"生成 {largest:,} 人"):
        generate(largest, seed, home, dates=[DATE], datasets=["population"], formats={"population": "single"})
    (file,) = (path for path in deployment.delivery("population", DATE).iterdir() if path.is_file())
    whole = file.rename(home / "whole")
    for size in smaller:
        with open(whole, "rb") as source, open(file, "wb") as part:
            part.writelines(islice(source, size + 1))
        night(size, file, home, console)
    whole.rename(file)
    night(largest, file, home, console)


def night(people: int, file: Path, home: Path, console: Console) -> None:
    """Measure the night of one delivered file and print its table."""
    from rich.table import Table

    from govdata.deployment import Deployment

    deployment = Deployment.from_env(home)
    environment = os.environ | {"GOVDATA_HOME": str(home)}
    utf8 = home / "bare.csv"
    names = utf8_copy(file, utf8)
    with open(utf8, "rb") as lines:
        records = sum(1 for _ in lines) - 1
    copy = [sys.executable, "-c", BARE_COPY, str(utf8), str(home / "bare.parquet"), "\x1f".join(names), str(records)]
    yardsticks = [measure(copy, environment)]
    empty = measure([sys.executable, "-c", PRELUDE, DATE.isoformat()], environment)

    table = Table(title=f"{people:,} 人，{file.stat().st_size / 1e6:.0f} MB，{os.cpu_count()} 核", title_justify="left")
    for column in ("", "CPU 秒", "倍数", "墙钟秒", "峰值 MB"):
        table.add_column(column, justify="left" if column == "" else "right")
    stages = {}
    for name, code in STAGE_CODE.items():
        with console.status(name):
            stages[name] = measure([sys.executable, "-c", PRELUDE + code, DATE.isoformat()], environment)
    forget(deployment)
    yardsticks.append(measure(copy, environment))
    with console.status("整夜"):
        command = [sys.executable, "-m", "govdata", "run", "--date", DATE.isoformat(), "--dataset", "population"]
        whole = measure(command, environment)
    forget(deployment)
    yardsticks.append(measure(copy, environment))
    utf8.unlink()
    # A machine is not equally quick for a quarter of an hour: the yardstick is laid on before, between and after.
    bare = sorted(yardsticks, key=lambda cost: cost.cpu)[1]

    def add(name: str, cost: Cost, **style: str) -> None:
        table.add_row(
            name, f"{cost.cpu:.2f}", f"{cost.cpu / bare.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak:.0f}", **style
        )

    add("裸 COPY csv → parquet（三次之中位）", bare)
    add("仅载入程序与标准", empty, style="dim")
    for name, cost in stages.items():
        add(name, cost)
    loads = len(stages) - 1  # each stage loads program and standards; a night does once
    summed = Cost(
        cpu=sum(cost.cpu for cost in stages.values()) - loads * empty.cpu,
        wall=sum(cost.wall for cost in stages.values()) - loads * empty.wall,
        peak=max(cost.peak for cost in stages.values()),
    )
    add("各步之和，只载入一次", summed, style="bold")
    add("整夜 govdata run，含主数据等派生表", whole, style="bold")
    console.print(table)
    console.print(f"裸 COPY 三次 CPU 秒：{'、'.join(f'{cost.cpu:.2f}' for cost in yardsticks)}", highlight=False)


def forget(deployment: Deployment) -> None:
    """Every measurement starts from the delivery alone."""
    for folder in (deployment.data / "lake", deployment.published, deployment.dagster_home):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
