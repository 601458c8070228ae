"""A check of the standards tries on DuckDB only what has changed since the last one, and always what was wrong."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

import pytest

from govdata.engine import examples, trial, tried
from govdata.engine.tried import Tried
from govdata.errors import Problem
from govdata.standards.model import Dataset, Element, Examples, Registry
from tests.engine import by_hand


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lake" / ".tmp" / "tried.json"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[str]:
    """Names of the contracts that DuckDB was asked of; it refuses those whose title is 错."""
    names: list[str] = []

    def refused(dataset: Dataset, registry: Registry, whole: Registry) -> str | None:
        names.append(dataset.name)
        return "写错了" if dataset.title == "错" else None

    monkeypatch.setattr(trial, "_refused", refused)
    return names


def checked(registry: Registry, path: Path) -> int:
    known = Tried(path)
    found = trial.problems(registry, known)
    known.keep()
    return len(found)


def changed(registry: Registry, title: str) -> Registry:
    """One dataset declared otherwise."""
    (name, dataset), *_ = registry.datasets.items()
    datasets = {**registry.datasets, name: dataset.model_copy(update={"title": title})}
    return registry.model_copy(update={"datasets": datasets, "hashes": {**registry.hashes, name: title}})


def test_what_was_right_is_asked_once(asked: list[str], path: Path) -> None:
    registry = by_hand.registry()
    assert checked(registry, path) == 0 and asked == list(registry.datasets)
    assert checked(registry, path) == 0 and asked == list(registry.datasets)
    checked(changed(registry, "新"), path)
    assert asked == [*registry.datasets, next(iter(registry.datasets))]


def test_whoever_waits_is_told_how_many_are_left(asked: list[str], path: Path) -> None:
    registry, left = by_hand.registry(), list[int]()
    trial.problems(registry, Tried(path), left.append)
    assert left == list(range(len(registry.datasets), 0, -1))


def test_what_was_wrong_is_asked_every_time(asked: list[str], path: Path) -> None:
    wrong = changed(by_hand.registry(), "错")
    assert checked(wrong, path) == checked(wrong, path) == 1
    assert asked.count(next(iter(wrong.datasets))) == 2


def test_another_program_asks_of_everything(asked: list[str], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = by_hand.registry()
    checked(registry, path)
    monkeypatch.setattr(tried, "_program", lambda: "another")
    checked(registry, path)
    assert asked == [*registry.datasets] * 2


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_a_damaged_memory_is_none(asked: list[str], path: Path, content: str) -> None:
    registry = by_hand.registry()
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    checked(registry, path)
    checked(registry, path)
    assert asked == list(registry.datasets)


def test_an_element_is_tried_when_its_examples_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def found(forms: list[list[Element]], registry: Registry, on: Date) -> list[Problem]:
        names.extend(element.id for form in forms for element in form)
        return []

    monkeypatch.setattr(examples, "_tried", found)
    registry = by_hand.registry()
    name = next(iter(registry.elements))
    given = registry.elements[name].model_copy(update={"examples": Examples(valid=("x",))})
    registry = registry.model_copy(update={"elements": {**registry.elements, name: given}})
    for _ in range(2):
        known = Tried(path)
        assert examples.problems(registry, tried=known) == []
        known.keep()
    assert names.count(name) == 1
    other = given.model_copy(update={"examples": Examples(valid=("y",))})
    examples.problems(registry.model_copy(update={"elements": {**registry.elements, name: other}}), tried=Tried(path))
    assert names.count(name) == 2


def test_a_disk_that_refuses_is_no_fault_of_the_standards(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Tried(tmp_path / "file" / "tried.json").keep()
