"""Dagster's web server in a child process, and questions put to it over GraphQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from govdata.deployment import Deployment

START_SECONDS = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """A program of the environment the tests run in."""
    return str(Path(sys.executable).parent / name)


def is_up(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


@contextmanager
def serving(command: list[str], port: int, home: Path, cwd: Path, log: Path) -> Iterator[str]:
    """Run ``command`` until the block ends; yields the server's address once it answers. Its whole process group is
    ended afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))}
    environment |= {"GOVDATA_HOME": str(home), "DAGSTER_HOME": str(home / ".dagster"), "DO_NOT_TRACK": "1"}
    with open(log, "wb") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} did not serve:\n{log.read_text(errors='replace')[-3000:]}")
            if is_up(port):
                break
            time.sleep(0.3)
        yield address
    finally:
        _end(process)


def start_interface(deployment: Deployment, port: int, log: Path) -> subprocess.Popen[bytes]:
    """`govdata ui`, in a session of its own; what it says is added to ``log``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))}
    with open(log, "ab") as out:
        return subprocess.Popen(
            [program("govdata"), "ui", "--port", str(port)],
            env=environment | {"GOVDATA_HOME": str(deployment.home)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def processes(deployment: Deployment) -> dict[int, str]:
    """Every process that works for the deployment, by its environment; what has ended and waits to be reaped has
    none."""
    found, mark = {}, f"GOVDATA_HOME={deployment.home}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C first, so that Dagster ends its own children, then the rest of the group that this test started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            continue
        time.sleep(0.5)


def ask(address: str, query: str) -> dict[str, Any]:
    """The ``data`` of a GraphQL answer."""
    request = urllib.request.Request(
        f"{address}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json", "Origin": address},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        reply = json.load(answer)
    assert "errors" not in reply, reply["errors"]
    return dict(reply["data"])
