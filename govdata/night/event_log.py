"""Dagster opens the SQLite file of its event log anew for every event. Whoever closes such a file as the last one
writes its write-ahead log back and removes it, for every event again: a third of an event's CPU and half of its time.
So a run of this process keeps a connection of its own open beside Dagster's; it writes nothing.

SQLite also waits for the disk at every one of some three thousand commits of a night. With a write-ahead log it need
not (https://sqlite.org/pragma.html#pragma_synchronous, NORMAL): a power cut may take the last events, and never the
file. What a night did stands in the stages' own manifests, which do wait; of a run without its end ``dead_runs``
knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from govdata.deployment import Deployment


@contextmanager
def held_open(deployment: Deployment, run_id: str) -> Iterator[None]:
    """While the run works. Does nothing where ``dagster.yaml`` names another storage."""
    history = deployment.dagster_home / "history"
    index, own = history / "runs" / "index.db", history / "runs" / f"{run_id}.db"
    if not index.is_file():
        yield
        return
    with ExitStack() as files:
        files.enter_context(_without_waiting())
        for path in (history / "runs.db", index, own):
            connection = files.enter_context(closing(sqlite3.connect(path, check_same_thread=False)))
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            _tables(connection)  # only a connection that has read has joined the log
        yield
        began = _tables(connection)
    if not began:
        own.unlink()


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Within the block SQLite's connections of SQLAlchemy, by which Dagster writes, leave waiting to the checkpoints of
    the log."""
    from sqlalchemy import Engine, event

    def connected(connection: Any, record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = NORMAL")

    event.listen(Engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connected)


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0])
