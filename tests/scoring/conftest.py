"""Two small registers whose deliveries are published through the ordinary stages, and scored."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from govdata import governance, masters, scoring
from govdata.deployment import Deployment
from govdata.publish.scorecard import path
from govdata.storage.tables.scoring import SCORECARD
from tests.masters.conftest import BIRTHS, ELEMENTS, INDEX, PEOPLE, PLACES, Small, contract

START = Date(2026, 3, 2)
SETTINGS = """\
weights:
  - {conformity: 2, completeness: 1, accuracy: 1, consistency: 1, timeliness: 1, punctuality: 1, source: 测试, grade: P}
ranking:
  - {min_coverage: 0.4, min_rows: 3, source: 测试, grade: P}
window:
  - {dates: 3, source: 测试, grade: P}
divisions: {people: place}
"""
RULES = """\
mother_known:
  dataset: births
  references: {table: people, on: {mother: id}}
  dimension: consistency
  message: 母亲不在人口库
  owner: 公安
"""
PEOPLE_1 = """\
id,name,place,state,died
A1,甲,190101,在,
A2,乙,190102,在,
错3,丙,190101,在,
A4,丁,888888,在,2020-01-01
"""
"""Of 4 ids one is not shaped; of 4 divisions one is unknown."""
BIRTHS_1 = "no,mother,mother_name,born\nB1,A1,甲,2026-01-01\nB2,A9,壬,2026-01-02\n"


class Scored(Small):
    """``day(n)`` is the n-th night; ``score`` closes it as the city does."""

    @staticmethod
    def day(number: int) -> Date:
        return START + timedelta(days=number)

    def score(self, number: int) -> scoring.Made:
        masters.judge(self.registry, self.deployment, self.day(number))
        governance.close_night(self.registry, self.deployment, self.day(number))
        return scoring.make(self.registry, self.deployment, self.day(number))

    def lines(self, number: int, **wanted: Any) -> list[dict[str, Any]]:
        """The scorecard's lines of a night that have the values wanted."""
        import pyarrow.parquet as pq

        file = path(self.deployment, SCORECARD, self.day(number))
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def line(self, number: int, kind: str, scope: str, part: str | None = None) -> dict[str, Any]:
        (found,) = self.lines(number, kind=kind, scope=scope, part=part)
        return found


@pytest.fixture
def city(tmp_path: Path) -> Scored:
    made = Scored(Deployment(tmp_path))
    made.write("elements/_defaults.yaml", "null_tokens: [无]\n")
    made.write("elements/all.yaml", ELEMENTS.replace("{name: 编号,", "{name: 编号, standard: GB 11643-1999,"))
    made.write("codes/index.yaml", INDEX)
    made.write("codes/places.csv", PLACES)
    made.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id"))
    made.write("datasets/births.odcs.yaml", contract("births", "卫健", BIRTHS, "no"))
    made.write("rules/all.yaml", RULES)
    made.write("scoring.yaml", SETTINGS)
    return made
