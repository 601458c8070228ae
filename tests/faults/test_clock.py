"""The clock is moved a day: in the middle of a night (NTP corrects it, somebody sets it by hand), and before a night
begins."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults import city
from tests.faults.conftest import Place
from tests.faults.drill import Prepared
from tests.zygote import Night, Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
def test_clock_moved_a_day(prepared: Prepared, place: Place, tmp_path: Path) -> None:
    clock, log = tmp_path / "clock", tmp_path / "log"
    clock.write_text("+0")
    # Files keep their true times, so to the moved clock they are a day old or of tomorrow, as on a server.
    settings = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "NO_FAKE_STAT": "1",
    }
    with Zygote(FAKETIME_DONT_FAKE_MONOTONIC="1", **settings) as moved:

        def started(when: str) -> Night:
            clock.write_text(when)
            return moved.start(place.deployment.home, "run", "--date", city.day(2).isoformat(), log=log)

        night = started("-40d")  # before any delivery: a wrong clock must not let a night through, nor do harm
        assert night.wait() == 1 and "晚于今天" in log.read_text(encoding="utf-8")
        assert place.state() == prepared.good and not place.kinds()
        night = started("+0")
        for share, jump in ((0.3, "+1d"), (0.6, "-1d")):
            while (spent := night.spent()) is not None and spent < share * prepared.seconds:
                time.sleep(0.002)
            assert spent is not None
            clock.write_text(jump)
        assert night.wait() == 0, log.read_text(encoding="utf-8")
        assert city.rows_of(place.state()) == city.rows_of(prepared.next) and not place.kinds()
    prepared.reset()
    assert place.run(2) == 0 and place.state() == prepared.next  # the clock is right again
