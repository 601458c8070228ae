"""How the nights went, told from the manifests that stages wrote, from what lies in landing and from the contracts."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta
from typing import Any

import pyarrow.parquet as pq

from govdata.deployment import Deployment
from govdata.operations import outcomes, run_health
from govdata.operations.outcomes import Outcome, StageOutcome
from govdata.publish import scorecard
from govdata.storage.tables.health import NIGHT_RUNS, STAGE_RUNS
from tests.scoring.conftest import Scored
from tests.scoring.conftest import city as city  # the fixture

CITY = [("governance", "scorecard"), ("governance", "catalogue")]
BEGAN = datetime.fromisoformat("2026-03-03T02:00:00+08:00")


def tell(
    deployment: Deployment, date: Date, dataset: str, stage: str, outcome: Outcome = "done", reason: str = ""
) -> None:
    reasons = (reason,) if reason else ()
    told = StageOutcome(
        dataset=dataset,
        stage=stage,
        date=date,
        outcome=outcome,
        reasons=reasons,
        run_id="one",
        began=BEGAN,
        time=BEGAN + timedelta(seconds=2.5),
    )
    told.write(deployment.outcome(dataset, date, stage))


def ran(deployment: Deployment, date: Date, dataset: str = "people") -> None:
    for stage in outcomes.STAGES:
        tell(deployment, date, dataset, stage)
    for room, stage in CITY:
        tell(deployment, date, room, stage)


def lies_there(deployment: Deployment, date: Date, dataset: str = "people") -> None:
    folder = deployment.delivery(dataset, date)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text("id\n1\n", encoding="utf-8")


def night(deployment: Deployment, date: Date) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pq.read_table(scorecard.path(deployment, NIGHT_RUNS, date)).to_pylist()
    (row,) = rows
    return row


def states(deployment: Deployment, days: list[Date]) -> list[str]:
    return [night(deployment, day)["state"] for day in days]


def test_each_night_is_told_as_it_went(city: Scored) -> None:
    home, days = city.deployment, [city.day(number) for number in range(6)]
    ran(home, days[0])
    for name in ("people", "births"):
        lies_there(home, days[0], name)
    # The second: a delivery was blocked; the third: nobody ran it; the fourth: it died before the city; the fifth: the
    # catalogue is being made.
    ran(home, days[1])
    tell(home, days[1], "people", "checked", "blocked", "隔离太多")
    lies_there(home, days[2])
    tell(home, days[3], "people", "raw")
    tell(home, days[3], "people", "standardized")
    for stage in outcomes.STAGES:
        tell(home, days[4], "people", stage)
    tell(home, days[4], "governance", "scorecard")
    run_health.keep(city.registry, home)
    assert states(home, days[:5]) == ["complete", "stopped", "not_run", "unfinished", "complete"]
    second, third = night(home, days[1]), night(home, days[2])
    assert (second["deliveries"], second["published"], second["blocked"], second["stopped_stages"]) == (1, 0, 1, 1)
    assert (third["deliveries"], third["unread"], third["stages"], third["seconds"]) == (0, 1, 0, None)
    assert night(home, days[0])["seconds"] == 6 * 2.5
    lines = pq.read_table(scorecard.path(home, STAGE_RUNS, days[1])).to_pylist()
    (told,) = [line for line in lines if line["outcome"] == "blocked"]
    assert (told["stage_name"], told["reason"], told["seconds"]) == ("检查", "隔离太多", 2.5)
    assert told["ended"] == datetime(2026, 3, 3, 2, 0, 2, 500_000)
    # A night later the catalogue of the fifth is still not there: it had died.
    ran(home, days[5])
    run_health.keep(city.registry, home)
    assert states(home, days[4:]) == ["unfinished", "complete"]


def test_a_night_without_anything_due_is_no_fault(city: Scored) -> None:
    """Where the contracts ask for a delivery a week, six nights may be idle."""
    for name in ("people", "births"):
        text = (city.deployment.standards / f"datasets/{name}.odcs.yaml").read_text(encoding="utf-8")
        weekly = "slaProperties: [{property: frequency, value: 1, unit: w}]\n"
        city.write(f"datasets/{name}.odcs.yaml", text.replace("schema:\n", weekly + "schema:\n", 1))
    home, days = city.deployment, [city.day(number) for number in range(9)]
    for name in ("people", "births"):
        lies_there(home, days[0], name)
    ran(home, days[0])
    ran(home, days[8])
    run_health.keep(city.registry, home)
    assert states(home, days) == ["complete", *["idle"] * 6, "not_run", "complete"]


def test_a_date_keeps_its_line_when_its_manifests_have_gone(city: Scored) -> None:
    home, days = city.deployment, [city.day(number) for number in range(2)]
    for day in days:
        ran(home, day)
    run_health.keep(city.registry, home)
    before = night(home, days[0])
    for path in home.outcome("people", days[0], "raw").parents[2].glob(f"*/{days[0]}/*.json"):
        if path.stem != "raw":
            path.unlink()
    written = scorecard.path(home, NIGHT_RUNS, days[1]).stat().st_mtime_ns
    run_health.keep(city.registry, home)
    assert night(home, days[0]) == before
    assert scorecard.path(home, NIGHT_RUNS, days[1]).stat().st_mtime_ns == written


def test_nothing_is_kept_where_nothing_ran(city: Scored) -> None:
    assert run_health.keep(city.registry, city.deployment) == 0
