"""A city of two small registers whose deliveries go through the real stages, and nights that judge them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import pytest

from govdata import engine, governance, ingest
from govdata.batches import CheckOutcome, Verdict
from govdata.deployment import Deployment
from govdata.governance.log import Event, read, writing
from govdata.governance.orders import Order, State
from tests.masters.conftest import BIRTHS, ELEMENTS, INDEX, PLACES, Small, contract

START = Date(2026, 3, 2)  # a Monday


def settings_text(identity: str, departments: str) -> str:
    """Work orders' settings: which columns of ``people`` say who it is, and the departments, both as YAML."""
    return f"""\
number: {{prefix: GD, division: '190100'}}
limits: {{sign: [{{days: 2, source: 测试, grade: C}}], handle: [{{days: 10, source: 测试, grade: B}}]}}
root_cause: {{min_rows: 5, min_share: 0.5}}
show_values: true
contact: 数据局
identity: {{people: {identity}}}
departments: {departments}
"""


SETTINGS = settings_text("[name, born]", "{公安: {code: GA}, 卫健: {code: WJ}}")
PEOPLE = {"id": "key", "name": "words", "born": "day", "place": "place"}


class City(Small):
    """``night`` delivers and judges; ``day(n)`` is the n-th night."""

    @staticmethod
    def day(number: int) -> Date:
        return START + timedelta(days=number)

    def judged(
        self,
        dataset: str,
        date: Date,
        lines: Sequence[str],
        *,
        published: bool = True,
        header: str | None = None,
        beside: Sequence[str] = (),
    ) -> None:
        """A delivery that went through reading and standardising; ``published``: what its checks said; ``beside``:
        lines of a second file."""
        known = self.registry.datasets[dataset]
        folder = self.deployment.delivery(dataset, date)
        folder.mkdir(parents=True, exist_ok=True)
        header = header or ",".join(column.name for column in known.columns)
        (folder / "交付.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        if beside:
            (folder / "补充.csv").write_text("\n".join([header, *beside]) + "\n", encoding="utf-8")
        self.taken(dataset, date, published=published)

    def taken(self, dataset: str, date: Date, *, published: bool = True) -> None:
        """The delivery that lies there went through reading and standardising."""
        registry = self.registry
        known = registry.datasets[dataset]
        delivery = ingest.receive(self.deployment, known, date)
        assert delivery is not None
        batch = engine.standardize(
            ingest.ingest(delivery, known, registry, self.deployment), known, registry, self.deployment
        )
        check = CheckOutcome(
            name="volume",
            kind="table",
            description="数据量",
            severity="error",
            blocking=True,
            passed=published,
            checked=1,
            failed=0,
        )
        verdict = Verdict(
            dataset=dataset, date=date, batch_id=batch.batch_id, standards_hash=batch.standards_hash, outcomes=(check,)
        )
        verdict.write(Verdict.path(self.deployment, dataset, date))

    def night(self, number: int, people: Sequence[str], *, published: bool = True) -> governance.Closed:
        self.judged("people", self.day(number), people, published=published)
        return governance.judge_night(self.registry, self.deployment, self.day(number))

    @property
    def events(self) -> list[Event]:
        return read(self.deployment)

    @property
    def state(self) -> State:
        return governance.state_of(self.deployment)

    def order(self, rule_id: str) -> Order:
        (found,) = [order for order in self.state.orders.values() if order.rule_id == rule_id]
        return found

    def say(self, kind: str, number: str, on: int, **said: object) -> None:
        with writing(self.deployment) as log:
            log.append(
                [Event.model_validate({"date": self.day(on), "kind": kind, "actor": "张三", "order": number, **said})]
            )


def settings(city: City, text: str) -> None:
    city.write("workorders.yaml", text)


@pytest.fixture
def city(tmp_path: Path) -> City:
    return furnished(City(Deployment(tmp_path)))


def furnished(made: City) -> City:
    made.write("elements/_defaults.yaml", "null_tokens: [无]\n")
    made.write("elements/all.yaml", ELEMENTS)
    made.write("codes/index.yaml", INDEX)
    made.write("codes/places.csv", PLACES)
    made.write("datasets/people.odcs.yaml", contract("people", "公安", PEOPLE, "id"))
    made.write("datasets/births.odcs.yaml", contract("births", "卫健", BIRTHS, "no"))
    made.write("workorders.yaml", SETTINGS)
    return made
