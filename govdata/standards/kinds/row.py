from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, Self

from sqlglot import exp

from govdata.standards import expressions
from govdata.standards.kinds.base import Contradiction, Form, Place, RuleKind, Subject
from govdata.standards.source import Everything
from govdata.standards.types import TYPES
from govdata.standards.written import Text
from govdata.trees import sql


class Row(RuleKind):
    """A row expression over standardised columns (govdata.standards.expressions), judged as a SQL CHECK constraint is:
    the row fails only where it is false; where it is unknown the rule does not apply and the row is not counted as
    checked."""

    forms = {
        "row": Form(
            Text,
            "行表达式，value 代表本列",
            "id_birth_date(value) < delivery_date()",
            "190101194912310029",
            "190101203012311012",
        )
    }
    types = frozenset(TYPES)

    kind: Literal["row"] = "row"
    expression: str

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        try:
            columns = {"value": place.type}
            expressions.parse(written, columns=columns, code_sets=place.code_sets, of_rule=True)
        except expressions.ExpressionError as error:
            raise Contradiction(f"表达式有误：{error}") from None
        return cls(expression=written)

    def written(self) -> tuple[str, Any]:
        return "row", self.expression

    def code_sets(self) -> tuple[str, ...]:
        return _asked(self.expression)

    def violation(self, subject: Subject) -> exp.Expression:
        return sql("NOT coalesce(:e, TRUE)", e=subject.condition(self.expression))

    def applicable(self, subject: Subject) -> exp.Expression:
        return sql(":e IS NOT NULL", e=subject.condition(self.expression))


@lru_cache(maxsize=4096)
def _asked(expression: str) -> tuple[str, ...]:
    if not any(name in expression.lower() for name in expressions.ASKING):
        return ()
    anything = Everything()
    tree = expressions.parse(expression, columns=anything, code_sets=anything, of_rule=True)
    return expressions.referenced_code_sets(tree)
