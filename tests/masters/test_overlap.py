"""What several departments hold of the same people, and whom of them the register knows."""

from __future__ import annotations

import pytest

from govdata.standards import StandardsError
from tests.masters.conftest import Small
from tests.masters.test_masters import BIRTHS_1, DAY, PEOPLE_1, PERSON, city, made

assert city  # the fixture

BOUNDS = PERSON + "overlap: {least: 2, agreement: 0.5, known: 0.3}\nfound_in: resident\n"
ASKED = "dataset, other_dataset, authority, compared, agreeing, cells, asked_twice, stop_collecting"


def told(city: Small, page: str) -> dict[str, tuple]:
    city.write("masters/person.yaml", page)
    city.deliver("people", DAY, PEOPLE_1)
    city.deliver("births", DAY, BIRTHS_1)
    made(city)
    return {row[0]: row[1:] for row in city.ask(f"SELECT element, {ASKED} FROM governance.element_overlap")}


@pytest.mark.slow
def test_of_each_element_that_two_departments_hold_it_is_said_how_often_they_agree_and_who_asked_twice(
    city: Small,
) -> None:
    lines = told(city, BOUNDS)

    # A1 and A3 are known to both; A1's newest birth says another name and another place. B1, B2 and B3 were asked for
    # what the register had.
    assert lines["name"] == ("births", "people", "people", 2, 1, 8, 3, True)
    assert lines["place"] == ("births", "people", "people", 2, 1, 8, 3, True)
    assert set(lines) == {"name", "place"}  # nobody else holds the state
    shares = city.ask("SELECT agreement, known_share, department, other_department FROM governance.element_overlap")
    assert shares == [(0.5, 0.375, "卫健", "公安")] * 2


@pytest.mark.slow
def test_what_is_always_asked_or_does_not_agree_enough_is_not_told_to_stop(city: Small) -> None:
    page = BOUNDS.replace("identifying: true,", "identifying: true, always_asked: true,").replace("0.5", "0.51")

    lines = told(city, page)

    assert (lines["name"][-1], lines["place"][-1]) == (False, False)


@pytest.mark.slow
def test_what_follows_from_a_row_was_never_asked_for(city: Small) -> None:
    lines = told(city, BOUNDS.replace("name: mother_name", "name: \"coalesce(mother_name, '无名')\""))

    assert lines["name"][5:] == (0, 0, False)


@pytest.mark.slow
def test_the_share_that_the_register_knows_is_told_by_role(city: Small) -> None:
    told(city, BOUNDS)

    columns = "role, role_name, department, mentions, identified, register, found, found_share"
    assert city.ask(f"SELECT {columns} FROM governance.link_coverage ORDER BY role") == [
        # B4 and B5 have no valid number, B6 and B7 a passport, B8 an old number that nobody of the register has
        ("mother", "母亲", "卫健", 8, 6, "resident", 3, 0.375),
        ("resident", "居民", "公安", 3, 3, "resident", 3, 1.0),
    ]


def test_a_register_that_is_no_role_is_told_with_the_nearest_one(city: Small) -> None:
    city.write("masters/person.yaml", PERSON + "found_in: residnt\n")

    with pytest.raises(StandardsError, match="没有声明身份“residnt”，是否想写 resident"):
        _ = city.registry
