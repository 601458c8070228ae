from __future__ import annotations

from sqlglot import exp

from govdata.standards.types.base import ElementType
from govdata.standards.types.integer import digits_behind, number_text
from govdata.trees import sql, try_cast

DIGITS = 24
DEFAULT_SCALE = 2


def scale_of(scale: int | None) -> int:
    return DEFAULT_SCALE if scale is None else scale


class DecimalType(ElementType):
    """DECIMAL(24, scale). More digits than the scale (after trailing zeros) would be lost in silence, so such a text is
    not read."""

    name = "decimal"
    title = "小数"
    odcs = ("number",)
    row_kind = "number"
    unreadable = "不是数值"
    ledger = "number"
    keys = ("scale",)
    examples = (("1.5", "1.50"), ("1,000.00", "1000.00"), ("0.125", None), ("1e3", None))

    def sql_type(self, scale: int | None) -> str:
        return f"DECIMAL({DIGITS},{scale_of(scale)})"  # as DuckDB writes it

    def value(self, x: exp.Expression, scale: int | None) -> exp.Expression:
        number, behind = number_text(x), scale_of(scale)
        return sql(
            "CASE WHEN regexp_full_match(:n, :p) THEN :t END",
            n=number,
            p=rf"[-+]?[0-9]{{1,{DIGITS - behind}}}(\.[0-9]{{0,{behind}}}0*)?",
            t=try_cast(number, self.sql_type(scale)),
        )

    def typed(self, x: exp.Expression, arrives: str, scale: int | None) -> exp.Expression | None:
        """Numbers with no more digits behind the point than the scale has."""
        behind = digits_behind(arrives)
        if behind is None or behind > scale_of(scale):
            return None
        return try_cast(x, self.sql_type(scale))

    def altered(self, raw: exp.Expression, value: exp.Expression) -> exp.Expression:
        """300, 300.0 and 300.00 are the same number written plainly."""
        return sql("TRY_CAST(:r AS DECIMAL(38, 8)) IS DISTINCT FROM :x OR strpos(:r, ',') > 0", r=raw, x=value)
