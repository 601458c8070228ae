from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.normalisers.base import Example, NormaliserKind
from govdata.trees import sql


class ExcelText(NormaliserKind):
    name = "excel_text"
    title = "还原表格软件造成的文本损伤（如尾部.0、等号引号）"
    pattern = r'"$|\.0+$'
    keeps_dates = True
    keeps_numbers = True
    examples = (
        Example('="190101198408043281"', "190101198408043281"),
        Example("17950103295.0", "17950103295"),
        Example("1.90102E+17", "1.90102E+17"),
    )

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        """``="123"`` back to 123, and the ``.0`` a spreadsheet hangs on an integer. Lost digits (3.4E+17) are left as
        they are: nobody can know them."""
        unwrapped = sql("""regexp_replace(:x, '^=?"([^"]*)"$', '\\1')""", x=x)
        return sql(r"regexp_replace(:x, '^([0-9]{1,15})\.0+$', '\1')", x=unwrapped)
