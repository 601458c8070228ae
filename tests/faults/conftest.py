from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govdata import alerts
from govdata.deployment import Deployment
from tests.faults import city as reading
from tests.faults.zygote import Zygote
from tests.publish.nights import City


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as started:
        yield started


@dataclass
class Place:
    """One folder in which every test of the module starts from the same two good nights (0 and 1)."""

    deployment: Deployment
    zygote: Zygote
    log: Path

    def run(self, number: int, before: str = "", **environment: str) -> int:
        """The night of ``number``; the exit code of ``govdata run``."""
        return self.zygote.run(
            self.deployment.home, "run", "--date", reading.day(number).isoformat(), log=self.log, before=before, **environment
        )

    def state(self) -> reading.State:
        return reading.state(self.deployment)

    def told(self) -> str:
        """All alerts there are, as people read them."""
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.deployment.alerts.glob("*.md")))

    def kinds(self) -> list[str]:
        return [alert.kind for alert in alerts.alerts(self.deployment)]


@dataclass
class Prepared:
    template: Path
    place: Place
    good: reading.State  # after nights 0 and 1
    next: reading.State  # after nights 0, 1 and 2, undisturbed

    def fresh(self) -> Place:
        home = self.place.deployment.home
        if home.exists():
            shutil.rmtree(home)
        subprocess.run(["cp", "-a", str(self.template), str(home)], check=True)
        return self.place


@pytest.fixture(scope="session")
def prepared(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("faults")
    place = Place(reading.lay_down(folder / "home", 3), zygote, folder / "log")
    for number in (0, 1):
        assert place.run(number) == 0, place.log.read_text(encoding="utf-8")
    good = place.state()
    subprocess.run(["cp", "-a", str(place.deployment.home), str(folder / "template")], check=True)
    assert place.run(2) == 0
    return Prepared(folder / "template", place, good, place.state())


@pytest.fixture
def place(prepared: Prepared) -> Place:
    return prepared.fresh()


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(Deployment(tmp_path))
