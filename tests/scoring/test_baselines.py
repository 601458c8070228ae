"""What is unusual is told and what is usual is not: four hundred nights of counts with planted events."""

from __future__ import annotations

from collections import Counter
from datetime import date as Date
from datetime import timedelta

import numpy as np
import pytest

from govdata.governance.calendar import Calendar
from govdata.scoring import baselines, causes
from govdata.scoring.baselines import Night, Signal
from govdata.scoring.causes import Cause, Names
from govdata.standards.anomaly_settings import Anomalies, Sensitivity
from tests.scoring import simulated

SETTINGS, CALENDAR = Anomalies(), Calendar()
KIND = {"drop": "volume", "double": "volume", "missing": "volume", "nulls": "nulls", "nulls_there": "nulls",
        "code": "distribution", "repeated": "distinct"}  # fmt: skip


def told(register: str, made: list[Night]) -> dict[int, list[Cause]]:
    """The causes of every night after the first weeks, each from the nights before it alone."""
    found = {}
    for number in range(simulated.LEARNING, len(made)):
        history = made[max(0, number - SETTINGS.history) : number]
        signals = baselines.signals(
            made[number], history, SETTINGS.sensitivity, CALENDAR.is_working, yearly=False, least=SETTINGS.least
        )
        found[number] = causes.causes(signals, Names(register, made[number].date, {}, {}))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_planted_events_are_found_and_nothing_else(seed: int) -> None:
    right, planted_, alarms, false, missed = 0, 0, 0, Counter(), Counter()
    months = 0.0
    for register in simulated.WEEK:
        made, planted = simulated.nights(register, seed, CALENDAR)
        found = told(register, made)
        events = {each.night: each.event for each in planted}
        months += len(found) / 30
        for number, said in found.items():
            alarms += len(said)
            kinds = [cause.kind for cause in said]
            event = events.get(number)
            if event is not None and KIND[event] in kinds:
                right += 1
                kinds.remove(KIND[event])
            elif event is not None:
                missed[event] += 1
            planted_ += event is not None
            false.update(kinds)
    recall, precision = right / planted_, right / alarms
    print(f"\nseed {seed}: {planted_} events, recall {recall:.3f} {dict(missed)}, precision {precision:.3f}, "
          f"false {dict(false)} in {months:.0f} months of registers")  # fmt: skip
    assert planted_ >= 50
    assert recall >= 0.9 and precision >= 0.95
    assert false.total() / months <= 1


def flat(date: Date, rows: int, **more: object) -> Night:
    return Night(date, rows, **more)  # type: ignore[arg-type]


def usual(days: int, rows: int, first: Date = Date(2026, 9, 1)) -> list[Night]:
    rng = np.random.default_rng(3)
    return [
        flat(first + timedelta(days=n), int(rng.poisson(rows)), divisions={"1": rows - 40, "2": 40})
        for n in range(days)
    ]


def signals(night: Night, history: list[Night], *, yearly: bool = False) -> list[Signal]:
    return baselines.signals(night, history, Sensitivity(), CALENDAR.is_working, yearly=yearly, least=14)


def test_the_judged_day_is_never_in_its_own_baseline() -> None:
    history = usual(40, 200)
    night = flat(Date(2026, 10, 20), 90, divisions={"1": 90})
    first = signals(night, history)
    assert first and first == signals(night, [*history, night, flat(Date(2026, 10, 21), 5)])


def test_too_short_a_history_says_nothing() -> None:
    assert not signals(flat(Date(2026, 9, 12), 1), usual(11, 200))


def test_a_bad_week_is_no_baseline() -> None:
    """A median is not moved by a few nights: the next one is judged by what was usual before."""
    history = usual(40, 200)
    history[30] = flat(history[30].date, 3)
    history[33] = flat(history[33].date, 2_000)
    assert not signals(flat(Date(2026, 10, 12), 205, divisions={"1": 165, "2": 40}), history)
    assert signals(flat(Date(2026, 10, 12), 60, divisions={"1": 60}), history)


def test_a_holiday_is_judged_as_a_sunday() -> None:
    week = [1000, 1000, 1000, 1000, 1000, 60, 60]
    first = Date(2026, 7, 6)  # a Monday; no holiday until 25 September 2026
    rng = np.random.default_rng(5)
    history = [flat(first + timedelta(days=n), int(rng.poisson(week[n % 7]))) for n in range(80)]
    holiday = Date(2026, 10, 1)
    assert holiday.weekday() == 3 and not CALENDAR.is_working(holiday)
    assert not signals(flat(holiday, 62), history)
    assert signals(flat(holiday, 1000), history) and signals(flat(Date(2026, 9, 24), 62), history)


def test_a_yearly_delivery_is_compared_with_the_same_season() -> None:
    history = [
        flat(Date(year, month, 10), rows) for year in (2023, 2024, 2025) for month, rows in ((3, 500), (9, 20_000))
    ]
    assert not signals(flat(Date(2026, 9, 15), 21_000), history, yearly=True)
    (found,) = signals(flat(Date(2026, 9, 15), 9_000), history, yearly=True)
    assert found.baseline == "season" and found.nights == 3 and found.expected == 20_000


def test_one_message_says_it_in_plain_words() -> None:
    history = [flat(n.date, 140, divisions={"190108": 60, "190101": 80}) for n in usual(40, 140)]
    found = signals(flat(Date(2026, 11, 20), 80, divisions={"190101": 80}), history)
    (cause,) = causes.causes(found, Names("婚姻登记", Date(2026, 11, 20), {}, {"190108": "白塔县"}))
    assert cause.message == "婚姻登记 11-20 少 43 %（通常约 140 行，本次 80 行），其中白塔县没有数据"
    gone = signals(flat(Date(2026, 11, 20), 140, divisions={"190101": 140}), history)
    (cause,) = causes.causes(
        [s for s in gone if s.score < 0],
        Names("婚姻登记", Date(2026, 11, 20), {}, {"190108": "白塔县", "190101": "东湖区"}),
    )
    assert cause.message == "婚姻登记 11-20 白塔县没有数据"


def test_columns_that_are_empty_together_are_one_cause() -> None:
    history = [
        flat(n.date, 100, filled={"a": 98, "b": 97, "c": 50}, distinct={"a": 90, "b": 5, "c": 40})
        for n in usual(40, 100)
    ]
    night = flat(Date(2026, 11, 20), 100, filled={"a": 0, "b": 0, "c": 51}, distinct={"a": 0, "b": 0, "c": 41})
    (cause,) = causes.causes(signals(night, history), Names("表", night.date, {"a": "甲", "b": "乙"}, {}))
    assert cause.kind == "nulls" and cause.message == "表 11-20 “甲”“乙”空值增多（甲 100 %，通常 2 %）"


def test_psi_is_known() -> None:
    """(.6−.5)·ln(.6/.5) + (.4−.5)·ln(.4/.5), with half a row in each bucket."""
    made = baselines.psi(np.array([6000.0, 4000.0]), np.array([5000.0, 5000.0]))
    assert made == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8), rel=1e-3)
