"""A process where there is no network at all, and a watch over every address that Python code asks for, so that an
attempt which would merely have failed is seen too.

``python -m tests.offline COMMAND…`` inside a network namespace gives it its loopback, looks for a way out, and becomes
the command. ``python -m tests.offline --interface HOME PORT`` asks the interface; it prints one JSON object.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

_WATCH = """
import os, sys

def watch(event, arguments, file=os.environ["GOVDATA_TEST_ASKED"]):
    if event == "socket.getaddrinfo":
        asked = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        asked = arguments[1][0]
    else:
        return
    asked = asked.decode() if isinstance(asked, bytes) else asked
    if asked not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"):
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{event} {asked}\\n".encode())
        os.close(descriptor)

sys.addaudithook(watch)
"""


def isolated() -> list[str]:
    """What to put before a command so that it runs in a network namespace of its own; empty where this user may not
    open one."""
    program = shutil.which("unshare")
    if program is None:
        return []
    command = [program, "--net"] if os.getuid() == 0 else [program, "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        return []
    return [*command, sys.executable, "-m", "tests.offline"]


def watched(folder: Path) -> dict[str, str]:
    """The environment of a process that tells in ``asked(folder)`` what it and those it starts asked for."""
    (folder / "watch").mkdir(exist_ok=True)
    (folder / "watch" / "sitecustomize.py").write_text(_WATCH, encoding="utf-8")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("GOVDATA_", "DAGSTER_"))}
    return {name: value for name, value in ours.items() if not name.lower().endswith("_proxy")} | {
        "PYTHONPATH": f"{folder / 'watch'}:{REPOSITORY}",
        "GOVDATA_TEST_ASKED": str(folder / "asked.txt"),
    }


def asked(folder: Path) -> list[str]:
    return (folder / "asked.txt").read_text(encoding="utf-8").splitlines()


ROUTE = "socket.connect 192.0.2.1"
"""The look for a way out, which shows that the watch sees the processes in the namespace."""


def raise_loopback() -> None:
    """What ``ip link set lo up`` does."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14s", b"lo", 0, b"")
        flags = struct.unpack("16sh14s", fcntl.ioctl(any_socket, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14s", b"lo", flags | 1, b""))  # SIOCSIFFLAGS, IFF_UP


def has_route() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 53))  # a documentation address; for UDP this only looks a route up
        except OSError as error:
            return error.errno != errno.ENETUNREACH
    return True


def interface(home: Path, port: int) -> None:
    """Start the web server on the deployment and print what it answers."""
    workspace = str(home / ".dagster" / "workspace.yaml")
    program = str(Path(sys.executable).parent / "dagster-webserver")
    command = [program, "-w", workspace, "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home)
    try:
        told = _interface(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait(timeout=60)
    print(json.dumps(told))


def _interface(address: str, server: subprocess.Popen[bytes]) -> dict[str, object]:
    deadline = time.monotonic() + 120
    while True:
        try:
            page = urllib.request.urlopen(f"{address}/", timeout=5).read().decode()
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, "the interface did not start"
            time.sleep(0.3)
    question = (
        "{ runsOrError { ... on Runs { results { status jobName } } } assetsOrError { ... on AssetConnection { nodes { "
        "key { path } } } } }"
    )
    request = urllib.request.Request(
        f"{address}/graphql", json.dumps({"query": question}).encode(), {"Content-Type": "application/json"}
    )
    answer = json.load(urllib.request.urlopen(request, timeout=60))["data"]
    script = next(iter(re.findall(r'src="([^"]+\.js)"', page)), "")
    return {
        "foreign": re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"', page),
        "script": len(urllib.request.urlopen(f"{address}{script}", timeout=60).read()) if script else 0,
        "runs": [run["status"] for run in answer["runsOrError"]["results"]],
        "assets": sorted("/".join(node["key"]["path"]) for node in answer["assetsOrError"]["nodes"]),
    }


def main(arguments: list[str]) -> None:
    if arguments[0] == "--interface":
        interface(Path(arguments[1]), int(arguments[2]))
        return
    raise_loopback()
    if has_route():
        sys.exit("there is a way out of the network namespace")
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
