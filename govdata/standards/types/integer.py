from __future__ import annotations

import re

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.trees import sql


def number_text(x: exp.Expression) -> exp.Expression:
    """Thousands separators go where they part groups of three; anything else stays and then fails to be a number."""
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) THEN regexp_replace(:x, '[, ]', '', 'g') ELSE :x END",
        x=x,
        p=r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|[-+]?[0-9]{1,3}( [0-9]{3})+(\.[0-9]+)?",
    )


def digits_behind(arrives: str) -> int | None:
    """How many digits behind the point numbers of an SQL type have; None: it is no type of exact numbers."""
    if arrives == "BIGINT":
        return 0
    decimal = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", arrives)
    return int(decimal[1]) if decimal else None


class Integer(ElementType):
    """BIGINT; 25.0 is 25, 25.5 is not an integer, 1e3 is not a number here."""

    name = "integer"
    title = "整数"
    storage = "BIGINT"
    odcs = ("integer",)
    row_kind = "number"
    unreadable = "不是整数"
    ledger = "number"
    examples = (
        ("25", "25"),
        ("25.0", "25"),
        ("1,234", "1234"),
        ("12 345", "12345"),
        ("335 0", None),
        ("25.5", None),
        ("1e3", None),
    )

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        number = number_text(x)
        return sql(
            "CASE WHEN regexp_full_match(:n, :p) THEN TRY_CAST(regexp_replace(:n, '\\.0+$', '') AS BIGINT) END",
            n=number,
            p=r"[-+]?[0-9]{1,18}(\.0+)?",
        )

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        """Whole numbers of up to 18 digits."""
        if digits_behind(arrives) != 0:
            return None
        return sql(f"CASE WHEN :x > -{10**18} AND :x < {10**18} THEN CAST(:x AS BIGINT) END", x=x)
