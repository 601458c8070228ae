"""A session at a terminal, recorded: what a person sees of ``govdata``, in a window of a given width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading
from pathlib import Path

from govdata.deployment import Deployment
from tests.zygote import Zygote

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def recorded(zygote: Zygote, deployment: Deployment, *arguments: str, width: int, before: str = "") -> tuple[int, str]:
    """The exit code, and all that was printed, in order, without styles and movements."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    seen: list[bytes] = []

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(os.read(ours, 65536))
            except OSError:
                return

    done = threading.Event()
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    log = Path(os.ttyname(theirs))
    code = zygote.run(deployment.home, *arguments, log=log, before=before, TERM="xterm")
    os.close(theirs)
    reader.join(10)
    done.set()
    return code, _CONTROLS.sub("", b"".join(seen).decode("utf-8", "replace"))
