"""The comparison of two catalogues on views of a few rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.same_rows import differences, main, roundings, views

PEOPLE = "SELECT * FROM (VALUES ('a', 1, 'x'), ('b', 2, 'y')) AS t (_row_id, age, name)"


def home(folder: Path, **shown: str) -> Path:
    """A deployment whose catalogue has these views in ``published``."""
    catalogue = folder / "data" / "published" / "govdata.duckdb"
    catalogue.parent.mkdir(parents=True)
    with duckdb.connect(str(catalogue)) as connection:
        connection.execute("CREATE SCHEMA published")
        for name, query in shown.items():
            connection.execute(f"CREATE VIEW published.{name} AS {query}")
    return folder


def told(tmp_path: Path, before: str, after: str) -> list[str]:
    pair = (home(tmp_path / "before", person=before), home(tmp_path / "after", person=after))
    return list(differences(*map(views, pair)))


def test_rows_in_another_order_are_the_same_rows(tmp_path: Path) -> None:
    assert told(tmp_path, PEOPLE, f"{PEOPLE} ORDER BY age DESC") == []


def test_another_value_is_told_with_its_column(tmp_path: Path) -> None:
    assert told(tmp_path, PEOPLE, PEOPLE.replace("2, 'y'", "3, 'y'")) == ["published.person.age: other values"]


def test_values_that_changed_places_are_told_though_no_column_has_others(tmp_path: Path) -> None:
    before = "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS t (age, name)"
    after = "SELECT * FROM (VALUES (1, 'y'), (2, 'x')) AS t (age, name)"
    assert told(tmp_path, before, after) == ["published.person: the same values in other rows"]


def test_a_null_is_not_an_empty_text(tmp_path: Path) -> None:
    assert told(tmp_path, "SELECT CAST(NULL AS VARCHAR) AS name", "SELECT '' AS name") == [
        "published.person.name: other values"
    ]


def test_a_row_more_a_column_gone_and_a_view_new(tmp_path: Path) -> None:
    before = home(tmp_path / "before", person=PEOPLE)
    after = home(tmp_path / "after", person="SELECT 'a' AS _row_id, 1 AS age", house="SELECT 1 AS n")
    assert list(differences(views(before), views(after))) == [
        "published.house: new",
        "published.person: 2 rows before, 1 after",
        "published.person.name: gone",
        "published.person._row_id: other values",
        "published.person.age: other values",
    ]


def test_what_names_a_run_is_left_out(tmp_path: Path) -> None:
    assert told(tmp_path, "SELECT 1 AS n, 5 AS seconds", "SELECT 1 AS n, 6 AS seconds") == []


SUMS = "SELECT * FROM (VALUES ('a', {}::DOUBLE), ('b', NULL), ('c', 'inf')) AS t (_row_id, share)"


def test_the_order_of_a_sum_is_told_and_is_no_difference(tmp_path: Path) -> None:
    before = views(home(tmp_path / "before", score=SUMS.format("1e-1 + 2e-1 + 3e-1")))
    after = views(home(tmp_path / "after", score=SUMS.format("6e-1")))
    assert list(differences(before, before)) == list(roundings(before, before)) == []
    assert list(differences(before, after)) == []
    # the two are neighbours, 2 ** -53 apart
    assert list(roundings(before, after)) == [
        "published.score.share: the same but for the order of a sum, up to 1.9e-16 of its size"
    ]


def test_numbers_of_rows_without_ids_are_compared_by_size(tmp_path: Path) -> None:
    assert told(tmp_path, "SELECT unnest([1e0, 3e0]) AS n", "SELECT unnest([3e0, 2e0]) AS n") == [
        "published.person.n: other numbers, up to 5.0e-01 of their size"
    ]


def test_another_number_is_told_by_its_size(tmp_path: Path) -> None:
    assert told(tmp_path, SUMS.format("0.5"), SUMS.format("0.5000000005")) == [
        "published.person.share: other numbers, up to 1.0e-09 of their size"
    ]
    assert told(tmp_path / "gone", SUMS.format("0.5"), SUMS.format("NULL")) == [
        "published.person.share: other numbers, up to inf of their size"
    ]


def test_two_deployments_exit_1_where_they_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = [str(home(tmp_path / str(n), person=f"SELECT {n} AS n")) for n in (1, 2)]
    assert main(["--homes", *pair]) == 1
    assert "1 differences" in capsys.readouterr().out
    assert main(["--homes", pair[0], pair[0]]) == 0
