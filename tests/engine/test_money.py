from decimal import Decimal

import pytest

from govdata.engine.syntax import literal
from govdata.standards.normalisers.currency_of import currency_in
from govdata.standards.normalisers.money import amount_of
from tests.engine.support import evaluate


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("300(万元人民币)", None, "3000000.00"),
        ("300（万元人民币）", None, "3000000.00"),
        ("¥1,000.00元", None, "1000.00"),
        ("50万美元", None, "500000.00"),
        ("300", "万元", "3000000.00"),
        ("300.5", "万元", "3005000.00"),
        ("300万元", "元", "3000000.00"),  # the text's own unit wins
        ("1.2亿元", None, "120000000.00"),
        ("3000000.00", "元", "3000000.00"),
        ("3000000", None, "3000000.00"),
        ("人民币100万元整", None, "1000000.00"),
        ("￥500万", "元", "5000000.00"),
        ("0.1", "万元", "1000.00"),
        ("-5", "万元", "-50000.00"),
        ("300", "箱", None),  # an unknown unit must not pass for 元
        ("叁佰万元", None, "3000000.00"),
        ("人民币壹亿零伍拾万元整", None, "100500000.00"),
        ("一百二万元", None, None),  # 1,020,000 to one, 1,200,000 to another
        ("百万元", None, None),
        ("一", "万元", None),  # a dash
        ("三百", None, None),
        ("1.2.3", None, None),
        ("0.001", "元", None),  # finer than the scale
        ("", None, None),
    ],
)
def test_amounts_in_yuan(value, unit, expected):
    result = evaluate(lambda x: amount_of(x, literal(unit), 2), [value])
    assert result == [Decimal(expected) if expected else None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("50万美元", "USD"),
        ("300(万元人民币)", "CNY"),
        ("¥1", "CNY"),
        ("HK$5", "HKD"),
        ("100万港元", "HKD"),
        ("5欧元", "EUR"),
        ("300", None),
        (None, None),
    ],
)
def test_currency_named_in_an_amount(value, expected):
    assert evaluate(currency_in, [value]) == [expected]


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("50万美元", "USD", "500000.00"),
        ("50万美元", "CNY", None),  # the text says one currency, the column another
        ("HK$1,000,000", "CNY", None),
        ("300万元", "USD", "3000000.00"),  # a bare 元 names no currency
        ("300万元人民币", "USD", None),
        ("300", "USD", "300.00"),
    ],
)
def test_an_amount_in_another_currency_than_its_column_says_is_none(value, currency, expected):
    result = evaluate(lambda x: amount_of(x, None, 2, literal(currency)), [value])
    assert result == [Decimal(expected) if expected else None]
