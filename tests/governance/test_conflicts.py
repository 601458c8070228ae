"""A value that contradicts the authority is an order of the department that wrote it, until the sources agree."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from govdata import governance, masters
from govdata.governance import workbook
from govdata.governance.across import disagreements
from govdata.governance.orders import CLOSED
from tests.governance.conftest import SETTINGS, City
from tests.governance.test_scopes import RULE
from tests.masters.test_masters import BIRTHS_1, PEOPLE_1, declared, made


@pytest.fixture
def city(tmp_path: Path) -> City:
    small = declared(tmp_path)
    small.write("workorders.yaml", SETTINGS.replace("born", "place"))
    return City(small.deployment)


def night(city: City, number: int, births: str = BIRTHS_1) -> None:
    day = city.day(number)
    city.deliver("people", day, PEOPLE_1)
    city.deliver("births", day, births)
    made(city, day)
    masters.judge(city.registry, city.deployment, day)
    governance.judge_night(city.registry, city.deployment, day)


@pytest.mark.slow
def test_a_contradiction_is_ordered_of_who_wrote_it_and_closed_by_what_is_delivered(city: City) -> None:
    night(city, 0)

    name, place = city.order("person_mother_name"), city.order("person_mother_place")
    assert (name.department, name.dataset, name.scope, len(name.open)) == ("卫健", "births", "conflict", 1)
    assert len(place.open) == 1
    book = next(path for path in workbook.write_all(city.registry, city.deployment, city.day(0)) if "卫健" in str(path))
    cells = {str(cell.value) for sheet in openpyxl.load_workbook(book) for row in sheet for cell in row}
    assert {"B2", "假", "190102"} <= cells  # its own rows, for it to look at
    told = name.facts["message"]
    assert "母亲的姓名" in told and "表people" in told and "假" not in str(name.facts)

    night(city, 1, BIRTHS_1.replace("假", "甲").replace("B8,99", "B9,A1").replace("己", "辛"))

    name, place = city.order("person_mother_name"), city.order("person_mother_place")
    assert (len(name.mended), len(name.open)) == (1, 1)  # B2 is right; B9 now says another name
    assert len(place.open) == 1

    night(city, 2, BIRTHS_1.replace("假", "甲").replace("B2,A1,甲,190102", "B2,A1,甲,190101"))

    name, place = city.order("person_mother_name"), city.order("person_mother_place")
    assert (name.state, len(name.mended), len(name.vanished)) == (CLOSED, 1, 1)
    assert (place.state, len(place.mended)) == (CLOSED, 1)


def test_nothing_is_said_twice_for_a_night_that_is_judged_again(city: City) -> None:
    night(city, 0)
    before = len(city.events)

    governance.judge_night(city.registry, city.deployment, city.day(0))

    assert len(city.events) == before


@pytest.mark.slow
def test_what_a_rule_across_tables_judges_is_ordered_by_that_rule_alone(city: City) -> None:
    rule = RULE.replace("references: {table: people, on: {mother: id}}", (
        "agrees: {table: people, on: {mother: id}, row: mother_name = other_name}\n  column: mother_name"
    ))  # fmt: skip
    city.write("rules/births.yaml", rule)

    assert set(disagreements(city.registry, "births")) == {"person_mother_place"}
    night(city, 0)
    assert {order.rule_id for order in city.state.orders.values()} == {"mother_known", "person_mother_place"}


def test_the_authority_is_not_asked_about_itself(city: City) -> None:
    assert disagreements(city.registry, "people") == {}
