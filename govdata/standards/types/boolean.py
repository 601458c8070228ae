from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.trees import one_of, sql

YES = ("1", "true", "t", "y", "yes", "是", "有", "已", "√")
NO = ("0", "false", "f", "n", "no", "否", "没有", "无", "未", "×")


class Boolean(ElementType):
    name = "boolean"
    title = "真假"
    storage = "BOOLEAN"
    odcs = ("boolean",)
    row_kind = "boolean"
    unreadable = "不是“是”或“否”"
    ledger = "boolean"
    words = frozenset((*YES, *NO))
    examples = (("是", "true"), ("0", "false"), ("√", "true"), ("无", "false"), ("或许", None))

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        return sql(
            "CASE WHEN :yes THEN TRUE WHEN :no THEN FALSE END",
            yes=one_of(sql("lower(:x)", x=x), YES),
            no=one_of(sql("lower(:x)", x=x), NO),
        )

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        return x if arrives == "BOOLEAN" else None
