"""Run inside a network namespace of its own, where loopback is all there is: the night, then the interface. Prints one
JSON object.

Usage: python -m tests.security.offline HOME PORT. Every address that Python code asks for is written to HOME/asked.txt
by ``sitecustomize`` (see ``WATCH``), so that an attempt which would merely have failed is seen too.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

WATCH = """
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


def main(home: Path, port: int) -> None:
    raise_loopback()
    told: dict[str, object] = {"route": has_route()}
    night = subprocess.run(
        [sys.executable, "-m", "govdata", "run", "--date", "2026-11-18"], capture_output=True, text=True, check=False
    )
    told |= {"code": night.returncode, "errors": night.stderr[-2000:]}
    workspace = str(home / ".dagster" / "workspace.yaml")
    program = str(Path(sys.executable).parent / "dagster-webserver")
    server = subprocess.Popen(
        [program, "-w", workspace, "-h", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
    )
    try:
        told |= _interface(f"http://127.0.0.1:{port}", server)
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


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main(Path(sys.argv[1]), int(sys.argv[2]))
