"""The page of licences knows every locked package."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", REPOSITORY / "scripts" / "licences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_locked_package_is_on_the_page(licences: ModuleType) -> None:
    files = ("requirements-dev.txt", "requirements-data.txt")
    lock = "\n".join((REPOSITORY / file).read_text(encoding="utf-8") for file in files)
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE))
    page = (REPOSITORY / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z0-9._-]+) \| \d", page, re.MULTILINE))
    assert len(locked) > 100 and listed == locked, "run `make licences`"


def test_every_installed_runtime_package_declares_a_licence_and_none_is_strongly_copyleft(licences: ModuleType) -> None:
    for name in licences.pins(REPOSITORY / "requirements.txt"):
        declared = licences.licence(name)
        assert declared != "not declared", name
        assert not re.search(r"\bA?GPL|GNU (Affero )?General", declared), f"{name}: {declared}"
