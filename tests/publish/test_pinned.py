"""A damaged file of the lake takes its own rows from the views, and nothing else, and somebody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from pathlib import Path

import pytest

from govdata.assets.catalogue import report_damage
from govdata.batches import RawBatch, StandardizedBatch
from govdata.operations import alerts
from govdata.publish import damaged_nights
from tests.publish.nights import City, person

DAY1, DAY2 = Date(2026, 3, 1), Date(2026, 3, 2)
VIEWS = (
    "quarantine.people",
    "governance.rejected",
    "governance.duplicates",
    "governance.repairs",
    "governance.findings",
)


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()  # as a disk would: not the second names
    path.write_bytes(content[:-20])


def _two(city: City) -> dict[str, int]:
    city.night("people", DAY1, [person(1)], mode="snapshot", quarantined=[person(8)], repaired={0: " 张三"}, warned=[0])
    city.night("people", DAY2, [person(2)], quarantined=[person(9)], repaired={0: " 张三"}, warned=[0])
    return _counts(city)


def _counts(city: City) -> dict[str, int]:
    return {view: city.query(f"SELECT count(*) FROM {view}")[0][0] for view in VIEWS}


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [_cut, Path.unlink])
@pytest.mark.parametrize(
    ("stage", "less"),
    [
        ("quarantine", {"quarantine.people": 1, "governance.findings": 2}),
        ("rejected", {"governance.rejected": 1}),
        ("raw", {"governance.repairs": 1}),
        ("standardized", {"governance.repairs": 1, "governance.findings": 1}),
    ],
)
def test_what_is_undamaged_stays_and_an_alert_names_the_rerun(
    city: City, stage: str, less: dict[str, int], spoil: Callable[[Path], None]
) -> None:
    before = _two(city)
    (damaged,) = [
        path for path in city.deployment.lake(stage, "people", DAY1).glob("*.parquet") if "duplicates" not in path.name
    ]  # type: ignore[arg-type]
    spoil(damaged)
    city.rebuild()
    assert _counts(city) == {view: count - less.get(view, 0) for view, count in before.items()}
    assert city.query("SELECT date, quarantined, damaged FROM governance.reconciliation ORDER BY date") == [
        (DAY1, 1, stage),
        (DAY2, 1, None),
    ]
    report_damage(city.deployment, city.registry, "run")
    (alert,) = alerts.alerts(city.deployment)
    assert (alert.kind, alert.dataset, alert.date) == ("damaged", "people", "2026-03-01")
    assert damaged.name in alert.reasons[0] and "govdata run --date 2026-03-01 --dataset people" in alert.reasons[0]


@pytest.mark.slow
@pytest.mark.parametrize("manifest", [RawBatch, StandardizedBatch])
def test_a_manifest_that_cannot_be_read_is_damage_too(
    city: City, manifest: type[RawBatch] | type[StandardizedBatch]
) -> None:
    _two(city)
    manifest.path(city.deployment, "people", DAY1).write_text("{", encoding="utf-8")
    city.rebuild()
    (night,) = damaged_nights(city.deployment)
    assert night.date == DAY1 and night.files[0].endswith("batch.json")


def test_a_damaged_record_of_governance_is_told(city: City) -> None:
    _two(city)
    assert damaged_nights(city.deployment) == ()
    (city.deployment.governance / "reconciliation" / "people" / "2026-03-01.parquet").write_bytes(b"PAR1")
    city.rebuild()
    (night,) = damaged_nights(city.deployment)
    assert night.files == ("data/published/_governance/reconciliation/people/2026-03-01.parquet",)
