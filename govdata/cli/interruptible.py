"""Commands whose work may be ended at its checkpoints (Ctrl-C, SIGTERM)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import typer


def interruptible(work: Callable[[TextIO], None], told: str) -> None:
    """Do ``work``, given the terminal. ``told``: Chinese, what an end before the end leaves and how to go on. Raises
    ``typer.Exit`` with 128 and the signal's number where the work was ended."""
    from govdata.operations import interruption

    number: list[int] = []
    with _terminal() as terminal:

        def first(_: int) -> None:
            print("\n正在结束：做完当前环节后停止（再按一次 Ctrl-C 立即结束）", file=terminal, flush=True)

        def second(_: int) -> None:
            print(f"\n{told}", file=terminal, flush=True)

        def listened() -> None:
            try:
                work(terminal)
            except KeyboardInterrupt:
                number.append(interruption.asked() or 2)

        interruption.watched(listened, first, second)
    if number:
        print(told, file=sys.stderr)
        raise typer.Exit(128 + number[0])


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """Standard error under a descriptor of its own: Dagster turns descriptor 2 to a file while a step runs."""
    try:
        number = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # no file: somebody keeps what is printed
        yield sys.stderr
        return
    with os.fdopen(number, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors) as terminal:
        yield terminal
