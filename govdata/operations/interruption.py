"""Ending work that somebody wants ended (Ctrl-C, SIGTERM), at a place where it may end.

An exception thrown by a signal handler comes up wherever the program happens to be: DuckDB turns it into an error of
the query, a callback swallows it, a half-done step takes it for a fault of the delivery. So a signal only leaves word
here, and the work asks at its own checkpoints: before each stage of a dataset and each date. A second signal does not
wait; by the mark that the first one left it is known later that the end was wanted.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_asked: int | None = None
_marks: list[Path] = []
_ending: list[Callable[[], None]] = []

MARK = b"ended"


def asked() -> int | None:
    """The number of the signal that asked for the end, or None."""
    return _asked


def check() -> None:
    """A checkpoint. Raises ``KeyboardInterrupt`` where the end was asked for, after whoever listens (``ending``) was
    told."""
    if _asked is not None:
        for tell in _ending:
            tell()
        raise KeyboardInterrupt


@contextmanager
def ending(tell: Callable[[], None]) -> Iterator[None]:
    """Within the block ``tell`` is called at each checkpoint that ends the work, before it does."""
    _ending.append(tell)
    try:
        yield
    finally:
        _ending.remove(tell)


@contextmanager
def _heard(on_signal: Callable[[int], None]) -> Iterator[None]:
    """The first signal within the block is noted and told to ``on_signal``; after each later one too. In the main
    thread only."""
    global _asked

    def note(number: int, _: FrameType | None) -> None:
        global _asked
        if _asked is None:
            _asked = number
            _mark()
        on_signal(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked = None


def _mark() -> None:
    for path in _marks:
        with suppress(OSError):
            path.write_bytes(MARK)


@contextmanager
def marked(path: Path) -> Iterator[None]:
    """A signal within the block writes ``MARK`` into ``path``, a file of ours that is there."""
    _marks.append(path)
    try:
        if _asked is not None:
            _mark()
        yield
    finally:
        _marks.remove(path)


def is_marked(path: Path) -> bool:
    try:
        return path.read_bytes() == MARK
    except OSError:
        return False


def watched(work: Callable[[], T], first: Callable[[int], None], second: Callable[[int], None]) -> T:
    """Do ``work`` in a thread of its own, while this one, the main thread, does nothing but listen.

    Libraries leave signal handlers alone outside the main thread (Dagster says so), so no signal is lost in theirs.
    ``first`` is told of the first signal; at the second ``second`` is called and the process ends at once, with 128 and
    the signal's number: everything on the disk is such that a process may end anywhere."""
    count = 0

    def told(number: int) -> None:
        nonlocal count
        count += 1
        if count == 1:
            first(number)
        else:
            try:
                second(number)
            finally:
                os._exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        return work()
    with _heard(told), ThreadPoolExecutor(1, "work", _keep_to_ourselves) as pool:
        return pool.submit(work).result()


def _keep_to_ourselves() -> None:
    """A terminal's Ctrl-C goes to every process on it. Those that the work starts (Dagster's mirrors of its output)
    inherit that it is blocked in the work's thread, so none dies of it with a stack trace; this process hears it in the
    main thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def deferred(tell: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Where the work itself has the main thread (a run of the daemon's): a signal within the block waits for a
    checkpoint or for the block's end, and then, after ``tell``, goes to whoever listened before. Does nothing in
    another thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    try:
        with _heard(received.append):
            yield
    finally:
        if received:
            tell()
            os.kill(os.getpid(), received[0])
