"""A night and its interface where there is no network at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, copy_deployment
from tests.security.offline import WATCH


def _unshare() -> list[str] | None:
    """The command that opens a network namespace, or None where this user may not."""
    program = shutil.which("unshare")
    if program is None:
        return None
    command = [program, "--net"] if os.getuid() == 0 else [program, "--map-root-user", "--net"]
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else None


@pytest.mark.slow
def test_the_night_and_the_interface_need_no_network(tmp_path: Path) -> None:
    namespace = _unshare()
    if namespace is None:
        pytest.skip("network namespaces are not permitted here")
    deployment = copy_deployment(tmp_path / "home")
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    asked = tmp_path / "asked.txt"
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | {
        "GOVDATA_HOME": str(deployment.home),
        "DAGSTER_HOME": str(deployment.dagster_home),
        "PYTHONPATH": f"{tmp_path / 'watch'}:{REPOSITORY}",
        "GOVDATA_TEST_ASKED": str(asked),
    }
    seen = subprocess.run(  # that the watch itself works
        [
            sys.executable,
            "-c",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.7', 9))",
        ],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert asked.read_text().split() == ["socket.connect", "192.0.2.7"], seen.stderr
    asked.unlink()
    command = [*namespace, sys.executable, "-m", "tests.security.offline", str(deployment.home), "3000"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["route"] is False
    assert told["code"] == 0, told["errors"]
    assert told["runs"] == ["SUCCESS", "SUCCESS"]  # the datasets, then the city
    assert {"population/published", "birth/published", "governance/catalogue"} <= set(told["assets"])
    assert told["foreign"] == [] and told["script"] > 0, "the page loads something from elsewhere"
    # Only the test's own look for a route, which shows that the watch sees the processes in the namespace.
    assert set(asked.read_text().splitlines()) == {"socket.connect 192.0.2.1"}
