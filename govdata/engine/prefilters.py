"""Which values of a text column could fail a rule, as patterns to be searched for.

The pass searches each delivered text once for what a step could touch. What the column's rules forbid is searched for
in the same walk of the automaton, and the rules themselves are asked only where something was found: of a usual
delivery's cells that is one in a hundred. The GX suite asks every rule of every row when it counts again what was
written, so a prefilter that lets a failing value by is noticed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from govdata.engine.rules import parsed_row
from govdata.standards.model import BoundRule, Garbled, Pattern, Registry, Row
from govdata.trees import mojibake
from govdata.trees.matching import searched

ONE_CLASS = re.compile(r"\[(?P<negated>\^?)(?P<body>(?:\\.|[^\]\\])+)\]\+")
"""A text of characters of one class: the only form whose contrary is a search, for a character outside the class."""


def prefilters(dataset: str, registry: Registry) -> dict[str, dict[str, tuple[str, ...]]]:
    """Column → rule id → patterns (RE2, searched): a text that no step touches and in which none is found does not fail
    the rule.

    A pattern that is found in the first valid example of the column's element is of no use: it would be found in nearly
    every row. Where there is no example, only what a pattern rule itself forbids is taken to be rare."""
    texts = {item.name: registry.elements[item.element] for item in registry.datasets[dataset].columns}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for rule in registry.rules(dataset):
        if rule.empties:
            continue  # asked when the value is made
        for name in rule.columns:
            if texts[name].type != "text":
                continue
            patterns = _patterns(rule, _Prefilter(name, texts[name].examples.valid[:1]), registry)
            if patterns is not None:
                found.setdefault(name, {})[rule.id] = tuple(patterns)
                break
    return found


def _patterns(rule: BoundRule, prefilter: _Prefilter, registry: Registry) -> list[str] | None:
    match rule.spec:
        case Pattern(pattern=pattern, negate=negate):
            return prefilter.found(pattern) if negate else prefilter.contrary(pattern)
        case Garbled():
            return prefilter.useful(mojibake.search())
        case Row() if prefilter.usual:
            return prefilter.implied(parsed_row(rule, registry), False)
    return None


@dataclass(frozen=True)
class _Prefilter:
    """What can be searched for in ``column``, whose values usually look like ``usual``. None: nothing that would single
    out few rows."""

    column: str
    usual: tuple[str, ...]

    def implied(self, node: exp.Expression, truth: bool) -> list[str] | None:
        """Patterns of which one is found wherever ``node`` is ``truth``."""
        match node:
            case exp.Paren():
                return self.implied(cast(exp.Expression, node.this), truth)
            case exp.Not():
                return self.implied(cast(exp.Expression, node.this), not truth)
            case exp.And() | exp.Or():
                left = self.implied(cast(exp.Expression, node.left), truth)
                right = self.implied(cast(exp.Expression, node.right), truth)
                if isinstance(node, exp.And) is truth:  # both sides are so: either will do
                    return right if left is None else left
                return None if left is None or right is None else [*left, *right]
            case exp.Anonymous() if node.name.lower() == "matches":
                value, pattern = node.expressions
                if isinstance(value.unnest(), exp.Column) and value.unnest().name == self.column:
                    return self.found(pattern.name) if truth else self.contrary(pattern.name)
        return None

    def found(self, pattern: str) -> list[str] | None:
        """A search that finds at least the values that match ``pattern`` as a whole."""
        inner = searched(pattern)
        return self.useful(f"(?:{inner})" if inner is not None else f"^(?:{pattern})$")

    def contrary(self, pattern: str) -> list[str] | None:
        """A search that finds every value (not empty) that does not match ``pattern``."""
        form = ONE_CLASS.fullmatch(pattern)
        return None if form is None else self.useful(f"[{'' if form['negated'] else '^'}{form['body']}]")

    def useful(self, search: str) -> list[str] | None:
        return None if any(re.search(search, value, re.ASCII) for value in self.usual) else [search]
