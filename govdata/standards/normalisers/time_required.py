from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.standards.types.moment import DATE_ONLY, arabic
from govdata.standards.types.spoken import plain
from govdata.trees import bound, sql


class TimeRequired(NormaliserKind):
    """A day without a time is no moment: midnight is not invented, the text stays for the type to refuse."""

    name = "time_required"
    title = "只有日期没有时间的不补零点，按不能识别处理"
    types = frozenset({"datetime"})
    pattern = "."
    keeps_dates = True
    examples = (
        Example("2026-11-10 08:30", "2026-11-10 08:30"),
        Example("2026年11月10日", "2026年11月10日 没有时间"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        # What was said is put in plain words once, and the type, which would do so again, finds it done.
        return bound(
            plain(x),
            "said",
            lambda said: sql(
                "CASE WHEN regexp_full_match(:d, :p) THEN :x || :missing ELSE :said END",
                d=arabic(said),
                p=DATE_ONLY,
                x=x,
                missing=" 没有时间",
                said=said,
            ),
        )
