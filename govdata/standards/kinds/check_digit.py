from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from sqlglot import exp

from govdata.standards.kinds.base import Form, Place, ValueRule
from govdata.trees import literal
from govdata.trees.check_digits import ALGORITHMS, check_digit_ok
from govdata.trees.shared_calls import mark

if TYPE_CHECKING:
    CheckDigitAlgorithm = str
else:
    CheckDigitAlgorithm = Literal[tuple(ALGORITHMS)]


class CheckDigit(ValueRule):
    """The value has the algorithm's form and its check digit is right."""

    forms = {
        "check_digit": Form(CheckDigitAlgorithm, "校验码算法", "gb11643", "190101194912310029", "190101194912310020")
    }
    types = frozenset({"text"})

    kind: Literal["check_digit"] = "check_digit"
    algorithm: CheckDigitAlgorithm

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        return cls(algorithm=written)

    def written(self) -> tuple[str, Any]:
        return "check_digit", self.algorithm

    def predicate(self, value: exp.Expression) -> exp.Expression:
        # Marked: several rules may ask it of the same column.
        return mark(
            exp.Paren(this=check_digit_ok(self.algorithm, value)), "check_digit_ok", [literal(self.algorithm), value]
        )
