"""送前自检包: what is inside, that it stands alone, and that it says what the bureau would say."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from datetime import date as Date
from pathlib import Path

import pytest

from govdata import governance, standards
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from tests.governance.conftest import City


def unpacked(deployment: Deployment, department: str, tmp_path: Path) -> Path:
    registry = standards.load(deployment.standards)
    made = governance.pack(department, registry, deployment, tmp_path / "包.zip", None)
    folder = tmp_path / "办公桌"
    with zipfile.ZipFile(made.path) as archive:
        for entry in archive.infolist():
            archive.extract(entry, folder)
            (folder / entry.filename).chmod(entry.external_attr >> 16)
    return folder


def test_only_the_department_s_own_standards_are_inside(deployment: Deployment, tmp_path: Path) -> None:
    folder = unpacked(deployment, "市教育局", tmp_path)
    assert [path.name for path in (folder / "standards" / "datasets").iterdir()] == ["education.odcs.yaml"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "standards", "自检-学籍信息.bat", "自检-学籍信息.sh", "说明.txt",
    ]  # fmt: skip
    assert list(standards.load(folder / "standards").datasets) == ["education"]


def test_windows_reads_its_script(deployment: Deployment, tmp_path: Path) -> None:
    script = (unpacked(deployment, "市民政局", tmp_path) / "自检-婚姻登记信息.bat").read_bytes()
    text = script.decode("gb18030")
    assert script.count(b"\n") == script.count(b"\r\n") and text.startswith("@echo off\r\nchcp 936")
    assert "--dataset marriage" in text and text.isprintable() is False and "\x00" not in text


@pytest.mark.slow
def test_the_clerk_hears_what_the_bureau_hears(deployment: Deployment, tmp_path: Path, repository: Path) -> None:
    """The start script, with the program on the path, against the same check at the bureau."""
    registry = standards.load(deployment.standards)
    folder = unpacked(deployment, "市教育局", tmp_path)
    (file,) = (repository / "data" / "landing" / "education" / "2026-11-18").glob("中小学*")
    (folder / "交付.txt").write_bytes(file.read_bytes())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [str(folder / "自检-学籍信息.sh"), "交付.txt", "--date", "2026-11-18"],
        cwd=folder, env={"PATH": path, "HOME": str(tmp_path), "COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    result = governance.check(
        [folder / "交付.txt"], registry.datasets["education"], registry, deployment, Date(2026, 11, 18), None
    )
    assert run.returncode == (0 if result.accepted else 3), run.stderr
    for line in governance.summary(result):
        assert line in run.stdout
    for rule, _ in result.rules[:20]:
        assert rule.message in run.stdout
    assert (folder / "交付-核对结果.xlsx").stat().st_mode & 0o200


def test_the_same_standards_give_the_same_pack(city: City, tmp_path: Path) -> None:
    packs = [
        governance.pack("公安", city.registry, city.deployment, tmp_path / f"{n}.zip", None).path.read_bytes()
        for n in range(2)
    ]
    assert packs[0] == packs[1]


def test_wheels_come_along_and_must_hold_the_program(city: City, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "duckdb-1.0-cp311-cp311-win_amd64.whl").write_bytes(b"x")
    with pytest.raises(GovdataError, match="没有 govdata 的 wheel 包"):
        governance.pack("公安", city.registry, city.deployment, tmp_path / "a.zip", wheels)
    (wheels / "govdata-1.0-py3-none-any.whl").write_bytes(b"y")
    made = governance.pack("公安", city.registry, city.deployment, tmp_path / "a.zip", wheels)
    names = zipfile.ZipFile(made.path).namelist()
    assert made.wheels == 2 and "wheels/govdata-1.0-py3-none-any.whl" in names
    script = zipfile.ZipFile(made.path).read("自检-表people.bat").decode("gb18030")
    assert "wheels" in script and "venv" in script


def test_an_unknown_department_is_told_the_known_ones(city: City, tmp_path: Path) -> None:
    with pytest.raises(GovdataError, match="公安、卫健"):
        governance.pack("公 安", city.registry, city.deployment, tmp_path / "a.zip", None)
    assert not list(tmp_path.glob("*.zip"))
