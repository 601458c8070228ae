from __future__ import annotations

from typing import Any, Literal, Self

from sqlglot import exp

from govdata.standards import patterns
from govdata.standards.kinds.base import Contradiction, Form, Place, ValueRule
from govdata.standards.written import Text
from govdata.trees import literal
from govdata.trees.matching import matches
from govdata.trees.shared_calls import mark


class Pattern(ValueRule):
    """The whole value matches ``pattern`` (RE2; ``negate``: must not match)."""

    forms = {
        "pattern": Form(Text, "整个值应匹配的正则（RE2 子集，不写 ^ $）", "[1-9][0-9]{5}", "190101", "019010"),
        "not_pattern": Form(Text, "整个值不应匹配的正则", r"[0-9.]+E\+?[0-9]+", "190101", "1.90102E+17"),
    }
    types = frozenset({"text", "code"})

    kind: Literal["pattern"] = "pattern"
    pattern: str
    negate: bool = False

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        if refusal := patterns.refusal(written):
            raise Contradiction(refusal)
        return cls(pattern=written, negate=key == "not_pattern")

    def written(self) -> tuple[str, Any]:
        return "not_pattern" if self.negate else "pattern", self.pattern

    def passes(self, value: str) -> bool:
        return patterns.matches(self.pattern, value) is not self.negate

    def predicate(self, value: exp.Expression) -> exp.Expression:
        # Marked: several rules may ask it of the same column.
        found = mark(exp.Paren(this=matches(value, self.pattern)), "matches", [value, literal(self.pattern)])
        return exp.Not(this=found) if self.negate else found
