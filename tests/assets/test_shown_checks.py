"""What the web server says of a check, which is what a person sees."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from govdata.deployment import Deployment
from govdata.standards import load
from tests.conftest import Finished, govdata
from tests.servers import ask, free_port, program, serving
from tests.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("finished")]

CHECKS = """{ assetNodeOrError(assetKey: {path: ["population", "standardized"]}) { ... on AssetNode {
    assetChecksOrError { ... on AssetChecks { checks { name blocking
        executionForLatestMaterialization { status evaluation { success severity metadataEntries { label
            ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue }
            ... on TableMetadataEntry { table { records } } } } } } } } } } }"""


@pytest.fixture(scope="module")
def again(finished: Finished, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The finished city, after the oldest population delivery was found to be nearly empty and was processed again."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(finished.deployment.home, folder / "home")
    deployment = Deployment(folder / "home")
    first, *others = sorted((deployment.landing / "population" / "2026-11-18").iterdir())
    for other in others:
        other.unlink()
    first.write_bytes(first.read_bytes().splitlines(keepends=True)[0])
    return govdata(
        zygote, deployment, "run", "--date", "2026-11-18", "--dataset", "population", outside=folder / "outside"
    )


HISTORY = """{ assetCheckExecutions(assetKey: {path: ["population", "standardized"]}, checkName: "volume", limit: 50) {
    status evaluation { success metadataEntries { label ... on TextMetadataEntry { text } } } } }"""


@pytest.fixture(scope="module")
def server(again: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, home = free_port(), again.deployment.home
    command = [
        program("dagster-webserver"),
        "-w",
        str(again.deployment.dagster_home / "workspace.yaml"),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with serving(command, port, home, home, tmp_path_factory.mktemp("web") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def shown(server: str) -> dict[str, dict[str, Any]]:
    checks = ask(server, CHECKS)["assetNodeOrError"]["assetChecksOrError"]["checks"]
    return {check["name"]: check for check in checks}


def facts(check: dict[str, Any]) -> dict[str, Any]:
    entries = check["executionForLatestMaterialization"]["evaluation"]["metadataEntries"]
    return {entry["label"]: next(iter(value for key, value in entry.items() if key != "label")) for entry in entries}


def test_a_blocked_backfill_of_an_old_date_leaves_the_newest_deliverys_state(
    again: Finished, shown: dict[str, dict[str, Any]]
) -> None:
    assert again.code == 3, again.output + again.errors
    for name, check in shown.items():
        assert facts(check)["交付日期"] == "2026-11-20", name
        if check["blocking"]:
            assert check["executionForLatestMaterialization"]["status"] == "SUCCEEDED", name


def test_the_history_has_what_was_judged_and_nothing_skipped(again: Finished, server: str) -> None:
    """Newest first: three nights, the old date again with its failure, and the newest state told once more."""
    history = ask(server, HISTORY)["assetCheckExecutions"]
    assert [execution["status"] for execution in history] == [
        "SUCCEEDED",
        "FAILED",
        "SUCCEEDED",
        "SUCCEEDED",
        "SUCCEEDED",
    ]
    dates = [
        next(e["text"] for e in told["evaluation"]["metadataEntries"] if e["label"] == "交付日期") for told in history
    ]
    assert dates == ["2026-11-20", "2026-11-18", "2026-11-20", "2026-11-19", "2026-11-18"]


def test_a_dimensions_figures_are_those_of_the_rule_results_and_its_query_lists_the_rows(
    finished: Finished, shown: dict[str, dict[str, Any]]
) -> None:
    own = tuple(
        rule.id for rule in load(finished.deployment.standards).rules("population")
    )  # those across tables are shown elsewhere
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as connection:
        sums = connection.execute(
            "SELECT dimension, sum(checked)::INT, sum(failed)::INT FROM governance.rule_results "
            f"WHERE dataset = 'population' AND date = DATE '2026-11-20' AND rule_id IN {own} GROUP BY dimension"
        ).fetchall()
        assert {name for name, *_ in sums} == {name for name, check in shown.items() if not check["blocking"]}
        asked = 0
        for name, checked, failed in sums:
            told = facts(shown[name])
            assert (told["检查数"], told["不合格数"]) == (checked, failed)
            if failed:
                assert len(connection.execute(told["查询"]).fetchall()) == failed
                asked += 1
        assert asked
