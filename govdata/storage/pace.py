"""How far the work of this process has come, for whoever watches it: rows written by the reading, and the share that is
done of the statement that runs. Without a watcher it costs nothing that could be measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_lock = Lock()
_running: list[duckdb.DuckDBPyConnection] = []
_rows = 0
_watched = False


def watch() -> None:
    """From now on somebody looks, for as long as the process lives."""
    global _watched
    _watched = True


def add(rows: int) -> None:
    """So many more rows have been read."""
    global _rows
    _rows += rows


def rows() -> int:
    """How many rows this process has read in all."""
    return _rows


@contextmanager
def statement(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within the block long statements run on ``connection``, which stays open: ``share`` may ask it."""
    if not _watched:
        yield
        return
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    with _lock:
        _running.append(connection)
    try:
        yield
    finally:
        with _lock:  # whoever asks has done so before the connection is closed
            _running.remove(connection)


def share() -> float | None:
    """What is done of the statement that runs, 0 to 1; None where none runs or DuckDB cannot tell."""
    with _lock:
        per_cent = _running[-1].query_progress() if _running else -1.0
    return per_cent / 100 if per_cent >= 0 else None
