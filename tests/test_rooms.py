"""The rooms of the house use one another downwards and through their doors only, as pyproject.toml declares."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parents[1]


TOOLS = {"storage", "operations"}
"""Rooms whose every module is a door."""


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lint-imports"))
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True)


def test_rooms_depend_downwards_and_go_through_doors() -> None:
    result = linted(HOUSE)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def test_a_module_reaching_into_another_room_is_refused(tmp_path: Path) -> None:
    shutil.copytree(HOUSE / "govdata", tmp_path / "govdata", ignore=shutil.ignore_patterns("__pycache__", "_*.json"))
    shutil.copy(HOUSE / "pyproject.toml", tmp_path)
    (tmp_path / "govdata" / "reports" / "peeping.py").write_text("from govdata.engine.plans import plan_columns\n")

    result = linted(tmp_path)

    assert result.returncode == 1
    assert "govdata.reports.peeping -> govdata.engine.plans" in result.stdout


def contracts(kind: str) -> list[dict[str, Any]]:
    declared = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return [contract for contract in declared["contracts"] if contract["type"] == kind]


def test_every_room_declares_its_doors() -> None:
    declared = {contract["name"].removeprefix("Doors of ") for contract in contracts("protected")}

    assert {room.name for room in (HOUSE / "govdata").iterdir() if (room / "__init__.py").is_file()} - TOOLS <= declared


def test_the_page_shows_every_room_in_its_place() -> None:
    (layers,) = contracts("layers")
    rooms = [room for layer in layers["layers"] for room in layer.split(" | ") if room != "__main__"]
    page = (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("Dependencies point downwards:")[2].partition("`sample`")[0]
    words = [word for line in drawn.splitlines() for word in re.split(r" {2,}|, ", line.strip())]

    assert [word for word in words if word in rooms] == rooms


def test_no_module_has_more_than_500_lines() -> None:
    """A module is read in one sitting; a longer one holds two topics."""
    long = {
        module.relative_to(HOUSE).as_posix(): lines
        for module in (HOUSE / "govdata").rglob("*.py")
        if (lines := len(module.read_text(encoding="utf-8").splitlines())) > 500
    }

    assert long == {}
