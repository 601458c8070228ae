"""Do two revisions give the same rows? Every view of the catalogue, over known sets of deliveries.

    python benchmarks/same_rows.py BASE                     # against this working tree, uncommitted changes included
    python benchmarks/same_rows.py BASE HEAD --sets sample delta --people 20000 200000
    python benchmarks/same_rows.py --homes BEFORE AFTER     # two finished deployments

The sets of deliveries: `sample`, the committed one; `delta`, three nights of a small delta table; and cities of
`--people` (seed 5), made once by this working tree. Each revision processes them with its own standards and its own
`govdata run` in a temporary folder, under the same secret, so that ids made with it can be compared. A column counts by
the multiset of its texts (each beside its row's id where the view has one), a view by that of its rows as well, so a
difference is told with its view and column. Columns that name a run, its files or its duration are left out
(`MADE_ANEW`). Floating point numbers are compared by size: a relative difference up to `ROUNDING` is the order of a sum,
which is told and counts as the same. Exit 0: the same rows; 1: not; 2: a run failed.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks import compare  # noqa: E402

MADE_ANEW = {"batch_id", "snapshot_id", "base_snapshot_id", "standards_hash", "files", "seconds", "at"}
MOMENTS = {"governance.night_runs": {"ended"}, "governance.stage_runs": {"ended"}}
"""Columns, of any view and of these, that name a run, its files or its moment; two equal nights may differ in them."""
SECRET = "5" * 64
ROUNDING = 1e-12


@dataclass(frozen=True)
class View:
    """What can be compared of a view without its rows: their number, per column and for whole rows a sum of hashes, of
    columns of floating point the numbers, by row where rows have ids, else by size; not finite ones and NULL as NaN."""

    rows: int
    columns: Mapping[str, int]
    whole: int
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)


def views(home: Path) -> dict[str, View]:
    """``schema.view`` → what it shows, all views of the deployment's catalogue but those of code sets."""
    catalogue = home / "data" / "published" / "govdata.duckdb"
    with duckdb.connect(str(catalogue), read_only=True) as connection:
        names = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() "
            "WHERE NOT internal AND schema_name <> 'codes' ORDER BY ALL"
        ).fetchall()
        return {view: fingerprint(connection, view) for view in (".".join(name) for name in names)}


def fingerprint(connection: duckdb.DuckDBPyConnection, view: str) -> View:
    left_out = MADE_ANEW | MOMENTS.get(view, set())
    described = connection.execute(f"DESCRIBE {view}").fetchall()
    types = {row[0]: row[1] for row in described if row[0] not in left_out}
    row_id = next((f'"{name}"' for name in ("_row_id", "行编号") if name in types), "''")
    floating = [name for name, kind in types.items() if kind in ("DOUBLE", "FLOAT")]
    texts = {
        # so short that the order of a sum does not show
        name: f"format('{{:.8e}}', \"{name}\")" if name in floating else f'CAST("{name}" AS VARCHAR)'
        for name in types
    }
    exact = [name for name in types if name not in floating]
    hashes = [*(f"hash({row_id}, {texts[name]})" for name in exact), f"hash({', '.join(texts.values())})"]
    sums = ", ".join(f"coalesce(sum(CAST({hashed} AS HUGEINT)), 0)" for hashed in hashes)
    found = connection.execute(f"SELECT count(*), {sums} FROM {view}").fetchone()
    assert found is not None
    rows, *each, whole = found
    numbers = {name: _numbers(connection, view, name, row_id) for name in floating}
    return View(rows, dict(zip(exact, each, strict=True)), whole, numbers)


def _numbers(connection: duckdb.DuckDBPyConnection, view: str, name: str, row_id: str) -> np.ndarray:
    number = f'CASE WHEN isfinite("{name}") THEN CAST("{name}" AS DOUBLE) ELSE \'nan\' END'
    query = f"SELECT {number} AS number FROM (SELECT {row_id} AS id, * FROM {view}) ORDER BY id, number"
    return np.asarray(connection.execute(query).fetchnumpy()["number"])


def differences(before: Mapping[str, View], after: Mapping[str, View]) -> Iterator[str]:
    """One line each. A view or column that only one side has is told, not compared."""
    for name in sorted(before.keys() ^ after.keys()):
        yield f"{name}: {'gone' if name in before else 'new'}"
    for name in sorted(before.keys() & after.keys()):
        yield from (f"{name}{line}" for line in _of_view(before[name], after[name]))


def _of_view(old: View, new: View) -> Iterator[str]:
    if old.rows != new.rows:
        yield f": {old.rows} rows before, {new.rows} after"
    names, now = ({*view.columns, *view.numbers} for view in (old, new))
    for column in sorted(names ^ now):
        yield f".{column}: {'gone' if column in names else 'new'}"
    other = [column for column, value in old.columns.items() if new.columns.get(column, value) != value]
    yield from (f".{column}: other values" for column in other)
    apart = {column: size for column, size in _apart(old, new).items() if size > ROUNDING}
    yield from (f".{column}: other numbers, up to {size:.1e} of their size" for column, size in apart.items())
    if names == now and not other and not apart and old.whole != new.whole:
        yield ": the same values in other rows"


def _apart(old: View, new: View) -> dict[str, float]:
    """Column → the largest relative difference of its numbers; infinite where one side has another number of them."""
    return {
        column: _largest(numbers, new.numbers[column])
        for column, numbers in old.numbers.items()
        if column in new.numbers
    }


def _largest(old: np.ndarray, new: np.ndarray) -> float:
    if len(old) != len(new) or (np.isnan(old) != np.isnan(new)).any():
        return math.inf
    size = np.maximum(np.abs(old), np.abs(new))
    return float(np.max(np.nan_to_num(np.abs(old - new) / np.where(size > 0, size, 1)), initial=0.0))


def roundings(before: Mapping[str, View], after: Mapping[str, View]) -> Iterator[str]:
    """What counts as the same although it is not, digit by digit."""
    for name in sorted(before.keys() & after.keys()):
        for column, size in _apart(before[name], after[name]).items():
            if 0 < size <= ROUNDING:
                yield f"{name}.{column}: the same but for the order of a sum, up to {size:.1e} of its size"


def landings(sets: Sequence[str], people: Sequence[int], scratch: Path) -> dict[str, tuple[Path | None, Path | None]]:
    """Name of the set → its deliveries and its standards; None: the revision's own."""
    made: dict[str, tuple[Path | None, Path | None]] = {}
    if "sample" in sets:
        made["sample"] = (None, None)
    if "delta" in sets:
        from tests.faults.city import lay_down

        lay_down(scratch / "delta", nights=3)
        made["delta"] = (scratch / "delta" / "data" / "landing", scratch / "delta" / "standards")
    for number in people:
        out = scratch / f"people-{number}"
        command = [sys.executable, "-m", "govdata", "sample", "--people", str(number), "--seed", "5", "--out", str(out)]
        compare.timed(command, REPOSITORY, out)
        made[f"{number} people"] = (out / "data" / "landing", None)
    return made


def processed(tree: Path, landing: Path | None, standards: Path | None, scratch: Path) -> dict[str, View]:
    """The views after the tree's own ``govdata run`` of all dates. Raises ``RunFailed``."""
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
        home = compare.deployment(tree, landing, Path(folder) / "home", standards)
        secret = home / "data" / "workorders" / "_events" / "key"
        secret.parent.mkdir(parents=True)
        secret.write_text(json.dumps({"key": SECRET}), encoding="ascii")
        compare.timed([sys.executable, "-m", "govdata", "run"], tree, home)
        return views(home)


def revisions(base: str, head: str | None, sets: Sequence[str], people: Sequence[int]) -> int:
    lines = 0
    with (
        tempfile.TemporaryDirectory(prefix="govdata-same-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        scratch = Path(folder)
        before = stack.enter_context(compare.worktree(REPOSITORY, base, scratch / "base"))
        after = stack.enter_context(compare.worktree(REPOSITORY, head, scratch / "head")) if head else REPOSITORY
        for name, (landing, standards) in landings(sets, people, scratch).items():
            lines += told(name, *(processed(tree, landing, standards, scratch) for tree in (before, after)))
    return lines


def told(name: str, before: Mapping[str, View], after: Mapping[str, View]) -> int:
    """Print how the two compare; returns the number of differences."""
    lines = list(differences(before, after))
    rows = sum(view.rows for view in before.values())
    print(
        f"{name}: {len(before)} views, {rows} rows: {f'{len(lines)} differences' if lines else 'the same rows'}",
        flush=True,
    )
    for line in [*lines, *roundings(before, after)]:
        print(f"  {line}", flush=True)
    return len(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("base", nargs="?", help="git revision to compare with")
    parser.add_argument("head", nargs="?", help="git revision to judge; default: this working tree as it is")
    parser.add_argument("--sets", nargs="*", choices=("sample", "delta"), default=["sample", "delta"])
    parser.add_argument("--people", type=int, nargs="*", default=[20_000], help="sizes of generated cities")
    parser.add_argument("--homes", type=Path, nargs=2, help="two finished deployments instead of two revisions")
    options = parser.parse_args(arguments)
    if (options.base is None) == (options.homes is None):
        parser.error("either a revision or --homes")
    if options.homes:
        return int(bool(told("homes", *(views(home) for home in options.homes))))
    try:
        return int(bool(revisions(options.base, options.head, options.sets, options.people)))
    except (compare.RunFailed, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
