"""What the doors for people are asked of: the finished city, with a log of looks of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govdata import publish, standards
from govdata.deployment import Deployment
from govdata.standards.model import Registry
from tests.conftest import Finished


@dataclass(frozen=True)
class City:
    deployment: Deployment
    registry: Registry

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.deployment.catalogue), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def city(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> City:
    """What the finished city has published. Read it; only looks are added to its log."""
    home, source = tmp_path_factory.mktemp("looked") / "home", finished.deployment
    shutil.copytree(source.standards, home / "standards")
    shutil.copytree(source.published, home / "data" / "published")
    events = Path("data", "workorders", "_events")
    shutil.copytree(source.home / events, home / events)
    registry = standards.load(home / "standards")
    publish.rebuild_catalogue(Deployment(home), registry)
    return City(Deployment(home), registry)
