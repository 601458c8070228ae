from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

AROUND = r"""^[(（\[【〔「“]([^a-z()（）\[\]【】〔〕「」“”'"]+)[)）\]】〕」”]$"""
BEHIND = "[ ]*[。，,;；、]+$"


class EdgeMarks(NormaliserKind):
    """What a sentence or a list leaves at the end of a value, and brackets around the whole: 男，, (男). A full stop or
    a mark at the start says something else."""

    name = "edge_marks"
    title = "去除末尾多余的逗号、句号、分号和整个值外面的括号"
    types = TEXTUAL | {"date", "datetime", "boolean"}
    pattern = f"{BEHIND}|{AROUND}"
    keeps_dates = True
    keeps_numbers = True
    examples = (
        Example("男，", "男"),
        Example("（已婚）。", "已婚"),
        Example("190101198408043281;", "190101198408043281"),
        Example("（2003-09-08）", "2003-09-08"),
        Example("(20)已婚(有配偶)", "(20)已婚(有配偶)"),
        Example("赵（若）", "赵（若）"),
        Example("[object Object]", "[object Object]"),
        Example("['男']", "['男']"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql(
            "regexp_replace(regexp_replace(regexp_replace(:x, :b, ''), :a, '\\1'), :b, '')", x=x, b=BEHIND, a=AROUND
        )
