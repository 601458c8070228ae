from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from sqlglot import exp

from govdata.standards.kinds.base import Form, Place, ValueRule, between, check_order
from govdata.standards.written import Maybe, Written
from govdata.trees import sql


class LengthBounds(Written):
    min: Maybe[Annotated[int, Field(ge=0)]] = Field(None, description="最少字符数")
    max: Maybe[Annotated[int, Field(ge=0)]] = Field(None, description="最多字符数")


class Length(ValueRule):
    """Characters, not bytes."""

    forms = {"length": Form(LengthBounds, "字符数", {"min": 2, "max": 50}, "张三", "张")}
    types = frozenset({"text", "code"})

    kind: Literal["length"] = "length"
    min: int | None = None
    max: int | None = None

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        check_order(written.min, written.max)
        return cls(min=written.min, max=written.max)

    def passes(self, value: str) -> bool:
        return (self.min is None or len(value) >= self.min) and (self.max is None or len(value) <= self.max)

    def predicate(self, value: exp.Expression) -> exp.Expression:
        return between(sql("length(:x)", x=value), self.min, self.max)
