"""The processes of `govdata ui`: one daemon for a deployment, and no process left when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from govdata.assets.instance import prepare
from govdata.deployment import Deployment
from tests.faults import city
from tests.faults.services import running
from tests.servers import START_SECONDS, free_port, is_up, processes, start_interface

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to look at"),
]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return city.lay_down(tmp_path_factory.mktemp("served"), 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_process(deployment: Deployment, number: signal.Signals, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    process = start_interface(deployment, port, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_up(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        told = " ".join(processes(deployment).values())
        assert "dagster_webserver" in told and "dagster._daemon" in told and "code-server" in told
        if number is signal.SIGTERM:
            _second_is_refused(deployment, port, tmp_path / "second")
        process.send_signal(number)
        assert process.wait(timeout=60) == 0, log.read_text(encoding="utf-8")
        assert processes(deployment) == {}
        assert "Traceback" not in log.read_text(encoding="utf-8")
    finally:
        for left in processes(deployment):
            os.kill(left, signal.SIGKILL)
        process.wait(timeout=60)


def _second_is_refused(deployment: Deployment, port: int, log: Path) -> None:
    before = set(processes(deployment))
    for other, said in ((port, f"端口 {port} 已被占用"), (free_port(), "这个部署已经有界面或定时服务在运行")):
        assert start_interface(deployment, other, log).wait(timeout=120) == 1
        text = log.read_text(encoding="utf-8")
        assert said in text and "http://" not in text, text
    assert set(processes(deployment)) == before


def test_what_an_interface_that_was_killed_leaves_is_told_with_the_way_to_end_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    process = start_interface(deployment, port, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not any("dagster dev" in told for told in processes(deployment).values()):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        process.kill()
        process.wait(timeout=60)
        second = tmp_path / "second"
        assert start_interface(deployment, free_port(), second).wait(timeout=120) == 1
        told = re.search(r"kill -- -(\d+)$", second.read_text(encoding="utf-8").strip())
        assert told is not None
        os.killpg(int(told[1]), signal.SIGTERM)
        deadline = time.monotonic() + 60
        while processes(deployment) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert processes(deployment) == {}
    finally:
        for left in processes(deployment):
            os.kill(left, signal.SIGKILL)


def test_the_servers_daemon_and_the_interface_exclude_each_other(deployment: Deployment, tmp_path: Path) -> None:
    """The daemon as its systemd unit starts it."""
    prepare(deployment)
    with running("daemon", deployment, tmp_path / "daemon"):
        deadline = time.monotonic() + START_SECONDS
        while not any("dagster-daemon run" in told and "flock" not in told for told in processes(deployment).values()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert start_interface(deployment, free_port(), tmp_path / "log").wait(timeout=120) == 1
    assert "已经有界面或定时服务在运行" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_taken_port_is_told_before_anything_is_started(deployment: Deployment, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, log = taken.getsockname()[1], tmp_path / "log"
        assert start_interface(deployment, port, log).wait(timeout=120) == 1
    assert log.read_text(encoding="utf-8") == f"端口 {port} 已被占用，请用 --port 指定另一个端口\n"
    assert processes(deployment) == {}
