from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import TEXTUAL, Example, NormaliserKind
from govdata.trees import sql
from govdata.trees.check_digits import check_digit_ok


class UsccLookalike(NormaliserKind):
    """I, O, S and Z do not exist in GB 32100 §4.2 and look like 1, 0, 5 and 2; the repair counts only where the check
    digit then proves it."""

    name = "uscc_lookalike"
    title = "统一社会信用代码形近字符还原（经校验码证实）"
    types = TEXTUAL
    touches = "IOSZ"
    examples = (
        Example("91190108MA5H7YDJOH", "91190108MA5H7YDJ0H"),
        Example("91180108MA5H7YDJOH", "91180108MA5H7YDJOH"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        repaired = sql("translate(:x, 'IOSZ', '1052')", x=x)
        return sql("CASE WHEN :ok THEN :r ELSE :x END", ok=check_digit_ok("gb32100", repaired), r=repaired, x=x)
