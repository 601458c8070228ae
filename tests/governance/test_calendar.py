"""Working days against the State Council's notices (国办发明电〔2024〕12号 for 2025, 国办发明电〔2023〕7号 for
2024)."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.governance.calendar import Calendar


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (Date(2025, 1, 26), True),  # Sunday worked for the Spring Festival
        (Date(2025, 1, 28), False),
        (Date(2025, 2, 4), False),
        (Date(2025, 2, 5), True),
        (Date(2025, 2, 8), True),  # Saturday worked
        (Date(2025, 10, 8), False),
        (Date(2025, 10, 11), True),
        (Date(2025, 10, 12), False),
        (Date(2024, 2, 18), True),
        (Date(2024, 2, 9), True),  # New Year's Eve of 2024 was no holiday
    ],
)
def test_single_days(day: Date, working: bool) -> None:
    assert Calendar().is_working(day) is working


def test_the_day_of_receipt_does_not_count() -> None:
    assert Calendar().after(Date(2025, 3, 3), 1) == Date(2025, 3, 4)
    assert Calendar().after(Date(2025, 3, 7), 1) == Date(2025, 3, 10)  # a Friday
    # Ten days over the National Day holidays of 2025 (1 to 8 October off, 28 September and 11 October worked).
    assert Calendar().after(Date(2025, 9, 26), 10) == Date(2025, 10, 16)
    assert Calendar().between(Date(2025, 9, 26), Date(2025, 10, 16)) == 10
    assert Calendar().between(Date(2025, 9, 26), Date(2025, 9, 26)) == 0


def test_a_year_without_shifted_days_counts_by_weekends_and_says_so() -> None:
    calendar = Calendar()
    assert calendar.unknown_years(Date(2025, 12, 1), Date(2025, 12, 31)) == ()
    assert calendar.unknown_years(Date(2026, 12, 1), Date(2090, 1, 5))[-1] == 2090
    assert calendar.is_working(Date(2090, 1, 2)) and not calendar.is_working(Date(2090, 1, 1))  # Monday, Sunday
    assert calendar.is_working(Date(2090, 10, 2))  # a Monday within the National Day holidays: not known


def test_what_the_officer_declares_goes_first() -> None:
    calendar = Calendar({Date(2090, 10, 2): False, Date(2025, 3, 8): True})
    assert not calendar.is_working(Date(2090, 10, 2))
    assert calendar.unknown_years(Date(2090, 1, 1), Date(2090, 12, 31)) == ()
    assert calendar.after(Date(2025, 3, 7), 1) == Date(2025, 3, 8)
