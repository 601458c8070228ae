from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field
from sqlglot import exp

from govdata.standards.kinds.base import Contradiction, Form, Place, ValueRule
from govdata.standards.spelling import suggestion
from govdata.standards.written import Name, Written


class CodeSetUse(Written):
    code_set: Name = Field(description="代码集的标识")
    current: bool = Field(False, description="只接受交付日仍有效的代码")


class InCodeSet(ValueRule):
    """The standardised value is a code of ``code_set``; ``current`` demands one that is not abolished at the delivery
    date."""

    forms = {"in_code_set": Form(CodeSetUse, "值应在代码集中", {"code_set": "sex"}, "1", "7")}
    types = frozenset({"text", "code"})

    kind: Literal["code_set"] = "code_set"
    code_set: str
    current: bool = False

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        if written.code_set not in place.code_sets:
            near = suggestion(written.code_set, place.code_sets)
            raise Contradiction(f"没有名为“{written.code_set}”的代码集{near}")
        return cls(code_set=written.code_set, current=written.current)

    def code_sets(self) -> tuple[str, ...]:
        return (self.code_set,)

    def predicate(self, value: exp.Expression) -> exp.Expression:
        return member(value, self.code_set, current=self.current)


def member(value: exp.Expression, code_set: str, *, current: bool = False) -> exp.Expression:
    """``value IN (SELECT code FROM codes.<set>)``: one hash probe per row, however long the list."""
    table = exp.Table(this=exp.to_identifier(code_set, quoted=True), db=exp.to_identifier("codes", quoted=True))
    query = exp.select(exp.column("code", quoted=True)).from_(table)
    if current:
        query = query.where(exp.column("current", quoted=True))
    return exp.In(this=value.copy(), query=exp.Subquery(this=query))
