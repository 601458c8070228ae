"""A deployment with two registers and a few divisions, delivered as small CSV files and published through the ordinary
stages."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govdata import checks, engine, ingest, publish, standards
from govdata.deployment import Deployment
from govdata.standards.model import Registry

ELEMENTS = """\
key: {name: 编号, definition: 编号, type: text, normalise: [strip], sensitivity: {level: 1}, rules: {
  shape: {pattern: '[A-Z][0-9]+', dimension: conformity, severity: error, message: 编号写法不对}}}
words: {name: 文字, definition: 文字, type: text, normalise: [strip], sensitivity: {level: 1}}
day: {name: 日期, definition: 日期, type: date, normalise: [strip, date], sensitivity: {level: 1}}
place: {name: 区划, definition: 区划, type: code, code_set: places, normalise: [strip], sensitivity: {level: 1}, rules: {
  code_set: {dimension: conformity, severity: warning, message: 区划不在代码集中}}}
any_place: {name: 区划, definition: 区划或未知, type: text, null_tokens: [], sensitivity: {level: 1}}
count: {name: 数量, definition: 数量, type: integer, sensitivity: {level: 1}}
flag: {name: 是否, definition: 是否, type: boolean, sensitivity: {level: 1}}
"""

INDEX = "places: {name: 区划, standard: 测试, source: 测试, grade: A, hierarchical: true, validity: year}\n"

PLACES = """\
code,name_zh,name_en,parent,valid_from,valid_to,note,successor
190000,甲省,,,1981,,,
190100,乙市,,190000,1981,,,
190101,东区,,190100,1981,,,
190102,西区,,190100,1981,,,
190121,旧县,,190100,1981,2010,,190101
190122,古县,,190100,1981,1990,,190121
190123,散县,,190100,1981,2000,,
"""


def contract(
    name: str,
    owner: str,
    columns: dict[str, str],
    key: str | tuple[str, ...],
    origin: str = "{property: delivery, value: {mode: snapshot}}",
) -> str:
    """A contract; the columns' headers are their names."""
    keys = (key,) if isinstance(key, str) else key
    listed = "\n".join(
        f"      - {{name: {column}, required: {'true' if column in keys else 'false'}, primaryKey: "
        f"{'true' if column in keys else 'false'}, "
        f"customProperties: [{{property: element, value: {element}}}]}}"
        for column, element in columns.items()
    )
    return f"""\
apiVersion: v3.1.0
kind: DataContract
id: {name}
name: 表{name}
version: 1.0.0
status: active
domain: 测试
team: {{name: {owner}}}
schema:
  - name: {name}
    customProperties:
      - {origin}
      - {{property: volume, value: {{min_rows: 0, max_quarantine: 1}}}}
    properties:
{listed}
"""


PEOPLE = {"id": "key", "name": "words", "place": "place", "state": "words", "died": "day"}
BIRTHS = {"no": "key", "mother": "key", "mother_name": "words", "born": "day"}
SUMS = {
    "division": "any_place",
    "division_name": "words",
    "level": "words",
    "parent_division": "any_place",
    "in_force": "flag",
    "successor": "any_place",
    "under_this_code": "count",
    "people": "count",
    "dead": "count",
}
ROLL_UP = (
    "{property: origin, value: {roll_up: {table: people, division: place, total: people, counts: {dead: died IS NOT "
    "NULL}}}}"
)


@dataclass
class Small:
    """``standards`` may be changed before ``registry`` is asked."""

    deployment: Deployment
    _shown: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    @property
    def registry(self) -> Registry:
        return standards.load(self.deployment.standards)

    def write(self, file: str, text: str) -> None:
        path = self.deployment.standards / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def deliver(self, dataset: str, date: Date, text: str) -> None:
        """Publish a CSV as the delivery of ``date``."""
        registry = self.registry
        folder = self.deployment.delivery(dataset, date)
        folder.mkdir(parents=True)
        (folder / "交付.csv").write_text(text, encoding="utf-8")
        known = registry.datasets[dataset]
        delivery = ingest.receive(self.deployment, known, date)
        assert delivery is not None
        batch = engine.standardize(
            ingest.ingest(delivery, known, registry, self.deployment), known, registry, self.deployment
        )
        checks.validate(batch, known, registry, self.deployment)
        publish.publish(batch, known, registry, self.deployment)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Of a catalogue that shows what lies there now."""
        if not self.deployment.catalogue.exists() or self._lying() != self._shown:
            publish.rebuild_catalogue(self.deployment, self.registry)
            self._shown = self._lying()
        with duckdb.connect(str(self.deployment.catalogue), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def _lying(self) -> dict[str, tuple[int, ...]]:
        """Path → which file it is, of everything in the deployment: files are written anew, never over."""
        told = {}
        for folder, _, names in os.walk(self.deployment.home):
            for path in (os.path.join(folder, name) for name in names):
                status = os.lstat(path)
                told[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return told


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return small_at(tmp_path)


def small_at(folder: Path) -> Small:
    made = Small(Deployment(folder))
    made.write("elements/_defaults.yaml", "null_tokens: [无]\n")
    made.write("elements/all.yaml", ELEMENTS)
    made.write("codes/index.yaml", INDEX)
    made.write("codes/places.csv", PLACES)
    made.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id"))
    made.write("datasets/births.odcs.yaml", contract("births", "卫健", BIRTHS, "no"))
    return made


def told_under_seeds(deployment: Deployment, columns: tuple[str, ...]) -> list[str]:
    """``columns`` of the person links of 2026-11-21 as processes with three hash seeds derive them anew; the last one
    leaves none behind."""
    script = (
        "import sys; from pathlib import Path; from datetime import date; from govdata import masters, standards\n"
        "from govdata.deployment import Deployment\n"
        "from govdata.masters.derive import derive\n"
        "import pyarrow.parquet as pq\n"
        "home = Deployment(Path(sys.argv[1])); registry = standards.load(home.standards)\n"
        "raw = derive(registry.datasets['person_link'], registry, home, date(2026, 11, 21))\n"
        "rows = pq.read_table(home.absolute(raw.files[0])).to_pylist()\n"
        "print(sorted(tuple(row[name] for name in sys.argv[2:]) for row in rows))\n"
        "home.absolute(raw.files[0]).unlink()"
    )
    return [
        subprocess.run(
            [sys.executable, "-c", script, str(deployment.home), *columns],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
