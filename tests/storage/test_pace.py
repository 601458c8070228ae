"""How far the work has come, as whoever watches it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from govdata.storage import pace, sql

SLOW = "SELECT count(DISTINCT md5(CAST(i AS VARCHAR))) FROM held"


@pytest.fixture
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_watched", True)


def shares(done: threading.Event) -> Iterator[float]:
    while not done.is_set():
        share = pace.share()
        if share is not None:
            yield share
        time.sleep(0.01)


@pytest.mark.usefixtures("_watched")
def test_the_share_of_a_long_statement_grows() -> None:
    done, seen = threading.Event(), list[float]()
    watcher = threading.Thread(target=lambda: seen.extend(shares(done)))
    connection = sql.connect(threads=1)
    connection.execute("CREATE TABLE held AS SELECT * FROM range(1500000) r(i)")
    watcher.start()
    with pace.statement(connection):
        connection.execute(SLOW).fetchall()
    done.set()
    watcher.join()
    connection.close()
    assert seen and 0 <= seen[0] < seen[-1] <= 1
    assert pace.share() is None, "a connection that is closed is asked no more"


def test_without_a_watcher_nothing_is_asked() -> None:
    with sql.connect() as connection, pace.statement(connection):
        (told,) = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
        assert told == (False,) and pace.share() is None
