"""What cannot be read is never published in silence: kinds of garbage in every column of every contract."""

from __future__ import annotations

import pytest

from govdata.standards import Registry
from tests.content.conftest import Standardise
from tests.content.test_field_values import FREE, NAMES
from tests.content.test_rules import KEY_RULE, SOUND

GARBAGE = (
    "\ufffd\ufffd\ufffd", "锟斤拷锟斤拷", "烫烫烫烫", "????", "示□例", "<br/>", "&lt;td&gt;", '{"a": 1}', "[object Object]",
    "#REF!A1", "=SUM(A1:A2)", "SELECT 1", "1;2;3", "abc123!@", "2020-13-45", "99999999999999999999", "-1.5e400", "π≈3.14", "🙂🙂",
    "见附表", "同上", "待核实", "测试数据123", "0x1F", "１２３ａｂｃ", "甲/乙", "C:\\temp\\a.txt", "http://example.com/a",
    "13800138000/13900139000", "2020-01-01~2020-12-31", "1.2.3", "undefined1", "第1行", "20200", "+-1", "0000", "~",
)  # fmt: skip

TEXTS = {
    "population": {"name", "household_address", "residence_address", "former_name"},
    "legal_person": {"name", "address", "business_scope", "registration_authority"},
    "marriage": {"office_name"},
    "education": {"school_name"},
    "birth": {"birth_place", "institution_name"},
    "house": {"address"},
}
"""Columns of free text, where a text can be strange without being wrong."""


READABLE = {("registered_capital", "20200"), ("phone", "13800138000/13900139000")}
"""What is no garbage there: an amount, and two numbers of which the first is taken."""


@pytest.mark.slow
@pytest.mark.parametrize("dataset", FREE)
def test_garbage_is_never_published_in_silence(dataset: str, registry: Registry, standardise: Standardise) -> None:
    columns = [column.name for column in registry.datasets[dataset].columns if column.name not in TEXTS[dataset]]
    asked = [(column, cell) for column in columns for cell in GARBAGE if (column, cell) not in READABLE]
    # The first row is the sound one: what makes the others unlike is told of none.
    asked.insert(0, ("", ""))
    rows = []
    for number, (column, cell) in enumerate(asked):
        free = next(name for name in FREE[dataset] if name != column)
        given = "赵" + chr(0x4E00 + number) if free in NAMES else f"示例市东湖区第{number}处"
        rows.append({**SOUND[dataset], free: given} | ({column: cell} if column else {}))

    control, *judged = standardise(dataset, rows)
    assert not control["_warnings"] and not set(control["failed_rules"] or ()) - {KEY_RULE}
    silent = []
    for row in judged:
        column, cell = asked[row["_source_row"]]
        told = row["_warnings"] or set(row["failed_rules"] or ()) - {KEY_RULE}
        if not told and row[column] is not None:
            silent.append((column, cell, row[column]))
    assert silent == []
