from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

STUDENT_NUMBER = "^([GJL])[-_./]([0-9]{17}[0-9X])$"


class StudentNumber(NormaliserKind):
    name = "student_number"
    title = "学籍号去除字母后的连字符"
    types = TEXTUAL
    pattern = STUDENT_NUMBER
    examples = (Example("G-190106201311223098", "G190106201311223098"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '\\1\\2')", x=x, p=STUDENT_NUMBER)
