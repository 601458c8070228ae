"""What DuckDB refuses of the standards is said by the check, not by a night."""

from __future__ import annotations

from pathlib import Path

import pytest

from govdata.engine import examples, trial
from govdata.standards import load
from govdata.standards.model import BoundRule, Dataset, Examples, InCodeSet, Pattern, Registry, Row, Rule
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


def _beside(registry: Registry, name: str, rules: tuple[BoundRule, ...] = (), **renamed: str) -> Registry:
    """With one more contract like the first, some of its columns named otherwise and with more ``rules``."""
    (dataset,) = registry.datasets.values()
    columns = tuple(item.model_copy(update={"name": renamed.get(item.name, item.name)}) for item in dataset.columns)
    more = dataset.model_copy(update={"name": name, "columns": columns})
    bound = tuple(
        rule.model_copy(
            update={
                "dataset": name,
                "column": renamed.get(rule.column or "", rule.column),
                "columns": tuple(renamed.get(each, each) for each in rule.columns),
            }
        )
        for rule in (*registry.rules(dataset.name), *rules)
    )
    return registry.model_copy(
        update={
            "datasets": {**registry.datasets, name: more},
            "bound": {**registry.bound, name: bound},
            "hashes": {**registry.hashes, name: name},
        }
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, set[str], set[str]]]:
    """Contract, columns and rules of each question to DuckDB."""
    questions: list[tuple[str, set[str], set[str]]] = []
    refused = trial._refused

    def listening(dataset: Dataset, registry: Registry, whole: Registry) -> str | None:
        columns = {item.name for item in dataset.columns}
        questions.append((dataset.name, columns, {rule.id for rule in registry.rules(dataset.name)}))
        return refused(dataset, registry, whole)

    monkeypatch.setattr(trial, "_refused", listening)
    return questions


def test_what_another_contract_has_too_is_asked_once(asked: list) -> None:
    renamed = _beside(by_hand.registry(), "staff", sex="gender")
    assert trial.problems(renamed) == []
    assert [name for name, *_ in asked] == ["people"]


def test_of_a_contract_only_what_is_its_own_is_asked(asked: list) -> None:
    registry = by_hand.registry()
    own = registry.rules("people")[0].model_copy(
        update={"id": "later", "index": 90, "columns": ("birth_date", "name"), "spec": Row(expression="name = '甲'")}
    )
    assert trial.problems(_beside(registry, "staff", (own,))) == []
    assert asked[1:] == [("staff", {"birth_date", "name"}, {"later"})]


def test_a_rule_too_many_is_told_of_the_contract_that_has_it() -> None:
    """The first has the same columns, and each pattern compiles alone."""
    patterns = _with_patterns(*PARTS).rules("people")[-len(PARTS) :]
    (problem,) = trial.problems(_beside(by_hand.registry(), "staff", patterns))
    assert problem.where == "staff" and "过大" in problem.message


def test_what_sound_elements_compile_to_is_not_asked_of_the_contracts_made_of_them(asked: list) -> None:
    registry = by_hand.registry()
    rule = Rule(name="code_set", spec=InCodeSet(code_set="sex"), dimension="accuracy", severity="error", message="代码")
    update = {"examples": Examples(valid=("1",), repairs={"女": "2"}), "rules": (rule,)}
    sex = registry.elements["sex"].model_copy(update=update)
    registry = registry.model_copy(update={"elements": registry.elements | {"sex": sex}})
    taken: set[str] = set()
    assert examples.problems(registry, taken=taken) == [] and len(taken) == 2
    trial.problems(registry, taken=taken)
    ((_, columns, _),) = asked
    assert columns == set(by_hand.COLUMNS) - {"sex"}
