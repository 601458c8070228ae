"""The same rules on the same Parquet file, by govdata's engine and by the validators people use instead.

    python benchmarks/peers.py [--rows 1000000] [--only dataframely ours …] [--environments FOLDER]

The 18 rules are declared once (peers/rules.py). Each peer runs in an environment of its own, which uv makes in a
temporary folder, and in a process of its own; CPU seconds count user and system time of all its threads, the peak is
the operating system's. Every peer reads the file, judges all rows by all rules, and, where it can give rows, writes the
good and the bad ones to Parquet. Its counts are compared with a reference in SQL. A peer that cannot be installed, or
cannot express a rule, is shown as such.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "peers")]

from rules import CHECK_CHARACTERS, ETHNICITIES, RULES, WEIGHTS, Rule  # noqa: E402

from benchmarks.night import Cost  # noqa: E402

DATE = Date(2026, 11, 20)
DATASET = "peer"


@dataclass(frozen=True)
class Peer:
    """``rows``: it says which rows failed. ``packages``: what its environment holds; the first one's version is
    shown."""

    name: str
    program: str
    packages: tuple[str, ...]
    rows: bool


PEERS = (
    Peer("read and write only (Polars)", "limit_polars", ("polars",), True),
    Peer("dataframely filter", "dataframely_filter", ("dataframely", "polars"), True),
    Peer("pointblank (Polars)", "pointblank_polars", ("pointblank[pl]",), True),
    Peer("pandera (Polars)", "pandera_polars", ("pandera[polars]",), True),
    Peer("pandera (pandas)", "pandera_pandas", ("pandera[pandas]", "pyarrow"), True),
    Peer("Great Expectations (pandas)", "gx_pandas", ("great-expectations", "pyarrow"), True),
    Peer("soda-core (DuckDB)", "soda_duckdb", ("soda-core-duckdb", "setuptools<81"), False),
    Peer("cuallee (Polars)", "cuallee_polars", ("cuallee[polars]", "numpy", "pyarrow"), False),
    Peer("datacontract-cli (DuckDB)", "datacontract_duckdb", ("datacontract-cli[duckdb]",), False),
)


# ---------------------------------------------------------------------------------------------------------------- data


def make_rows(path: Path, count: int, seed: int = 1) -> None:
    """``count`` people with about 0.5 % of wrong cells per rule. Region block 19, phones 179: no number can be a real
    person's."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(seed)
    birth = np.datetime64("1930-01-01") + draw.integers(0, 34_000, count).astype("timedelta64[D]")
    division = 190101 + draw.integers(0, 12, count)
    birth_number = np.char.replace(birth.astype(str), "-", "").astype(np.int64)
    head = (division.astype(np.int64) * 10**8 + birth_number) * 1000 + draw.integers(0, 1000, count)
    total = sum(((head // 10 ** (16 - place)) % 10) * weight for place, weight in enumerate(WEIGHTS))
    numbers = np.char.add(head.astype("U17"), np.array(list(CHECK_CHARACTERS))[total % 11])
    wrong = _some(draw, count)
    numbers[wrong] = np.char.add(head[wrong].astype("U17"), np.array(list(CHECK_CHARACTERS))[(total[wrong] + 3) % 11])
    malformed = _some(draw, count)
    numbers[malformed] = np.char.add("A", head[malformed].astype("U17"))
    again = _some(draw, count)
    numbers[again] = numbers[draw.integers(0, count, len(again))]
    family, given = np.array(list("赵钱孙李周吴郑王冯陈")), np.array(list("伟芳娜敏静磊洋勇艳杰"))
    names = np.char.add(
        family[draw.integers(0, 10, count)],
        np.char.add(given[draw.integers(0, 10, count)], given[draw.integers(0, 10, count)]),
    )
    names[_some(draw, count)] = "王"
    phones = np.char.add("179", np.char.zfill(draw.integers(0, 10**8, count).astype("U8"), 8))
    phones[_some(draw, count)] = "17912"
    registered = birth + draw.integers(0, 9000, count).astype("timedelta64[D]")
    registered = np.minimum(np.maximum(registered, np.datetime64("1950-01-01")), np.datetime64(DATE))
    early = _some(draw, count)
    registered[early] = birth[early] - np.timedelta64(400, "D")
    late = _some(draw, count)
    birth[late] = np.datetime64("2031-05-05")
    height = draw.integers(45, 200, count)
    height[_some(draw, count)] = 999
    status = np.array(["1", "2", "3"])[draw.choice(3, count, p=[0.95, 0.03, 0.02])]
    dated = (status != "1") & (draw.random(count) > 0.1)

    def coded(values: tuple[str, ...], bad: str) -> Any:
        cells = np.array(values)[draw.integers(0, len(values), count)]
        cells[_some(draw, count)] = bad
        return cells

    def text(values: Any, nulls: float = 0.0) -> pa.Array:
        return pa.array(values, pa.string(), mask=draw.random(count) < nulls)

    columns = {
        "id": text(numbers, 0.005),
        "name": text(names, 0.005),
        "sex": text(coded(("1", "2"), "5"), 0.01),
        "ethnicity": text(coded(ETHNICITIES, "77"), 0.01),
        "marital": text(coded(("10", "20", "30", "40"), "55"), 0.05),
        "division": text(coded(tuple(str(190101 + number) for number in range(12)), "29010"), 0.01),
        "phone": text(phones, 0.2),
        "birth_date": pa.array(birth, pa.date32(), mask=draw.random(count) < 0.005),
        "registered": pa.array(registered, pa.date32(), mask=draw.random(count) < 0.02),
        "height": pa.array(height, pa.int64(), mask=draw.random(count) < 0.1),
        "status": text(np.where(draw.random(count) < 0.003, "8", status)),
        "status_date": pa.array(registered, pa.date32(), mask=~dated),
    }
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=122_880)


def _some(draw: Any, count: int) -> Any:
    return draw.choice(count, max(1, count // 200), replace=False)


def reference(path: Path) -> tuple[dict[str, int], int]:
    """Failed rows by rule, and rows failing any, by plain SQL."""
    import duckdb

    conditions = {rule.name: failing(rule) for rule in RULES}
    keys = "count(*) OVER (PARTITION BY id) AS same_id"
    counts = ", ".join(f"count(*) FILTER (coalesce({condition}, false))" for condition in conditions.values())
    anything = " OR ".join(f"coalesce({condition}, false)" for condition in conditions.values())
    row = duckdb.sql(f"SELECT {counts}, count(*) FILTER ({anything}) FROM (SELECT *, {keys} FROM '{path}')").fetchall()[
        0
    ]
    return dict(zip(conditions, row[:-1], strict=True)), row[-1]


def failing(rule: Rule) -> str:
    column, arguments = rule.column, rule.arguments
    match rule.kind:
        case "not_null":
            return f"{column} IS NULL"
        case "pattern":
            return f"NOT regexp_full_match({column}, '{arguments[0]}')"
        case "check_digit":
            total = " + ".join(
                f"TRY_CAST(substr({column}, {place}, 1) AS INTEGER) * {weight}"
                for place, weight in enumerate(WEIGHTS, 1)
            )
            expected = f"substr('{CHECK_CHARACTERS}', CAST(1 + ({total}) % 11 AS INTEGER), 1)"
            return (
                f"{column} IS NOT NULL AND NOT coalesce(length({column}) = 18 AND substr({column}, 18) = {expected}, "
                "false)"
            )
        case "unique":
            return f"{column} IS NOT NULL AND same_{column} > 1"
        case "length":
            return f"length({column}) NOT BETWEEN {arguments[0]} AND {arguments[1]}"
        case "in_set":
            return f"{column} NOT IN ({', '.join(chr(39) + value + chr(39) for value in arguments)})"
        case "dates":
            return f"{column} NOT BETWEEN DATE '{arguments[0]}' AND DATE '{arguments[1]}'"
        case "range":
            return f"{column} NOT BETWEEN {arguments[0]} AND {arguments[1]}"
        case "not_before":
            return f"{column} < {arguments[0]}"
        case "given_unless":
            return f"{column} IS NULL AND {arguments[0]} <> '{arguments[1]}'"
    raise ValueError(rule.kind)


# ---------------------------------------------------------------------------------------------------------------- ours


def declare(standards: Path) -> None:
    """The same rules as elements and a contract, and nothing else: no normalisers, no code sets."""
    import pyarrow.parquet as pq
    import yaml

    types = {"date32[day]": ("date", "date"), "int64": ("integer", "integer"), "string": ("text", "string")}
    fields = {field.name: types[str(field.type)] for field in pq.read_schema(standards.parent / "rows.parquet")}
    elements: dict[str, Any] = {}
    properties, quality = [], []
    for name, (kind, logical) in fields.items():
        rules = {rule.name: shown for rule in RULES if rule.column == name and (shown := element_rule(rule))}
        elements[f"peer_{name}"] = {
            "name": name, "name_en": name, "definition": name, "type": kind, "sensitivity": {"level": 1}, "rules": rules
        }  # fmt: skip
        kinds = {rule.kind for rule in RULES if rule.column == name}
        entry = {
            "name": name,
            "logicalType": logical,
            "customProperties": [{"property": "element", "value": f"peer_{name}"}],
        }
        properties.append(entry | {"required": "not_null" in kinds, "primaryKey": "unique" in kinds})
    for rule in RULES:
        if rule.kind in ("not_before", "given_unless"):
            row = (
                f"{rule.column} >= {rule.arguments[0]}"
                if rule.kind == "not_before"
                else f"{rule.column} IS NOT NULL OR {rule.arguments[0]} = '{rule.arguments[1]}'"
            )
            quality.append(
                {"name": rule.name, "description": rule.name, "type": "custom", "engine": "govdata", "dimension": "consistency",
                 "severity": "error", "implementation": {"row": row}}
            )  # fmt: skip
    contract = {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": DATASET, "name": "同题比较", "version": "1.0.0", "status": "active",
        "domain": "测试", "team": {"name": "市数据局"},
        "schema": [{
            "name": DATASET,
            "customProperties": [
                {"property": "delivery", "value": {"mode": "snapshot"}},
                {"property": "volume", "value": {"min_rows": 1, "max_quarantine": 1.0}},
            ],
            "properties": properties, "quality": quality,
        }],
    }  # fmt: skip
    for path, data in (("elements/peer.yaml", elements), (f"datasets/{DATASET}.odcs.yaml", contract)):
        (standards / path).parent.mkdir(parents=True, exist_ok=True)
        (standards / path).write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (standards / "elements" / "_defaults.yaml").write_text("null_tokens: ['']\n", encoding="utf-8")


def element_rule(rule: Rule) -> dict[str, Any] | None:
    arguments = rule.arguments
    said = {"dimension": "conformity", "severity": "error", "message": rule.name}
    match rule.kind:
        case "pattern":
            return said | {"pattern": arguments[0]}
        case "check_digit":
            return said | {"check_digit": "gb11643"}
        case "length":
            return said | {"length": {"min": arguments[0], "max": arguments[1]}}
        case "range":
            return said | {"range": {"min": float(arguments[0]), "max": float(arguments[1])}}
        case "dates":
            return said | {"date_range": {"min": arguments[0].isoformat(), "max": arguments[1].isoformat()}}
        case "in_set":
            return said | {"row": f"value IN ({', '.join(chr(39) + value + chr(39) for value in arguments)})"}
    return None


OURS = """
import json, sys
from pathlib import Path
from datetime import date as Date
from govdata import engine, ingest, standards
from govdata.batches import RawBatch
from govdata.deployment import Deployment
d = Deployment.from_env()
registry = standards.load(d.standards)
ds = registry.datasets["peer"]
date = Date.fromisoformat(sys.argv[1])
"""
OURS_RAW = OURS + "ingest.ingest(ingest.receive(d, ds, date), ds, registry, d); print('RESULT {}')"
OURS_SPLIT = OURS + (
    "b = engine.standardize(RawBatch.read(RawBatch.path(d, ds.name, date)), ds, registry, d)\n"
    "print('RESULT ' + json.dumps({'counts': b.rule_failures, 'bad': b.quarantined}))"
)


def ours_name(rule: Rule) -> str:
    if rule.kind == "not_null":
        return f"{rule.column}.required"
    if rule.kind == "unique":
        return "primary_key_unique"
    return rule.name if rule.kind in ("not_before", "given_unless") else f"{rule.column}.{rule.name}"


# ----------------------------------------------------------------------------------------------------------- measuring


def run(command: list[str], environment: dict[str, str], log: Path) -> tuple[Cost, dict[str, Any]]:
    """What ``command`` cost and its RESULT line. Raises RuntimeError with the end of its output where it fails."""
    wrapper = (
        "import resource, subprocess, sys, time; began = time.perf_counter(); "
        "code = subprocess.call(sys.argv[2:], stdout=open(sys.argv[1], 'wb'), stderr=subprocess.STDOUT); "
        "u = resource.getrusage(resource.RUSAGE_CHILDREN); print(u.ru_utime + u.ru_stime, time.perf_counter() - "
        "began, u.ru_maxrss, code)"
    )
    measured = subprocess.run(
        [sys.executable, "-c", wrapper, str(log), *command],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    cpu, wall, peak, code = measured.stdout.split()
    output = log.read_text(errors="replace")
    results = [line.removeprefix("RESULT ") for line in output.splitlines() if line.startswith("RESULT ")]
    if code != "0" or not results:
        raise RuntimeError(output.strip()[-1500:])
    return Cost(float(cpu), float(wall), float(peak) / 1024), json.loads(results[-1])


def environment_of(peer: Peer, folder: Path) -> tuple[Path, str]:
    """The peer's own interpreter, and the version of its first package. Raises RuntimeError where it cannot be
    installed."""
    home = folder / peer.program
    python = home / "bin" / "python"
    if not python.exists():
        for command in (
            [sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(home)],
            [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python), *peer.packages],
        ):
            if command[2] == "uv" and not _has_uv_module():
                command = ["uv", *command[3:]]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"cannot be installed: {done.stderr.strip()[-300:]}")
    name = peer.packages[0].partition("[")[0]
    shown = subprocess.run(
        [str(python), "-c", f"import importlib.metadata as m; print(m.version('{name}'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return python, f"{name} {shown.stdout.strip()}"


def _has_uv_module() -> bool:
    import importlib.util

    return importlib.util.find_spec("uv") is not None


@dataclass(frozen=True)
class Line:
    """``start``: the same program on 1,000 rows, so mostly imports. ``agreeing`` of ``expressed`` rules count as the
    reference does."""

    name: str
    version: str
    cost: Cost | None
    start: Cost | None = None
    expressed: int = 0
    agreeing: int = 0
    differing: tuple[str, ...] = ()
    rows: str = ""
    failure: str = ""


def measure_peer(peer: Peer, environments: Path, folder: Path) -> Line:
    out = folder / peer.program
    out.mkdir()
    log = folder / f"{peer.program}.log"
    version = ""
    try:
        python, version = environment_of(peer, environments)
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        clean |= {"GX_ANALYTICS_ENABLED": "false", "PYTHONWARNINGS": "ignore"}
        program = [str(python), str(HERE / "peers" / f"{peer.program}.py")]
        run([*program, str(folder / "few.parquet"), str(out)], clean, log)  # once for the bytecode
        start, _ = run([*program, str(folder / "few.parquet"), str(out)], clean, log)
        cost, result = run([*program, str(folder / "rows.parquet"), str(out)], clean, log)
    except RuntimeError as error:
        return Line(peer.name, version, None, failure=str(error))
    return judged(
        peer.name, version, cost, start, result, folder, "good and bad written" if peer.rows else "counts only"
    )


def judged(name: str, version: str, cost: Cost, start: Cost, result: dict[str, Any], folder: Path, rows: str) -> Line:
    counts = result["counts"]
    expected, expected_bad = reference(folder / "rows.parquet")
    said = {rule: count for rule, count in counts.items() if count is not None}
    differing = tuple(rule for rule, count in said.items() if count != expected[rule])
    if said and result["bad"] is not None and result["bad"] != expected_bad:
        rows += f", {result['bad'] - expected_bad:+d} rows"
    return Line(name, version, cost, start, len(said), len(said) - len(differing), differing, rows)


def measure_ours(folder: Path, count: int) -> list[Line]:
    import shutil

    import duckdb

    lines = []
    costs = {}
    for name in ("few", "rows"):
        home = folder / f"ours-{name}"
        landing = home / "data" / "landing" / DATASET / DATE.isoformat()
        landing.mkdir(parents=True)
        shutil.copy(folder / f"{name}.parquet", landing / "rows.parquet")
        shutil.copy(folder / f"{name}.parquet", home / "rows.parquet")
        declare(home / "standards")
        environment = os.environ | {"GOVDATA_HOME": str(home)}
        for stage, code in (("raw", OURS_RAW), ("split", OURS_SPLIT)):
            costs[stage, name] = run([sys.executable, "-c", code, DATE.isoformat()], environment, folder / "ours.log")
    cost, result = costs["split", "rows"]
    counts = {rule.name: result["counts"][ours_name(rule)] for rule in RULES}
    result = {"counts": counts, "bad": result["bad"]}
    version = f"DuckDB {duckdb.__version__}"
    title = "govdata: type, judge and split"
    lines.append(
        judged(
            title,
            version,
            cost,
            costs["split", "few"][0],
            result,
            folder,
            "good and bad written, rule ids on each bad row",
        )
    )
    cost, start = costs["raw", "rows"][0], costs["raw", "few"][0]
    lines.append(
        Line("govdata: receive (before it)", version, cost, start, rows="records counted, hashed, kept as they came")
    )
    return lines


def table(lines: list[Line]) -> str:
    """Markdown."""
    out = [
        "| | version | CPU s | start-up of it | wall s | peak MB | rules | counts agree | rows |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for line in lines:
        if line.cost is None or line.start is None:
            out.append(f"| {line.name} | {line.version} | failed: {line.failure.splitlines()[-1][:160]} | | | | | | |")
            continue
        judged = f"{line.expressed} of {len(RULES)} | {line.agreeing}" if line.expressed else " | "
        if line.differing:
            judged += f" (not {', '.join(line.differing)})"
        cost = f"{line.cost.cpu:.2f} | {line.start.cpu:.2f} | {line.cost.wall:.2f} | {line.cost.peak:.0f}"
        out.append(f"| {line.name} | {line.version} | {cost} | {judged} | {line.rows} |")
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", help="programs of peers/ without .py, or: ours")
    parser.add_argument("--environments", type=Path, help="keep the peers' environments here and use them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="govdata-peers-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        make_rows(folder / "rows.parquet", options.rows)
        make_rows(folder / "few.parquet", 1000)
        environments = options.environments or folder / "environments"
        environments.mkdir(parents=True, exist_ok=True)
        lines = []
        if not options.only or "ours" in options.only:
            lines += measure_ours(folder, options.rows)
        for peer in PEERS:
            if not options.only or peer.program in options.only:
                lines.append(measure_peer(peer, environments, folder))
                print(f"{peer.name}: {lines[-1].cost or lines[-1].failure}", file=sys.stderr, flush=True)
    print(f"{options.rows:,} rows, {len(RULES)} rules, {os.cpu_count()} cores")
    print(table(lines))


if __name__ == "__main__":
    main()
