"""Nights and their interface where there is no network at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import offline
from tests.conftest import Finished

pytestmark = [
    pytest.mark.xdist_group("finished"),
    pytest.mark.skipif(not offline.isolated(), reason="network namespaces are not permitted here"),
]


def test_the_watch_sees_what_is_asked_for(tmp_path: Path) -> None:
    asking = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.7', 9))"
    environment = offline.watched(tmp_path)
    subprocess.run([sys.executable, "-c", asking], env=environment, capture_output=True, check=False)
    assert offline.asked(tmp_path) == ["socket.connect 192.0.2.7"]


def test_the_nights_need_no_network(finished: Finished) -> None:
    """Only the test's own look for a way out was seen."""
    assert finished.code == 0, finished.errors
    assert set(offline.asked(finished.outside.parent)) == {offline.ROUTE}


def test_the_interface_needs_no_network(finished: Finished, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished.deployment.home, home, symlinks=True)
    environment = offline.watched(tmp_path) | {"GOVDATA_HOME": str(home), "DAGSTER_HOME": str(home / ".dagster")}
    command = [*offline.isolated(), sys.executable, "-m", "tests.offline", "--interface", str(home), "3000"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["runs"] == ["SUCCESS"] * 6  # for each date the datasets, then the city
    assert {"population/published", "birth/published", "governance/catalogue"} <= set(told["assets"])
    assert told["foreign"] == [] and told["script"] > 0, "the page loads something from elsewhere"
    assert set(offline.asked(tmp_path)) == {offline.ROUTE}
