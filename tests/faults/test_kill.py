"""kill -9 of the night's process. ``benchmarks/faults.py`` strikes at forty points; here a few, one in each part of the
night."""

from __future__ import annotations

import pytest

from tests.faults.drill import Drill, Prepared

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


def test_killed_anywhere(prepared: Prepared) -> None:
    found = list(Drill(prepared).strikes(4, seed=4))
    assert all(killed.good for killed in found), found
    assert len({killed.step for killed in found}) > 1, found  # the kills did not all fall into the same moment
