"""Work on many things by several processes, for work that is Python's and so one thing at a time in one process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from govdata.errors import GovdataError

T = TypeVar("T")
R = TypeVar("R")

WORKERS = min(4, os.cpu_count() or 1)
"""Each takes a second to start and the memory of a reading."""

_work: Callable[[Any], Any] | None = None


def each(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """What ``work`` gives for each item, in their order. ``work``, which must be picklable, is sent to each process
    once.

    Raises what ``work`` raises, the first in the items' order; what has not begun is then left. Raises ``GovdataError``
    where a process ends by itself. Signals are for this process alone: the others end with it, however it ends."""
    spawned = multiprocessing.get_context("spawn")  # a fork would inherit the locks of threads that it has not
    with _untold():
        pool = ProcessPoolExecutor(min(WORKERS, len(items)), spawned, _start, (work,))
    with pool:
        try:
            yield from pool.map(_do, items)
        except BrokenProcessPool:
            raise GovdataError("一个读取进程意外结束（可能是内存不足），交付没有读完，请重新运行") from None


@contextmanager
def _untold() -> Iterator[None]:
    """Python watches over the semaphores of processes by a process of its own, which starts within the block. Where
    ours ends at once (a second Ctrl-C), it removes them; that it had to is no news for a person at the terminal."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [before, "ignore:resource_tracker:UserWarning"]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def _start(work: Callable[[Any], Any]) -> None:
    global _work
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = work


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(item: Any) -> Any:
    assert _work is not None
    return _work(item)
