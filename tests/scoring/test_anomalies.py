"""Kept counts become ``governance.anomalies``; rules that tell nothing become ``governance.stale_rules``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from govdata import scoring
from govdata.assets import anomalies as asset
from govdata.deployment import Deployment
from govdata.operations import alerts
from govdata.publish import scorecard
from govdata.standards import load
from govdata.standards.anomaly_settings import Anomalies
from govdata.standards.model import Registry
from govdata.storage import files
from govdata.storage.tables.anomalies import ANOMALIES, DISTRIBUTIONS, PROFILES, STALE_RULES
from govdata.storage.tables.nights import RULE_RESULTS
from tests.conftest import Finished

LAST = Date(2026, 11, 20)
DIVISIONS = {"190101": 90, "190108": 70}


@pytest.fixture(scope="module")
def registry(repository: Any) -> Registry:
    return load(repository / "standards")


def keep(deployment: Deployment, date: Date, divisions: dict[str, int], mode: str = "delta") -> None:
    """Counts of a delivery of marriages."""
    facts = {"date": date, "dataset": "marriage", "mode": mode, "batch_id": "b"}
    lines: list[dict[str, Any]] = []
    for division, rows in [(None, sum(divisions.values())), *divisions.items()]:
        line = {**facts, "division": division, "rows": rows}
        values = rows - 2 if division is None else None
        lines.append({**line, "column_name": None, "filled": None, "distinct_values": None})
        lines.append({**line, "column_name": "male_name", "filled": rows, "distinct_values": values})
    files.put_table(PROFILES.arrow(lines), scorecard.path(deployment, PROFILES, date, "marriage"))
    files.put_table(DISTRIBUTIONS.arrow([]), scorecard.path(deployment, DISTRIBUTIONS, date, "marriage"))


@pytest.fixture
def kept(tmp_path: Any) -> Deployment:
    """Forty usual nights before the last."""
    deployment, rng = Deployment(tmp_path), np.random.default_rng(7)
    for n in range(1, 41):
        keep(deployment, LAST - timedelta(days=n), {code: int(rng.poisson(rows)) for code, rows in DIVISIONS.items()})
    return deployment


def found(deployment: Deployment, date: Date = LAST) -> list[dict[str, Any]]:
    return list(pq.read_table(scorecard.path(deployment, ANOMALIES, date, "marriage")).to_pylist())


def test_one_cause_is_one_line_and_is_told_once(kept: Deployment, registry: Registry) -> None:
    keep(kept, LAST, {"190101": 88})
    made = scoring.detect(registry, kept, LAST)
    (line,) = found(kept)
    assert line["message"].startswith("婚姻登记信息 11-20 少 4") and line["message"].endswith(
        "，其中示例市白塔县没有数据"
    )
    assert (line["cause"], line["since"], line["nights"], line["owner"]) == ("volume", LAST, 40, "市数据局")
    assert made.fresh == {"市数据局": (line["message"],)} and (made.causes, made.compared) == (1, 1)
    asset.tell(kept, made.fresh, LAST, "r")
    assert [notice.reasons for notice in alerts.notices(kept)] == [(line["message"],)]
    assert scoring.detect(registry, kept, LAST).fresh == {} and found(kept) == [line]


def test_what_goes_on_is_told_with_its_first_day(kept: Deployment, registry: Registry) -> None:
    keep(kept, LAST, {"190101": 88})
    scoring.detect(registry, kept, LAST)
    keep(kept, LAST + timedelta(days=1), {"190101": 91})
    assert scoring.detect(registry, kept, LAST + timedelta(days=1)).fresh == {}
    assert [line["since"] for line in found(kept, LAST + timedelta(days=1))] == [LAST]


def test_a_usual_night_says_nothing(kept: Deployment, registry: Registry) -> None:
    keep(kept, LAST, {"190101": 95, "190108": 66})
    assert scoring.detect(registry, kept, LAST) == scoring.Found({}, 0, 1, ()) and found(kept) == []


def test_a_whole_delivery_is_not_compared_with_changes(kept: Deployment, registry: Registry) -> None:
    keep(kept, LAST, {"190101": 9_000, "190108": 7_000}, mode="snapshot")
    scoring.detect(registry, kept, LAST)
    assert found(kept) == []


def test_a_baseline_that_nobody_renewed_says_nothing(kept: Deployment, registry: Registry) -> None:
    keep(kept, LAST, {"190101": 88})
    written = {"until": "2026-11-19", "baselines": {"birth": {"owner": "市卫健委", "until": "2027-01-01"}}}
    settings = Anomalies.model_validate(written)
    assert scoring.detect(registry.model_copy(update={"anomalies": settings}), kept, LAST).expired == ("marriage",)
    assert (settings.owner_of("birth"), settings.until_of("birth")) == ("市卫健委", Date(2027, 1, 1))


def results(deployment: Deployment, registry: Registry, nights: int) -> Iterator[None]:
    facts = {"dimension": "accuracy", "severity": "error", "column_name": None, "indicator": None, "message": ""}
    rules = [rule.id for rule in registry.rules("marriage")][:4]
    for n in range(nights):
        date = LAST - timedelta(days=n)
        counts = zip(rules, [(10, 0), (10, 10), (0, 0), (10, n % 2)], strict=True)
        lines = [
            {"date": date, "dataset": "marriage", "rule_id": rule, "checked": checked, "failed": failed, **facts}
            for rule, (checked, failed) in counts
        ]
        files.put_table(RULE_RESULTS.arrow(lines), scorecard.path(deployment, RULE_RESULTS, date, "marriage"))
        yield


def test_rules_that_tell_nothing_are_listed(kept: Deployment, registry: Registry) -> None:
    for _ in results(kept, registry, 60):
        pass
    assert scoring.stale(registry, kept, LAST) == 3
    lines = pq.read_table(scorecard.path(kept, STALE_RULES, LAST)).to_pylist()
    rules = [rule.id for rule in registry.rules("marriage")][:3]
    assert {line["rule_id"]: line["state"] for line in lines} == dict(
        zip(rules, ("never_failed", "always_failed", "never_asked"), strict=True)
    )
    assert all(line["nights"] == 60 and line["since"] == LAST - timedelta(days=59) for line in lines)
    assert scoring.stale(registry, kept, LAST - timedelta(days=1)) == 0, "a night fewer is not long enough"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("least: 200\n", "least 不应多于 history"),
        ("until: '2026-13-01'\n", "不是日期"),
        ("baselines: {marrige: {}}\n", "没有名为“marrige”的数据集"),
        ("baselines: {marriage: {ignore: [nmae]}}\n", "数据集 marriage 没有列“nmae”"),
        ("sensitivity: {deviations: 1}\n", "deviations"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told(deployment: Deployment, text: str, told: str) -> None:
    from govdata.standards import problems

    (deployment.standards / "anomalies.yaml").write_text(text, encoding="utf-8")
    (problem,) = problems(deployment.standards)
    assert told in str(problem) and str(problem).startswith("anomalies.yaml:1")


def test_a_night_keeps_the_counts_that_later_ones_are_measured_by(finished: Finished) -> None:
    """By another count: the reconciliation of the delivery."""
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as catalogue:
        whole = catalogue.execute(
            "SELECT p.dataset, p.rows, r.clean + r.quarantined FROM governance.profiles AS p JOIN "
            "governance.reconciliation AS r USING (dataset, date) WHERE p.division IS NULL AND p.column_name IS NULL"
        ).fetchall()
        parts = catalogue.execute(
            "SELECT dataset, date, sum(rows) FILTER (division IS NOT NULL), max(rows) FILTER (division IS NULL) "
            "FROM governance.profiles WHERE column_name IS NULL GROUP BY ALL HAVING count(division) > 0"
        ).fetchall()
        spread = catalogue.execute(
            "SELECT d.column_name FROM (SELECT dataset, date, column_name, sum(rows) AS rows FROM "
            "governance.distributions GROUP BY ALL) AS d JOIN governance.profiles AS p USING (dataset, date, column_name) "
            "WHERE p.division IS NULL AND d.rows <> p.filled"
        ).fetchall()
    assert {name for name, *_ in whole} == {"birth", "education", "house", "legal_person", "marriage", "population"}
    assert all(rows == judged for _, rows, judged in whole)
    assert len(parts) >= 4 and all(summed == rows for *_, summed, rows in parts)
    assert spread == []
