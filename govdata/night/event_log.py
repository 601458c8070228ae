"""Dagster opens the SQLite file of its event log anew for every question, some six times an event: SQLite reads the
file's schema each time. Whoever closes such a file as the last one also writes its write-ahead log back and removes it.
So while a run of this process works, a connection that Dagster lets go of stays open and is given to it again: by
SQLAlchemy's event ``do_connect``, made for whoever brings connections of his own.

SQLite also waits for the disk at every one of some three thousand commits of a night. With a write-ahead log it need
not (https://sqlite.org/pragma.html#pragma_synchronous, NORMAL): a power cut may take the last events, and never the
file. What a night did stands in the stages' own manifests, which do wait; of a run without its end ``dead_runs``
knows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import get_ident
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
    written = (history / "runs.db", index, own)
    with ExitStack() as files:
        files.enter_context(_kept(written))
        for path in written:
            connection = files.enter_context(closing(sqlite3.connect(path, check_same_thread=False)))
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            _tables(connection)  # only a connection that has read has joined the log
        yield
        began = _tables(connection)
    if not began:
        own.unlink()


class _Connection(sqlite3.Connection):
    """Within the block one that is let go of waits for its next use; after the block it closes like any other."""

    waiting: list[_Connection] | None = None
    """Those of its file and thread; None: the block has ended."""

    def close(self) -> None:
        if self.waiting is None or not self._forgets():
            super().close()
        elif self not in self.waiting:
            self.waiting.append(self)

    def _forgets(self) -> bool:
        """Whether what was not committed could be taken back, so that the next use begins as with a new one."""
        try:
            self.rollback()
        except sqlite3.Error:
            return False
        return True


@contextmanager
def _kept(paths: Iterable[Path]) -> Iterator[None]:
    """Within the block SQLite's connections of SQLAlchemy, by which Dagster reads and writes, leave waiting to the
    checkpoints of the log, and those to ``paths`` are opened once. (Not to every file: retention asks hundreds of old
    runs' ones.)"""
    from sqlalchemy import Engine, event

    files = {os.path.abspath(path) for path in paths}
    known: dict[tuple[int, str], list[_Connection]] = {}
    every: list[_Connection] = []

    def connect(dialect: Any, record: Any, cargs: Sequence[Any], cparams: Mapping[str, Any]) -> Any:
        if dialect.name != "sqlite":
            return None
        file = os.path.abspath(cargs[0]) if cargs else ""
        if file not in files:
            return _without_waiting(sqlite3.connect(*cargs, **cparams))
        waiting = known.setdefault((get_ident(), file), [])
        if waiting:
            return waiting.pop()
        # Another thread closes it with the block.
        opened = sqlite3.connect(*cargs, **{**cparams, "check_same_thread": False}, factory=_Connection)
        opened.waiting = waiting
        every.append(opened)
        return _without_waiting(opened)

    event.listen(Engine, "do_connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        for connection in every:
            connection.waiting = None  # one still in use is its user's to close
        for waiting in known.values():
            for connection in waiting:
                connection.close()


def _without_waiting(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0])
