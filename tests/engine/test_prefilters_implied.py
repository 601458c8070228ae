"""What a prefilter searches for is found in every value that fails its rule: generated conditions, patterns and values, told
by Python's re."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from govdata.engine.prefilters import prefilters
from govdata.standards.model import (
    BoundRule,
    Column,
    Dataset,
    DeliveryMode,
    Element,
    Examples,
    Pattern,
    Registry,
    Row,
    Sensitivity,
)

ATOMS = ["a", "b", "1", "[ab]", "[^a]", "[0-9]", "\\.", "."]
Truth = Callable[[str], bool]

pieces = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3).map("".join)
patterns = st.one_of(
    pieces,
    pieces.map(lambda p: f".*{p}.*"),
    pieces.map(lambda p: f".*{p}"),
    st.sampled_from(
        [
            "[ab]+",
            "[^a]+",
            "[a\\]]+",
            "[0-9]+",
            "a|b",
            ".*a.*|b",
            ".*(a|1).*",
            "(?:a|b)+",
            ".*a|b.*",
            ".*\\.*",
            "a*",
            ".*.*",
        ]
    ),
)
values = st.text(alphabet="ab1.]", min_size=1, max_size=5)


def matching(pattern: str) -> tuple[str, Truth]:
    return f"matches(value, '{pattern}')", lambda value: re.fullmatch(pattern, value, re.ASCII) is not None


leaves = st.one_of(
    patterns.map(matching),
    st.sampled_from([("length(value) > 2", lambda value: len(value) > 2), ("value = 'a'", lambda value: value == "a")]),
)


def both(pair: tuple[tuple[str, Truth], tuple[str, Truth]]) -> tuple[str, Truth]:
    (one, first), (other, second) = pair
    return f"({one} AND {other})", lambda value: first(value) and second(value)


def either(pair: tuple[tuple[str, Truth], tuple[str, Truth]]) -> tuple[str, Truth]:
    (one, first), (other, second) = pair
    return f"({one} OR {other})", lambda value: first(value) or second(value)


def negated(only: tuple[str, Truth]) -> tuple[str, Truth]:
    text, truth = only
    return f"(NOT {text})", lambda value: not truth(value)


conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(st.tuples(inner, inner).map(both), st.tuples(inner, inner).map(either), inner.map(negated)),
    max_leaves=5,
)


def guarding(spec: Row | Pattern, usual: str) -> tuple[str, ...] | None:
    """The prefilter of one rule of a one-column table, None where it has none."""
    element = Element(
        id="e",
        name="元",
        definition="元",
        type="text",
        sensitivity=Sensitivity(level=1),
        examples=Examples(valid=(usual,)),
    )
    dataset = Dataset(
        name="t",
        title="表",
        domain="测试",
        owner="测试局",
        version="1",
        delivery=DeliveryMode(mode="snapshot", key=()),
        columns=(Column(name="c", title="列", element="e"),),
    )
    rule = BoundRule(
        id="c.rule",
        index=0,
        dataset="t",
        column="c",
        columns=("c",),
        spec=spec,
        dimension="conformity",
        severity="error",
        message="不合规",
    )
    registry = Registry(
        elements={"e": element},
        code_sets={},
        datasets={"t": dataset},
        null_tokens=(),
        bound={"t": (rule,)},
        hashes={"t": "0" * 12},
    )
    return prefilters("t", registry).get("c", {}).get("c.rule")


def opens(prefilter: tuple[str, ...], value: str) -> bool:
    return any(re.search(pattern, value, re.ASCII) for pattern in prefilter)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(conditions, values, values)
@example(matching(".*a|b.*"), "xbx", "1")
def test_a_value_that_fails_a_condition_opens_its_gate(condition: tuple[str, Truth], value: str, usual: str) -> None:
    text, holds = condition
    prefilter = guarding(Row(expression=text), usual)

    if prefilter is not None and not holds(value):
        assert opens(prefilter, value), (text, prefilter, value)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(patterns, st.booleans(), values, values)
def test_a_value_that_fails_a_pattern_opens_its_gate(pattern: str, negate: bool, value: str, usual: str) -> None:
    prefilter = guarding(Pattern(pattern=pattern, negate=negate), usual)
    fails = (re.fullmatch(pattern, value, re.ASCII) is not None) is negate

    if prefilter is not None and fails:
        assert opens(prefilter, value), (pattern, prefilter, value)
