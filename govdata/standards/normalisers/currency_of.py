"""The currency of an amount: what the amounts name, and the cell filled from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from govdata.standards.arguments import OtherColumn
from govdata.standards.normalisers.base import TEXTUAL, Cell, Example, NormaliserKind, Stage
from govdata.trees import literal, sql

CURRENCIES: dict[str, str] = {
    "CNY": "人民币|RMB|CNY|¥|￥|元|圆|块",
    "USD": r"美元|美金|USD|US\$|\$",
    "HKD": r"港元|港币|港幣|HKD|HK\$",
    "MOP": "澳门元|澳元（澳门）|MOP|葡币",
    "TWD": "新台币|台币|TWD",
    "EUR": "欧元|EUR|€",
    "GBP": "英镑|GBP|£",
    "JPY": "日元|日圆|日币|JPY",
    "KRW": "韩元|韩圆|KRW",
    "SGD": "新加坡元|新元|SGD",
    "AUD": "澳大利亚元|澳元|AUD",
    "CAD": "加拿大元|加元|CAD",
    "CHF": "瑞士法郎|CHF",
}
"""ISO 4217 (GB/T 12406) code → what it is called in amounts; tried in reverse order, so 美元 wins over the bare 元."""

NAMES = "|".join(sorted((name for names in CURRENCIES.values() for name in names.split("|")), key=len, reverse=True))


class CurrencyOf(NormaliserKind):
    """The currency that an amount's text names, where the currency's own cell is empty; what the cell says is held
    against the amount when that is read (``money``)."""

    name = "currency_of"
    title = "由金额文本推断币种"
    remark = "只在币种空着时"
    types = TEXTUAL
    arguments = (OtherColumn("column", "金额列的名称"),)
    informs = ("column",)
    examples = (
        Example(None, "USD", {"column": "capital"}, {"capital": "50万美元"}),
        Example("CNY", "CNY", {"column": "capital"}, {"capital": "50万美元"}),
    )

    def stage(self, args: Mapping[str, Any], *, coded: bool) -> Stage:
        return Stage.INFERENCE

    def tree(self, cell: Cell, args: Mapping[str, Any]) -> exp.Expression:
        amount = cell.delivered(args["column"])
        return cell.value if amount is None else sql("coalesce(:x, :c)", x=cell.value, c=currency_in(amount))


AROUND = "[ \\t]+|^(?:注册资[本金]|出资额|认缴出资额?):?"
"""Spaces, and the name of the column before its amount."""


def tidy_amount(x: exp.Expression) -> exp.Expression:
    """An amount with its width, case and spaces standardised."""
    return sql("regexp_replace(upper(translate(:x, '（），．：萬億圓', '(),.:万亿圆')), :p, '', 'g')", x=x, p=AROUND)


def currency_in(x: exp.Expression, *, bare: bool = True) -> exp.Expression:
    """ISO 4217 code of the currency a text names, NULL where it names none. ``bare``: a 元 alone is the Chinese one."""
    tidied = tidy_amount(x)
    case = exp.Case()
    for code, names in reversed(CURRENCIES.items()):
        words = names if bare else names.removesuffix("|元|圆|块")
        case = case.when(sql("regexp_matches(:x, :p)", x=tidied, p=words), literal(code))
    return case
