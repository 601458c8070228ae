"""The command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from govdata import cli
from tests.governance.conftest import city  # noqa: F401  deliveries of a few lines, for commands that need some

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """call(home, *arguments, columns=200) → (exit code, standard output, standard error)"""

    def run(home: Path, *arguments: str, columns: int = 200) -> tuple[int, str, str]:
        monkeypatch.setenv("GOVDATA_HOME", str(home))
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["govdata", *arguments])
        capsys.readouterr()
        code = cli._run()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
