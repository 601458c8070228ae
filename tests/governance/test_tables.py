"""The five tables: counted by hand, the same after a replay, shown by the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from govdata.governance import tables
from govdata.governance.calendar import Calendar
from tests.governance.conftest import City
from tests.governance.test_closing import BAD_PLACE, GOOD, MENDED_PLACE, PLACE

WAIVED, BROKEN = "A7,庚,1990-01-01,777777", "A4,丁,1993-01-01,888888"


def rows(city: City, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tables.replay(city.deployment, Calendar())[name].to_pylist()
    return found


def story(city: City) -> str:
    """Three records fail; one is mended on the second night and fails again on the 21st, one vanishes, one is
    waived."""
    city.night(0, [*GOOD, BAD_PLACE, BROKEN, WAIVED])
    order = city.order(PLACE)
    waived = min(name for name, item in order.items.items() if _place(city, item[3]) == 6)
    city.say("SIGN", order.number, 1)
    city.say("REPLY", order.number, 1, reply="1", effect="claim")
    city.say("WAIVE", order.number, 1, reason="属实", until=city.day(200), items=[waived])
    city.night(1, [*GOOD, MENDED_PLACE, BROKEN, WAIVED])
    city.night(18, [*GOOD, MENDED_PLACE, WAIVED])
    city.night(20, [*GOOD, BAD_PLACE, WAIVED])
    return order.number


def _place(city: City, identity: str) -> int:
    import pyarrow.parquet as pq

    (path,) = (city.deployment.workorders / "_events/evidence").glob("people-delivery-2026-03-02-*.parquet")
    return next(row["source_row"] for row in pq.read_table(path).to_pylist() if row["identity"] == identity)


def test_orders_items_waivers_and_events_as_counted_by_hand(city: City) -> None:
    number = story(city)

    (order,) = rows(city, "work_orders")
    assert (order["order_no"], order["state_name"], order["items_at_issue"]) == (number, "重开", 3)
    assert (
        order["items"],
        order["open_items"],
        order["mended_items"],
        order["vanished_items"],
        order["waived_items"],
    ) == (3, 1, 0, 1, 1)
    assert (order["reopened"], str(order["signed"]), str(order["due"]), order["overdue"]) == (
        1,
        "2026-03-03",
        "2026-04-03",
        False,
    )
    items = {
        (row["state"], row["returned"], str(row["first_seen"]), str(row["last_seen"]))
        for row in rows(city, "work_order_items")
    }
    assert items == {
        ("open", 1, "2026-03-02", "2026-03-22"),
        ("vanished", 0, "2026-03-02", "2026-03-03"),
        ("waived", 0, "2026-03-02", "2026-03-22"),
    }
    (waiver,) = rows(city, "waivers")
    assert (waiver["actor"], waiver["reason"], waiver["active"], str(waiver["until"])) == (
        "张三",
        "属实",
        True,
        "2026-09-18",
    )
    kinds = [row["kind"] for row in rows(city, "work_order_events")]
    assert kinds == [
        "EVIDENCE",
        "ISSUE",
        "SIGN",
        "REPLY",
        "WAIVE",
        "EVIDENCE",
        "EVIDENCE",
        "VERIFY",
        "EVIDENCE",
        "REOPEN",
    ]


def test_a_department_s_figures_as_counted_by_hand(city: City) -> None:
    story(city)
    (figures,) = rows(city, "department_performance")
    assert (figures["department"], figures["month"], figures["issued"], figures["void"]) == ("公安", "2026-03", 1, 0)
    assert (figures["signed_in_time"], figures["sign_rate"]) == (1, 1.0)
    assert (figures["reply_due"], figures["reply_rate"]) == (
        0,
        None,
    )  # the order is open anew, its limit has not passed
    assert (figures["items"], figures["resolved_items"], figures["mend_rate"]) == (2, 1, 0.5)
    # Of the two items not waived, the vanished one was due on 16 March and was gone on the 20th; the other's limit has
    # begun anew.
    assert (figures["items_due"], figures["resolved_in_time"], figures["in_time_rate"]) == (1, 0, 0.0)
    assert (figures["closed"], figures["ever_closed"], figures["reopened"], figures["reopen_rate"]) == (0, 1, 1, 1.0)
    assert (figures["open"], figures["overdue"], figures["overdue_rate"], figures["mean_days"]) == (1, 0, 0.0, None)


def test_a_replay_gives_the_same_tables(city: City) -> None:
    story(city)
    first = tables.write(city.deployment, Calendar())
    again = tables.write(city.deployment, Calendar())
    assert first == again  # the names stand for the content


@pytest.mark.slow
def test_the_catalogue_shows_them_empty_and_filled(city: City) -> None:
    assert city.ask("SELECT count(*) FROM governance.work_orders, governance.department_performance") == [(0,)]
    story(city)
    tables.write(city.deployment, Calendar())
    assert city.ask("SELECT state_name, open_items FROM governance.work_orders") == [("重开", 1)]
    counts = city.ask(
        "SELECT (SELECT count(*) FROM governance.work_order_items), (SELECT count(*) FROM "
        "governance.work_order_events), "
        "(SELECT count(*) FROM governance.waivers), (SELECT count(*) FROM governance.department_performance)"
    )
    assert counts == [(3, 10, 1, 1)]
    told = city.ask(
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'department_performance' AND comment IS NULL"
    )
    assert told == [(0,)]
