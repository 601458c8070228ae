from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.standards.normalisers.characters import escape_class
from govdata.trees import sql

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\uff5e~_/. "


class MarriageCertificate(NormaliserKind):
    name = "marriage_certificate"
    title = "婚姻登记证字号各段之间统一为连字符"
    types = TEXTUAL
    pattern = f"^B?[JL]-?[0-9]{{6}}[-{escape_class(DASHES)}]?[0-9]{{4}}|^B?[JL][-{escape_class(DASHES)}]"
    examples = (
        Example("J1901032015000001", "J190103-2015-000001"),
        Example("J190103/2015/000001", "J190103-2015-000001"),
        Example("J-190103—2015—000001", "J190103-2015-000001"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        parts = f"[-{escape_class(DASHES)}]?".join(["^(B?[JL])", "([0-9]{6})", "([0-9]{4})", "([0-9]{6})$"])
        return sql("regexp_replace(:x, :p, '\\1\\2-\\3-\\4')", x=x, p=parts)
