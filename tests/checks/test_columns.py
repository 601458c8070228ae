"""A column that came last time and does not come tonight is not published as empty in silence."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.batches import CheckOutcome, IngestedFile, RawBatch
from govdata.checks.columns import delivered_columns
from govdata.publish.layers import Layer
from tests.publish.nights import registry

PEOPLE = registry().datasets["people"]
NAMES = tuple(column.name for column in PEOPLE.columns)


def source(*missing: str, unknown: tuple[str, ...] = (), format: str = "csv", delivered: int = 3) -> IngestedFile:
    return IngestedFile(
        name="a.csv",
        format=format,
        delivered=delivered,
        raw=delivered,
        rejected=0,
        missing_columns=missing,
        unknown_columns=unknown,
    )


def batch(*sources: IngestedFile, mode: str = "delta") -> RawBatch:
    return RawBatch(
        dataset="people",
        date=Date(2026, 3, 2),
        batch_id="r",
        delivery_fingerprint="f",
        standards_hash="s",
        mode=mode,  # type: ignore[arg-type]
        files=(),
        rejected_files=(),
        sources=sources,
        columns=NAMES,
    )


def layer(*sources: IngestedFile) -> Layer:
    earlier = batch(*sources)
    return Layer(
        table="people",
        date=Date(2026, 3, 1),
        batch_id="b",
        standards_hash="s",
        mode="delta",
        key=("citizen_id",),
        key_unique=True,
        operation="change_kind",
        files=(),
        rows=3,
        delivered=earlier.coverage(),
        unknown=earlier.unknown_columns,
    )


WHOLE = layer(source())


def test_a_column_that_came_last_time_must_come() -> None:
    found = delivered_columns(batch(source("amount")), WHOLE, PEOPLE)
    assert not found.passed and found.blocking and found.failed == 1
    assert (
        "“金额”（amount）" in found.description
        and "2026-03-01" in found.description
        and "may_vanish" in found.description
    )


def test_the_unknown_columns_that_look_like_it_are_named() -> None:
    found = delivered_columns(batch(source("birth_date", unknown=("公民出生日期", "打印机"))), None, PEOPLE)
    assert not found.passed and "像是改名为“公民出生日期”" in found.description and "、“打印机”" in found.description


def test_columns_that_never_came_or_may_go_do_not_block() -> None:
    assert delivered_columns(batch(source("amount")), None, PEOPLE).passed
    assert delivered_columns(batch(source("amount")), layer(source("amount")), PEOPLE).passed
    lenient = [c.model_copy(update={"may_vanish": c.name == "amount"}) for c in PEOPLE.columns]
    assert delivered_columns(
        batch(source("amount")), WHOLE, PEOPLE.model_copy(update={"columns": tuple(lenient)})
    ).passed


def test_a_column_that_only_some_files_have_now() -> None:
    found = delivered_columns(batch(source(), source("amount")), WHOLE, PEOPLE)
    assert not found.passed and "只有部分文件有" in found.description
    assert delivered_columns(batch(source(), source("amount")), layer(source(), source("amount")), PEOPLE).passed
    assert delivered_columns(batch(source(), source("amount", delivered=0)), WHOLE, PEOPLE).passed


def test_a_whole_needs_no_operation_and_a_delta_does() -> None:
    assert delivered_columns(batch(source("change_kind"), mode="snapshot"), WHOLE, PEOPLE).passed
    assert not delivered_columns(batch(source("change_kind")), WHOLE, PEOPLE).passed


@pytest.mark.parametrize("unknown", [(), ("money",)])
def test_a_json_key_that_is_not_there_means_no_value_unless_another_came_for_it(unknown: tuple[str, ...]) -> None:
    found = delivered_columns(batch(source("amount", unknown=unknown, format="jsonlines")), WHOLE, PEOPLE)
    assert found.passed == (not unknown)


def test_the_contracts_new_name_is_the_column_that_came_under_the_old_one() -> None:
    renamed = [
        c.model_copy(update={"name": "sum", "former_names": ("amount",)}) if c.name == "amount" else c
        for c in PEOPLE.columns
    ]
    tonight = batch(source("sum")).model_copy(update={"columns": tuple(c.name for c in renamed)})
    found = delivered_columns(tonight, WHOLE, PEOPLE.model_copy(update={"columns": tuple(renamed)}))
    assert not found.passed and "（sum）" in found.description


def test_a_column_that_became_empty_is_told_unless_it_could_be_chance() -> None:
    every = dict.fromkeys(NAMES, 9)
    held = layer(source()).model_copy(update={"filled": every | {"amount": 1}, "judged": 9})

    def judged(rows: int, **empty: int) -> CheckOutcome:
        return delivered_columns(batch(source()), held, PEOPLE, every | empty, rows)

    assert judged(9).passed
    emptied = judged(9, name=0)
    assert not emptied.passed and emptied.figures["emptied"] == "name" and emptied.failed == 1
    assert "（name）这次 9 行全部为空，2026-03-01 的交付 9 行中有 9 行有值" in emptied.description
    assert judged(9, amount=0).passed, "one row in nine had a value: nine without one are nothing strange"
    assert not judged(90, amount=0).passed
    assert judged(1, name=0).passed, "one row alone proves nothing"
    assert delivered_columns(batch(source()), held, PEOPLE).passed, "what is not known is not judged"
    assert delivered_columns(batch(source()), layer(source()), PEOPLE, every | {"name": 0}, 9).passed
    lawful = [column.model_copy(update={"may_vanish": column.name == "name"}) for column in PEOPLE.columns]
    contract = PEOPLE.model_copy(update={"columns": tuple(lawful)})
    assert delivered_columns(batch(source()), held, contract, every | {"name": 0}, 9).passed
