"""What a reading set aside keeps a delivery from being published where it should not have been set aside."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.batches import IngestedFile, RawBatch, ReadingNote
from govdata.checks.table import reading
from govdata.standards.model import Dataset
from tests.publish.nights import registry

PEOPLE = registry().datasets["people"]
IGNORED = ReadingNote(kind="ignored_records", reason="工作表，没有合同的表头，但其中像是有记录", count=40)
DIFFERS = ReadingNote(kind="total_differs", reason="表尾写明 9，读到 7 条", first_row=9, last_row=9)
AGREES = ReadingNote(kind="total_agrees", reason="表尾写明 7，与读到的相符", first_row=9, last_row=9)
HARMLESS = tuple(
    ReadingNote(kind=kind, reason="x", count=3)
    for kind in ("ignored_sheet", "sum_differs", "merged", "footer", "beside")
)


def raw(*notes: ReadingNote) -> RawBatch:
    source = IngestedFile(
        name="a.xlsx", sheet="城东", format="xlsx", delivered=7, raw=7, rejected=0, physical=7, notes=notes
    )
    return RawBatch(
        dataset="people",
        date=Date(2026, 3, 2),
        batch_id="r",
        delivery_fingerprint="f",
        standards_hash="s",
        mode="delta",
        files=(),
        rejected_files=(),
        sources=(source,),
        columns=("name",),
    )


def only_told() -> Dataset:
    return PEOPLE.model_copy(update={"delivery": PEOPLE.delivery.model_copy(update={"totals": "told"})})


@pytest.mark.parametrize(
    ("notes", "checked", "failed", "reason"),
    [
        ((), 0, 0, None),
        ((AGREES, *HARMLESS), 1, 0, None),
        ((AGREES, DIFFERS), 2, 1, "“a.xlsx”的“城东”：表尾写明 9，读到 7 条"),
        ((IGNORED,), 1, 1, "“a.xlsx”的工作表“城东”没有读（40 行）：工作表，没有合同的表头，但其中像是有记录"),
        ((IGNORED, DIFFERS, DIFFERS), 3, 3, "写进合同 delivery 的 ignored_sheets"),
    ],
)
def test_what_blocks(notes: tuple[ReadingNote, ...], checked: int, failed: int, reason: str | None) -> None:
    outcome = reading(raw(*notes), PEOPLE)
    assert (outcome.checked, outcome.failed, outcome.passed) == (checked, failed, reason is None)
    assert outcome.blocking and (reason is None or reason in outcome.description)


def test_the_contract_may_only_have_numbers_told() -> None:
    assert reading(raw(DIFFERS), only_told()).passed and not reading(raw(IGNORED), only_told()).passed


def test_a_table_that_nobody_delivered_has_no_report() -> None:
    assert reading(None, PEOPLE).passed
