"""Modes of what is written, and the warning about what others can read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from govdata.deployment import Deployment
from govdata.storage import permissions
from tests.conftest import Finished, govdata
from tests.faults import city
from tests.zygote import Zygote

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX file systems")


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder others can reach (pytest's own are closed to them)."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        if not permissions._reachable(home):
            pytest.skip("the temporary folder lies in a closed folder")
        yield home


def _laid_out(home: Path, mode: int) -> Deployment:
    deployment = Deployment(home)
    for folder in (deployment.landing, deployment.data / "lake", deployment.published, deployment.dagster_home):
        folder.mkdir(parents=True)
    for folder in (
        deployment.data,
        deployment.landing,
        deployment.data / "lake",
        deployment.published,
        deployment.dagster_home,
    ):
        folder.chmod(mode)
    return deployment


def test_closed_folders_give_no_warning(open_home: Path) -> None:
    deployment = _laid_out(open_home, 0o750)
    assert permissions.exposed(deployment) == [] and permissions.warning(deployment) is None


def test_what_others_can_read_is_named_with_the_remedy(open_home: Path) -> None:
    deployment = _laid_out(open_home, 0o755)
    said = permissions.warning(deployment)
    assert said is not None and "\n" not in said and "chmod -R o-rwx data .dagster" in said
    subprocess.run("chmod -R o-rwx data .dagster", shell=True, cwd=open_home, check=True)
    assert permissions.warning(deployment) is None


def test_a_folder_that_can_be_passed_is_looked_into(open_home: Path) -> None:
    deployment = _laid_out(open_home, 0o750)
    deployment.data.chmod(0o751)
    assert permissions.exposed(deployment) == []
    deployment.published.chmod(0o755)
    assert permissions.exposed(deployment) == [deployment.published]
    open_home.chmod(0o700)
    assert permissions.exposed(deployment) == []


def test_a_deployment_without_data_gives_no_warning(open_home: Path) -> None:
    assert permissions.warning(Deployment(open_home)) is None


@pytest.mark.parametrize(("before", "after"), [(0o022, 0o027), (0o000, 0o027), (0o077, 0o077)])
def test_the_mask_is_only_ever_made_stricter(before: int, after: int) -> None:
    code = (
        f"import os; from govdata.storage import permissions; os.umask({before}); permissions.restrict(); "
        "print(os.umask(0))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(told) == after


@pytest.mark.slow
def test_dagsters_code_location_sets_the_mask(deployment: Deployment) -> None:
    code = "import os; os.umask(0o022); from govdata.definitions import defs; defs(); print(os.umask(0))"
    environment = os.environ | {"GOVDATA_HOME": str(deployment.home)}
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert int(told.splitlines()[-1]) == 0o027


@pytest.mark.slow
def test_a_night_writes_nothing_others_can_read_and_warns_of_what_they_can(
    zygote: Zygote, open_home: Path, tmp_path: Path
) -> None:
    deployment = city.lay_down(open_home, 1)
    deployment.data.chmod(0o755)
    theirs = set(open_home.rglob("*"))
    ran = govdata(zygote, deployment, "run", outside=tmp_path, before="import os; os.umask(0o022)")
    assert ran.code == 0
    assert ran.errors.count("警告：本机其他用户可以读取data") == 1
    made = [path for path in open_home.rglob("*") if path not in theirs]
    assert len(made) > 50 and any(path.suffix == ".parquet" for path in made) and deployment.catalogue in made
    assert _open_to_others(made) == []


@pytest.mark.xdist_group("finished")
def test_nights_of_a_city_write_nothing_others_can_read(finished: Finished) -> None:
    deployment = finished.deployment
    delivered = {deployment.data}
    for folder in (deployment.landing, deployment.standards):
        delivered |= {folder, *folder.rglob("*")}
    made = [path for path in deployment.home.rglob("*") if path not in delivered]
    assert len(made) > 500 and deployment.catalogue in made
    assert _open_to_others(made) == []


def _open_to_others(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o007]


@pytest.mark.parametrize(
    "restrict", ["", "from govdata.storage import permissions; permissions.restrict();"], ids=["before", "after"]
)
def test_a_crash_leaves_no_core(restrict: str, tmp_path: Path) -> None:
    """The kernel says of a process that died by a signal whether it dumped its memory, wherever the dump goes."""
    resource = pytest.importorskip("resource")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this machine allows no core dumps anyway")
    allow = (
        "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, "
        "(resource.getrlimit(resource.RLIMIT_CORE)[1],) * "
        "2);"
    )
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", f"{allow} os.chdir({str(tmp_path)!r}); {restrict} os.abort()"],
        os.environ,
    )
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status)
    if restrict:
        assert not os.WCOREDUMP(status) and not list(tmp_path.iterdir())
    elif not os.WCOREDUMP(status):
        pytest.skip("the kernel dumps nothing here: the other half of this test shows nothing")


def test_both_entrances_forbid_core_dumps(tmp_path: Path) -> None:
    """The command line and Dagster's code location, each in a process of its own that crashes while it is at work."""
    pytest.importorskip("resource")
    (tmp_path / "standards").mkdir()
    crash = "import os, resource; assert resource.getrlimit(resource.RLIMIT_CORE) in ((0, 0), (1, 1)); os._exit(7)"
    for entrance in (
        f"from govdata import cli; cli._run = lambda: exec({crash!r}); cli.main()",
        f"from govdata import definitions as d; d.build_definitions = lambda: exec({crash!r}); d.defs()",
    ):
        assert subprocess.run([sys.executable, "-c", entrance], cwd=tmp_path, timeout=120).returncode == 7
