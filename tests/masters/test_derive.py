from __future__ import annotations

from datetime import date as Date

import pytest

from govdata import masters
from govdata.batches import RawBatch, StandardizedBatch
from govdata.engine import standardization
from govdata.errors import GateBlocked
from govdata.standards import StandardsError
from tests.masters.conftest import ROLL_UP, SUMS, Small, contract

DAY, NEXT = Date(2026, 11, 20), Date(2026, 11, 21)

PEOPLE = """\
id,name,place,state,died
A1,甲,190101,1,
A2,乙,190101,2,2026-01-02
A3,丙,190102,1,
A4,丁,190121,1,
A5,戊,190122,1,
A6,己,190123,1,
A7,庚,,1,
A8,辛,190100,1,
"""


def sums(small: Small) -> None:
    small.write("datasets/sums.odcs.yaml", contract("sums", "数据局", SUMS, "division", ROLL_UP))


def made(small: Small, date: Date = DAY) -> object:
    return masters.publish_derived(small.registry.datasets["sums"], small.registry, small.deployment, date)


def test_rows_are_summed_up_the_hierarchy_and_along_its_history(small: Small) -> None:
    sums(small)
    small.deliver("people", DAY, PEOPLE)

    made(small)

    rows = small.ask(
        "SELECT division, level, in_force, under_this_code, people, dead FROM published.sums ORDER BY division"
    )
    assert rows == [
        ("190000", "省级", True, 0, 7, 1),  # all but the one without a code
        (
            "190100",
            "地级",
            True,
            1,
            7,
            1,
        ),  # its own row, both districts with their predecessors, and 散县 that nobody succeeded
        ("190101", "县级", True, 2, 4, 1),  # and 旧县, and 古县 that became 旧县
        ("190102", "县级", True, 1, 1, 0),
        ("190121", "县级", False, 1, 1, 0),
        ("190122", "县级", False, 1, 1, 0),
        ("190123", "县级", False, 1, 1, 0),
        ("未知", "未知", False, 1, 1, 0),
    ]
    assert small.ask("SELECT sum(under_this_code) FROM published.sums") == [(8,)]


@pytest.mark.slow
def test_a_derived_table_is_kept_shown_and_reconciled_as_a_delivered_one(small: Small) -> None:
    sums(small)
    small.deliver("people", DAY, PEOPLE)
    made(small)
    small.deliver("people", NEXT, PEOPLE.replace("A8,辛,190100,1,\n", ""))
    made(small, NEXT)

    assert small.ask("SELECT people FROM published.sums WHERE division = '190000'") == [(6,)]
    assert small.ask("SELECT people FROM published.sums_at(DATE '2026-11-20') WHERE division = '190000'") == [(7,)]
    assert small.ask(
        "SELECT date, delivered, clean, published FROM governance.reconciliation WHERE dataset = 'sums'"
    ) == [
        (DAY, 8, 8, 8),
        (NEXT, 8, 8, 8),
    ]
    ids = small.ask(
        "SELECT _row_id FROM published.sums_at(DATE '2026-11-20') INTERSECT SELECT _row_id FROM published.sums"
    )
    assert len(ids) == 8  # the same division keeps its id from night to night
    assert small.ask("SELECT DISTINCT _source_file FROM published.sums") == [("published/people/2026-11-21",)]


def test_the_same_inputs_make_the_same_batch(small: Small) -> None:
    sums(small)
    small.deliver("people", DAY, PEOPLE)
    made(small)
    path = RawBatch.path(small.deployment, "sums", DAY)
    before = path.stat().st_mtime_ns, RawBatch.read(path)

    made(small)

    assert (path.stat().st_mtime_ns, RawBatch.read(path)) == before


def test_nothing_is_made_while_an_input_was_never_published(small: Small) -> None:
    sums(small)

    assert made(small) is None


def test_a_derived_table_that_fails_its_check_is_not_published(small: Small) -> None:
    small.write(
        "datasets/sums.odcs.yaml",
        contract("sums", "数据局", SUMS, "division", ROLL_UP).replace("min_rows: 0", "min_rows: 100"),
    )
    small.deliver("people", DAY, PEOPLE)

    with pytest.raises(GateBlocked, match="少于下限 100 行"):
        made(small)
    assert small.ask("SELECT count(*) FROM published.sums") == [(0,)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("table: people", "table: peeple"), "没有名为“peeple”的数据集，是否想写 people"),
        (("table: people", "table: sums"), "表之间互为来源：sums 与 sums"),
        (("division: place", "division: palce"), "没有名为“palce”的列"),
        (("died IS NOT NULL", "dead IS NOT NULL"), "counts.dead]：表达式有误"),
        (("total: people", "total: persons"), "合同里没有：persons"),
        (("property: origin", "property: delivery"), "delivery"),
    ],
)
def test_what_an_origin_cannot_be(small: Small, change: tuple[str, str], told: str) -> None:
    small.write("datasets/sums.odcs.yaml", contract("sums", "数据局", SUMS, "division", ROLL_UP).replace(*change))

    with pytest.raises(StandardsError) as refused:
        _ = small.registry

    assert told in str(refused.value)


def kept(small: Small, date: Date = DAY) -> tuple[RawBatch, StandardizedBatch]:
    raw = RawBatch.read(RawBatch.path(small.deployment, "sums", date))
    batch = StandardizedBatch.read(StandardizedBatch.path(small.deployment, "sums", date))
    assert raw is not None and batch is not None
    return raw, batch


def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tables are that are too large to be held in memory."""
    monkeypatch.setattr(standardization, "HELD_ROWS", 0)


def test_a_table_in_which_nothing_is_found_is_written_once(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    sums(small)
    small.deliver("people", DAY, PEOPLE)
    made(small)
    everything = "SELECT * EXCLUDE (_source_file, _delivery_date) FROM published.sums ORDER BY division"
    held = small.ask(everything), kept(small)[1].rule_failures
    small.deliver("people", NEXT, PEOPLE)
    streamed(monkeypatch)
    made(small, NEXT)

    raw, batch = kept(small, NEXT)
    assert (small.ask(everything), batch.rule_failures) == held
    assert len(batch.clean_files) == len(raw.files) == 1
    assert small.deployment.absolute(batch.clean_files[0]).samefile(small.deployment.absolute(raw.files[0]))
    assert (batch.clean, batch.quarantined, set(batch.repaired_cells)) == (8, 0, set(raw.columns))


def test_a_table_in_which_something_is_found_is_split(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {**SUMS, "division_name": "key"}
    small.write("datasets/sums.odcs.yaml", contract("sums", "数据局", named, "division", ROLL_UP))
    small.deliver("people", DAY, PEOPLE)
    streamed(monkeypatch)

    made(small)

    batch = kept(small)[1]
    assert batch.quarantined == sum(batch.rule_failures.values()) > 0
    assert batch.clean + batch.quarantined == 8
    assert small.ask("SELECT count(*) FROM quarantine.sums") == [(batch.quarantined,)]
