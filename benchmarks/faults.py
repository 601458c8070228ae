"""Faults on purpose, counted: kill -9 over a night, readers during swaps of the catalogue, 400 nights under retention.

    python benchmarks/faults.py [kills] [readers] [retention] [--points 40] [--seed 1]

Prints a table for each; exit code 1 where one of them lost something. docs/reliability.md keeps the figures of one run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.faults.drill import Drill
from tests.faults.zygote import Zygote


def kills(points: int, seed: int, folder: Path) -> bool:
    began = time.monotonic()
    with Zygote() as zygote:
        drill = Drill(folder, zygote)
        found = []
        for killed in drill.strikes(points, seed):
            found.append(killed)
            print(
                f"  {killed.fraction:5.2f}  {killed.step:28} shows {killed.shown:6}  repaired {killed.repaired!s:5}  "
                f"left over {killed.leftovers}  alert {killed.alerted}",
                flush=True,
            )
    print(f"kill -9 at {len(found)} points (seed {seed}), {time.monotonic() - began:.0f} s, a night takes {drill.duration:.1f} s:")
    print(f"  step killed in: {dict(Counter(killed.step.split('__')[0] for killed in found))}")
    print(f"  readers saw: {dict(Counter(killed.shown for killed in found))}")
    print(f"  as undisturbed after running again: {sum(killed.repaired for killed in found)} of {len(found)}")
    print(f"  with temporary files left: {sum(killed.leftovers > 0 for killed in found)}; without an alert: ", end="")
    print(sum(not killed.alerted for killed in found), flush=True)
    return all(killed.good for killed in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("drills", nargs="*", choices=["kills", "readers", "retention", []], default=[])
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="govdata-faults-") as folder:
        if not options.drills or "kills" in options.drills:
            good &= kills(options.points, options.seed, Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
