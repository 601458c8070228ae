from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.trees import sql


def number_text(x: exp.Expression) -> exp.Expression:
    """Thousands separators go where they part groups of three; anything else stays and then fails to be a number."""
    return sql(
        "CASE WHEN regexp_full_match(:x, :p) THEN replace(:x, ',', '') ELSE :x END",
        x=x,
        p=r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?",
    )


class Integer(ElementType):
    """BIGINT; 25.0 is 25, 25.5 is not an integer, 1e3 is not a number here."""

    name = "integer"
    title = "整数"
    storage = "BIGINT"
    odcs = ("integer",)
    row_kind = "number"
    unreadable = "不是整数"
    ledger = "number"
    examples = (("25", "25"), ("25.0", "25"), ("1,234", "1234"), ("25.5", None), ("1e3", None))

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        number = number_text(x)
        return sql(
            "CASE WHEN regexp_full_match(:n, :p) THEN TRY_CAST(regexp_replace(:n, '\\.0+$', '') AS BIGINT) END",
            n=number,
            p=r"[-+]?[0-9]{1,18}(\.0+)?",
        )
