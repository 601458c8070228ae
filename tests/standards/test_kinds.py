"""Kinds of rules: each says what it is in one class, and what it tells without an engine is what the engine finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govdata.standards.format import KINDS, RuleEntry
from govdata.standards.kinds import ALL, Length, Pattern
from govdata.standards.kinds.base import ValueRule
from govdata.standards.types import TYPES
from tests.engine.support import evaluate


def test_every_form_is_a_key_of_an_element_s_rule_and_suits_a_type() -> None:
    for kind in ALL:
        assert set(kind.forms) <= set(KINDS) & set(RuleEntry.model_fields)
        assert bool(kind.forms) == bool(kind.types), kind
        assert kind.types <= set(TYPES)
    assert len({kind.model_fields["kind"].default for kind in ALL}) == len(ALL)


@pytest.mark.parametrize(
    "rule",
    [
        Pattern(pattern="[1-9][0-9]{2}|x.*"),
        Pattern(pattern=".*[*＊].*", negate=True),
        Pattern(pattern=".*(?:某某|测试).*"),
        Length(min=2, max=4),
        Length(max=3),
    ],
)
@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.text(st.sampled_from("019x*＊某测试 市"), max_size=6), min_size=1, max_size=30))
def test_a_kind_and_the_engine_agree(rule: ValueRule, values: list[str]) -> None:
    assert evaluate(rule.predicate, values) == [rule.passes(value) for value in values]
