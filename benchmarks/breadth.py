"""Breadth: what 200 declared datasets cost, and one table with 1,000 rules.

    python benchmarks/breadth.py [datasets] [rules] [--datasets 200] [--rules 1000] [--rows 10000] [--screenshot FILE]

``datasets``: contracts made from the delivered ones that come with the package, each under its own name and with five elements of
its own; measured are `govdata standards check`, loading the definitions, and Dagster's web server until it answers the
whole asset graph. ``rules``: one contract whose columns' and row rules come to the number asked for, and a delivery of
valid and invalid examples; measured are standards check, and compiling, standardising and checking by GX. Every
measured command is a process of its own; CPU seconds count user and system time.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date as Date
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.night import PRELUDE, Cost, measure


class _Dumper(yaml.SafeDumper):
    """Writes a value that stands in two places twice: the standards refuse anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


DATE = Date(2026, 11, 20)
WIDE = "wide_table"
OWN_ELEMENTS = 5
GRAPH = "{ assetNodes { id groupName description assetKey { path } dependencyKeys { path } } }"
CHECKS = "{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks { name } } } } }"
DEFINITIONS = (
    "from govdata.definitions import defs; print(len(defs().get_repository_def().asset_graph.get_all_asset_keys()))"
)

COMPILE = """
from govdata.engine.compiled import compiled
queries = compiled(ds, registry)
queries.key_queries, queries.candidate_rows, queries.ledger, queries.rows(dropped=False, conflicts=frozenset())
"""


# ------------------------------------------------------------------------------------------------------- 200 datasets


def declare_datasets(standards: Path, count: int) -> None:
    """Lay the package's standards down at ``standards`` and multiply its contracts to ``count``, with elements of their
    own."""
    from govdata.sample import lay_down_standards

    lay_down_standards(standards)
    _derived_go(standards)
    originals = [_plain(path) for path in sorted((standards / "datasets").glob("*.odcs.yaml"))]
    element = _plain(standards / "elements" / "person.yaml")["person_name"]
    owned: dict[str, Any] = {}
    for number in range(max(0, count - len(originals))):
        contract = deepcopy(originals[number % len(originals)])
        name = f"{contract['id']}_{number:03}"
        contract |= {"id": name, "name": f"{contract['name']}{number:03}"}
        (schema,) = contract["schema"]
        schema["name"] = name
        # A second entry of the catalogue would need a code and a name of its own.
        schema["customProperties"] = [one for one in schema["customProperties"] if one["property"] != "catalogue"]
        for extra in range(OWN_ELEMENTS):
            own = f"own_{number:03}_{extra}"
            owned[own] = element | {"name": f"自有数据项{number:03}之{extra}"}
            schema["properties"].append(
                {"name": own, "logicalType": "string", "customProperties": [{"property": "element", "value": own}]}
            )
        _write(standards / "datasets" / f"{name}.odcs.yaml", contract)
    if owned:
        _write(standards / "elements" / "own.yaml", owned)


def _derived_go(standards: Path) -> None:
    """What is made of published tables is not delivered, and not what is measured here: derived tables, masters and
    rules across tables."""
    for folder in ("rules", "masters"):
        shutil.rmtree(standards / folder)
    for path in (standards / "datasets").glob("*.odcs.yaml"):
        if any(entry["property"] == "origin" for entry in _plain(path)["schema"][0]["customProperties"]):
            path.unlink()


def _plain(path: Path) -> Any:
    """A YAML file of the standards as the loader reads it."""
    from govdata.standards.source import Findings, read_yaml

    document = read_yaml(path, path.name, Findings())
    assert document is not None, path
    return document.data


def _write(path: Path, data: Any) -> None:
    path.write_text(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def datasets(count: int, home: Path, screenshot: Path | None) -> None:
    declare_datasets(home / "standards", count)
    environment = os.environ | {"GOVDATA_HOME": str(home)}
    report(
        f"{count} datasets: standards check",
        measure([sys.executable, "-m", "govdata", "standards", "check"], environment),
    )
    report(f"{count} datasets: definitions loaded", measure([sys.executable, "-c", DEFINITIONS], environment))
    graph(count, home, screenshot)


def graph(count: int, home: Path, screenshot: Path | None) -> None:
    """The web server over the same definitions; wall seconds, since a person waits for them."""
    from govdata.assets.instance import prepare
    from govdata.deployment import Deployment
    from tests.servers import ask, free_port, program, serving

    instance = prepare(Deployment(home))
    port = free_port()
    began, before = time.monotonic(), children_cpu()
    command = [program("dagster-webserver"), "-w", str(instance / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    with serving(command, port, home, home, home / "webserver.log") as address:
        print(f"{count} datasets: web server answers after {time.monotonic() - began:.1f} s")
        for title, query in (
            ("asset graph", GRAPH),
            ("asset graph again", GRAPH),
            ("all checks of all assets", CHECKS),
        ):
            asked = time.monotonic()
            nodes = ask(address, query)["assetNodes"]
            seconds = time.monotonic() - asked
            print(
                f"{count} datasets: {title}, {len(nodes)} assets, {seconds:.2f} s, "
                f"{len(json.dumps(nodes)) / 1e6:.1f} MB",
                flush=True,
            )
        if screenshot:
            shoot(address, screenshot)
    print(
        f"{count} datasets: the web server and its code server took {children_cpu() - before:.1f} CPU s in all",
        flush=True,
    )


def children_cpu() -> float:
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def shoot(address: str, target: Path) -> None:
    """What an engineer sees, and how long the page takes to show the groups."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no Chromium on this machine: no screenshot")
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, locale="zh-CN")
        page.set_default_timeout(180_000)
        began = time.monotonic()
        page.goto(f"{address}/asset-groups/")
        page.get_by_text("governance", exact=True).first.wait_for()  # the one group that all others lead to
        print(f"the browser shows the graph after {time.monotonic() - began:.1f} s")
        page.wait_for_timeout(1000)
        page.screenshot(path=str(target))
        began = time.monotonic()
        page.goto(f"{address}/asset-groups/population")
        page.get_by_text("quarantine").first.wait_for()
        print(f"the browser shows one group after {time.monotonic() - began:.1f} s")
        page.wait_for_timeout(1000)
        page.screenshot(path=str(target.with_stem(f"{target.stem}-group")))
        browser.close()


# ---------------------------------------------------------------------------------------------------------- 1,000 rules


def declare_wide_table(standards: Path, rules: int) -> None:
    """A contract with about ``rules`` rules over 60 columns: those of the columns' elements, and row rules for the
    rest."""
    from govdata import standards as declared
    from govdata.sample import lay_down_standards

    lay_down_standards(standards)
    registry = declared.load(standards)
    usable = [
        element
        for element in registry.elements.values()
        if element.examples.valid
        and not any(step.args.keys() & {"unit_column", "column"} for step in element.normalise)
    ]
    columns = {
        f"c{number:02}_{element.id}": element
        for number, element in enumerate(itertools.islice(itertools.cycle(usable), 60))
    }
    declared_rules = sum(len(element.rules) for element in columns.values()) + 2  # the key: required, unique
    properties: list[dict[str, Any]] = [
        {
            "name": "row_number",
            "logicalType": "string",
            "primaryKey": True,
            "required": True,
            "customProperties": [_custom("serial_text")],
        }
    ]
    properties += [{"name": name, "customProperties": [_custom(element.id)]} for name, element in columns.items()]
    texts = [name for name, element in columns.items() if element.type in ("text", "code")]
    free = [name for name in texts if columns[name].type == "text"]  # a code column is compared with its own codes only
    dates = [name for name, element in columns.items() if element.type in ("date", "datetime")]
    numbers = [name for name, element in columns.items() if element.type in ("integer", "decimal")]
    quality = [
        {
            "name": f"row_rule_{number:04}",
            "description": f"行规则{number:04}",
            "type": "custom",
            "engine": "govdata",
            "dimension": "consistency",
            "severity": "warning",
            "implementation": {"row": expression},
        }
        for number, expression in zip(
            range(max(0, rules - declared_rules)), _row_rules(texts, free, dates, numbers), strict=False
        )
    ]
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": WIDE,
        "name": "宽表",
        "version": "1.0.0",
        "status": "active",
        "domain": "测试",
        "team": {"name": "市数据局"},
        "schema": [
            {
                "name": WIDE,
                "customProperties": [
                    {"property": "delivery", "value": {"mode": "snapshot"}},
                    {"property": "volume", "value": {"min_rows": 1, "max_quarantine": 1.0}},
                ],
                "properties": properties,
                "quality": quality,
            }
        ],
    }
    _derived_go(standards)
    for name in ("workorders.yaml", "scoring.yaml"):
        (standards / name).unlink()  # they name the datasets that go
    for page in (standards / "elements").glob("*.yaml"):  # a birth date stands beside everything here
        page.write_text(page.read_text(encoding="utf-8").replace("keep_6_4", "keep_6_0"), encoding="utf-8")
    for other in (standards / "datasets").iterdir():
        other.unlink()
    _write(standards / "elements" / "serial.yaml", {"serial_text": _serial()})
    _write(standards / "datasets" / f"{WIDE}.odcs.yaml", contract)


def _custom(element: str) -> dict[str, str]:
    return {"property": "element", "value": element}


def _serial() -> dict[str, Any]:
    return {
        "name": "序号",
        "name_en": "Serial number",
        "definition": "行的序号",
        "type": "text",
        "sensitivity": {"level": 1},
    }


def _row_rules(texts: list[str], free: list[str], dates: list[str], numbers: list[str]) -> Iterator[str]:
    """Row rules without end, each different, of the kinds contracts are full of."""
    text, word, day, number = (itertools.cycle(names) for names in (texts, free, dates, numbers))
    for turn in itertools.count():
        yield f"length({next(text)}) <= {20 + turn % 50}"
        yield f"{next(text)} IS NULL OR {next(day)} IS NOT NULL OR {next(word)} <> 'x{turn}'"
        yield f"{next(day)} >= DATE '{1900 + turn % 60}-01-01' OR year({next(day)}) > {1900 + turn}"
        yield f"matches({next(text)}, '[^#]{{0,{60 + turn}}}')"
        yield f"{next(number)} >= {-turn} AND {next(number)} < {10_000_000 + turn}"
        yield f"CASE WHEN {next(word)} IN ('1', 'a{turn}') THEN years_between({next(day)}, delivery_date()) < {130 + turn} ELSE TRUE END"


def deliver_wide_table(home: Path, rows: int) -> None:
    """``rows`` rows of the elements' own examples: 97 of 100 cells valid, the others invalid or empty."""
    from govdata import standards as declared
    from govdata.deployment import Deployment

    registry = declared.load(home / "standards")
    dataset = registry.datasets[WIDE]
    draw = random.Random(1)
    folder = Deployment(home).delivery(WIDE, DATE)
    folder.mkdir(parents=True)
    with open(folder / "wide.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in dataset.columns])
        examples = [registry.elements[column.element].examples for column in dataset.columns[1:]]
        for row in range(rows):
            cells = (
                draw.choice(example.valid)
                if draw.random() < 0.97
                else draw.choice([*example.invalid, *example.repairs, ""])
                for example in examples
            )
            writer.writerow([f"R{row}", *cells])


def rules(count: int, rows: int, home: Path) -> None:
    declare_wide_table(home / "standards", count)
    deliver_wide_table(home, rows)
    environment = os.environ | {"GOVDATA_HOME": str(home)}
    report(
        f"{count} rules: standards check", measure([sys.executable, "-m", "govdata", "standards", "check"], environment)
    )
    prelude = PRELUDE.replace('"population"', f'"{WIDE}"')
    stages = {
        "loading program and standards": "",
        "compile": COMPILE,
        "raw": "ingest.ingest(ingest.receive(d, ds, date), ds, registry, d)",
        f"standardise {rows} rows": "engine.standardize(RawBatch.read(RawBatch.path(d, ds.name, date)), ds, "
        "registry, d)",
        f"GX checks {rows} rows": (
            "v = checks.validate(StandardizedBatch.read(StandardizedBatch.path(d, ds.name, date)), ds, registry, d); "
            "assert {o.name: o.passed for o in v.outcomes}['parity']"
        ),
    }
    for title, code in stages.items():
        report(
            f"{count} rules: {title}", measure([sys.executable, "-c", prelude + code, DATE.isoformat()], environment)
        )


# ------------------------------------------------------------------------------------------------------------- output


def report(title: str, cost: Cost) -> None:
    print(f"{title}: {cost.cpu:.2f} CPU s, {cost.wall:.2f} s wall, {cost.peak:.0f} MB", flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="govdata-breadth-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", choices=["datasets", "rules"], default=["datasets", "rules"])
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument(
        "--screenshot", type=Path, help="of the graph with all datasets; a second one of one group beside it"
    )
    options = parser.parse_args()
    if "datasets" in options.parts:
        with scratch() as home:
            datasets(options.datasets, home, options.screenshot)
    if "rules" in options.parts:
        with scratch() as home:
            rules(options.rules, options.rows, home)


if __name__ == "__main__":
    main()
