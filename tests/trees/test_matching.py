"""Patterns as cheaper predicates, against the full match that they mean."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from govdata.trees.matching import matches

VALUES = ["", "字", "a字b", "ab", "a\n字", "字\nb", "\n", "x.*", "a|b"]


@pytest.mark.parametrize(
    "pattern", [r"(?:.|\n)*[一-鿿](?:.|\n)*", r"(?:.|\n)*(?:a|b)(?:.|\n)*", r"(?:.|\n)*a|b(?:.|\n)*"]
)
def test_what_may_stand_among_any_lines_is_searched_for(pattern):
    tree = matches(exp.column("v"), pattern).sql("duckdb")
    found = duckdb.execute(
        f"SELECT ({tree}) = regexp_full_match(v, ?) FROM (SELECT unnest(?) AS v)", [pattern, VALUES]
    ).fetchall()
    assert found == [(True,)] * len(VALUES)


def test_a_search_stops_at_the_first_hit():
    assert "FULL" not in matches(exp.column("v"), r"(?:.|\n)*[一-鿿](?:.|\n)*").sql("duckdb").upper()
