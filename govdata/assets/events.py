"""Dagster's SQLite event log with its connections kept open.

A night writes some thousands of events, most of them results of asset checks. Dagster's own class makes a new engine and opens and closes
the file for every statement: measured with 428 checks, 17 CPU seconds a night against 5 with the connection kept, and half a minute of
waiting for the disk against a few seconds. Files, tables and their format are Dagster's own; a deployment can go back by taking the block
out of ``dagster.yaml``.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, EventLogEntry, EventRecordsResult
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

KEPT = 8
"""Open files at most: one per run that is being written or looked at, and the index."""


class EventLog(SqliteEventLogStorage):
    """Lies where Dagster's default lies, ``$DAGSTER_HOME/history/runs``, so that a deployment can be moved."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        self._answered: tuple[tuple[Any, ...], float, EventRecordsResult] | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "EventLog":
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._kept.get(shard)
        if engine is None:
            engine = create_engine(
                create_db_conn_string(self._base_dir, shard),
                poolclass=StaticPool,
                connect_args={"timeout": 60, "check_same_thread": False},  # _db_lock lets one thread in at a time
            )
            # Safe under the write-ahead log that Dagster's tables use: a power cut can lose the last events, never damage the file.
            event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = NORMAL"))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._kept[shard] = engine
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)[1].dispose()
        self._kept.move_to_end(shard)
        return engine

    def fetch_materializations(
        self, records_filter: AssetKey | AssetRecordsFilter, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsResult:
        """Dagster asks which materialisation was checked once per check, some hundred times in a row: the same question within a second
        gets the same answer, unless something was materialised through this storage in between."""
        question = (records_filter, limit, cursor, ascending)
        known = self._answered
        if known is not None and known[0] == question and monotonic() - known[1] < 1:
            return known[2]
        answer = super().fetch_materializations(records_filter, limit, cursor, ascending)
        self._answered = (question, monotonic(), answer)
        return answer

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        if event.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION:
            self._answered = None

    def has_table(self, table_name: str) -> bool:
        """Asked before every check result; a table that is there stays there."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._kept:
                self._kept.popitem()[1].dispose()
            self._known_tables.clear()
