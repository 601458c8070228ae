from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Whole
from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql


class PadLeft(NormaliserKind):
    name = "pad_left"
    title = "左侧补零"
    arguments = (Whole("length", "补足后的位数", low=2),)
    examples = (Example("1", "01", {"length": 2}),)

    def search(self, args: Mapping[str, Any]) -> str:
        return f"^[0-9]{{1,{args['length'] - 1}}}$"

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        return sql(
            "CASE WHEN regexp_full_match(:x, :p) THEN lpad(:x, :n, '0') ELSE :x END",
            x=x,
            p=f"[0-9]{{1,{args['length'] - 1}}}",
            n=args["length"],
        )
