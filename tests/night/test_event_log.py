"""The files of Dagster's event log, kept open while a run of this process works."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

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


def _asked(path: Path) -> list[tuple[object, ...]]:
    """As Dagster asks: an engine of its own, a connection, a question."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("INSERT INTO event_logs VALUES (2)"))
        told = connection.execute(text("SELECT (SELECT count(*) FROM event_logs), file FROM pragma_database_list"))
        return [tuple(row) for row in told]


def _opened(folder: Path) -> int:
    """Database files in ``folder`` that this process has open, each as often as it has."""
    found = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if _is_open(name)]
    return sum(path.endswith(".db") and Path(path).parent == folder for path in found)


def _is_open(descriptor: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{descriptor}")


def test_a_file_is_opened_once_however_often_it_is_asked(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    runs, elsewhere = deployment.dagster_home / "history" / "runs", tmp_path / "elsewhere"
    for folder in (runs, elsewhere):
        folder.mkdir(parents=True)
        _write(folder / "index.db")
    with event_log.held_open(deployment, "run"):
        before = _opened(runs)
        for number in range(5):
            assert _asked(runs / "index.db")[0][0] == 2 + number
        assert _opened(runs) == before + 1
        with closing(sqlite3.connect(runs / "index.db")) as other:  # others see what was written
            assert other.execute("SELECT count(*) FROM event_logs").fetchall() == [(6,)]
        assert _asked(elsewhere / "index.db")[0][0] == 2 and _opened(elsewhere) == 0
    assert _opened(runs) == 0
    assert _asked(runs / "index.db")[0][0] == 7 and _opened(runs) == 0


def test_two_connections_at_once_are_two(tmp_path: Path) -> None:
    runs = Deployment(tmp_path).dagster_home / "history" / "runs"
    runs.mkdir(parents=True)
    _write(runs / "index.db")
    with event_log.held_open(Deployment(tmp_path), "run"):
        engine = create_engine(f"sqlite:///{runs / 'index.db'}", poolclass=NullPool)
        with engine.connect() as writing, engine.connect() as reading:
            writing.execute(text("INSERT INTO event_logs VALUES (3)"))
            assert reading.execute(text("SELECT count(*) FROM event_logs")).fetchall() == [(1,)]
            writing.rollback()
        with engine.connect() as after:  # what was not committed went with the one that was let go
            assert after.execute(text("SELECT count(*) FROM event_logs")).fetchall() == [(1,)]
            after.execute(text("INSERT INTO event_logs VALUES (4)"))
        with engine.connect() as after:
            assert after.execute(text("SELECT count(*) FROM event_logs")).fetchall() == [(1,)]


def test_one_in_use_when_the_run_ends_is_closed_by_its_user(tmp_path: Path) -> None:
    runs = Deployment(tmp_path).dagster_home / "history" / "runs"
    runs.mkdir(parents=True)
    _write(runs / "index.db")
    engine = create_engine(f"sqlite:///{runs / 'index.db'}", poolclass=NullPool)
    with event_log.held_open(Deployment(tmp_path), "run"):
        used = engine.connect()
        used.execute(text("INSERT INTO event_logs VALUES (5)"))
    used.commit()
    assert used.execute(text("SELECT count(*) FROM event_logs")).fetchall() == [(2,)]
    used.close()
    assert _opened(runs) == 0
