"""A thousand canaries go through good, blocked and crashing nights; afterwards none may stand in any byte outside the
data tables."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import date as Date
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from govdata.operations import alerts
from govdata.standards import load
from tests.conftest import Finished, copy_deployment, govdata
from tests.security.canaries import (
    ID_MARK,
    MARK,
    canaries,
    found_in,
    in_tables,
    in_workbooks,
    is_table,
    leaks,
    plant,
    plant_refused,
)
from tests.security.nights import breaking
from tests.zygote import Zygote

pytestmark = pytest.mark.xdist_group("canaries")  # one worker makes the nights, and once

GOOD, REFUSED, CRASHED = Date(2026, 11, 18), Date(2026, 11, 19), Date(2026, 11, 20)

BROKEN = (
    "ingest.ingest:birth:chained",
    "engine.standardize:population:conversion",
    "engine.standardize:education:panic",
    "checks.validate:legal_person:group",
    "publish.publish:marriage:exit",
    "publish.rebuild_catalogue:*:memory",
)
"""<door>:<dataset>:<how>: every door breaks once, in every way."""


@pytest.fixture(scope="module")
def city(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, dict[str, Finished]]:
    deployment, outside = copy_deployment(tmp_path_factory.mktemp("canaries")), tmp_path_factory.mktemp("outside")
    plant(deployment, GOOD)
    plant_refused(deployment, REFUSED)
    for dataset in deployment.landing.iterdir():  # once more, so that the crashing stages have canaries at hand
        shutil.rmtree(dataset / CRASHED.isoformat(), ignore_errors=True)
        shutil.copytree(dataset / GOOD.isoformat(), dataset / CRASHED.isoformat())

    def run(*arguments: str, broken: tuple[str, ...] = ()) -> Finished:
        before = breaking(*broken) if broken else ""
        return govdata(zygote, deployment, "run", *arguments, outside=outside, before=before)

    return deployment, {
        "good and blocked": run("--date", GOOD.isoformat(), "--date", REFUSED.isoformat()),
        "crashed": run("--date", CRASHED.isoformat(), broken=BROKEN),
        "killed": run("--date", CRASHED.isoformat(), "--dataset", "birth", broken=("checks.validate:birth:kill",)),
    }


def test_the_search_finds_a_canary_however_it_is_written(tmp_path: Path) -> None:
    name, number = canaries().names[3], canaries().ids[3]
    for kind, content in {
        "utf-8": name.encode(),
        "utf-16": name.encode("utf-16"),
        "utf-16-be id": number.encode("utf-16-be"),
        "gb18030": name.encode("gb18030"),
        "json": json.dumps({"x": name}).encode(),
        "json in json": json.dumps(json.dumps({"x": name})).encode(),
        "repr": repr(name.encode()).encode(),
        "cut": number[:12].encode(),
    }.items():
        assert found_in(b"x" * 100 + content), kind
    (tmp_path / f"{name}.txt").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "log").write_bytes(b"\x00" + canaries().phones[0].encode() + b"\x00")
    assert set(leaks(tmp_path, lambda path: False)) == {f"{name}.txt", "inner/log"}
    assert not found_in("赵甲 190101199001019999 17900000000 示例市东湖区".encode())
    assert len(set(canaries().all)) == 1000 and all(MARK in name for name in canaries().names + canaries().addresses)
    assert all(number.startswith(ID_MARK) for number in canaries().ids)


@pytest.mark.slow
def test_the_nights_end_as_they_were_meant_to(city: tuple[Deployment, dict[str, Finished]]) -> None:
    deployment, ran = city
    assert {name: night.code for name, night in ran.items()} == {"good and blocked": 3, "crashed": 1, "killed": -9}
    kinds = {(alert.dataset, alert.date, alert.kind) for alert in alerts.alerts(deployment)}
    assert not [kind for kind in kinds if kind[1] == GOOD.isoformat()], "the good night was meant to publish everything"
    for dataset in ("population", "legal_person", "education", "marriage"):
        assert (dataset, REFUSED.isoformat(), "blocked") in kinds
    assert ("birth", REFUSED.isoformat(), "check_failed") in kinds
    for dataset in ("population", "legal_person", "education", "marriage", "birth"):
        assert (dataset, CRASHED.isoformat(), "error") in kinds
    assert (None, CRASHED.isoformat(), "error") in kinds, "the catalogue's step was meant to break"
    planted = set(in_tables(deployment))
    pool = canaries()
    assert all(
        len(planted & set(values)) > len(values) / 2 for values in (pool.names, pool.ids, pool.phones, pool.addresses)
    )


@pytest.mark.slow
def test_no_canary_outside_the_tables(city: tuple[Deployment, dict[str, Finished]]) -> None:
    deployment, _ = city
    searched = {
        path.suffix
        for path in deployment.home.rglob("*")
        if path.is_file() and not is_table(path.relative_to(deployment.home))
    }
    assert {".db", ".json", ".md", ".duckdb"} <= searched, (
        "the search no longer sees Dagster's storage, the reports and the catalogue"
    )
    assert leaks(deployment.home, is_table) == {}


@pytest.mark.slow
def test_a_department_s_workbook_holds_its_own_rows_and_nobody_else_s(
    city: tuple[Deployment, dict[str, Finished]],
) -> None:
    """Each canary in a workbook stands in a delivery of that department. (Whether a row is another's is asked of single
    rows in tests/governance/test_workbook.py.)"""
    deployment, _ = city
    owners: dict[str, set[str]] = {}
    registry = load(deployment.standards)
    for name in registry.delivered:
        owners.setdefault(registry.datasets[name].owner, set()).update(in_tables(deployment, name))
    found = in_workbooks(deployment)
    assert len(found) >= 4 and sum(map(len, found.values())) > 50, (
        "the workbooks were meant to show departments their values"
    )
    assert {department: values - owners[department] for department, values in found.items()} == {
        name: set() for name in found
    }
    for path in deployment.workorders.glob("*/*.xlsx"):
        with zipfile.ZipFile(path) as archive:
            beside = [
                name
                for name in archive.namelist()
                if not name.startswith("xl/worksheets/") and "sharedStrings" not in name
            ]
            assert not [name for name in beside if found_in(archive.read(name))]  # sheet names, properties


@pytest.mark.slow
def test_no_canary_on_the_terminal(city: tuple[Deployment, dict[str, Finished]]) -> None:
    _, ran = city
    for name, night in ran.items():
        assert name == "killed" or (night.output and night.errors)
        assert not found_in(night.output.encode()) and not found_in(night.errors.encode()), (
            f"{name}: a record's value was printed"
        )
