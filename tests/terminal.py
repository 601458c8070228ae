"""A session at a terminal, recorded: what a person sees of ``govdata`` in a window of a given width, as an emulated
terminal (pyte) draws it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading
from dataclasses import dataclass
from pathlib import Path

import pyte

from govdata.deployment import Deployment
from tests.zygote import Zygote

HEIGHT = 24
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Session:
    """``code``: the exit code. ``said``: all that was printed, in order, without styles and movements. ``seen``: the
    window as it was after each portion of the output. ``left``: the lines that stand there at the end, those that have
    scrolled away first; a line of more than the window's columns goes on in the next, as a person sees it."""

    code: int
    said: str
    seen: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def text(self) -> str:
        """What is left, lines that were folded put together again."""
        return "".join(self.left)


class _Window:
    def __init__(self, width: int) -> None:
        self._screen = pyte.HistoryScreen(width, HEIGHT, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self.printed: list[bytes] = []
        self.seen: list[str] = []

    def show(self, output: bytes) -> None:
        self.printed.append(output)
        self._stream.feed(output)
        now = "\n".join(line.rstrip() for line in self._screen.display).rstrip()
        if not self.seen or self.seen[-1] != now:
            self.seen.append(now)

    def left(self) -> tuple[str, ...]:
        columns = range(self._screen.columns)
        gone = ["".join(line[column].data for column in columns) for line in self._screen.history.top]
        lines = [line.rstrip() for line in (*gone, *self._screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return tuple(lines)


def recorded(zygote: Zygote, deployment: Deployment, *arguments: str, width: int, before: str = "") -> Session:
    """`govdata <arguments>` at a terminal of ``width`` columns. ``before`` as ``Zygote.start`` takes it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, width, 0, 0))
    window = _Window(width)

    def read() -> None:
        while True:
            try:
                window.show(os.read(ours, 65536))
            except OSError:  # nobody has the other end open any more
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    log = Path(os.ttyname(theirs))
    environment = {"TERM": "xterm", "COLUMNS": str(width)}
    code = zygote.run(deployment.home, *arguments, log=log, before=before, **environment)
    os.close(theirs)
    reader.join(30)
    os.close(ours)
    said = _CONTROLS.sub("", b"".join(window.printed).decode("utf-8", "replace"))
    return Session(code, said, tuple(window.seen), window.left())
