"""What owners are told at the end of a night: by root cause, once, and that it is over."""

from __future__ import annotations

import re

import pytest

from govdata import governance
from govdata.assets import orders
from govdata.governance.notices import Notified, downstream
from govdata.operations import alerts
from tests.governance.conftest import PEOPLE, City
from tests.governance.test_closing import BAD_PLACE, GOOD, MENDED_PLACE
from tests.governance.test_scopes import RULE
from tests.masters.conftest import ROLL_UP, SUMS, contract

QUALITY = """\
    quality:
      - name: placed
        description: 没有区划
        type: custom
        engine: govdata
        dimension: completeness
        severity: warning
        implementation: {row: place IS NOT NULL, columns: [place]}
"""


def tell(city: City, number: int) -> list[alerts.Alert]:
    """What is told of a night; all notices that stand in the folder then."""
    orders.tell(city.deployment, city.registry, city.day(number), "run")
    return list(alerts.notices(city.deployment))


def test_a_problem_is_told_once_and_again_when_it_is_over(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    (found,) = tell(city, 0)
    assert (found.kind, found.owner, found.date) == ("found", "公安", "2026-03-02")
    (message,) = found.reasons
    assert (
        "新发现：表people（people）" in message and "1 条" in message and city.order("place.code_set").number in message
    )
    city.night(0, [*GOOD, BAD_PLACE])
    assert tell(city, 0) == [found]  # done again
    city.night(1, [*GOOD, MENDED_PLACE])
    solved = tell(city, 1)[-1]
    assert (solved.kind, solved.owner) == ("resolved", "公安")
    assert "已解决" in solved.reasons[0] and "已修正 1 条，已消失 0 条" in solved.reasons[0]
    city.night(2, [*GOOD, BAD_PLACE])
    assert "重新出现" in tell(city, 2)[-1].reasons[0]


def test_a_column_that_did_not_come_is_one_message_whatever_rules_say_so(city: City) -> None:
    element = "{property: element, value: place}"
    people = contract("people", "公安", PEOPLE, "id").replace(
        "{name: place, required: false", "{name: place, required: true"
    )
    people = people.replace(element, element + ", {property: optional_header, value: true}")
    city.write("datasets/people.odcs.yaml", people + QUALITY)
    city.judged("people", city.day(0), [f"A{n},甲,1990-01-01,190101" for n in range(6)], header="id,name,born,quhua")
    governance.judge_night(city.registry, city.deployment, city.day(0))
    assert {order.rule_id for order in city.state.orders.values()} == {"place.required", "placed"}
    (found,) = tell(city, 0)
    (message,) = found.reasons
    assert "整列都是空的）等 2 条规则，12 条" in message and "IN ('place.required', 'placed')" in message


def test_fifty_alike_are_one_message_with_their_number(city: City) -> None:
    city.night(0, [f"A{n},甲,1990-01-01,88888{n % 2}" for n in range(50)])
    (found,) = tell(city, 0)
    counts = [int(re.search(r"，([\d,]+) 条。", reason)[1]) for reason in found.reasons]  # type: ignore[index]
    assert sum(counts) == 50 and counts == sorted(counts, reverse=True) and len(counts) <= 2


def test_each_owner_hears_of_its_own_and_who_uses_the_table(city: City) -> None:
    city.write("rules/all.yaml", RULE)
    city.write(
        "datasets/sums.odcs.yaml",
        contract("sums", "数据局", SUMS, "division", ROLL_UP.replace("dead: died", "dead: born")),
    )
    assert downstream(city.registry, "people") == ["表sums（数据局）", "表births（卫健）"]
    assert downstream(city.registry, "births") == []
    city.night(0, [*GOOD, BAD_PLACE])
    (found,) = tell(city, 0)
    assert "使用这张表的：表sums（数据局）、表births（卫健）。" in found.reasons[0]


def test_the_query_lists_the_rows(city: City) -> None:
    header = "id,name,born,place\n"
    city.deliver("people", city.day(0), header + "\n".join([*GOOD, BAD_PLACE]) + "\n")
    governance.judge_night(city.registry, city.deployment, city.day(0))
    (found,) = tell(city, 0)
    query = found.reasons[0].partition("查询：")[2]
    assert len(city.ask(query)) == 1


@pytest.mark.slow
def test_what_a_dead_run_did_not_tell_is_told_by_the_next(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    tell(city, 0)
    city.night(1, [*GOOD, MENDED_PLACE])  # the run dies before it tells
    city.night(2, [*GOOD, MENDED_PLACE])
    assert [told.kind for told in tell(city, 2)] == ["found", "resolved"]
    Notified.path(city.deployment).unlink()
    assert len(tell(city, 2)) == 2  # how far was told is not known: nothing of an older night again


def test_notices_hold_no_value_and_stand_apart_from_faults(city: City) -> None:
    city.night(0, [*GOOD, BAD_PLACE])
    (found,) = tell(city, 0)
    assert not list(alerts.alerts(city.deployment))
    told = "".join(path.read_text(encoding="utf-8") for path in city.deployment.notices.iterdir())
    assert "发现数据问题：公安" in told
    assert not [value for value in BAD_PLACE.split(",") if value in told.replace("-", "")]
    assert found.run_id == "run"
