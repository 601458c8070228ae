from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field
from sqlglot import exp

from govdata.standards.kinds.base import Form, Place, ValueRule, between, check_order
from govdata.standards.written import Maybe, Written


class NumberBounds(Written):
    min: Maybe[float] = Field(None, description="最小值（含）")
    max: Maybe[float] = Field(None, description="最大值（含）")


class Range(ValueRule):
    """Inclusive bounds of a number."""

    forms = {"range": Form(NumberBounds, "数值范围", {"min": 0, "max": 120}, "35", "135", "integer")}
    types = frozenset({"integer", "decimal"})

    kind: Literal["range"] = "range"
    min: float | None = None
    max: float | None = None

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        check_order(written.min, written.max)
        return cls(min=written.min, max=written.max)

    def written(self) -> tuple[str, Any]:
        bounds = {"min": self.min, "max": self.max}
        return "range", {name: int(b) if b == int(b) else b for name, b in bounds.items() if b is not None}

    def predicate(self, value: exp.Expression) -> exp.Expression:
        return between(value, self.min, self.max)
