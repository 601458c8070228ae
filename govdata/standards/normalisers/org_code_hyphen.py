from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql

WITHOUT_HYPHEN = "^([0-9A-Z]{8})[\u2010-\u2015\u2212_ ]*([0-9X])$"


class OrgCodeHyphen(NormaliserKind):
    name = "org_code_hyphen"
    title = "组织机构代码补连字符"
    types = TEXTUAL
    pattern = WITHOUT_HYPHEN
    examples = (Example("MA7F0KF46", "MA7F0KF4-6"), Example("MA7F0KF4—6", "MA7F0KF4-6"))

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '\\1-\\2')", x=x, p=WITHOUT_HYPHEN)
