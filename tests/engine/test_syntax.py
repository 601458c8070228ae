import duckdb
import pytest
from sqlglot import exp

from govdata.engine import rules
from govdata.engine.compiled import compiled
from govdata.engine.syntax import DIALECT, FUNCTIONS, column, sql, text
from govdata.standards import load
from govdata.standards.model import Row, Unique
from govdata.trees import bound
from tests.engine import by_hand


def test_names_and_values_never_become_syntax():
    wicked = '"; DROP TABLE t; --'
    tree = sql(":x = :v", x=column(wicked), v="it's'; DROP TABLE t; --")
    assert text(tree) == "\"\"\"; DROP TABLE t; --\" = 'it''s''; DROP TABLE t; --'"


def test_parts_keep_their_precedence():
    assert text(sql(":a AND :b", a=sql("x OR y"), b=sql("NOT z"))) == "(x OR y) AND (NOT z)"
    assert text(sql(":a * 2", a=sql("x + y"))) == "(x + y) * 2"


@pytest.mark.slow
def test_every_rule_of_the_declared_standards_is_built_from_the_closed_vocabulary(repository):
    registry = load(repository / "standards")
    used = set()
    for dataset in registry.datasets:
        for rule in registry.rules(dataset):
            if isinstance(rule.spec, Unique):
                with pytest.raises((TypeError, AssertionError)):
                    rules.violation(rule, registry)
                continue
            for tree in (rules.violation(rule, registry), rules.applicable(rule, registry)):
                used |= {_name(node) for node in tree.find_all(exp.Func)}
    assert used - {"and", "or", "case", "if", "array"} <= FUNCTIONS
    assert any(isinstance(rule.spec, Row) for dataset in registry.datasets for rule in registry.rules(dataset))


def _name(node: exp.Expression) -> str:
    """The function's name as the engine reads it."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.And | exp.Or | exp.Case | exp.If | exp.Array):
        return type(node).__name__.lower()
    return node.sql(dialect=DIALECT).split("(")[0].strip().lower()


def test_a_dataset_is_compiled_once_until_its_standards_change():
    registry = by_hand.registry()
    first = compiled(registry.datasets["people"], registry)
    assert compiled(registry.datasets["people"], registry) is first
    changed = registry.model_copy(update={"hashes": {"people": "other"}})
    assert compiled(changed.datasets["people"], changed) is not first


def test_a_bound_value_stands_in_the_query_once_however_often_it_is_named() -> None:
    def twice(value: exp.Expression) -> exp.Expression:
        return sql("CASE WHEN :v > 'B' THEN :v || :v ELSE :v END", v=value)

    query = text(bound(sql("upper(:x)", x=column("x")), "value", twice))
    assert query.count("UPPER") == 1
    found = duckdb.execute(f"SELECT {query} FROM (VALUES ('a'), ('c'), (NULL)) AS t(x)").fetchall()
    assert found == [("A",), ("CC",), (None,)]
