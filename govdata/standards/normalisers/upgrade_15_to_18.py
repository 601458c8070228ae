from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import Codes, OtherColumn
from govdata.standards.normalisers.base import TEXTUAL, Cell, Example, NormaliserKind, Stage
from govdata.trees import one_of, sql
from govdata.trees.check_digits import gb11643_digit

FIFTEEN = "[1-9][0-9]{7}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}"


class Upgrade15To18(NormaliserKind):
    """GB 11643-1999: century digits after the sixth digit, then the check digit; sequences 996–999 of the 1989 edition
    marked centenarians (18xx)."""

    name = "upgrade_15_to_18"
    title = "15位公民身份号码升为18位（写明证件类型列的，只对所列证件）"
    types = TEXTUAL
    arguments = (
        OtherColumn("document_column", "证件类型列的名称", optional=True),
        Codes("documents", "升位的证件类型代码，与 document_column 一起写", optional=True, of="document_column"),
    )
    pattern = f"^{FIFTEEN}$"
    examples = (
        Example("190101491231002", "190101194912310029"),
        Example(
            "190101491231002",
            "190101194912310029",
            {"document_column": "doc_type", "documents": ["111"]},
            {"doc_type": "111"},
        ),
        Example(
            "190101491231002",
            "190101491231002",
            {"document_column": "doc_type", "documents": ["111"]},
            {"doc_type": "414"},
        ),
    )

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        return Stage.CODES if "document_column" in args else Stage.TEXT

    def contradiction(self, args: Mapping[str, Any]) -> str | None:
        together = ("document_column" in args) == ("documents" in args)
        return None if together else "document_column 和 documents 应一起写"

    def text(self, x: exp.Expression, args: Mapping[str, Any]) -> exp.Expression:
        seventeen = sql(
            "left(:x, 6) || CASE WHEN substr(:x, 13, 2) = '99' AND right(:x, 1) >= '6' THEN '18' ELSE '19' END || "
            "substr(:x, 7, 9)",
            x=x,
        )
        upgraded = sql(":s || :d", s=seventeen, d=gb11643_digit(seventeen))
        return sql("CASE WHEN regexp_full_match(:x, :p) THEN :u ELSE :x END", x=x, u=upgraded, p=FIFTEEN)

    def tree(self, cell: Cell, args: Mapping[str, Any]) -> exp.Expression:
        document = cell.standard(args["document_column"])
        if document is None:
            return cell.value
        return sql(
            "CASE WHEN :l THEN :d ELSE :x END",
            l=one_of(document, args["documents"]),
            d=self.text(cell.value, args),
            x=cell.value,
        )
