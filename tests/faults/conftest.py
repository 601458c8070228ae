from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from govdata.operations import alerts
from tests.faults import city as reading
from tests.faults.drill import Prepared
from tests.publish.nights import City
from tests.zygote import Zygote


@pytest.fixture(scope="session")
def other() -> Iterator[Zygote]:
    """A second parent, for two nights at once."""
    with Zygote() as started:
        yield started


@dataclass
class Place:
    """One folder in which every test of the module starts from the same two good nights (0 and 1)."""

    deployment: Deployment
    zygote: Zygote
    log: Path

    def run(self, number: int, *more: str, before: str = "", **environment: str) -> int:
        """The night of ``number``, with ``more`` on the command line; the exit code of ``govdata run``."""
        arguments = ("run", "--date", reading.day(number).isoformat(), *more)
        return self.zygote.run(self.deployment.home, *arguments, log=self.log, before=before, **environment)

    def state(self) -> reading.State:
        return reading.state(self.deployment)

    def told(self) -> str:
        """All alerts there are, as people read them."""
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.deployment.alerts.glob("*.md")))

    def kinds(self) -> list[str]:
        return [alert.kind for alert in alerts.alerts(self.deployment)]


@pytest.fixture(scope="session")
def prepared(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("faults"), zygote)


@pytest.fixture
def place(prepared: Prepared) -> Iterator[Place]:
    """Two good nights. However a test ends them, no temporary file may be left."""
    prepared.reset()
    yield Place(prepared.deployment, prepared.zygote, prepared.log)
    assert not reading.leftovers(prepared.deployment)


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(Deployment(tmp_path))
