"""What DuckDB refuses of the standards is said by the check, not by a night."""

from __future__ import annotations

from pathlib import Path

from govdata.engine import examples, trial
from govdata.standards import load
from govdata.standards.model import BoundRule, Examples, Pattern, Registry, Rule
from tests.engine import by_hand

PARTS = [f"[^{letter}]{{1000}}[0-9]{{1000}}[^{letter}]{{1000}}" * 5 for letter in "abcdefgh"]


def _with_patterns(*patterns: str) -> Registry:
    registry = by_hand.registry()
    name = next(iter(registry.datasets))
    last = len(registry.rules(name))
    rules = [
        BoundRule(
            id=f"name.p{number}", index=last + number, dataset=name, column="name", columns=("name",),
            spec=Pattern(pattern=pattern, negate=True), dimension="conformity", severity="error", message="格式",
        )
        for number, pattern in enumerate(patterns)
    ]  # fmt: skip
    return registry.model_copy(update={"bound": {name: (*registry.rules(name), *rules)}})


def test_sound_standards_have_no_problem() -> None:
    assert trial.problems(by_hand.registry()) == []


def test_a_derived_table_none_of_whose_cells_has_a_step_is_sound(repository: Path) -> None:
    registry = load(repository / "standards")
    derived = registry.datasets[registry.derived[0]]
    assert trial.problems(registry.model_copy(update={"datasets": {derived.name: derived}})) == []


def test_patterns_that_only_together_are_too_large() -> None:
    """A column's patterns are searched for as one: each compiles alone, their union does not."""
    assert [trial.refusal(part) for part in PARTS] == [None] * 8
    (problem,) = trial.problems(_with_patterns(*PARTS))
    assert "过大" in problem.message and problem.where in by_hand.registry().datasets


def test_such_an_element_that_no_contract_uses_is_a_problem_at_its_line() -> None:
    registry = by_hand.registry()
    rules = tuple(
        Rule(
            name=f"p{number}",
            spec=Pattern(pattern=part, negate=True),
            dimension="conformity",
            severity="error",
            message="格式",
        )
        for number, part in enumerate(PARTS)
    )
    update = {"rules": rules, "examples": Examples(valid=("x",)), "file": "elements/person.yaml", "line": 7}
    element = registry.elements["name"].model_copy(update=update)
    (problem,) = examples.problems(registry.model_copy(update={"elements": registry.elements | {"name": element}}))
    assert (problem.file, problem.line, problem.where) == (
        "elements/person.yaml",
        7,
        "name",
    ) and "过大" in problem.message
