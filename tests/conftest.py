"""What several test modules share: the repository's standards and committed sample as a deployment of their own, and
one finished run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from tests import offline, read_once
from tests.zygote import Zygote

read_once.install()  # before a test module imports what reads standards

REPOSITORY = Path(__file__).resolve().parent.parent


CITIES = {"finished", "blocked"}
"""Fixtures that run whole nights of the sample city."""

LONGEST = ("finished", "faults", "nginx", "canaries")
"""Groups of minutes, which begin first: a worker that came to one last would be alone at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a finished city is slow: whichever test is the first has to wait for it. What names no group is
    one with the rest of its module, so that one worker makes what the module shares. Long groups come first."""
    slow: dict[str, int] = {}  # group → its slow tests
    groups: dict[pytest.Item, str] = {}
    for item in items:
        if CITIES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
        if (named := item.get_closest_marker("xdist_group")) is None:
            named = pytest.mark.xdist_group(f"{item.path.parent.name}/{item.path.stem}").mark
            item.add_marker(pytest.mark.xdist_group(*named.args))
        groups[item] = named.args[0]
        slow[groups[item]] = slow.get(groups[item], 0) + (item.get_closest_marker("slow") is not None)
    first = {group: number for number, group in enumerate(LONGEST)}
    items.sort(key=lambda item: (first.get(groups[item], len(first)), -slow[groups[item]]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One worker more than there are cores: tests of servers, browsers and the daemon mostly wait."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own deployment or Dagster folder must not reach into a test."""
    for name in ("GOVDATA_HOME", "DAGSTER_HOME", "GOVDATA_ALERT_WEBHOOK", "GOVDATA_FIRST_DATE", "GOVDATA_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("written_alerts", "unwritten"):  # what other tests of this process have raised
        monkeypatch.setattr("govdata.operations.alerts." + name, [])


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


def copy_deployment(target: Path) -> Deployment:
    """The repository's standards and committed deliveries, copied to ``target``; no outputs."""
    shutil.copytree(REPOSITORY / "standards", target / "standards")
    shutil.copytree(REPOSITORY / "data" / "landing", target / "data" / "landing")
    return Deployment(target)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A deployment with the repository's standards and no deliveries."""
    shutil.copytree(REPOSITORY / "standards", tmp_path / "standards")
    (tmp_path / "data" / "landing").mkdir(parents=True)
    return Deployment(tmp_path)


@dataclass(frozen=True)
class Finished:
    """A deployment after `govdata`: the exit code and what was printed. ``outside`` was the process's home folder, to
    stay empty."""

    deployment: Deployment
    code: int
    output: str
    errors: str
    outside: Path


def govdata(zygote: Zygote, deployment: Deployment, *arguments: str, outside: Path, before: str = "") -> Finished:
    """Run the command line in a process of its own on ``deployment``; ``before`` as ``Zygote.start`` takes it."""
    outside.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log, errors = Path(folder, "log"), Path(folder, "errors")
        said = {"log": log, "errors": errors, "folder": outside, "before": before}
        code = zygote.run(deployment.home, *arguments, **said, COLUMNS="160", HOME=str(outside))
        return Finished(deployment, code, log.read_text("utf-8"), errors.read_text("utf-8"), outside)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Finished]) -> Finished:
    """What ``make(folder)`` made, by whichever process of the test run first asked for it; the others wait."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    told = folder / "finished.json"
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            made = make(folder)
            told.write_text(json.dumps([made.code, made.output, made.errors]), encoding="utf-8")
    return Finished(Deployment(folder / "home"), *json.loads(told.read_text("utf-8")), outside=folder / "outside")


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What starts the command line for a test that is not about its starting."""
    with Zygote() as started:
        yield started


@pytest.fixture(scope="session")
def finished(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """`govdata run` on the committed sample, all its dates, as a fresh process that has no network where a user may
    do without. Read it, do not change it.

    While you write a test, name a deployment finished before in GOVDATA_TEST_CITY: it is copied, and only what is
    new is run. CI never sets it.
    """

    def make(folder: Path) -> Finished:
        if made := os.environ.get("GOVDATA_TEST_CITY"):
            for part in ("data", ".dagster"):  # what was run there is shown in the interface
                shutil.copytree(Path(made) / part, folder / "home" / part, symlinks=True)
            shutil.copytree(REPOSITORY / "standards", folder / "home" / "standards")
            govdata(zygote, Deployment(folder / "home"), "catalogue", "rebuild", outside=folder / "rebuilt")
        else:
            copy_deployment(folder / "home")
        outside = folder / "outside"
        outside.mkdir()
        environment = offline.watched(folder) | {
            "GOVDATA_HOME": str(folder / "home"),
            "COLUMNS": "160",
            "HOME": str(outside),
        }
        command = [*offline.isolated(), sys.executable, "-m", "govdata", "run"]
        ran = subprocess.run(command, cwd=outside, env=environment, capture_output=True, text=True, check=False)
        return Finished(Deployment(folder / "home"), ran.returncode, ran.stdout, ran.stderr, outside)

    return made_once(tmp_path_factory, "finished", make)


@pytest.fixture(scope="session")
def blocked(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One date of which two datasets cannot be accepted: a truncated workbook, and text files whose header line is
    gone."""

    def make(folder: Path) -> Finished:
        deployment = copy_deployment(folder / "home")
        for later in ("2026-11-19", "2026-11-20"):
            for delivered in deployment.landing.glob(f"*/{later}"):
                shutil.rmtree(delivered)
        (workbook,) = (deployment.landing / "marriage" / "2026-11-18").glob("*.xlsx")
        workbook.write_bytes(workbook.read_bytes()[:20_000])
        for file in (deployment.landing / "population" / "2026-11-18").glob("*.csv"):
            file.write_bytes(file.read_bytes().partition(b"\n")[2])
        return govdata(zygote, deployment, "run", outside=folder / "outside")

    return made_once(tmp_path_factory, "blocked", make)
