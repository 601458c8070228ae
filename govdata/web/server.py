"""The processes of `govdata ui`: the door in this one, Dagster's in a process group of their own that ends with it."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.web.door import GRAPHQL, door
from govdata.web.follower import Follower, follow

_PATIENCE = {signal.SIGINT: 20.0, signal.SIGTERM: 5.0, signal.SIGKILL: 5.0}
"""Seconds that the processes get to end after each signal, in this order."""

_ENDING = "正在结束；没有做完的运行不发布，下次启动时自动重做"


def serve(deployment: Deployment, home: Path, port: int, announce: Callable[[], object]) -> None:
    """Serve the interface at ``127.0.0.1:port`` and run Dagster's daemon until a signal (INT, TERM or HUP) ends both.

    ``home`` is the prepared folder of Dagster; ``announce`` is called once nothing stands in the way. Raises
    GovdataError where the port is taken, another daemon runs on the deployment, or Dagster ends by itself.
    """
    with _listening(port) as listener, _only_daemon(home) as lock:
        inner_host, inner_port = _hidden_place()
        app = door(f"{inner_host}:{inner_port}", deployment.reports)
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=2, date_header=False, server_header=False
        )
        server = uvicorn.Server(config)
        _stop_on_signal(server)
        announce()
        with _dagster(deployment, home, inner_host, inner_port, lock) as process:
            threading.Thread(target=_stop_with, args=(process, server), daemon=True).start()
            follow(
                Follower(deployment, f"http://{inner_host}:{inner_port}{GRAPHQL}", lambda line: print(line, flush=True))
            )
            server.run(sockets=[listener])
            if process.poll() is not None:
                raise GovdataError(f"Dagster 自行结束（退出码 {process.returncode}），原因见上面的输出")
            _say(f"{_ENDING}\n".encode())


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
        except OSError as error:
            reason = "已被占用" if error.errno == errno.EADDRINUSE else "不能使用"
            raise GovdataError(f"端口 {port} {reason}，请用 --port 指定另一个端口") from None
        yield listener


@contextmanager
def _only_daemon(home: Path) -> Iterator[int]:
    """The lock of the deployment's one daemon, as a descriptor.

    Dagster's process inherits it, so that one that outlives us still holds the lock.
    """
    descriptor = os.open(home / "daemon.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GovdataError(
                f"这个部署已经有界面或定时服务在运行（{home.parent}），不能再启动一个{_leftover(home)}"
            ) from None
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _leftover(home: Path) -> str:
    """How to end Dagster's processes where the interface is gone (kill -9): they hold the lock, and their group stands
    in its file."""
    group = (home / "daemon.lock").read_text(encoding="ascii", errors="replace").strip()
    if not group.isdigit() or not _is_there(int(group)):
        return ""
    return f"。若那个界面已被强制结束，它的服务还在，先结束它们：kill -- -{group}"


def _hidden_place() -> tuple[str, int]:
    """A loopback address and port that a page cannot find by trying: one of 2³⁸, or of 28,000 where only 127.0.0.1 is
    there (macOS)."""
    host = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    for candidate in (host, "127.0.0.1"):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((candidate, 0))
            return candidate, int(probe.getsockname()[1])
    raise GovdataError("本机没有可用的端口")


@contextmanager
def _dagster(deployment: Deployment, home: Path, host: str, port: int, lock: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"GOVDATA_HOME": str(deployment.home), "DAGSTER_HOME": str(home), "DO_NOT_TRACK": "1"}
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "dagster",
        "dev",
        "-w",
        str(home / "workspace.yaml"),
        "-h",
        host,
        "-p",
        str(port),
    ]
    command += ["--log-level", "error"]  # else it tells people the address behind the door, and warnings in English
    process = subprocess.Popen(
        command,
        cwd=deployment.home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(lock,),
    )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    ending = threading.Event()
    threading.Thread(target=_pass_on, args=(process, ending), daemon=True).start()
    try:
        yield process
    finally:
        ending.set()
        _end(process)


def _pass_on(process: subprocess.Popen[bytes], ending: threading.Event) -> None:
    """What Dagster's processes say goes to our own terminal, but for what each of them says of being ended (English,
    with a stack trace where a run was at work)."""
    assert process.stdout is not None
    for line in process.stdout:
        if not ending.is_set():
            _say(line)


def _say(line: bytes) -> None:
    with suppress(OSError):  # the terminal may be gone: then the end was asked for by HUP
        sys.stderr.buffer.write(line)
        sys.stderr.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group of ``process``: Dagster ends its services itself on INT; what is then still there has to
    go."""
    for number, patience in _PATIENCE.items():
        with suppress(ProcessLookupError):
            if number is signal.SIGINT:
                process.send_signal(number)
            else:
                os.killpg(process.pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if process.poll() is not None and not _is_there(process.pid):
                return
            time.sleep(0.1)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _stop_on_signal(server: uvicorn.Server) -> None:
    """The signals stay caught when the server has ended, so that a second one does not cut the tidying short. Pages
    that are open still ask: that their questions are cut off now is no error to be told."""

    def stop(*_: object) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _stop_with(process: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    process.wait()
    server.should_exit = True
