from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Texts
from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql


class CertificatePrefix(NormaliserKind):
    name = "certificate_prefix"
    title = "去除号码、日期前的字样"
    types = TEXTUAL | {"date"}
    keeps_dates = True
    arguments = (Texts("prefixes", "要去除的字样"),)
    examples = (
        Example("编号：A123", "A123", {"prefixes": ["编号", "No."]}),
        Example("至2036年6月29日", "2036年6月29日", {"prefixes": ["至"]}),
    )

    def search(self, args: Mapping[str, Any]) -> str:
        return "^(?:" + "|".join(map(re.escape, sorted(args["prefixes"], key=len, reverse=True))) + ")[:：]?[ ]*"

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql("regexp_replace(:x, :p, '')", x=x, p=self.search(args))
