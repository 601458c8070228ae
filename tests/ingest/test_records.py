"""The careful reader of one record, against Python's csv module."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govdata.ingest.records import MORE, OK, Dialect, read_record

CELLS = st.text(st.sampled_from("ab字 ,;|'\"　"), max_size=6)


@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(",;|"), st.booleans())
def test_what_csv_writes_is_read_as_it_was(cells, delimiter, all_quoted):
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerow(cells)
    text = out.getvalue() + "next" + delimiter + "line\r\n"
    state, fields, after = read_record(text, 0, Dialect(delimiter, spaced=all_quoted))
    assert (state, fields) == (OK, cells)
    assert text[after:].startswith("next")


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('"a","b"', ["a", "b"]),
        ('"a",b', ["a", "b"]),
        ('"a""b","c"', ['a"b', "c"]),
        ('","', [","]),
        ('a"b,c"d', ['a"b', 'c"d']),  # a quote within a field is a character like others
        ("", [""]),
    ],
)
def test_quotes_count_at_the_beginning_of_a_field(line, fields):
    assert read_record(line + "\n", 0, Dialect(",")) == (OK, fields, len(line) + 1)


def test_a_quote_at_the_end_of_what_has_been_read_may_be_half_of_two():
    assert read_record('"a","b"', 0, Dialect(","), eof=False)[0] == MORE
    assert read_record('"a","b"', 0, Dialect(",")) == (OK, ["a", "b"], 7)
