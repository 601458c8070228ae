"""Has a change made the night dearer? Two git revisions, measured in turns on this machine, compared by the ratio of
their CPU seconds.

    python benchmarks/compare.py BASE [HEAD] [--pairs 5] [--threshold 1.10] [--command 'govdata run']
    python benchmarks/compare.py v0.1.0 --people 200000 --pairs 3

Each revision is checked out as a worktree in a temporary folder and run with this environment's packages. By default
the command is `govdata run` of the committed sample; with --people, of a generated city of that size, the same
deliveries for both. Every run starts from deliveries alone. The two take turns, and the first of each pair alternates,
so that what else the machine does falls on both. Compared are CPU seconds (user and system, children included), not
wall time: the median of the pairs' ratios counts. Exit 1: dearer than the threshold; 2: a run failed; 0: no dearer. A
first run of each, not counted, writes the bytecode.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
NIGHT = f"{shlex.quote(sys.executable)} -m govdata run"


@dataclass(frozen=True)
class Pair:
    """CPU and wall seconds of one run of each."""

    base_cpu: float
    head_cpu: float
    base_wall: float
    head_wall: float

    @property
    def ratio(self) -> float:
        return self.head_cpu / self.base_cpu


class RunFailed(Exception):
    """A measured command did not end with 0; the message is the end of what it wrote."""


@contextmanager
def worktree(repository: Path, revision: str, folder: Path) -> Iterator[Path]:
    """``revision`` checked out at ``folder``, and taken out of git's list afterwards. Raises CalledProcessError where
    git knows it not."""
    git = ["git", "-C", str(repository)]
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(folder), revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", str(folder)], check=True)


def timed(command: Sequence[str], tree: Path, home: Path) -> tuple[float, float]:
    """CPU and wall seconds of ``command`` run in ``tree`` on the deployment ``home``. Raises RunFailed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))}
    environment |= {
        "GOVDATA_HOME": str(home),
        "PYTHONPATH": str(tree),
    }  # before the installed package, which is the checkout's
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    if done.returncode:
        raise RunFailed(done.stdout[-2000:])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def deployment(tree: Path, landing: Path | None, home: Path, standards: Path | None = None) -> Path:
    """A deployment of the tree's own standards (or ``standards``) and of the deliveries in ``landing`` (or the tree's
    sample), and nothing else."""
    home.mkdir()
    for source, target in (
        (standards or tree / "standards", home / "standards"),
        (landing or tree / "data" / "landing", home / "data" / "landing"),
    ):
        if source.is_dir():
            shutil.copytree(source, target)
    return home


def pairs(
    base: Path, head: Path, command: Sequence[str], landing: Path | None, count: int, scratch: Path
) -> Iterator[Pair]:
    """``count`` pairs, the first run of each alternating, after one run of each that is not counted."""

    def once(tree: Path) -> tuple[float, float]:
        with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
            return timed(command, tree, deployment(tree, landing, Path(folder) / "home"))

    for tree in (base, head):
        once(tree)
    for number in range(count):
        order = (base, head) if number % 2 == 0 else (head, base)
        costs = {tree: once(tree) for tree in order}
        yield Pair(costs[base][0], costs[head][0], costs[base][1], costs[head][1])


def verdict(measured: Sequence[Pair], threshold: float) -> tuple[float, bool]:
    """The median of the pairs' ratios, and whether it is above ``threshold``."""
    ratio = statistics.median(pair.ratio for pair in measured)
    return ratio, ratio > threshold


def city(base: Path, people: int, scratch: Path) -> Path:
    """Deliveries of a generated city, made once by the base revision."""
    out = scratch / "city"
    command = [sys.executable, "-m", "govdata", "sample", "--people", str(people), "--seed", "1", "--out", str(out)]
    timed(command, base, out)
    return out / "data" / "landing"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("base", help="git revision to compare with")
    parser.add_argument(
        "head",
        nargs="?",
        default="HEAD",
        help="git revision to judge; default HEAD (what is not committed is not measured)",
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument(
        "--threshold", type=float, default=1.10, help="the ratio of CPU seconds above which the exit code is 1"
    )
    parser.add_argument("--people", type=int, help="a generated city of this size instead of the committed sample")
    parser.add_argument("--command", default=NIGHT, help="what is run in each worktree; default: govdata run")
    parser.add_argument("--repository", type=Path, default=HERE)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="govdata-compare-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        try:
            with (
                worktree(options.repository, options.base, scratch / "base") as base,
                worktree(options.repository, options.head, scratch / "head") as head,
            ):
                landing = city(base, options.people, scratch) if options.people else None
                measured = []
                for pair in pairs(base, head, shlex.split(options.command), landing, options.pairs, scratch):
                    measured.append(pair)
                    print(
                        f"  base {pair.base_cpu:7.2f} CPU s   head {pair.head_cpu:7.2f} CPU s   ratio {pair.ratio:.3f}",
                        flush=True,
                    )
        except (RunFailed, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 2
    ratio, dearer = verdict(measured, options.threshold)
    median = {name: statistics.median(getattr(pair, name) for pair in measured) for name in Pair.__dataclass_fields__}
    print(
        f"{options.base} → {options.head}, {len(measured)} pairs: CPU {median['base_cpu']:.2f} → "
        f"{median['head_cpu']:.2f} s, "
        f"wall {median['base_wall']:.2f} → {median['head_wall']:.2f} s, ratio {ratio:.3f} (at most "
        f"{options.threshold:.2f}): " + ("DEARER" if dearer else "no dearer")
    )
    return int(dearer)


if __name__ == "__main__":
    sys.exit(main())
