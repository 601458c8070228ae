"""The bounds of a count: what each way of being held back, in doubt or unread does to them. (Of every delivery here one
line was rejected.)"""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.errors import GovdataError
from tests.publish.nights import City, person, shop

DAY = [Date(2026, 3, day) for day in range(1, 9)]
KEYED = ("name.form",)
"""What a quarantined row fails whose key is not in doubt."""


def bounds(city: City, table: str, condition: str = "TRUE") -> tuple[int, int, int]:
    (found,) = city.query(f"SELECT lower, published, upper FROM governance.{table}_bounds({condition})")
    return found


def test_a_quarantined_row_may_count_where_its_good_cells_do_not_say_otherwise(city: City) -> None:
    city.night("shops", DAY[0], [shop(1), shop(2, "另店")], quarantined=[shop(3)], failing=["uscc.format"])
    assert bounds(city, "shops") == (2, 2, 4)
    assert bounds(city, "shops", "name = '某店'") == (1, 1, 3)
    assert bounds(city, "shops", "name = '另店'") == (1, 1, 2)
    assert bounds(city, "shops", "uscc = '7'") == (0, 0, 2)


def test_of_whole_deliveries_only_the_newest_counts(city: City) -> None:
    city.night("shops", DAY[0], [shop(1)], quarantined=[shop(2), shop(3)], failing=["uscc.format"])
    city.night("shops", DAY[1], [shop(1), shop(2), shop(3)])
    assert bounds(city, "shops") == (3, 3, 4)


def test_a_cell_that_a_warning_doubts_counts_in_the_upper_bound_alone(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2)], mode="snapshot", warned=[1])
    assert bounds(city, "people", "name = '张三'") == (1, 2, 3)
    assert bounds(city, "people", "name <> '张三'") == (0, 0, 2)
    assert bounds(city, "people", "sex = '1'") == (2, 2, 3)


def test_a_row_that_a_held_back_change_waits_to_replace_is_not_sure(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2)], mode="snapshot")
    city.night("people", DAY[1], [person(3)], quarantined=[person(2, "李四", "U", sex="2")], failing=KEYED)
    # Sure are 1 and 3; the change that could not be read may have ended one of them.
    assert bounds(city, "people") == (1, 3, 5)
    assert bounds(city, "people", "sex = '2'") == (0, 0, 3)


def test_a_later_delivery_of_the_key_settles_it(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2)], mode="snapshot", quarantined=[person(3)], failing=KEYED)
    assert bounds(city, "people") == (2, 2, 4)
    city.night("people", DAY[1], [person(3)])
    assert bounds(city, "people") == (2, 3, 5)


def test_a_change_of_an_unknown_key_may_be_of_anybody(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2), person(3)], mode="snapshot")
    city.night("people", DAY[1], [person(4)], quarantined=[person(9, operation="U")])
    assert bounds(city, "people") == (2, 4, 7)


def test_what_was_to_be_ended_is_no_record_more(city: City) -> None:
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    city.night("people", DAY[1], [person(2)], quarantined=[person(7, operation="D")], failing=KEYED)
    assert bounds(city, "people") == (1, 2, 4)


def test_rows_of_a_blocked_delivery_may_count(city: City) -> None:
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    batch = city.deliver("people", DAY[1], [person(4), person(5)], outcomes=city.outcomes("people", failing="volume"))
    with pytest.raises(GovdataError):
        city.publish(batch)
    city.night("people", DAY[2], [person(6)])
    assert bounds(city, "people") == (0, 2, 7)


def test_the_condition_is_any_and_the_rows_are_there_to_be_grouped(city: City) -> None:
    city.night("people", DAY[0], [person(1), person(2, sex="2")], mode="snapshot")
    assert bounds(city, "people", "birth_date BETWEEN DATE '1989-01-01' AND DATE '1991-01-01' AND sex IN ('1')") == (
        1,
        1,
        2,
    )
    assert city.query(
        "SELECT sex, count(*) FROM governance.people_possible() WHERE _sure GROUP BY sex ORDER BY sex"
    ) == [
        ("1", 1),
        ("2", 1),
    ]


def test_a_register_that_was_never_published_has_none(city: City) -> None:
    city.night("people", DAY[0], [person(1)], mode="snapshot")
    assert city.query("SELECT count(*) FROM duckdb_functions() WHERE function_name = 'shops_bounds'") == [(0,)]
