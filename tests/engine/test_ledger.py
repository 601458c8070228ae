"""The repair ledger decodes cells of many columns and datasets together as it would each alone."""

from __future__ import annotations

from itertools import permutations

import pytest

from govdata.batches import LedgerColumn, LedgerStep
from govdata.engine import ledger
from govdata.storage import sql

STEPS = tuple(LedgerStep(name=name) for name in ("halfwidth", "strip", "uppercase", "remove_spaces"))
TEXTS = (" Ａb ", "a b", "Ｘ　", "AB", "ａ")


def column(*steps: LedgerStep) -> LedgerColumn:
    return LedgerColumn(name="c", steps=steps, typing="typed", inferred="inferred")


def decoded(columns: list[LedgerColumn]) -> list[list[str]]:
    """For each column the ``rule`` of each of ``TEXTS``, all asked in one query; the value after the steps is kept."""
    with sql.connect(threads=1) as connection:
        after = [[ledger.walk(plan, text, connection)[-1][1] for text in TEXTS] for plan in columns]
        connection.execute(
            "CREATE TABLE cells (_row_id VARCHAR, _source_file VARCHAR, _source_row BIGINT, _delivery_date DATE, "
            'column_name VARCHAR, before VARCHAR, after VARCHAR, "~unread" BOOLEAN, "~kind" INTEGER)'
        )
        among = ledger.kinds([columns])
        numbers = {plan.model_dump_json(): number for number, plan in enumerate(among, start=1)}
        for place, plan in enumerate(columns):
            for row, (before, made) in enumerate(zip(TEXTS, after[place], strict=True)):
                values = [f"{place}", "f", row, None, plan.name, before, made, False, numbers[plan.model_dump_json()]]
                connection.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        query = ledger.decoded_sql("FROM cells", among)
        rows = connection.execute(f"SELECT _row_id, rule FROM ({query}) ORDER BY CAST(_row_id AS INT), _source_row")
        told: list[list[str]] = [[] for _ in columns]
        for place, rule in rows.fetchall():
            told[int(place)].append(rule)
        return told


def walked(plan: LedgerColumn) -> list[str]:
    """The same, step by step, from the account of a single cell."""
    with sql.connect(threads=1) as connection:
        rules = []
        for text in TEXTS:
            after = ledger.walk(plan, text, connection)
            before = [text, *(value for _, value in after)]
            rules.append(", ".join(name for (name, value), was in zip(after, before, strict=False) if value != was))
        return rules


@pytest.mark.parametrize("size", [2, 3])
def test_columns_with_steps_in_other_orders_are_told_as_if_each_were_alone(size: int) -> None:
    columns = [column(*steps) for steps in permutations(STEPS, size)]
    assert decoded(columns) == [walked(plan) for plan in columns]


def test_a_step_that_columns_have_at_other_places_stands_once_where_their_orders_agree() -> None:
    halfwidth, strip, uppercase, spaces = STEPS
    columns = [column(strip, spaces), column(halfwidth, strip, uppercase), column(halfwidth, uppercase, spaces)]
    query = ledger.decoded_sql("FROM cells", ledger.kinds([columns]))
    of_strip_and_spaces = query.count("REGEXP_REPLACE(REGEXP_REPLACE(")
    assert (query.count("ＡＢＣ"), of_strip_and_spaces, query.count("'abcdefghijklmnopqrstuvwxyz'")) == (1, 2, 1)


def test_steps_of_different_columns_share_a_level() -> None:
    halfwidth, strip, uppercase, spaces = STEPS
    columns = [column(strip, step) for step in (halfwidth, uppercase, spaces)]
    query = ledger.decoded_sql("FROM cells", ledger.kinds([columns]))
    assert '"~2"' in query and '"~3"' not in query
    assert decoded(columns) == [walked(plan) for plan in columns]


def test_cells_beyond_the_first_word_of_flags() -> None:
    count = 130
    plans = [column(STEPS[2]).model_copy(update={"name": f"c{place}"}) for place in range(count)]
    altered = [0, 59, 60, 119, 120, 129]
    words = [sum(1 << place % 60 for place in altered if place // 60 == word) for word in range(3)]
    values = ", ".join(f"'x' AS c{place}" for place in range(count))
    identity = "'r' AS _row_id, 'f' AS _source_file, 1 AS _source_row, DATE '2026-11-18' AS _delivery_date"
    flags = ", ".join(f"{word}::UBIGINT AS _repairs_{number}" for number, word in enumerate(words))
    with sql.connect(threads=1) as connection:
        connection.execute(f"CREATE TABLE raw AS SELECT {identity}, {values}")
        connection.execute(
            f"CREATE TABLE standard AS SELECT {identity}, {values.upper().replace(' AS C', ' AS c')}, {flags}, "
            "NULL::MAP(VARCHAR, VARCHAR) AS _unparsed"
        )
        query = ledger.ledger_sql(plans).replace("{raw}", "raw").replace("{standardized}", "standard")
        rows = connection.execute(f"SELECT column_name, before, after, rule FROM ({query})").fetchall()
    assert rows == [(f"c{place}", "x", "X", "uppercase") for place in altered]


def test_a_step_that_is_no_more() -> None:
    gone = column(LedgerStep(name="no_such_step"))
    with pytest.raises(KeyError):
        ledger.demand_steps([gone])
    with pytest.raises(KeyError):
        ledger.decoded_sql("FROM cells", [gone])
