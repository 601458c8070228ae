from __future__ import annotations

from pathlib import Path

import pytest

from govdata.deployment import Deployment
from tests.publish.nights import City


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(Deployment(tmp_path / "部署=a'b"))
