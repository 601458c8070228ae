"""Delta deliveries prove what they bring; rules across tables are judged over the whole table each night."""

from __future__ import annotations

import pytest

from govdata import governance, masters
from govdata.governance.orders import CLOSED, ISSUED
from tests.governance.conftest import PEOPLE, City
from tests.governance.test_closing import PLACE
from tests.masters.conftest import contract

DELTA = "{property: delivery, value: {mode: delta, key: [id], operation: change}}"
RULE = """\
mother_known:
  dataset: births
  references: {table: people, on: {mother: id}}
  dimension: consistency
  message: 母亲不在人口库
  owner: 公安
"""


@pytest.mark.slow
def test_a_delta_closes_what_it_brings_mended_or_cancelled_and_nothing_else(city: City) -> None:
    city.write("datasets/people.odcs.yaml", contract("people", "公安", {**PEOPLE, "change": "words"}, "id", DELTA))
    bad = [f"A{n},甲,1990-01-01,88888{n},I" for n in range(4)]
    city.night(0, bad)
    city.night(1, ["B9,乙,1990-01-01,190101,I"])
    assert len(city.order(PLACE).open) == 4  # not in the delta: nothing is known
    city.night(2, ["A0,甲,1990-01-01,190101,U", "A1,甲,1990-01-01,190101,D", "A2,甲,1990-01-01,888882,U"])
    order = city.order(PLACE)
    assert (order.state, len(order.open), len(order.mended), len(order.vanished)) == (ISSUED, 2, 1, 1)
    city.night(3, ["A2,甲,1990-01-01,190101,U", "A3,甲,1990-01-01,190101,U"])
    assert city.order(PLACE).state == CLOSED


def test_in_a_delta_nobody_s_namesake_closes_anything(city: City) -> None:
    city.write("datasets/people.odcs.yaml", contract("people", "公安", {**PEOPLE, "change": "words"}, "id", DELTA))
    city.night(0, ["A1,甲,1990-01-01,888888,I", "错2,乙,1990-01-01,190101,I"])
    city.night(1, ["A5,甲,1990-01-01,190101,I"])
    assert len(city.order(PLACE).open) == 1
    city.night(2, ["A2,乙,1990-01-01,190101,I"])  # the wrong key mended
    assert len(city.order("id.shape").mended) == 1


def test_whoever_was_published_before_is_nobody_s_mended_record(city: City) -> None:
    header = "id,name,born,place\n"
    city.deliver("people", city.day(0), header + "A1,甲,1990-01-01,190101\n错2,甲,1990-01-01,190101\n")
    governance.judge_night(city.registry, city.deployment, city.day(0))
    city.deliver("people", city.day(1), header + "A1,甲,1990-01-01,190101\n")
    governance.judge_night(city.registry, city.deployment, city.day(1))
    order = city.order("id.shape")
    assert (order.state, len(order.mended), len(order.vanished)) == (CLOSED, 0, 1)


def test_a_date_delivered_anew_takes_back_what_its_first_delivery_had(city: City) -> None:
    city.write("datasets/people.odcs.yaml", contract("people", "公安", {**PEOPLE, "change": "words"}, "id", DELTA))
    city.night(0, ["A0,甲,1990-01-01,888880,I"])
    city.night(0, ["A9,甲,1990-01-01,190101,I"])
    order = city.order(PLACE)
    assert (order.state, len(order.vanished)) == (CLOSED, 1)


def test_a_finding_across_tables_is_an_order_of_who_must_act_until_the_table_agrees(city: City) -> None:
    city.write("rules/births.yaml", RULE)

    def night(number: int, births: str) -> None:
        city.deliver("births", city.day(number), "no,mother,mother_name,born\n" + births)
        masters.judge(city.registry, city.deployment, city.day(number))
        governance.judge_night(city.registry, city.deployment, city.day(number))

    city.deliver("people", city.day(0), "id,name,born,place\nA1,甲,1990-01-01,190101\n")
    night(0, "B1,A1,甲,2026-01-01\nB2,A7,乙,2026-01-01\nB3,A8,丙,2026-01-01\n")
    order = city.order("mother_known")
    assert (order.department, order.dataset, order.scope, len(order.open)) == ("公安", "births", "cross", 2)
    night(1, "B1,A1,甲,2026-01-01\nB2,A1,乙,2026-01-01\n")
    order = city.order("mother_known")
    assert (order.state, len(order.mended), len(order.vanished)) == (CLOSED, 1, 1)
