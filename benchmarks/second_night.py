"""What the second night costs, a delta of random keys on a large table, and what analysts pay for reading it merged on
read.

    python benchmarks/second_night.py [--rows 10000000] [--share 0.01] [--full 200000] [--dir FOLDER]

The base is made of the sample city's standardised people, copied with new id numbers (valid, region block 19xxxx) up to
``--rows``; it is published by the real publishing stage. The delta is a CSV file of ``--share`` of the rows, taken at
random, and goes through the real stages, each in a process of its own. The full night it is compared with is a line
through two deliveries of the same people, ``--full`` and a quarter of them, through the same stages. Then more nights
of the same kind are published until the policy compacts: the queries are timed at the worst point before that, over the
view and over a compacted table, the last publishing shows what compacting costs, and the outcome is compared with one
made the plain way from all deliveries.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import duckdb
from night import PRELUDE, STAGE_CODE, Cost, measure
from rich.console import Console
from rich.table import Table

from govdata import checks, engine, ingest, publish, standards
from govdata.batches import Snapshot, StandardizedBatch, Verdict
from govdata.deployment import Deployment
from govdata.publish import layers
from govdata.publish.merge import MAX_HIDDEN
from govdata.sample import generate, lay_down_standards
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint

FIRST = Date(2026, 11, 1)
SEED_PEOPLE = 40_000
CHECK = "substr('10X98765432', 1 + CAST((" + " + ".join(
    f"{weight} * CAST(substr(id, {place}, 1) AS INTEGER)"
    for place, weight in enumerate((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), start=1)
) + ") % 11 AS INTEGER), 1)"  # fmt: skip

QUERIES = {
    "count(*)": "SELECT count(*) FROM {t}",
    "按一列分组": "SELECT household_division, count(*) FROM {t} GROUP BY 1",
    "按两列汇总": "SELECT ethnicity, education, count(*), min(birth_date), max(updated_at) FROM {t} GROUP BY 1, 2",
    "按键取一人": "SELECT * FROM {t} WHERE citizen_id = '{one}'",
    "按日期筛选": "SELECT count(*), count(phone) FROM {t} WHERE birth_date >= DATE '2010-01-01'",
    "去重计数": "SELECT count(DISTINCT name) FROM {t}",
    "与名单连接": "SELECT count(*), min(t.birth_date) FROM {t} t JOIN read_parquet('{list}') USING (citizen_id)",
    "整表导出": "COPY (SELECT * FROM {t}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)",
}


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class City:
    """A deployment, and the people who may be delivered to it."""

    def __init__(self, home: Path) -> None:
        self.deployment = Deployment.from_env(home)
        lay_down_standards(self.deployment.standards)
        self.registry: Registry = standards.load(self.deployment.standards)
        self.dataset = self.registry.datasets["population"]
        self.connection = duckdb.connect(config={"memory_limit": "3GB", "preserve_insertion_order": False})
        self.connection.execute(f"SET temp_directory = {sql.text(str(home / 'spill'))}")

    def standardize(self, date: Date) -> StandardizedBatch:
        delivery = ingest.receive(self.deployment, self.dataset, date)
        assert delivery is not None
        raw = ingest.ingest(delivery, self.dataset, self.registry, self.deployment)
        return engine.standardize(raw, self.dataset, self.registry, self.deployment)

    def put(
        self, like: StandardizedBatch, verdict: Verdict, date: Date, mode: str, query: str, parts: int = 1
    ) -> Snapshot:
        """Lay the rows of ``query`` down as the standardised batch of ``date``, as if it had been delivered and
        checked; publish it."""
        batch_id = fingerprint("second night", date.isoformat(), mode)
        folder = StandardizedBatch.path(self.deployment, "population", date).parent
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{batch_id}-{part}.parquet" for part in range(parts)]
        for part, path in enumerate(paths):
            chosen = query if parts == 1 else f"SELECT * FROM ({query}) WHERE _source_row % {parts} = {part}"
            self.connection.execute(f"COPY ({chosen}) TO {sql.text(str(path))} (FORMAT parquet, COMPRESSION zstd)")
        rows = sum(files.row_count(path) for path in paths)
        counts = {"delivered": rows, "clean": rows, "rejected": 0, "duplicates": 0, "quarantined": 0}
        named = {
            "clean_files": tuple(self.deployment.relative(path) for path in paths),
            "quarantine_files": (),
            "duplicate_files": (),
        }
        batch = like.model_copy(update={"date": date, "batch_id": batch_id, "mode": mode, **counts, **named})
        batch.write(StandardizedBatch.path(self.deployment, "population", date))
        sound = tuple(outcome.model_copy(update={"passed": True}) for outcome in verdict.outcomes)
        judged = verdict.model_copy(update={"date": date, "batch_id": batch_id, "outcomes": sound})
        judged.write(Verdict.path(self.deployment, "population", date))
        return publish.publish(batch, self.dataset, self.registry, self.deployment)

    def people(self, clean: list[Path], rows: int) -> str:
        """SELECT of ``rows`` people with the columns of a standardised file: sample people over and over, each with an
        id of its own."""
        known = (
            f"SELECT *, row_number() OVER () - 1 AS turn FROM (SELECT * FROM {sql.parquet(clean)} "
            "WHERE substr(citizen_id, 7, 8) = strftime(birth_date, '%Y%m%d') "
            "AND (CAST(substr(citizen_id, 17, 1) AS INTEGER) % 2 = 1) = (sex = '1') "
            "QUALIFY row_number() OVER (PARTITION BY substr(citizen_id, 1, 14), sex) = 1)"
        )
        self.connection.execute(f"CREATE OR REPLACE TABLE seeds AS {known}")
        seeds = sql.scalar(self.connection, "SELECT count(*) FROM seeds")
        copies = -(-rows // seeds)
        assert copies <= 500, "a sequence number has three digits, the last of them for the sex"
        number = (
            "substr(citizen_id, 1, 14) || lpad(CAST(2 * copy + (CASE sex WHEN '1' THEN 1 ELSE 0 END) AS VARCHAR), 3, "
            "'0')"
        )
        place = "(turn * 7919 + copy * 104729)"
        return (
            f"SELECT * EXCLUDE (turn, copy, id) REPLACE (id || {CHECK} AS citizen_id, "
            "household_address || '之' || copy AS household_address, residence_address || '之' || copy AS "
            "residence_address, "
            f"'179' || lpad(CAST(hash({place}) % 100000000 AS VARCHAR), 8, '0') AS phone, 'c0ffee000000-' || "
            f"({place}) AS _row_id, "
            f"turn * {copies} + copy AS _source_row) FROM (SELECT *, {number} AS id FROM seeds, range({copies}) AS "
            "c(copy)) "
            f"WHERE turn * {copies} + copy < {rows}"
        )


def deliver(city: City, date: Date, name: str, query: str, kind: str) -> None:
    """Write the people of ``query`` as the department would: one UTF-8 CSV file. ``kind``: SQL of the change kind."""
    folder = city.deployment.delivery("population", date)
    folder.mkdir(parents=True, exist_ok=True)
    columns = [column for column in city.dataset.columns if column.name != "change_kind"]
    told = ", ".join(f"{sql.identifier(column.name)} AS {sql.identifier(column.title)}" for column in columns)
    title = next(column.title for column in city.dataset.columns if column.name == "change_kind")
    target = sql.text(str(folder / name))
    city.connection.execute(
        f"COPY (SELECT {told}, {kind} AS {sql.identifier(title)} FROM ({query})) TO {target} (FORMAT csv, HEADER)"
    )


def stages(home: Path, date: Date) -> dict[str, Cost]:
    environment = os.environ | {"GOVDATA_HOME": str(home)}
    costs = {"仅载入程序与标准": measure([sys.executable, "-c", PRELUDE, date.isoformat()], environment)}
    for name, code in STAGE_CODE.items():
        costs[name] = measure([sys.executable, "-c", PRELUDE + code, date.isoformat()], environment)
    return costs


def total(costs: dict[str, Cost]) -> float:
    """CPU seconds of the stages together: each process loads program and standards, a night does once."""
    loading, *others = (cost.cpu for cost in costs.values())
    return loading + sum(other - loading for other in others)


def changed(base: str, night: int, share: float) -> str:
    """One share of the base, other people each night; ``_row_id`` tells the nights apart."""
    chosen = f"hash(citizen_id || '-{night}') % 1000000 < {round(share * 1_000_000)}"
    return (
        f"SELECT * REPLACE ('d{night:011d}-' || _source_row AS _row_id, 'U' AS change_kind) FROM {base} WHERE {chosen}"
    )


def digest(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = connection.execute(f"SELECT count(*), sum(hash(q)) FROM ({query}) AS q").fetchall()[0]
    return int(row[0]), int(row[1])


def timed(connection: duckdb.DuckDBPyConnection, query: str, times: int) -> float:
    best = float("inf")
    for _ in range(times):
        began = cpu()
        connection.execute(query).fetchall()
        best = min(best, cpu() - began)
    return best


def compare(city: City, home: Path, snapshot: Snapshot, console: Console) -> None:
    """The queries over the view and over the same rows in one compacted file; the two must hold the same rows."""
    view = publish.visible(snapshot, city.deployment, "b.*")
    compact = home / "compact.parquet"
    with duckdb.connect(config={"memory_limit": "3GB", "preserve_insertion_order": False}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE VIEW merged AS {view}")
        connection.execute(f"COPY (FROM merged) TO {sql.text(str(compact))} (FORMAT parquet, COMPRESSION zstd)")
        connection.execute(f"CREATE VIEW compacted AS SELECT * FROM {sql.parquet([compact])}")
        one = str(connection.execute("SELECT citizen_id FROM compacted LIMIT 1 OFFSET 4321").fetchall()[0][0])
        listed = home / "list.parquet"
        connection.execute(
            f"COPY (SELECT citizen_id FROM compacted WHERE hash(citizen_id) % 50 = 0) TO {sql.text(str(listed))}"
        )
        hidden = f"{snapshot.hidden:,} 行（{snapshot.hidden / snapshot.rows:.1%}）"
        title = f"{snapshot.rows:,} 行，{len(snapshot.files)} 个文件，{hidden}已被取代"
        table = Table(title=title, title_justify="left")
        for column in ("查询", "视图 CPU 秒", "压实 CPU 秒", "倍数"):
            table.add_column(column, justify="left" if column == "查询" else "right")
        sums = [0.0, 0.0]
        for name, query in QUERIES.items():
            times = 1 if name == "整表导出" else 3
            filled = {"one": one, "list": listed, "out": home / "export.parquet"}
            pair = [timed(connection, query.format(t=t, **filled), times) for t in ("merged", "compacted")]
            sums = [sums[0] + pair[0], sums[1] + pair[1]]
            table.add_row(name, *(f"{value:.2f}" for value in pair), f"{pair[0] / pair[1]:.2f}")
        table.add_row("合计", *(f"{value:.2f}" for value in sums), f"{sums[0] / sums[1]:.2f}", style="bold")
        console.print(table)


def rebuilt(base: list[Path], deltas: list[list[Path]], columns: str) -> str:
    """The plain way: of the deltas the last row of each key, of the base the rows with no such key; none that is
    cancelled."""
    every = " UNION ALL ".join(
        f"SELECT {columns}, {turn} AS _turn FROM {sql.parquet(paths)}" for turn, paths in enumerate(deltas)
    )
    last = f"SELECT * FROM ({every}) QUALIFY row_number() OVER (PARTITION BY citizen_id ORDER BY _turn DESC) = 1"
    untouched = (
        f"SELECT {columns} FROM {sql.parquet(base)} ANTI JOIN (SELECT citizen_id FROM ({every})) USING (citizen_id)"
    )
    return f"{untouched} UNION ALL SELECT {columns} FROM ({last}) WHERE change_kind IS DISTINCT FROM 'D'"


def run(rows: int, share: float, full: int, home: Path) -> None:
    console = Console()
    city = City(home / "city")
    generate(SEED_PEOPLE, 1, home / "seed", dates=[FIRST], datasets=["population"], formats={"population": "single"})
    delivered = sorted(Deployment.from_env(home / "seed").delivery("population", FIRST).iterdir())
    first = city.deployment.delivery("population", FIRST)
    first.mkdir(parents=True)
    for path in delivered:
        shutil.copy(path, first / path.name)
    seed = city.standardize(FIRST)
    verdict = checks.validate(seed, city.dataset, city.registry, city.deployment)
    people = city.people([city.deployment.absolute(path) for path in seed.clean_files], rows)
    shutil.rmtree(home / "seed")

    wholes = {}
    for delivered_rows in (full // 4, full):
        other = City(home / "full")
        other.people([city.deployment.absolute(path) for path in seed.clean_files], rows)
        deliver(other, FIRST, "人口基本信息_全量.csv", f"SELECT * FROM ({people}) LIMIT {delivered_rows}", "'新增'")
        wholes[delivered_rows] = stages(home / "full", FIRST)
        shutil.rmtree(home / "full")
    whole = wholes[full]

    base = city.put(seed, verdict, FIRST, "snapshot", people, parts=4)
    base_files = [city.deployment.absolute(path) for path in base.files]
    night = FIRST + timedelta(days=1)
    kind = "CASE WHEN hash(citizen_id) % 20 = 0 THEN '注销' ELSE '变更' END"
    deliver(city, night, "人口基本信息_增量.csv", changed(sql.parquet(base_files), 1, share), kind)
    second = stages(home / "city", night)
    table = Table(
        title=f"{rows:,} 行之上 {share:.0%} 的增量；整夜由 {full // 4:,} 与 {full:,} 行外推", title_justify="left"
    )
    for column in ("", "增量夜 CPU 秒", "峰值 MB", f"{full:,} 行 CPU 秒", "峰值 MB"):
        table.add_column(column, justify="left" if column == "" else "right")
    for name in second:
        table.add_row(
            name,
            f"{second[name].cpu:.2f}",
            f"{second[name].peak:.0f}",
            f"{whole[name].cpu:.2f}",
            f"{whole[name].peak:.0f}",
        )
    per_row = (total(whole) - total(wholes[full // 4])) / (full - full // 4)
    estimate = total(whole) + per_row * (rows - full)
    table.add_row("合计（载入只计一次）", f"{total(second):.2f}", "", f"{total(whole):.2f}", style="bold")
    console.print(table)
    console.print(f"整夜外推到 {rows:,} 行：{estimate:.1f} CPU 秒；增量夜是它的 {total(second) / estimate:.1%}")

    snapshot = Snapshot.read(Snapshot.path(city.deployment, "population", night))
    assert snapshot is not None and snapshot.hidden
    day = 1
    while True:  # more nights of the same kind, up to the one that compacts
        day += 1
        worst, date = snapshot, FIRST + timedelta(days=day)
        query = changed(sql.parquet(base_files), day, share)
        if worst.hidden + share * rows > MAX_HIDDEN * (rows + day * share * rows):
            compare(city, home, worst, console)
        began = cpu()
        snapshot = city.put(seed, verdict, date, "delta", query)
        used = cpu() - began
        if snapshot.hidden < worst.hidden:
            break
    again = cpu()
    city.connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
    console.print(f"第 {day + 1} 夜压实：发布用 {used:.1f} CPU 秒（含写出增量，读它用 {cpu() - again:.1f} 秒）")
    dates = [FIRST + timedelta(days=number) for number in range(1, day + 1)]
    known = [layers.read(layers.Layer, layers.Layer.path(city.deployment, "population", date)) for date in dates]
    deltas = [[city.deployment.absolute(path) for path in layer.files] for layer in known if layer]
    names = [column.name for column in city.dataset.columns] + [
        "_row_id",
        "_source_file",
        "_source_row",
        "_delivery_date",
    ]
    columns = sql.identifiers(names)
    same = digest(city.connection, publish.visible(snapshot, city.deployment, columns)) == digest(
        city.connection, f"SELECT {columns} FROM ({rebuilt(base_files, deltas, columns)})"
    )
    console.print("结果与全部重做相同" if same else "[red]结果与全部重做不同[/]")
    if not same:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--full", type=int, default=200_000, help="people in the full night that is measured")
    parser.add_argument(
        "--dir", type=Path, help="work below this folder; default: that of temporary files. Ten million rows take 4 GB"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govdata-second-night-", dir=options.dir) as scratch:
        run(options.rows, options.share, min(options.full, options.rows), Path(scratch))


if __name__ == "__main__":
    main()
