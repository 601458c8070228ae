"""Dagster's own folder, opened for the first time by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
            processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=180)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, "\n".join(said)
