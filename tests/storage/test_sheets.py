"""Widths and heights by what a character takes: figures one, Chinese two."""

from govdata.storage import sheets


def test_a_column_is_as_wide_as_its_widest_text() -> None:
    assert sheets.width(["代码", "code", ""], 40) == 6
    assert sheets.width(["published.population_by_division"], 60) == 34
    assert sheets.width(["字" * 100], 40) == 40
    assert sheets.width([], 40) == 8


def test_columns_are_printed_on_as_many_pages_as_they_can_be_read_on() -> None:
    assert sheets.pages([]) == sheets.pages([20] * 12) == 1
    assert sheets.pages([20] * 13) == 2
    assert sheets.pages([40] * 12, range(1)) == 3, "the first column stands on each: 40 + 200, 200, 40"
    assert sheets.pages([300, 40], range(1)) == 1, "what is repeated may fill the page, and must not divide by nothing"


def test_a_row_is_as_high_as_its_wrapped_text() -> None:
    assert sheets.height("", 20) == sheets.height("字" * 10, 20) == 16
    assert sheets.height("字" * 11, 20) == sheets.height("a" * 21, 20) == 32
    assert sheets.height("一\n二\n三", 20) == 48
