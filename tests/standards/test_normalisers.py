"""Normalisers: each says what it is in one class, and does what its own examples say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from govdata import standards
from govdata.standards.arguments import Texts
from govdata.standards.format import ElementEntry
from govdata.standards.normalisers import ALL, Cell, NormaliserKind, Stage
from govdata.standards.types import TYPES
from govdata.trees import literal, sql
from tests.engine.support import evaluate
from tests.standards.conftest import Folder


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_normaliser_does_what_its_examples_say(kind: NormaliserKind) -> None:
    assert kind.examples
    for example in kind.examples:
        beside = {name: literal(value) for name, value in example.beside.items()}
        textual = kind.stage(example.args, coded=False) is Stage.TEXT

        def build(x, kind=kind, example=example, beside=beside, textual=textual):
            if textual:
                return kind.text(x, example.args)
            # Another column may be written otherwise once it is standardised; an example's is the same either way.
            cell = Cell(x, delivered=beside.get, standard=beside.get)
            return sql("CAST(:v AS VARCHAR)", v=kind.tree(cell, example.args))

        assert evaluate(build, [example.before]) == [example.after], example


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_its_examples_are_written_as_it_may_be_written(kind: NormaliserKind) -> None:
    assert kind.title
    assert kind.types <= set(TYPES)
    for example in kind.examples:
        step = {kind.name: dict(example.args)} if example.args else kind.name
        (read,) = ElementEntry.model_validate(
            {
                "name": "甲",
                "definition": "甲",
                "type": "text",
                "normalise": [step],
                "sensitivity": {"level": 1},
            }
        ).normalise
        assert read == (kind.name, dict(example.args))
        assert set(kind.columns(example.args).values()) == set(example.beside)


def test_every_committed_step_reads_only_columns_that_are_there() -> None:
    registry = standards.load(Path(__file__).resolve().parents[2] / "standards")
    for dataset in registry.datasets.values():
        names = {item.name for item in dataset.columns}
        for item in dataset.columns:
            for step in item.normalise or registry.elements[item.element].normalise:
                assert set(step.columns.values()) <= names


def test_a_list_has_one_name_wherever_it_may_stand() -> None:
    for kind in ALL:
        for argument in kind.arguments:
            assert isinstance(argument, Texts) == ("oneOf" in argument.schema())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[halfwidth, strip, uppercase]", "[halfwidth, money]", "类型为文本的数据元不能用标准化步骤 money"),
        (
            "[halfwidth, strip, uppercase]",
            "[{upgrade_15_to_18: {document_column: sex}}]",
            "document_column 和 documents 应一起写",
        ),
        ("[halfwidth, strip, uppercase]", "[{pad_left: {length: 1}}]", "应为 2 到 100 的整数"),
        ("[halfwidth, strip, uppercase]", "[{day_numbers: {earliest: 1958年}}]", "应为日期"),
        ("[halfwidth, strip, uppercase]", "[hafwidth]", "是否想写 halfwidth"),
    ],
)
def test_a_step_that_cannot_be_meant_is_a_problem(folder: Folder, old: str, new: str, said: str) -> None:
    folder.spoil("elements/person.yaml", old, new)
    assert any(said in problem.message for problem in folder.problems()), folder.problems()


def test_a_contract_s_own_steps_are_held_to_the_same(folder: Folder) -> None:
    element = "value: birth_date}\n"
    steps = "          - {property: normalise, value: [STEPS]}\n"
    folder.spoil("datasets/person.odcs.yaml", element, element + steps.replace("STEPS", "time_required, strip, strip"))
    messages = [problem.message for problem in folder.problems()]
    assert "类型为日期的数据元不能用标准化步骤 time_required" in messages
    assert "标准化步骤 strip 重复" in messages


NUMBERS = ["0", "-1", "7", "-0.50", "12.00", "100", "123456789012345678", "0.07", "-99"]
DAYS = ["1990-03-07", "19900307", "0001-01-01", "9999-12-30"]
MOMENTS = ["2026-11-18 08:30:00", "0001-01-01 00:00:00"]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.keeps_numbers or kind.keeps_dates], ids=lambda k: k.name)
def test_what_a_normaliser_says_it_keeps_it_keeps(kind: NormaliserKind) -> None:
    """What arrives typed is not shown to such a step."""
    for example in kind.examples:
        if kind.stage(example.args, coded=False) is not Stage.TEXT:
            continue

        def build(x, example=example):
            return kind.text(x, example.args)

        if kind.keeps_numbers:
            assert [Decimal(text) for text in evaluate(build, NUMBERS)] == [Decimal(text) for text in NUMBERS]
        if kind.keeps_dates:
            usual = DAYS if "date" in kind.types else MOMENTS
            assert evaluate(build, usual) == usual


def test_a_unit_that_is_part_of_a_number_contradicts_itself() -> None:
    (step,) = [kind for kind in ALL if kind.name == "unit_suffix"]
    assert step.contradiction({"units": ["g", "m2"]}) is None
    assert "“.0”" in (step.contradiction({"units": ["g", ".0"]}) or "")
