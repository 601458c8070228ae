"""A deployment small enough that one night takes a second or two: reading cards (deltas on a whole) and reading rooms
(whole each time).

Night n gives every card it touches and every room the number n, so a query that joins the two tables sees whether it
got one night.
"""

from __future__ import annotations

import re
import shutil
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from govdata.deployment import Deployment

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST = Date(2026, 11, 18)
CARDS = 400
ROOMS = 60
CHANGE = "change_kind"

ELEMENTS = """
card_no:
  name: 借阅证号
  name_en: Card number
  definition: 借阅证编号
  type: text
  normalise: [strip, uppercase]
  rules:
    format: {pattern: 'LB[0-9]{8}', dimension: conformity, severity: error, message: 应为LB加8位数字}
  sensitivity: {level: 2, personal: general}
  examples: {valid: [LB00000001], invalid: {LB1: format}, repairs: {' lb00000001': LB00000001}}
night_no:
  name: 期次
  name_en: Night
  definition: 登记的期次
  type: integer
  rules:
    plausible: {range: {min: 0, max: 9000}, dimension: accuracy, severity: warning, message: 期次超出常理}
  sensitivity: {level: 1}
  examples: {valid: ['3'], invalid: {'9999': plausible}}
"""

_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: {name}
name: {title}
version: 1.0.0
status: active
domain: 文化
description: {{purpose: 测试}}
team: {{name: 市文化和旅游局}}
slaProperties:
  - {{property: frequency, value: 1, unit: d}}
schema:
  - name: {name}
    businessName: {title}
    customProperties:
      - {{property: delivery, value: {delivery}}}
      - {{property: volume, value: {{min_rows: 1, max_quarantine: 0.9}}}}
      - {{property: sharing, value: unconditional}}
    properties:
      - name: card_no
        businessName: 证号
        logicalType: string
        primaryKey: true
        required: true
        customProperties: [{{property: element, value: card_no}}, {{property: headers, value: [证号]}}]
      - name: night
        businessName: 期次
        logicalType: integer
        customProperties: [{{property: element, value: night_no}}, {{property: headers, value: [期次]}}]
      - name: change_kind
        businessName: 变更类型
        logicalType: string
        customProperties:
          - {{property: element, value: change_kind}}
          - {{property: headers, value: [变更类型]}}
          - {{property: optional_header, value: true}}
"""


def day(number: int) -> Date:
    return FIRST + timedelta(days=number)


def lay_down(home: Path, nights: int = 3, first: Date = FIRST) -> Deployment:
    """Standards with the two datasets only, and what they need of the repository's; the deliveries of ``nights``
    nights."""
    deployment, ours = Deployment(home), REPOSITORY / "standards"
    for folder in ("elements", "codes", "datasets"):
        (deployment.standards / folder).mkdir(parents=True)
    shutil.copytree(ours / "schemas", deployment.standards / "schemas")
    shutil.copy(ours / "elements" / "_defaults.yaml", deployment.standards / "elements")
    for path in (ours / "codes").glob(f"{CHANGE}*.csv"):
        shutil.copy(path, deployment.standards / "codes")
    for file in ("elements/common.yaml", "codes/index.yaml"):
        (entry,) = re.findall(rf"^{CHANGE}:\n(?:[ #].*\n|\n)+", (ours / file).read_text(encoding="utf-8"), re.MULTILINE)
        (deployment.standards / file).write_text(entry, encoding="utf-8")
    (deployment.standards / "elements" / "reading.yaml").write_text(ELEMENTS, encoding="utf-8")
    delta = "{mode: delta, key: [card_no], operation: change_kind, snapshot_files: ['*全量*']}"
    whole = "{mode: snapshot, key: [card_no]}"
    for name, title, delivery in (("cards", "借阅证", delta), ("rooms", "阅览室", whole)):
        text = _CONTRACT.format(name=name, title=title, delivery=delivery)
        (deployment.standards / "datasets" / f"{name}.odcs.yaml").write_text(text, encoding="utf-8")
    for number in range(nights):
        deliver(deployment, number, first=first)
    return deployment


def deliver(deployment: Deployment, number: int, *, late: str = "", first: Date = FIRST) -> None:
    """Night 0 brings all cards; night n updates some, adds one, cancels one, and repeats, spoils and lower-cases a few.
    ``late``: appended to the file name of the cards' delivery."""
    date = first + timedelta(days=number)
    cards = deployment.delivery("cards", date)
    if number == 0:
        rows = [f"{'lb' if n % 9 == 0 else 'LB'}{n:08d},0,I" for n in range(CARDS)]
        write(cards / f"借阅证_全量{late}.csv", rows)
    else:
        rows = [f"lb{n:08d},{number},U" for n in range(number, CARDS, 7)]
        rows += [
            f"LB{10_000 + number:08d},{number},I",
            f"LB{CARDS - number:08d},{number},D",
            f"LB{number},{number},U",
            rows[0],
        ]
        write(cards / f"借阅证_增量{late}.csv", rows)
    rooms = [f"LB{n:08d},{number},I" for n in range(ROOMS + number)] + [f"LB1,{number},I"]
    write(deployment.delivery("rooms", date) / "阅览室.csv", rooms)


def write(path: Path, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("证号,期次,变更类型\n" + "\n".join(rows) + "\n").encode("gb18030"))


State = dict[str, list[tuple[Any, ...]]]


def state(deployment: Deployment) -> State:
    """Every row of every view of the catalogue, the codes' left out: two deployments in the same state give the same.
    The events of work orders and how the nights went tell how it came about, a refused delivery and two nights at once
    included, so what follows from them is compared; their items without the digest, which each deployment makes with a secret of its
    own."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{deployment.catalogue}' AS c (READ_ONLY)")
        views = connection.execute(
            "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE database_name = 'c' AND NOT internal "
            "AND schema_name <> 'codes' AND view_name NOT IN ('work_order_events', 'night_runs', 'stage_runs') ORDER BY 1"
        ).fetchall()
        columns = "COLUMNS(lambda name: name <> 'item_id')"
        return {
            view: sorted(connection.execute(f"SELECT {columns} FROM c.{view}").fetchall(), key=repr)
            for (view,) in views
        }


def rows_of(state_: State) -> State:
    """The tables without what names files and dates of making, and without work orders and scores, which follow from
    the order the nights came in: equal where the contents are."""
    order = (
        "governance.snapshots",
        "governance.work_orders",
        "governance.work_order_items",
        "governance.department_performance",
        "governance.punctuality",
        "governance.scorecard",
        "governance.scorecard_rules",
    )
    return {view: rows for view, rows in state_.items() if view not in order}


def leftovers(deployment: Deployment) -> list[str]:
    """Temporary files, scratch folders and run locks that nobody will look after."""
    found = [path for path in deployment.data.glob("**/.*.tmp*") if path != deployment.temporary]
    for folder in (deployment.temporary, deployment.dagster_home / "running"):
        found += list(folder.iterdir()) if folder.is_dir() else []
    return [str(path.relative_to(deployment.home)) for path in found]
