"""The table checks block what must not be published, and say why in figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govdata.batches import RawBatch, Snapshot
from govdata.checks import ChecksError
from govdata.standards.model import Volume
from tests.checks.by_hand import DATE, Night, small_people, write_rows


def outcome(night: Night, name: str, **changes: object):  # type: ignore[no-untyped-def]
    """The named outcome of validating the night's batch with ``changes`` to its manifest."""
    verdict = night.validate(night.batch.model_copy(update=changes))
    found = next(outcome for outcome in verdict.outcomes if outcome.name == name)
    assert found.blocking and found.kind == "table" and found.severity == "error"
    assert verdict.passed == all(o.passed for o in verdict.outcomes if o.blocking)
    assert found.passed or not verdict.passed
    return found


def with_volume(night: Night, **bounds: object) -> Night:
    dataset = night.dataset.model_copy(update={"volume": Volume(**bounds)})
    night.registry = night.registry.model_copy(update={"datasets": {"people": dataset}})
    return night


def publish(night: Night, date: Date, rows: int, **more: object) -> None:
    Snapshot(
        table="people",
        date=date,
        snapshot_id=f"s{date}",
        batch_id="earlier",
        base_snapshot_id=None,
        standards_hash="x",
        rows=rows,
        **({"files": ()} | more),  # type: ignore[arg-type]
    ).write(Snapshot.path(night.deployment, "people", date))


def kept_rows(night: Night) -> int:
    """Clean rows that are not removals: what a whole delivery publishes."""
    return int((night.frame.citizen_id.notna() & (night.frame.change_kind != "D")).sum())


@pytest.mark.parametrize("rule", ["citizen_id.check_digit", "birth_date_of_id", "primary_key_unique"])
def test_parity_tells_of_one_row_too_few(night: Night, rule: str) -> None:
    counts = night.batch.rule_failures
    found = outcome(night, "parity", rule_failures=counts | {rule: counts[rule] - 1})
    assert (found.passed, found.failed, found.checked) == (False, 1, len(counts))
    assert found.figures["differing_rules"] == rule and rule in found.description


def test_parity_tells_of_a_rule_only_one_side_knows(night: Night) -> None:
    counts = dict(night.batch.rule_failures)
    del counts["name.form"]
    assert outcome(night, "parity", rule_failures=counts).figures["differing_rules"] == "name.form"
    assert (
        outcome(night, "parity", rule_failures=night.batch.rule_failures | {"ghost": 0}).figures["differing_rules"]
        == "ghost"
    )


@pytest.mark.parametrize("field", ["delivered", "rejected", "duplicates", "quarantined", "clean"])
def test_reconciliation_tells_of_one_record_lost(night: Night, field: str) -> None:
    found = outcome(night, "reconciliation", **{field: getattr(night.batch, field) + 1})
    assert not found.passed and found.failed >= 1 and "不符" in found.description
    assert found.figures[field] == getattr(night.batch, field) + 1


def test_reconciliation_counts_the_files_and_not_the_manifest(night: Night) -> None:
    path = night.deployment.absolute(night.batch.clean_files[0])
    pq.write_table(pq.read_table(path).slice(1), path)
    found = outcome(night, "reconciliation")
    assert not found.passed and found.figures["actual_clean"] == night.batch.clean - 1
    assert found.figures["actual_judged"] == night.batch.rows - 1


def test_reconciliation_needs_the_raw_batch_it_was_made_from(night: Night) -> None:
    assert not outcome(night, "reconciliation", raw_batch_id="another").passed
    RawBatch.path(night.deployment, "people", DATE).unlink()
    assert "不是同一批" in outcome(night, "reconciliation").description


def test_reconciliation_counts_rejected_and_dropped_rows(night: Night) -> None:
    for file in (
        night.batch.duplicate_files[0],
        RawBatch.read(RawBatch.path(night.deployment, "people", DATE)).rejected_files[0],
    ):
        path = night.deployment.absolute(file)
        whole = pq.read_table(path)
        pq.write_table(whole.slice(1), path)
        assert not outcome(night, "reconciliation").passed
        pq.write_table(whole, path)
    assert outcome(night, "reconciliation").passed


def test_a_file_that_is_gone_stops_the_run_by_name(night: Night) -> None:
    night.deployment.absolute(night.batch.clean_files[0]).unlink()
    with pytest.raises(ChecksError, match=r"b-0\.parquet"):
        night.validate()


def test_volume_bounds(night: Night) -> None:
    rows = kept_rows(night)
    assert outcome(with_volume(night, min_rows=rows, max_rows=rows, max_quarantine=1), "volume").passed
    low = outcome(with_volume(night, min_rows=rows + 1, max_quarantine=1), "volume")
    assert not low.passed and low.figures == {"rows": rows, "min_rows": rows + 1, "rate": 1.0}
    high = outcome(with_volume(night, max_rows=rows - 1, max_quarantine=1), "volume")
    assert (high.passed, high.checked, high.failed) == (False, 2, 1)


def test_volume_change_is_against_the_newest_earlier_snapshot(night: Night) -> None:
    rows = kept_rows(night)
    with_volume(night, max_change=0.1, max_quarantine=1)
    assert outcome(night, "volume").checked == 1, "without an earlier snapshot there is no change to judge"
    publish(night, DATE - timedelta(days=9), rows * 2)
    assert outcome(night, "volume").figures["change"] == pytest.approx(-0.5)
    assert not outcome(night, "volume").passed
    publish(night, DATE - timedelta(days=2), rows)
    assert outcome(night, "volume").passed
    # today's own earlier run and later dates do not count
    publish(night, DATE, rows * 10)
    publish(night, DATE + timedelta(days=1), rows * 10)
    (night.deployment.snapshot("people", DATE).parent / ".building").mkdir()
    found = outcome(night, "volume")
    assert found.passed and found.figures["previous_date"] == (DATE - timedelta(days=2)).isoformat()


def test_volume_of_a_delta_is_what_merging_it_would_give(nights: Callable[..., Night]) -> None:
    frame = small_people(3000)
    frame = frame[frame.citizen_id.notna() & ~frame.citizen_id.duplicated(keep=False)].reset_index(drop=True)
    frame["change_kind"] = "I"
    delta, base = frame.iloc[:400].copy(), frame.iloc[300:2000]
    delta.loc[:9, "change_kind"] = "D"  # of people the base does not know
    delta.loc[380:399, "change_kind"] = "D"  # of people it knows
    night = nights(delta, mode="delta")
    path = night.deployment.snapshot("people", DATE - timedelta(days=1)) / "base.parquet"
    write_rows(base, path)
    # three stored rows no longer count: two that the delta brings again, one that it does not
    hidden = path.with_name("hidden.parquet")
    pq.write_table(
        pa.table({"file": pa.array([0] * 3, pa.uint64()), "position": pa.array([0, 1, 1500], pa.int64())}), hidden
    )
    base = base.drop(base.index[[0, 1, 1500]])
    files = {"files": (night.deployment.relative(path),), "hidden_file": night.deployment.relative(hidden), "hidden": 3}
    publish(night, DATE - timedelta(days=1), len(base), **files)
    known = set(base.citizen_id)
    deleted = set(delta.citizen_id[delta.change_kind == "D"])
    expected = len((known | set(delta.citizen_id)) - deleted)
    assert outcome(night, "volume").figures["rows"] == expected == 1697 + 300 + 2 - 10 - 20


def test_first_delta_and_whole_delivery_count_what_stays(nights: Callable[..., Night]) -> None:
    frame = small_people(500)
    frame = frame[frame.citizen_id.notna()].reset_index(drop=True)
    frame["change_kind"] = "I"
    frame.loc[:4, "change_kind"] = "D"
    for mode in ("delta", "snapshot"):
        assert outcome(nights(frame, mode=mode), "volume").figures["rows"] == len(frame) - 5


def test_quarantine_share(night: Night) -> None:
    share = night.batch.quarantined / night.batch.delivered
    assert outcome(with_volume(night, max_quarantine=share), "quarantine_share").passed
    found = outcome(with_volume(night, max_quarantine=share * 0.99), "quarantine_share")
    assert (found.passed, found.checked, found.failed) == (False, night.batch.delivered, night.batch.quarantined)
    assert found.figures["share"] == pytest.approx(share)


def test_quarantine_share_of_nothing_does_not_apply(night: Night) -> None:
    from govdata.checks.table import quarantine_share

    nothing = night.batch.model_copy(update={"delivered": 0, "quarantined": 0})
    found = quarantine_share(nothing, Volume(max_quarantine=0))
    assert found.passed and found.checked == 0


@pytest.mark.parametrize(
    ("delivered", "rejected", "bound", "passed"),
    [
        (30, 30, 0.05, False),  # a day's delta of which no line could be read
        (1, 1, 0.05, False),
        (10, 1, 0.05, True),  # a torn line of a small delta is told, and costs itself
        (10, 5, 0.05, False),
        (100, 6, 0.05, False),
        (100, 5, 0.05, True),
        (1000, 51, 0.05, False),
        (1000, 1, 0, False),  # declared: none at all
        (0, 0, 0, True),
    ],
)
def test_rejected_share(night: Night, delivered: int, rejected: int, bound: float, passed: bool) -> None:
    from govdata.checks.table import rejected_share

    batch = night.batch.model_copy(update={"delivered": delivered, "rejected": rejected})
    found = rejected_share(batch, None, Volume(max_rejected=bound))
    assert found.passed == passed and found.blocking and (found.checked, found.failed) == (delivered, rejected)
    assert passed or f"拒收 {rejected} 条" in found.description


def test_a_file_of_which_nothing_could_be_read_blocks_whatever_its_share(night: Night) -> None:
    raw = RawBatch.read(RawBatch.path(night.deployment, "people", DATE))
    assert raw is not None
    (good,) = raw.sources
    bad = good.model_copy(update={"name": "东湖区.csv", "delivered": 20, "raw": 0, "rejected": 20})
    raw.model_copy(update={"sources": (good, bad)}).write(RawBatch.path(night.deployment, "people", DATE))
    found = outcome(night, "rejected_share")
    assert not found.passed and "“东湖区.csv”" in found.description
