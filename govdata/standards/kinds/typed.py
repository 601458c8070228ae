from __future__ import annotations

from typing import Literal

from sqlglot import exp

from govdata.standards.kinds.base import RuleKind, Subject
from govdata.trees import sql


class Typed(RuleKind):
    """The delivered text could be read as the element's type (date, datetime, integer, decimal, boolean); implied by
    the type."""

    kind: Literal["type"] = "type"

    def violation(self, subject: Subject) -> exp.Expression:
        return subject.unread()

    def applicable(self, subject: Subject) -> exp.Expression:
        return sql(":x IS NOT NULL OR :u", x=subject.cell, u=subject.unread())
