"""One rule set on two engines: what is not in an engine's whitelist is an error by name, before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from govdata.engine import normalise, rules
from govdata.standards import Unique, load
from govdata.standards.model import Normaliser
from govdata.standards.types import TYPES
from govdata.trees import DUCKDB, SPARK, UnsupportedError, column, sql
from tests.engine.test_normalise import ARGUMENTS, TEXT_STEPS

KEPT = Path(__file__).with_name("spark_lacks.json")
"""What is missing for Spark: name → who needs it. The list only shrinks; write it anew with ``python -m
tests.trees.test_dialect``."""


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (
            sql("regexp_replace(x, 'a', 'b')"),
            ("regexp_replace",),
        ),  # the first hit in one engine, every hit in the other
        (sql("regexp_full_match(x, 'a')"), ("regexp_full_match",)),  # sqlglot lets it through as it is
        (sql("left(x, -1)"), ("left of a number that is no constant",)),
        (sql("concat(x, y)"), ("concat",)),  # NULL is nothing in one, everything in the other
        (sql("x / y"), ("Div",)),
        (sql("TRY_CAST(x AS INTEGER)"), ("try_cast to int",)),
        (sql("CAST(x AS DATE)"), ("cast to date",)),  # Spark reads 2024-1-2 too
        (sql("x IN (SELECT y FROM t)"), ("From", "Select", "Star", "Subquery", "Table", "in (select)")),
        (sql("upper(x) = strlen(y)"), ("strlen", "upper")),
        (sql("no_such_function(x)"), ("no_such_function",)),
    ],
)
def test_what_spark_lacks_fails_by_name(tree: exp.Expression, names: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedError) as raised:
        SPARK.text(tree)
    assert set(raised.value.names) == set(names) & set(raised.value.names)
    assert not set(raised.value.names) - set(names)
    assert DUCKDB.text(tree)


def test_what_both_have_is_printed_for_spark() -> None:
    tree = sql("CASE WHEN left(x, 2) = '19' AND strpos(x, 'a') > 0 THEN coalesce(y, CAST('2020-01-31' AS DATE)) END")
    assert (
        SPARK.text(tree)
        == "CASE WHEN LEFT(x, 2) = '19' AND LOCATE('a', x) > 0 THEN COALESCE(y, CAST('2020-01-31' AS DATE)) END"
    )


def committed(repository: Path) -> Iterator[tuple[str, exp.Expression]]:
    """Every tree that the committed standards compile to, and every step and type, each with a name."""
    registry = load(repository / "standards")
    for dataset in registry.datasets:
        for rule in registry.rules(dataset):
            if not isinstance(rule.spec, Unique):
                yield f"rule {dataset}.{rule.id}", rules.violation(rule, registry)
    for name in TEXT_STEPS:
        yield f"step {name}", normalise.apply(Normaliser(name=name, args=ARGUMENTS.get(name, {})), column("x"))
    for name, item in TYPES.items():
        yield f"type {name}", item.value(column("x"), None)


def lacks(repository: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, tree in committed(repository):
        for missing in SPARK.missing(tree):
            found.setdefault(missing, []).append(name)
    return {missing: sorted(names) for missing, names in sorted(found.items())}


def test_the_list_of_what_spark_lacks_is_current(repository: Path) -> None:
    assert lacks(repository) == json.loads(KEPT.read_text(encoding="utf-8"))


def test_every_other_committed_tree_is_sql_that_spark_s_grammar_reads(repository: Path) -> None:
    printed = [SPARK.text(tree) for _, tree in committed(repository) if not SPARK.missing(tree)]
    assert len(printed) > 50
    for text in printed:
        sqlglot.parse_one(text, dialect="spark")


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[2]
    KEPT.write_text(json.dumps(lacks(here), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
