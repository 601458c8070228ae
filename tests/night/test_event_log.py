"""The files of Dagster's event log, kept open while a run of this process works."""

import sqlite3
from contextlib import closing
from pathlib import Path

from govdata.deployment import Deployment
from govdata.night import event_log


def _write(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS event_logs (id)")
        connection.execute("INSERT INTO event_logs VALUES (1)")


def test_a_writer_that_closes_leaves_the_log_for_the_next(tmp_path: Path) -> None:
    runs = Deployment(tmp_path).dagster_home / "history" / "runs"
    runs.mkdir(parents=True)
    _write(runs / "index.db")
    with event_log.held_open(Deployment(tmp_path), "run"):
        for name in ("run.db", "index.db"):
            _write(runs / name)
            assert (runs / f"{name}-wal").is_file(), name
    assert sorted(path.name for path in runs.iterdir()) == ["index.db", "run.db"]
    for name, rows in (("run.db", 1), ("index.db", 2)):
        with closing(sqlite3.connect(runs / name)) as connection:
            assert connection.execute("SELECT count(*) FROM event_logs").fetchall() == [(rows,)]


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    runs = Deployment(tmp_path).dagster_home / "history" / "runs"
    runs.mkdir(parents=True)
    _write(runs / "index.db")
    with event_log.held_open(Deployment(tmp_path), "run"):
        pass
    assert [path.name for path in runs.iterdir()] == ["index.db"]


def test_another_storage_is_left_alone(tmp_path: Path) -> None:
    with event_log.held_open(Deployment(tmp_path), "run"):
        pass
    assert not list(tmp_path.rglob("*"))
