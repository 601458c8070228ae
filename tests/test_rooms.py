"""The rooms of the house use one another downwards only, as pyproject.toml declares."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]


def test_rooms_depend_downwards() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=HOUSE, capture_output=True, text=True
    )

    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


def test_no_module_has_more_than_500_lines() -> None:
    """A module is read in one sitting; a longer one holds two topics."""
    long = {
        module.relative_to(HOUSE).as_posix(): lines
        for module in (HOUSE / "govdata").rglob("*.py")
        if (lines := len(module.read_text(encoding="utf-8").splitlines())) > 500
    }

    assert long == {}
