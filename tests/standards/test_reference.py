"""The reference page: current, and its examples do what it says."""

from __future__ import annotations

import re
from datetime import date as Date
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from govdata.engine import examples
from govdata.standards import kinds, load, normalisers, reference, types
from govdata.standards.kinds import Form, Place, RuleKind
from tests.standards.conftest import Folder

STANDARDS = Path(__file__).resolve().parents[2] / "standards"
FORMS = [(key, kind, form) for key, (kind, form) in kinds.WRITTEN.items()]


def test_the_kept_page_is_current() -> None:
    assert (STANDARDS / reference.FILE).read_text(encoding="utf-8") == reference.page(), (
        "run python -m govdata.standards.schemas standards"
    )


def test_everything_of_the_vocabulary_is_on_it() -> None:
    told = set(re.findall(r"^\| `\{?(\w+)", reference.page(), re.MULTILINE))
    assert told == {kind.name for kind in normalisers.ALL} | set(kinds.WRITTEN) | set(types.TYPES)


@pytest.mark.parametrize(("key", "kind", "form"), FORMS, ids=[key for key, _, _ in FORMS])
def test_a_rule_s_example_judges_as_it_says(folder: Folder, key: str, kind: type[RuleKind], form: Form) -> None:
    def page(valid: str, invalid: str) -> str:
        element = {
            "name": "示例",
            "definition": "示例",
            "type": form.type,
            "rules": {"tried": {key: form.example, "dimension": "conformity", "severity": "error", "message": "不对"}},
            "sensitivity": {"level": 1},
            "examples": {"valid": [valid], "invalid": {invalid: "tried"}},
        }
        return yaml.safe_dump({"example": element}, allow_unicode=True)

    folder.write("elements/example.yaml", page(form.passes, form.fails))
    assert folder.problems() == []
    found = examples.problems(load(folder.root), Date(2026, 3, 2))
    assert [problem for problem in found if problem.file == "elements/example.yaml"] == []
    assert form.type in kind.types


@pytest.mark.parametrize(("key", "kind", "form"), FORMS, ids=[key for key, _, _ in FORMS])
def test_a_rule_is_told_as_it_was_written(key: str, kind: type[RuleKind], form: Form) -> None:
    value = TypeAdapter(form.annotation).validate_python(form.example)
    assert kind.read(key, value, Place(form.type, {"sex"})).written() == (key, form.example)
