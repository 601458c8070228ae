"""Dagster's SQLite event log with its connections kept open and its statements kept compiled.

A night writes some thousands of events, most of them results of asset checks. Dagster's own class makes a new engine and opens and closes
the file for every statement: measured with 428 checks, 17 CPU seconds a night against 5 with the connection kept, and half a minute of
waiting for the disk against a few seconds. It also builds two or three statements for each event and turns the event into JSON twice: the
events of which there are hundreds in a night (outputs of steps, checks planned and evaluated) take a shorter way here to the same rows, at
half the cost. Files, tables and their format are Dagster's own; a deployment can go back by taking the block out of ``dagster.yaml``.

The checks that a run intends to make are written in one transaction per file, before its first step: Dagster hands them over together
where ``DAGSTER_EVENT_BATCH_SIZE`` says so. Every other event is on the disk's side of a commit when Dagster goes on, as ever.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, cast

from dagster import AssetCheckEvaluation, AssetKey, AssetRecordsFilter, DagsterEventType, EventLogEntry, EventRecordsResult
from dagster._core.events import ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS, AssetCheckEvaluationPlanned
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, bindparam, create_engine, event
from sqlalchemy.pool import StaticPool

KEPT = 8
"""Open files at most: one per run that is being written or looked at, and the index."""

os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "2000")

# One statement object each, so that SQLAlchemy compiles it once. The names of the parameters are those of the columns.
_INSERT_EVENT = SqlEventLogStorageTable.insert()
_INSERT_CHECK = AssetCheckExecutionsTable.insert()
_checks = AssetCheckExecutionsTable.c
_UPDATE_CHECK = AssetCheckExecutionsTable.update().where(
    _checks.asset_key == bindparam("of_asset"),
    _checks.check_name == bindparam("of_check"),
    _checks.run_id == bindparam("of_run"),
    _checks.partition.is_not_distinct_from(bindparam("of_partition")),
)
_DAGSTERS_WAY = ASSET_EVENTS | set(EVENT_TYPE_TO_PIPELINE_RUN_STATUS) | {None}
"""Kinds of events that are few and touch other tables."""


class EventLog(SqliteEventLogStorage):
    """Lies where Dagster's default lies, ``$DAGSTER_HOME/history/runs``, so that a deployment can be moved."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: OrderedDict[str, Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        self._known_columns: set[str] = set()
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
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """In order; neighbours that can go together into one transaction do."""
        together: list[EventLogEntry] = []
        for entry in events:
            if together and (entry.run_id != together[0].run_id or not self._is_plain(entry)):
                self._store_plain(together)
                together = []
            if self._is_plain(entry):
                together.append(entry)
            else:
                super().store_event(entry)
                if entry.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION:
                    self._answered = None
        if together:
            self._store_plain(together)

    def _is_plain(self, entry: EventLogEntry) -> bool:
        return bool(entry.run_id) and entry.dagster_event_type not in _DAGSTERS_WAY and self.supports_asset_checks

    def _store_plain(self, events: Sequence[EventLogEntry]) -> None:
        """Events of one run as ``SqliteEventLogStorage.store_event`` writes them: each into the run's file, those of checks into the
        index too, with the check's row there. All or none of them."""
        rows = [self._event_to_row(entry) for entry in events]
        unknown: list[tuple[EventLogEntry, int | None]] = []
        with self._db_lock, ExitStack() as opened:
            run = self._begun(opened, events[0].run_id)
            index: Connection | None = None
            for entry, row in zip(events, rows, strict=True):
                run.execute(_INSERT_EVENT, row)
                of_check = _of_check(entry)
                if of_check is None:
                    continue
                index = index or self._begun(opened, INDEX_SHARD_NAME)
                (event_id,) = index.execute(_INSERT_EVENT, row).inserted_primary_key or (None,)
                stored = {
                    "evaluation_event": row["event"],
                    "evaluation_event_timestamp": row["timestamp"],
                    "evaluation_event_storage_id": event_id,
                }
                if isinstance(of_check, AssetCheckEvaluationPlanned):
                    index.execute(_INSERT_CHECK, _planned(of_check, entry.run_id, stored))
                elif index.execute(_UPDATE_CHECK, _evaluated(of_check, entry.run_id, stored)).rowcount != 1:
                    unknown.append((entry, event_id))
        for entry, event_id in unknown:
            self.store_asset_check_event(entry, event_id)

    def _begun(self, opened: ExitStack, shard: str) -> Connection:
        connection = opened.enter_context(self._engine(shard).connect())
        opened.enter_context(connection.begin())
        return connection

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Asked for every event of an asset; a column that is there stays there."""
        if column_name not in self._known_columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._known_columns.add(column_name)
        return column_name in self._known_columns

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
            self._known_columns.clear()


def _of_check(entry: EventLogEntry) -> AssetCheckEvaluationPlanned | AssetCheckEvaluation | None:
    if entry.dagster_event_type in (DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, DagsterEventType.ASSET_CHECK_EVALUATION):
        return cast(AssetCheckEvaluationPlanned | AssetCheckEvaluation, entry.get_dagster_event().event_specific_data)
    return None


def _planned(planned: AssetCheckEvaluationPlanned, run_id: str, stored: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each partition, as Dagster has it."""
    partitions = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else [None]
    return [
        {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "partition": partition,
            "run_id": run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            **stored,
        }
        for partition in partitions
    ]


def _evaluated(evaluation: AssetCheckEvaluation, run_id: str, stored: dict[str, Any]) -> dict[str, Any]:
    target = evaluation.target_materialization_data
    status = AssetCheckExecutionRecordStatus.SUCCEEDED if evaluation.passed else AssetCheckExecutionRecordStatus.FAILED
    return {
        "of_asset": evaluation.asset_key.to_string(),
        "of_check": evaluation.check_name,
        "of_run": run_id,
        "of_partition": evaluation.partition,
        "execution_status": status.value,
        "materialization_event_storage_id": target.storage_id if target else None,
        "partition": evaluation.partition,
        **stored,
    }
