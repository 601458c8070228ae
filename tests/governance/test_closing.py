"""Orders open, close and reopen as deliveries prove: every case with its known answer."""

from __future__ import annotations

import pytest

from govdata import governance
from govdata.governance import tables
from govdata.governance.calendar import Calendar
from govdata.governance.orders import CLOSED, IN_HAND, ISSUED, REOPENED, REPLIED, VOID, WAITING
from tests.governance.conftest import SETTINGS, City, settings
from tests.masters.conftest import PLACES

GOOD = ["A1,甲,1990-01-01,190101", "A2,乙,1991-01-01,190102"]
BAD_PLACE = "A3,丙,1992-01-01,999999"
MENDED_PLACE = "A3,丙,1992-01-01,190101"
CODE_SET = ", rules: {\n  code_set: {dimension: conformity, severity: warning, message: 区划不在代码集中}}"
PLACE, SHAPE = "place.code_set", "id.shape"


def test_an_order_is_issued_with_number_department_due_date_and_legal_source(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])

    order = city.order(PLACE)
    assert order.number == "GD-190100-GA-20260302-0001"
    assert (order.department, order.state, len(order.open)) == ("公安", ISSUED, 1)
    assert order.due.isoformat() == "2026-03-16"  # ten working days; 2 March does not count
    assert order.facts["sign_due"] == "2026-03-04"
    assert (order.facts["limit_source"], order.facts["limit_grade"], order.facts["severity"]) == (
        "测试",
        "B",
        "warning",
    )


def test_it_closes_when_the_same_record_passes_and_says_so(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    night = city.night(1, [*GOOD, MENDED_PLACE])

    order = city.order(PLACE)
    assert (order.state, order.closed, list(order.mended.values()), order.vanished) == (
        CLOSED,
        city.day(1),
        [city.day(1)],
        {},
    )
    assert night.events == {"EVIDENCE": 1, "VERIFY": 1} and night.open == 0


def test_a_record_that_a_full_delivery_lacks_has_vanished(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, GOOD)
    order = city.order(PLACE)
    assert (order.state, len(order.mended), len(order.vanished)) == (CLOSED, 0, 1)


def test_it_stays_open_while_one_item_fails(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE, "A4,丁,1993-01-01,888888"])
    city.night(1, [*GOOD, MENDED_PLACE, "A4,丁,1993-01-01,888888"])
    order = city.order(PLACE)
    assert (order.state, len(order.open), len(order.mended)) == (ISSUED, 1, 1)


def test_it_reopens_when_the_error_returns_and_counts_it(city: City) -> None:
    for number, place in enumerate([BAD_PLACE, MENDED_PLACE, BAD_PLACE, MENDED_PLACE, BAD_PLACE]):
        city.night(number, [*GOOD, place])
    order = city.order(PLACE)
    assert (order.state, order.reopened, len(order.open), order.mended) == (REOPENED, 2, 1, {})
    assert order.due.isoformat() == "2026-03-20"  # ten working days from the fifth night


def test_another_record_with_the_error_after_closing_is_another_order(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, [*GOOD, MENDED_PLACE])
    city.night(2, [*GOOD, MENDED_PLACE, "A4,丁,1993-01-01,888888"])
    numbers = {order.number: (order.state, order.reopened) for order in city.state.orders.values()}
    assert numbers == {"GD-190100-GA-20260302-0001": (CLOSED, 0), "GD-190100-GA-20260304-0001": (ISSUED, 0)}


def test_another_record_while_it_is_open_joins_it_with_a_due_date_of_its_own(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, [*GOOD, BAD_PLACE, "A4,丁,1993-01-01,888888"])
    order = city.order(PLACE)
    assert len(order.open) == 2
    assert sorted(day.isoformat() for day in order.item_due.values()) == ["2026-03-16", "2026-03-17"]


@pytest.mark.parametrize("effect", ["claim", "waiver", "plan", "unverifiable", "transfer", "standards"])
def test_no_reply_closes_anything(city: City, effect: str) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    city.say("REPLY", number, 0, reply="1", effect=effect, reason="已改")
    city.say("ACCEPT", number, 0)
    city.night(1, [*GOOD, BAD_PLACE])
    order = city.order(PLACE)
    assert (order.state, len(order.open)) == (IN_HAND, 1)  # the delivery speaks against it
    assert [event.kind for event in city.events][-1] == "FAILAGAIN"


def test_a_forged_line_that_closes_has_no_effect(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    city.say("VERIFY", number, 0, reason="我说办结")
    assert city.order(PLACE).state == ISSUED


def test_a_blocked_delivery_opens_but_proves_nothing(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, GOOD, published=False)  # cut off: half the records are missing
    assert city.order(PLACE).state == ISSUED
    city.night(2, [*GOOD, "A4,丁,1993-01-01,888888"], published=False)
    assert len(city.order(PLACE).open) == 2
    city.night(3, GOOD)
    assert city.order(PLACE).state == CLOSED


def test_the_night_again_adds_nothing(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    before = city.events
    again = city.night(0, [*GOOD, BAD_PLACE])
    assert (city.events, again.events) == (before, {})


def test_the_same_date_delivered_anew_is_a_later_word(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(0, [*GOOD, MENDED_PLACE])
    assert city.order(PLACE).state == CLOSED


def test_an_older_date_judged_again_tells_nothing_of_today(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(2, [*GOOD, MENDED_PLACE])
    assert city.night(1, [*GOOD, BAD_PLACE]).events == {}
    assert city.order(PLACE).state == CLOSED


def test_a_mended_key_is_the_same_record_by_its_identity_columns(city: City) -> None:
    city.night(0, [*GOOD, "错1,丙,1992-01-01,190101", "错2,丁,1993-01-01,190101"])
    city.night(1, [*GOOD, "A3,丙,1992-01-01,190101", "错3,丁,1993-01-01,190101"])  # one right, one wrong again
    order = city.order(SHAPE)
    assert (order.state, len(order.items), len(order.mended), len(order.open), order.vanished) == (ISSUED, 2, 1, 1, {})
    city.night(2, [*GOOD, "A3,丙,1992-01-01,190101", "A4,丁,1993-01-01,190101"])
    order = city.order(SHAPE)
    assert (order.state, len(order.mended), order.vanished) == (CLOSED, 2, {})


def test_a_key_that_goes_wrong_and_is_mended_leaves_the_record_s_other_items_what_they_are(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, [*GOOD, BAD_PLACE.replace("A3", "错3")])
    order = city.order(PLACE)
    assert (len(order.items), len(order.open), order.vanished) == (1, 1, {})
    city.night(2, [*GOOD, MENDED_PLACE])
    assert [(order.state, len(order.mended)) for order in city.state.orders.values()] == [(CLOSED, 1)] * 2


def test_another_person_of_the_same_name_and_birth_date_is_another_record(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    city.night(1, [*GOOD, MENDED_PLACE, BAD_PLACE.replace("A3", "A4")])
    order = city.order(PLACE)
    assert (len(order.items), len(order.open), len(order.mended)) == (2, 1, 1)


def test_a_wrong_key_without_identity_columns_vanishes(city: City) -> None:
    settings(city, SETTINGS.replace("identity: {people: [name, born]}\n", ""))
    city.night(0, [*GOOD, "错1,丙,1992-01-01,190101"])
    city.night(1, [*GOOD, "A3,丙,1992-01-01,190101"])
    order = city.order(SHAPE)
    assert (order.state, len(order.mended), len(order.vanished)) == (CLOSED, 0, 1)


def test_a_withdrawn_rule_voids_its_orders_and_closes_none(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    elements = (city.deployment.standards / "elements/all.yaml").read_text(encoding="utf-8")
    city.write(
        "elements/all.yaml", elements.replace("type: code, code_set: places,", "type: text,").replace(CODE_SET, "")
    )
    city.night(1, [*GOOD, BAD_PLACE])
    assert city.order(PLACE).state == VOID


@pytest.mark.parametrize("night", [0, 1])
def test_a_row_that_passes_as_it_was_under_changed_standards_is_released_and_not_the_department_s_work(
    city: City, night: int
) -> None:
    city.night(0, [*GOOD, BAD_PLACE, "A4,丁,1993-01-01,888888"])
    city.write("codes/places.csv", PLACES + "999999,新区,,190100,2000,,,\n")
    city.night(night, [*GOOD, BAD_PLACE, "A4,丁,1993-01-01,888888"])
    order = city.order(PLACE)
    assert (len(order.released), len(order.open), order.mended, order.vanished) == (1, 1, {}, {})
    (figures,) = tables.replay(city.deployment, Calendar())["department_performance"].to_pylist()
    assert (figures["items"], figures["resolved_items"], figures["mend_rate"]) == (1, 0, 0.0)

    city.night(2, [*GOOD, BAD_PLACE, "A4,丁,1993-01-01,190101"])
    order = city.order(PLACE)
    assert (order.state, len(order.released), len(order.mended)) == (CLOSED, 1, 1)
    assert city.events[-1].reason == "已修正 1 条，已消失 0 条，复审放行 1 条"


def test_a_row_whose_namesake_was_taken_away_was_mended_by_the_department(city: City) -> None:
    for number, lines in enumerate([["A1,乙,1991-01-01,190101"], []]):
        city.judged("people", city.day(number), ["A1,甲,1990-01-01,190101"], beside=lines)
        governance.judge_night(city.registry, city.deployment, city.day(number))
    (order,) = city.state.orders.values()
    assert (order.state, order.released) == (CLOSED, {})


def test_one_cause_of_many_rows_is_an_order_that_says_so(city: City) -> None:
    rows = [f"B{n},戊{n},1980-01-01,7{n % 2}" for n in range(20)]
    odd = [f"C{n},己{n},1980-01-01,12345{n}" for n in range(3)]
    city.night(0, [*GOOD, *(row[:-1] + "0" for row in rows), *odd])
    said = {order.facts["said"]: len(order.items) for order in city.state.orders.values() if order.rule_id == PLACE}
    assert said == {"都是同一个不认识的代码，写法为 99": 20, None: 3}


def test_a_column_that_did_not_come_is_said(city: City) -> None:
    contract = (city.deployment.standards / "datasets/people.odcs.yaml").read_text(encoding="utf-8")
    element = "{property: element, value: place}"
    contract = contract.replace("{name: place, required: false", "{name: place, required: true")
    city.write(
        "datasets/people.odcs.yaml", contract.replace(element, element + ", {property: optional_header, value: true}")
    )

    city.judged("people", city.day(0), [f"A{n},甲,1990-01-01,190101" for n in range(6)], header="id,name,born,quhua")
    governance.judge_night(city.registry, city.deployment, city.day(0))
    order = city.order("place.required")
    assert (len(order.items), order.facts["said"]) == (
        6,
        "交付文件里没有“区划”这一列（可能改了列名），因此整列都是空的",
    )


def test_rejected_records_are_an_order_until_they_are_gone(city: City) -> None:
    city.night(0, [*GOOD, "A9,甲,1990-01-01,190101,多,出,来"])
    order = city.order("rejected")
    assert (len(order.items), order.facts["severity"]) == (1, "error")
    city.night(1, GOOD)
    assert city.order("rejected").state == CLOSED


def test_waivers_hold_until_their_day_and_then_the_order_reopens(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    city.say("WAIVE", number, 0, reason="属实", until=city.day(5))
    city.night(1, [*GOOD, BAD_PLACE])
    assert city.order(PLACE).state == CLOSED
    city.night(5, [*GOOD, BAD_PLACE])
    assert city.order(PLACE).state == CLOSED
    city.night(6, [*GOOD, BAD_PLACE])
    order = city.order(PLACE)
    assert (order.state, order.reopened) == (REOPENED, 1)
    assert [event.kind for event in city.events][-2:] == ["EXPIRE", "REOPEN"]


def test_the_clock_marks_what_is_overdue_once_and_stops_while_suspended(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    city.say("SUSPEND", number, 4, reason="等待上级", until=city.day(18))
    city.night(17, [*GOOD, BAD_PLACE])
    assert not city.order(PLACE).overdue
    city.night(19, [*GOOD, BAD_PLACE])  # six working days were left on the fifth night
    order = city.order(PLACE)
    assert (order.state, order.due.isoformat(), order.overdue) == (ISSUED, "2026-03-30", False)
    city.night(29, [*GOOD, BAD_PLACE])
    city.night(30, [*GOOD, BAD_PLACE])
    assert city.order(PLACE).overdue
    assert [event.kind for event in city.events].count("OVERDUE") == 1


def test_a_reply_waits_for_review_and_then_for_a_delivery(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    number = city.order(PLACE).number
    city.say("SIGN", number, 0)
    city.say("REPLY", number, 1, reply="1", effect="claim")
    assert city.order(PLACE).state == REPLIED
    city.say("ACCEPT", number, 1)
    assert city.order(PLACE).state == WAITING
    city.night(2, [*GOOD, MENDED_PLACE])
    assert city.order(PLACE).state == CLOSED
