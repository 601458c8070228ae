from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.by_hand import Night, make_night, small_people


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return make_night(tmp_path, small_people())


@pytest.fixture
def nights(tmp_path: Path) -> Callable[..., Night]:
    """Makes nights of one's own rows."""
    made = iter(range(100))
    return lambda frame, **more: make_night(tmp_path / str(next(made)), frame, **more)
