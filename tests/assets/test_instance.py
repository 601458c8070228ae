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
import multiprocessing, sys
from pathlib import Path
from govdata.deployment import Deployment
from govdata.night import instance

def open_at_once(home, together):
    together.wait()
    with instance(Deployment(home)) as dagster:
        dagster.get_runs(), dagster.all_asset_keys(), dagster.all_instigator_state()

forked = multiprocessing.get_context("fork")  # imports once
with instance(Deployment(Path(sys.argv[1]))) as dagster:
    dagster.get_runs()  # what Dagster imports when it opens its storage
homes = [Path(name) for name in sys.argv[2:]] * 2
together = forked.Barrier(len(homes))
opening = [forked.Process(target=open_at_once, args=(home, together)) for home in homes]
for process in opening:
    process.start()
for process in opening:
    process.join()
print([process.exitcode for process in opening])
"""


@pytest.mark.slow
def test_two_first_openings_at_once(tmp_path: Path) -> None:
    """Three times over: Dagster creates and migrates its SQLite files without a lock of its own."""
    homes = [tmp_path / str(number) for number in range(4)]
    for home in homes:
        home.mkdir()
    command = [sys.executable, "-W", "ignore", "-c", OPEN, *map(str, homes)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert ran.stdout.splitlines()[-1:] == [str([0] * 6)], ran.stderr


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
