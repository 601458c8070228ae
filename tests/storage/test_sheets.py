"""Widths and heights by what a character takes: figures one, Chinese two."""

from govdata.storage import sheets


def test_a_column_is_as_wide_as_its_widest_text() -> None:
    assert sheets.width(["代码", "code", ""], 40) == 6
    assert sheets.width(["published.population_by_division"], 60) == 34
    assert sheets.width(["字" * 100], 40) == 40
    assert sheets.width([], 40) == 8


def test_a_row_is_as_high_as_its_wrapped_text() -> None:
    assert sheets.height("", 20) == sheets.height("字" * 10, 20) == 16
    assert sheets.height("字" * 11, 20) == sheets.height("a" * 21, 20) == 32
    assert sheets.height("一\n二\n三", 20) == 48
