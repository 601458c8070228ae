"""kill -9 of the night's process. ``benchmarks/faults.py`` strikes at forty points; here a few, one in each part of the night."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.drill import Drill
from tests.faults.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


def test_killed_anywhere(zygote: Zygote, tmp_path: Path) -> None:
    drill = Drill(tmp_path, zygote)
    found = list(drill.strikes(4, seed=4))
    assert all(killed.good for killed in found), found
    assert len({killed.step for killed in found}) > 1, found  # the kills did not all fall into the same moment
