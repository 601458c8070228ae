from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql

FULLWIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALFWIDTH = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + " "
FULLWIDTH_CLASS = "！-～\u3000"
FULLWIDTH_ALNUM = "".join(c for c, h in zip(FULLWIDTH, HALFWIDTH, strict=True) if h.isalnum())
HALFWIDTH_ALNUM = "".join(h for h in HALFWIDTH if h.isalnum())


class Halfwidth(NormaliserKind):
    name = "halfwidth"
    title = "全角转半角"
    touches = FULLWIDTH_CLASS
    keeps_dates = True
    keeps_numbers = True
    examples = (Example("１９０１０１　Ｘ（）", "190101 X()"),)

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        """DuckDB's ``translate`` reads its two alphabets anew for every text, so texts without such characters, most of
        those touched, pass."""
        return sql(
            "CASE WHEN regexp_matches(:x, :p) THEN translate(:x, :f, :t) ELSE :x END",
            x=x,
            p=f"[{FULLWIDTH_CLASS}]",
            f=FULLWIDTH,
            t=HALFWIDTH,
        )
