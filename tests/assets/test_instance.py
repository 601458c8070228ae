"""Dagster's folder inside a deployment, also opened for the first time by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetKey, AssetMaterialization

from govdata.assets.instance import FORMER_EVENT_LOG, prepare
from govdata.deployment import Deployment
from govdata.night import instance

OPEN = """
import sys, time
from pathlib import Path
from dagster import DagsterInstance
from govdata.deployment import Deployment
from govdata.night import instance
home = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with instance(Deployment(home)) as dagster:
    dagster.get_runs(), dagster.all_asset_keys(), dagster.all_instigator_state()
"""


@pytest.mark.slow
def test_two_first_openings_at_once(tmp_path: Path) -> None:
    """Three times over: Dagster creates and migrates its SQLite files without a lock of its own."""
    processes = []
    for number in range(3):
        home = tmp_path / str(number)
        home.mkdir()
        for _ in range(2):
            command = [sys.executable, "-W", "ignore", "-c", OPEN, str(home)]
            processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
            )
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=180)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, "\n".join(said)


def test_a_deployment_made_before_keeps_its_settings_but_for_the_class_that_is_gone(tmp_path: Path) -> None:
    home = Deployment(tmp_path)
    settings = prepare(home) / "dagster.yaml"
    own = settings.read_text(encoding="utf-8") + "# 本地设置\n"
    settings.write_text(own + FORMER_EVENT_LOG, encoding="utf-8")
    with instance(home) as dagster:
        dagster.report_runless_asset_event(AssetMaterialization(AssetKey(["x", "published"])))
        assert dagster.all_asset_keys() == [AssetKey(["x", "published"])]
    assert settings.read_text(encoding="utf-8") == own
    assert [path.name for path in home.dagster_home.glob("*.tmp")] == []
