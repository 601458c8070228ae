from __future__ import annotations

from typing import Literal

from sqlglot import exp

from govdata.standards.kinds.base import RuleKind, Subject
from govdata.trees import sql


class Required(RuleKind):
    """There is a value; implied by a contract's ``required: true``. A text that could not be read is not missing."""

    kind: Literal["required"] = "required"

    def violation(self, subject: Subject) -> exp.Expression:
        unread = subject.unread()
        if unread == exp.false():
            return sql(":x IS NULL", x=subject.cell)
        return sql(":x IS NULL AND NOT :u", x=subject.cell, u=unread)

    def applicable(self, subject: Subject) -> exp.Expression:
        return exp.true()
