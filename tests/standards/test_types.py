from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from govdata.standards.types import ALL, TYPES, ElementType
from govdata.standards.types.date import date_of, fast_date
from govdata.standards.types.datetime import datetime_of, fast_datetime
from govdata.trees import sql
from tests.engine.support import evaluate


def integer_of(x: exp.Expression) -> exp.Expression:
    return TYPES["integer"].value(x, None)


def boolean_of(x: exp.Expression) -> exp.Expression:
    return TYPES["boolean"].value(x, None)


NEW_YEAR = date(1990, 1, 1)


@pytest.mark.parametrize(
    "value",
    [
        "1990-01-01",
        "19900101",
        "1990-1-1",
        "1990/01/01",
        "1990/1/1",
        "1990.1.1",
        "1990年1月1日",
        "1990年01月01日",
        "一九九〇年一月一日",
        "一九九零年一月一日",
        "32874",
        "32874.0",
        "1990-01-01 00:00:00",
        "1990-01-01T08:30:00.000+08:00",
        "1990/1/1 8:05",
        "19900101083000",
        "631123200000",  # epoch milliseconds, midnight at +8
    ],
)
def test_every_shape_of_a_date(value):
    assert evaluate(date_of, [value]) == [NEW_YEAR]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("二〇〇五年十月二十六日", date(2005, 10, 26)),
        ("二〇二〇年十二月三十一日", date(2020, 12, 31)),
        ("一九八八年二月二十日", date(1988, 2, 20)),
    ],
)
def test_chinese_tens(value, expected):
    assert evaluate(date_of, [value]) == [expected]


@pytest.mark.parametrize(
    "value",
    ["19900231", "1990-02-30", "1990-13-01", "19900100", "19900001", "00000000", "0000-00-00", "1990", "199001", "01/02/1990", "abc", "",
     "infinity", "epoch", "1990-01-01-01", "1990年1月", "3.2874E+4"],
)  # fmt: skip
def test_what_is_not_a_date_stays_unread(value):
    assert evaluate(date_of, [value]) == [None]


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.dates(date(1900, 3, 1), date(2173, 10, 13)), min_size=1, max_size=50))
def test_dates_come_back_from_every_shape(days):
    shapes = ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d 13:45:06"]
    for shape in shapes:
        texts = [day.strftime(shape) if day.year >= 1000 else day.isoformat() for day in days]
        assert evaluate(date_of, texts) == days
    # Five digits that read as a year and a month (19725) are no day number.
    serials = {day: str((day - date(1899, 12, 30)).days) for day in days if day >= date(1927, 5, 18)}
    plain = {day: text for day, text in serials.items() if not ("1900" <= text[:4] <= "2100" and text[4:] != "0")}
    assert evaluate(date_of, list(plain.values())) == list(plain) if plain else True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-18 08:30:00", datetime(2026, 11, 18, 8, 30)),
        ("2026-11-18T08:30:05", datetime(2026, 11, 18, 8, 30, 5)),
        ("2026-11-18T08:30:05.123+08:00", datetime(2026, 11, 18, 8, 30, 5)),
        ("2026-11-18T00:30:05Z", datetime(2026, 11, 18, 8, 30, 5)),
        ("2026/11/18 8:5", datetime(2026, 11, 18, 8, 5)),
        ("20261118083005", datetime(2026, 11, 18, 8, 30, 5)),
        ("202611180830", datetime(2026, 11, 18, 8, 30)),
        ("2026年11月18日8时30分", datetime(2026, 11, 18, 8, 30)),
        ("2026年11月18日8时30分05秒", datetime(2026, 11, 18, 8, 30, 5)),
        ("2026-11-18", datetime(2026, 11, 18)),
        ("20261118", datetime(2026, 11, 18)),
        ("46344.354166667", datetime(2026, 11, 18, 8, 30)),
        ("2026-11-18 25:00:00", None),
        ("2026-11-31 08:00:00", None),
        ("08:30", None),
    ],
)
def test_datetimes(value, expected):
    assert evaluate(datetime_of, [value]) == [expected]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@example([(datetime(2000, 1, 1), ".", 18)])
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1800, 1, 1), datetime(2199, 1, 1)),
            st.text("0123456789-: ZPM+T./", max_size=4),
            st.integers(0, 18),
        )
    )
)
def test_the_fast_way_reads_what_the_slow_way_reads(cases):
    texts = []
    for moment, put, at in cases:
        for usual in (moment.isoformat(" ", "seconds"), moment.date().isoformat(), moment.strftime("%Y%m%d")):
            texts += [usual, usual[:at] + put + usual[at + len(put) :]]
    for fast, whole in ((fast_date, date_of), (fast_datetime, datetime_of)):
        # The steps of every element take spaces away before the slow way reads.
        slow = evaluate(lambda x, whole=whole: whole(x), [text.strip(" ") for text in texts])
        assert all(quick in (None, read) for quick, read in zip(evaluate(fast, texts), slow, strict=True))


def test_a_time_of_the_afternoon_is_not_read_as_morning():
    assert evaluate(fast_datetime, ["2026-11-18 08:30 PM", "2026-11-18 08:30+08", "2026-11-18 08:30:5Z"]) == [None] * 3


def test_a_blank_for_a_digit_of_the_time_is_not_read_as_nought():
    texts = ["2026-11-18 08: 3:00", "2026-11-18 08:3 :00", "2026-11-18 08:30: 5", "2026-11-18  8:30:00"]
    read = zip(evaluate(fast_datetime, texts), evaluate(datetime_of, texts), strict=True)
    assert [fast for fast, _ in read] == [None] * 4


def test_integers_and_decimals():
    texts = ["25", "25.0", "-3", "1,234", "12,34", "25.5", "1e3", "", "９", "999999999999999999"]
    assert evaluate(integer_of, texts) == [25, 25, -3, 1234, None, None, None, None, None, 999999999999999999]
    texts = ["1.50", "1.5", "1,000.00", "0.125", "0.120", "abc", "1e3", "-7"]
    expected = [
        Decimal("1.50"),
        Decimal("1.50"),
        Decimal("1000.00"),
        None,
        Decimal("0.12"),
        None,
        None,
        Decimal("-7.00"),
    ]
    assert evaluate(lambda x: TYPES["decimal"].value(x, 2), texts) == expected


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=40))
def test_no_text_raises(values):
    clean = [value.replace("\x00", "") for value in values]
    for build in (date_of, datetime_of, integer_of, boolean_of, lambda x: TYPES["decimal"].value(x, 2)):
        assert len(evaluate(build, clean)) == len(clean)


def test_excel_serials_skip_the_day_that_never_was():
    assert evaluate(date_of, ["10000"]) == [date(1899, 12, 30) + timedelta(days=10000)]


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.name)
def test_the_examples_of_a_type_hold(item: ElementType) -> None:
    read = evaluate(
        lambda x: sql("CAST(:v AS VARCHAR)", v=item.value(x, None)), [before for before, _ in item.examples]
    )
    assert read == [after for _, after in item.examples]
