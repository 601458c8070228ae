"""The daemon and the web server as ``deploy/`` starts them, as processes that can be cut off as a power cut or systemd
would: with all processes they have started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dagster import DagsterRun

from govdata.assets.dead_runs import is_ours
from govdata.deployment import Deployment
from govdata.night import instance
from tests.servers import ask, program

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


class Service:
    """``name``: ``daemon`` or ``web``. Runs until the block ends or ``cut`` is called."""

    def __init__(self, name: str, deployment: Deployment, log: Path, port: int = 0) -> None:
        command = exec_start(f"govdata-{name}.service", deployment, port)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("GOVDATA_", "DAGSTER_"))}
        environment |= {
            "GOVDATA_HOME": str(deployment.home),
            "DAGSTER_HOME": str(deployment.dagster_home),
            "DO_NOT_TRACK": "1",
        }
        with open(log, "ab") as out:
            self._process = subprocess.Popen(
                command, cwd=deployment.home, env=environment, stdout=out, stderr=out, start_new_session=True
            )

    def stop(self, patience: float) -> float:
        """As ``systemctl stop`` ends a unit of KillMode=mixed: TERM to the main process and, when it has ended or after
        ``patience`` seconds, KILL to the rest. Returns the seconds that the main process took."""
        family, began = _family(self._process.pid), time.monotonic()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=patience)
        taken = time.monotonic() - began
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=30)
        return taken

    def cut(self) -> int:
        """kill -9 of the service and of every process below it; returns how many there were."""
        family = _family(self._process.pid)
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(timeout=30)
        return len(family)


def exec_start(unit: str, deployment: Deployment, port: int) -> list[str]:
    """The unit's ExecStart with the paths of this machine in place of those of a server."""
    (line,) = re.findall(r"^ExecStart=(.*)$", (DEPLOY / unit).read_text(encoding="utf-8"), re.MULTILINE)
    command = str(line).replace("/opt/govdata/.venv/bin", str(Path(program("govdata")).parent))
    return command.replace("/srv/govdata", str(deployment.home)).replace("-p 3000", f"-p {port}").split()


@contextmanager
def running(name: str, deployment: Deployment, log: Path, port: int = 0) -> Iterator[Service]:
    service = Service(name, deployment, log, port)
    try:
        yield service
    finally:
        service.cut()


def _family(pid: int) -> list[int]:
    """``pid`` and all its descendants, itself first, so that it starts nobody anew."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.name)
                )
    found = [pid]
    for known in found:
        found += parents.get(known, [])
    return found


def launching(date: str) -> str:
    """The GraphQL with which the interface's button starts the night of ``date``."""
    return f"""mutation {{ launchRun(executionParams: {{ mode: "default", runConfigData: {{}},
        selector: {{ repositoryLocationName: "govdata", repositoryName: "__repository__", jobName: "nightly" }},
        executionMetadata: {{ tags: [{{ key: "dagster/partition", value: "{date}" }}] }} }})
        {{ __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""


def launch(address: str, date: str) -> str:
    """Start the night of ``date`` as the interface does; returns the run's id."""
    answer: dict[str, Any] = ask(address, launching(date))["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def runs(deployment: Deployment) -> list[DagsterRun]:
    """All runs Dagster knows of, newest first."""
    with instance(deployment) as dagster:
        return list(dagster.get_runs())


def followed(deployment: Deployment) -> bool:
    """Whether every run of datasets that the daemon started and that succeeded was followed by its city."""
    known = runs(deployment)
    after = {run.tags.get("dagster/run_key") for run in known if run.job_name == "city" and run.is_success}
    return {run.run_id for run in known if run.job_name == "nightly" and run.is_success and not is_ours(run)} <= after


def last_step(deployment: Deployment, run_id: str) -> str:
    """The last step that began in the run; empty before the first."""
    from dagster import DagsterEventType

    with instance(deployment) as dagster:
        steps = dagster.get_records_for_run(run_id, of_type={DagsterEventType.STEP_START}).records
        return (steps[-1].event_log_entry.step_key if steps else "") or ""


def wait_for(what: Callable[[], bool], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")[-3000:]
        time.sleep(0.1)
