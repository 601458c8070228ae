"""Growth laws: what a dataset or a rule adds must not depend on how many there are. Counted are function calls, which
are the same on every machine, and not seconds. (A loop inside one call is not seen; benchmarks/breadth.py measures
those.) Takes about 35 CPU seconds.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks import breadth
from govdata.definitions import build_definitions
from govdata.deployment import Deployment
from govdata.standards import contracts, loader
from govdata.standards.model import BoundRule, Registry

pytestmark = pytest.mark.slow

T = TypeVar("T")


def calls(work: Callable[[], T]) -> tuple[int, T]:
    """Function calls of ``work``, those into C included, and its result."""
    profile = cProfile.Profile()
    result = profile.runcall(work)
    return pstats.Stats(profile).total_calls, result  # type: ignore[attr-defined]


def loaded(home: Path) -> tuple[int, Registry]:
    """Always read anew: ``tests.read_once`` would give what an earlier test read."""
    return calls(lambda: loader.load(home / "standards"))


def assembled(home: Path, registry: Registry) -> int:
    def assemble() -> None:
        build_definitions(Deployment(home), registry).get_repository_def().load_all_definitions()

    return calls(assemble)[0]


def linear(small: int, middle: int, large: int) -> float:
    """Growth from ``middle`` to ``large`` in terms of that from ``small`` to ``middle``; all three equally far apart: 1
    is linear."""
    return (large - middle) / (middle - small)


def measured(
    home: Path, declare: Callable[[Path, int], None], counts: tuple[int, int, int], size: Callable[[Registry], int]
) -> None:
    """Fails where loading or assembling ``counts`` things does not grow linearly."""
    loads, builds = [], []
    for count in (counts[0], *counts):  # the first one also imports and compiles patterns: it is measured again
        folder = home / f"{count}-{len(loads)}"
        declare(folder / "standards", count)
        cost, registry = loaded(folder)
        assert size(registry) == count
        loads.append(cost)
        builds.append(assembled(folder, registry))
    assert linear(*loads[1:]) < 1.02, loads
    assert linear(*builds[1:]) < 1.02, builds


def test_what_a_dataset_costs_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    measured(tmp_path, breadth.declare_datasets, (6, 12, 18), lambda registry: len(registry.datasets))


def test_what_a_rule_costs_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    measured(tmp_path, breadth.declare_wide_table, (250, 350, 450), lambda registry: len(registry.rules(breadth.WIDE)))


def test_a_check_of_each_rule_against_all_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the laws are for: such a test of names the loader once had."""
    honest = contracts.check_names

    def quadratic(bound: tuple[BoundRule, ...], context: contracts.Context) -> None:
        for rule in bound:
            assert any(str(other.id) == rule.id for other in bound)
        honest(bound, context)

    monkeypatch.setattr(contracts, "check_names", quadratic)
    costs = []
    for count in (250, 350, 450):
        breadth.declare_wide_table(tmp_path / str(count) / "standards", count)
        costs.append(loaded(tmp_path / str(count))[0])
    assert linear(*costs) > 1.02
