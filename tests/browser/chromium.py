"""The headless Chromium of the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

WAIT = 120_000
"""Milliseconds: two cores, and the interface's first load compiles a large script."""

_PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Started with ``arguments`` too; the test is skipped on a machine without it."""
    if _PROGRAM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs one")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=_PROGRAM, args=["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        )
        yield browser
        browser.close()
