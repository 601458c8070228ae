"""`dg dev`, `dagster dev` and workspace.yaml all load the same definitions under the same location name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from govdata.assets.instance import prepare
from govdata.deployment import Deployment
from tests.servers import ask, free_port, program, serving

LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
    name locationOrLoadError { __typename ... on PythonError { message }
    ... on RepositoryLocation { repositories { jobs { name } schedules { name scheduleState { status } } assetNodes { id } } } } } } } }"""

DOORS = {
    "dagster dev": ["dagster", "dev", "-h", "127.0.0.1", "-p"],
    "dg dev": ["dg", "dev", "--host", "127.0.0.1", "--port"],
    "workspace.yaml": ["dagster-webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p"],
}


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_every_door_loads_one_location_called_govdata(
    door: str, deployment: Deployment, repository: Path, tmp_path: Path
) -> None:
    prepare(deployment)
    port = free_port()
    name, *arguments = DOORS[door]
    with serving(
        [program(name), *arguments, str(port)], port, deployment.home, repository, tmp_path / "log"
    ) as address:
        (location,) = ask(address, LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert location["name"] == "govdata"
    loaded = location["locationOrLoadError"]
    assert loaded["__typename"] == "RepositoryLocation", loaded
    (content,) = loaded["repositories"]
    assert {"nightly", "city"} <= {job["name"] for job in content["jobs"]}
    (schedule,) = content["schedules"]
    assert (schedule["name"], schedule["scheduleState"]["status"]) == ("nightly_schedule", "RUNNING")
    # Stages of six datasets; of the city: rejudged, fourteen of masters and the rules across tables, orders, scorecard, anomalies,
    # reports, cockpit, catalogue, retention.
    assert len(content["assetNodes"]) == 6 * 6 + 23


@pytest.mark.slow
def test_dg_check_defs_finds_nothing_wrong(deployment: Deployment, repository: Path) -> None:
    result = subprocess.run(
        [program("dg"), "check", "defs"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_loading_imports_nothing_heavy(repository: Path) -> None:
    """A code server starts with every run and every reload; GX alone would cost it seconds."""
    code = (
        "import sys; from govdata.definitions import build_definitions; build_definitions().get_repository_def(); "
        "print([name for name in ('great_expectations', 'duckdb', 'pandas', 'pyarrow', 'fastexcel') if name in "
        "sys.modules])"
    )
    result = subprocess.run([program("python"), "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
