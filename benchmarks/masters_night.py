"""What the next night of the masters costs: of every dataset that comes as changes one row in a hundred is new, says
something else or is gone; all derived tables are made, judged and published, once on the snapshots before and once whole.

    python benchmarks/masters_night.py HOME [--nights 2] [--share 0.01] [--whole] [--compare]

HOME is a deployment whose newest night has all its tables (``benchmarks/masters.py --dir``, ``govdata run``); it is
copied (hard links) and not changed. ``--whole``: tables that come whole are delivered too, every row with the night's
date. ``--compare``: each night is made whole as well, in another copy, and every table is compared row by row.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

from masters import ALL, Costs, _told

from govdata.deployment import Deployment
from govdata.standards.model import Registry

CHANGED = {
    "population": {"name": "'改' || substr(name, 2)", "household_address": "household_address || '东'"},
    "birth": {"mother_name": "'改' || substr(mother_name, 2)"},
    "marriage": {"office_name": "office_name || '二'"},
    "education": {"school_name": "school_name || '二'"},
    "house": {"address": "address || '东'"},
    "legal_person": {"name": "name || '二'"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("home", type=Path)
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        return _step(options.step, options.home, options.share)
    with tempfile.TemporaryDirectory(prefix="govdata-masters-night-", dir=options.home.parent) as scratch:
        _run(options, Path(scratch) / "home", Path(scratch) / "whole")


def _run(options: argparse.Namespace, home: Path, whole: Path) -> None:
    shutil.copytree(options.home, home, copy_function=_hard_link)
    first = max(Date.fromisoformat(path.name) for path in (home / "data/published/population").glob("????-??-??"))
    nights: list[Costs] = [_child(home, f"derive {first}", options)]
    wholes: list[Costs] = [nights[0]]
    for number in range(1, options.nights + 1):
        date = first + timedelta(days=number)
        _child(home, f"deliver{'-whole' if options.whole else ''} {date}", options)
        if options.compare:
            shutil.rmtree(whole, ignore_errors=True)
            shutil.copytree(home, whole, copy_function=_hard_link)
            wholes.append(_child(whole, f"derive-whole {date}", options))
        nights.append(_child(home, f"derive {date}", options))
        if options.compare:
            _compare(home, whole, date)
    for what in nights[0]:
        told = " ".join(f"{night.get(what, (0.0,))[0]:8.2f}" for night in nights)
        rebuilt = " ".join(f"{night.get(what, (0.0,))[0]:8.2f}" for night in wholes[1:])
        print(f"{what:28}{told}  {nights[0][what][2]:6.0f}  {rebuilt}")
    if options.compare:  # the first night of HOME is only asked again here, which costs little
        ratios = (night[ALL][0] / whole[ALL][0] for night, whole in zip(nights[1:], wholes[1:], strict=True))
        print("夜对全部重做：" + " ".join(f"{ratio:.1%}" for ratio in ratios))


def _hard_link(source: str, target: str) -> None:
    """Data files are never changed in place; manifests are small and copied."""
    if source.endswith(".parquet"):
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def _child(home: Path, step: str, options: argparse.Namespace) -> Costs:
    command = [sys.executable, __file__, str(home), "--step", step, "--share", str(options.share)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {
        line["what"]: (line["cpu"], line["wall"], line["peak"]) for line in map(json.loads, ran.stdout.splitlines())
    }


def _step(step: str, home: Path, share: float) -> None:
    import time

    began = time.perf_counter()
    from govdata import masters, standards

    what, day = step.split()
    date = Date.fromisoformat(day)
    deployment = Deployment.from_env(home)
    registry = standards.load(deployment.standards)
    if what.startswith("deliver"):
        for name in registry.delivered:
            if registry.datasets[name].delivery.mode == "delta" or what.endswith("whole"):
                _deliver(name, date, registry, deployment, share)
        return
    if what.endswith("whole"):
        from govdata.masters import increments

        increments.MOST_LAYERS = 0
    last = _told("载入程序与标准", 0.0, began)
    for name in registry.derived:
        masters.publish_derived(registry.datasets[name], registry, deployment, date)
        last = _told(name, last, began)
    _told(ALL, 0.0, began)


def _deliver(name: str, date: Date, registry: Registry, deployment: Deployment, share: float) -> None:
    """Lay down a standardised batch as if it had been delivered and checked, and publish it."""
    from govdata import publish
    from govdata.batches import StandardizedBatch, Verdict
    from govdata.storage import files, sql
    from govdata.storage.manifest import fingerprint

    dataset = registry.datasets[name]
    before = publish.newest(deployment, name, date - timedelta(days=1))
    assert before is not None
    known = publish.visible(before, deployment, "b.*")
    mode = dataset.delivery.mode
    changes = ", ".join(
        f"CASE WHEN place < {share / 2} THEN {text} ELSE {column} END AS {column}"
        for column, text in CHANGED[name].items()
    )
    stamp = f"'c0ffee{date:%m%d}-' || row_number() OVER (ORDER BY _row_id) AS _row_id, DATE '{date}' AS _delivery_date"
    gone = f"place BETWEEN {share / 2} AND {share * 3 / 4}"
    operation = dataset.delivery.operation
    ended = f", CASE WHEN {gone} THEN 'D' ELSE 'U' END AS {operation}" if operation and mode == "delta" else ""
    placed = f"SELECT *, (hash(_row_id || '{date}') % 1000000) / 1000000 AS place FROM ({known})"
    rows = f"SELECT * EXCLUDE (place) REPLACE ({changes}, {stamp}{ended}) FROM ({placed}) WHERE "
    rows += f"place < {share * 3 / 4}" if mode == "delta" else f"NOT ({gone})"
    with sql.connection(deployment, "night") as connection:
        if mode == "delta":  # those that were gone the night before come back: new ones
            earlier = publish.newest(deployment, name, date - timedelta(days=2))
            keys = sql.identifiers(dataset.key)
            if earlier is not None and earlier.snapshot_id != before.snapshot_id:
                lost = (
                    f"SELECT * FROM ({publish.visible(earlier, deployment, 'b.*')}) ANTI JOIN ({known}) USING ({keys})"
                )
                again = f"'c0ffee{date:%m%d}-n' || row_number() OVER (ORDER BY _row_id) AS _row_id, DATE '{date}' AS _delivery_date"
                rows += f" UNION ALL BY NAME SELECT * REPLACE ({again}) FROM ({lost})"
        folder = StandardizedBatch.path(deployment, name, date).parent
        folder.mkdir(parents=True, exist_ok=True)
        batch_id = fingerprint("night", name, date)
        path = folder / f"{batch_id}-0.parquet"
        like = StandardizedBatch.read(StandardizedBatch.path(deployment, name, before.date))
        verdict = Verdict.read(Verdict.path(deployment, name, before.date))
        assert like is not None and verdict is not None
        filled = sql.identifiers(sql.schema(connection, deployment.absolute(like.clean_files[0])))
        connection.execute(
            f"COPY (SELECT {filled} FROM (FROM ({rows}) UNION ALL BY NAME (SELECT * FROM "
            f"{sql.parquet([deployment.absolute(like.clean_files[0])])} LIMIT 0))) TO {sql.text(str(path))} ({sql.PARQUET})"
        )
    count = files.row_count(path)
    batch = like.model_copy(update={
        "date": date, "batch_id": batch_id, "mode": mode, "delivered": count, "clean": count, "rejected": 0,
        "duplicates": 0, "quarantined": 0, "clean_files": (deployment.relative(path),), "quarantine_files": (),
        "duplicate_files": (),
    })  # fmt: skip
    batch.write(StandardizedBatch.path(deployment, name, date))
    sound = tuple(outcome.model_copy(update={"passed": True}) for outcome in verdict.outcomes)
    verdict.model_copy(update={"date": date, "batch_id": batch_id, "outcomes": sound}).write(
        Verdict.path(deployment, name, date)
    )
    publish.publish(batch, dataset, registry, deployment)


def _compare(home: Path, whole: Path, date: Date) -> None:
    from govdata import publish, standards
    from govdata.publish import scorecard
    from govdata.storage import sql
    from govdata.storage.tables.masters import ELEMENT_OVERLAP, LINK_COVERAGE

    here, there = Deployment.from_env(home), Deployment.from_env(whole)
    registry = standards.load(here.standards)
    with sql.connection(here, "compare") as connection:
        for name in registry.derived:
            columns = ", ".join(f"b.{sql.identifier(c.name)}" for c in registry.datasets[name].columns) + ", b._row_id"
            one, other = (publish.newest(each, name, date) for each in (here, there))
            assert one is not None and other is not None and one.date == other.date == date
            a, b = (publish.visible(s, d, columns) for s, d in ((one, here), (other, there)))
            differing = sql.scalar(
                connection, f"SELECT count(*) FROM (({a} EXCEPT ALL {b}) UNION ALL ({b} EXCEPT ALL {a}))"
            )
            layer = "层" if one.lineage[0] != date else "全量"
            print(f"{date} {name:24} {one.rows:9,} 行 {layer} 与全部重做不同 {differing} 行")
        for table in (ELEMENT_OVERLAP, LINK_COVERAGE):
            for kind in registry.masters:
                a, b = (f"FROM {sql.parquet([scorecard.path(each, table, date, kind)])}" for each in (here, there))
                differing = sql.scalar(
                    connection, f"SELECT count(*) FROM (({a} EXCEPT ALL {b}) UNION ALL ({b} EXCEPT ALL {a}))"
                )
                print(f"{date} {table.name} {kind} 与全部重做不同 {differing} 行")


if __name__ == "__main__":
    main()
