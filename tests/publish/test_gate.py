"""The gate blocks whatever is not proved, tells every reason, and leaves the last good snapshot alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date

import pytest

from govdata.batches import TABLE_CHECKS, Snapshot, StandardizedBatch, Verdict
from govdata.errors import GateBlocked
from tests.publish.nights import CANARY, City, person

DAY1, DAY2 = Date(2026, 3, 1), Date(2026, 3, 2)


def _without(check: str) -> Callable[[City, StandardizedBatch], None]:
    return lambda city, batch: city.judge(batch, city.outcomes("people", without=check))


def _failing(check: str) -> Callable[[City, StandardizedBatch], None]:
    return lambda city, batch: city.judge(batch, city.outcomes("people", failing=check))


def _no_verdict(city: City, batch: StandardizedBatch) -> None:
    Verdict.path(city.deployment, "people", batch.date).unlink()


def _damaged_verdict(city: City, batch: StandardizedBatch) -> None:
    Verdict.path(city.deployment, "people", batch.date).write_text("{", encoding="utf-8")


def _verdict_of_another(city: City, batch: StandardizedBatch) -> None:
    city.judge(batch.model_copy(update={"batch_id": "another"}), city.outcomes("people"))


def _verdict_under_other_standards(city: City, batch: StandardizedBatch) -> None:
    city.judge(batch.model_copy(update={"standards_hash": "older"}), city.outcomes("people"))


def _replaced(city: City, batch: StandardizedBatch) -> None:
    newer = batch.model_copy(update={"batch_id": "newer"})
    newer.write(StandardizedBatch.path(city.deployment, "people", batch.date))


def _truncated(city: City, batch: StandardizedBatch) -> None:
    path = city.deployment.absolute(batch.clean_files[0])
    path.write_bytes(path.read_bytes()[:-20])


def _missing(city: City, batch: StandardizedBatch) -> None:
    city.deployment.absolute(batch.quarantine_files[0]).unlink()


def _other_rows(city: City, batch: StandardizedBatch) -> None:
    city.deployment.absolute(batch.quarantine_files[0]).replace(city.deployment.absolute(batch.clean_files[0]))


CASES = {
    "no verdict": (_no_verdict, "没有检查结论"),
    "damaged verdict": (_damaged_verdict, "已损坏"),
    "verdict of another batch": (_verdict_of_another, "另一个批次"),
    "verdict under other standards": (_verdict_under_other_standards, "标准"),
    "batch replaced": (_replaced, "取代"),
    "truncated rows": (_truncated, "文件损坏"),
    "missing rows": (_missing, "文件不存在"),
    "other rows": (_other_rows, "清单记 2 行"),
    "a rule was not judged": (_without("name.form"), "1 条规则没有检查：name.form"),
    **{f"{name} failed": (_failing(name), f"检查“{name}”未通过") for name in TABLE_CHECKS},
    **{f"{name} never ran": (_without(name), f"检查“{name}”") for name in TABLE_CHECKS},
}


@pytest.mark.parametrize("name", CASES)
def test_blocks(city: City, name: str) -> None:
    spoil, reason = CASES[name]
    first = city.night("people", DAY1, [person(1)], mode="snapshot")
    batch = city.deliver("people", DAY2, [person(2, CANARY), person(3)], quarantined=[person(4, CANARY)])
    spoil(city, batch)
    with pytest.raises(GateBlocked) as error:
        city.publish(batch)
    assert reason in str(error.value)
    assert CANARY not in str(error.value) and "190101" not in str(error.value)
    assert Snapshot.read(Snapshot.path(city.deployment, "people", DAY2)) is None
    city.rebuild()
    assert city.query("SELECT count(*), max(_delivery_date) FROM published.people") == [(1, DAY1)]
    assert city.query("SELECT clean, published FROM governance.reconciliation ORDER BY date") == [(1, 1), (2, None)]
    assert Snapshot.read(Snapshot.path(city.deployment, "people", DAY1)) == first


def test_passes(city: City) -> None:
    city.night("people", DAY1, [person(1)], mode="snapshot")
    assert city.night("people", DAY2, [person(2), person(3)], quarantined=[person(4)]).rows == 3


def test_all_reasons_at_once(city: City) -> None:
    batch = city.deliver("people", DAY1, [person(1)], mode="snapshot", outcomes=[])
    with pytest.raises(GateBlocked) as error:
        city.publish(batch)
    assert len(error.value.reasons) == len(TABLE_CHECKS) + 1


def test_changed_standard_blocks(city: City) -> None:
    batch = city.deliver("people", DAY1, [person(1)], mode="snapshot")
    hashes = city.registry.hashes | {"people": "changed"}
    city.registry = city.registry.model_copy(update={"hashes": hashes})
    with pytest.raises(GateBlocked, match="标准已修改"):
        city.publish(batch)


def test_delta_without_a_whole_blocks(city: City) -> None:
    batch = city.deliver("people", DAY1, [person(1)])
    with pytest.raises(GateBlocked, match="没有已发布的全量交付"):
        city.publish(batch)
    assert city.publish(city.deliver("people", DAY1, [person(1)], mode="snapshot")).rows == 1
