"""Four hundred nights of counts of three registers, with events planted that people would want to be told of.

Counts only: no row is made. Registers have weekdays, holidays, growth and more noise than chance (six in a hundred from
day to day); two columns shift slowly, which is nobody's fault.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta

import numpy as np

from govdata.governance.calendar import Calendar
from govdata.scoring.baselines import Night

FIRST = Date(2025, 10, 1)
NIGHTS, LEARNING = 400, 40
DIVISIONS = [f"1901{n:02}" for n in range(1, 13)]
SIZES = np.array([14, 12, 11, 10, 9, 8, 8, 7, 6, 6, 5, 4]) / 100
COLUMNS = {"phone": 0.18, "address": 0.02, "kind": 0.0, "office": 0.01, "note": 0.6, "sex": 0.0}
BUCKETS = {"kind": [0.7, 0.2, 0.07, 0.03], "sex": [0.5, 0.49, 0.01], "address": [0.1, 0.3, 0.4, 0.2]}
WEEK = {"marriage": [0.9, 0.9, 1.0, 1.0, 1.6, 0.5, 0.3], "company": [1.3, 1.1, 1.0, 1.0, 0.9, 0.05, 0.05],
        "birth": [1.05, 1.05, 1.0, 1.0, 1.0, 0.95, 0.9]}  # fmt: skip
LEVEL = {"marriage": 700.0, "company": 900.0, "birth": 420.0}
GROWTH = {"marriage": 0.0, "company": 0.0012, "birth": -0.0004}
EVENTS = ("drop", "double", "missing", "nulls", "nulls_there", "code", "repeated")


@dataclass(frozen=True)
class Planted:
    night: int
    event: str


def nights(register: str, seed: int, calendar: Calendar) -> tuple[list[Night], list[Planted]]:
    """The nights of a register, and what was planted into them."""
    rng = np.random.default_rng([seed, list(WEEK).index(register)])
    planted = _plan(rng, calendar)
    events = {each.night: each.event for each in planted}
    made = []
    for n in range(NIGHTS):
        day = FIRST + timedelta(days=n)
        weekday = day.weekday() if calendar.is_working(day) or day.weekday() > 4 else 6
        weekday = 0 if calendar.is_working(day) and day.weekday() > 4 else weekday
        mean = LEVEL[register] * WEEK[register][weekday] * (1 + GROWTH[register] * n)
        made.append(_spoilt(_night(day, mean, n, rng), events.get(n), rng))
    return made, planted


def _plan(rng: np.random.Generator, calendar: Calendar) -> list[Planted]:
    """An event about every eighteen nights, never two on neighbouring nights, and on worked days: on a holiday some
    registers have a few dozen rows, of which nobody could tell."""
    places = np.arange(LEARNING + 5, NIGHTS - 10, 18) + rng.integers(0, 10, len(range(LEARNING + 5, NIGHTS - 10, 18)))
    worked = [
        next(n for n in range(place, NIGHTS) if calendar.is_working(FIRST + timedelta(days=n)))
        for place in map(int, places)
    ]
    return [Planted(place, EVENTS[n % len(EVENTS)]) for n, place in enumerate(worked)]


def _night(day: Date, mean: float, number: int, rng: np.random.Generator) -> Night:
    rows = max(1, int(rng.poisson(rng.gamma(300, mean / 300))))
    divisions = rng.multinomial(rows, SIZES / SIZES.sum())
    drift = {"phone": -0.0001 * number, "note": 0.0002 * number}
    filled, places = {}, {}
    for column, empty in COLUMNS.items():
        here = rng.binomial(divisions, 1 - (empty + drift.get(column, 0.0)))
        places |= {(code, column): int(count) for code, count in zip(DIVISIONS, here, strict=True)}
        filled[column] = int(here.sum())
    distinct = {c: int(filled[c] * (0.02 if c in BUCKETS else 0.97) * rng.normal(1, 0.01)) for c in COLUMNS}
    buckets = {
        column: {str(n): int(count) for n, count in enumerate(rng.multinomial(filled[column], shares))}
        for column, shares in BUCKETS.items()
    }
    rows_at = {code: int(count) for code, count in zip(DIVISIONS, divisions, strict=True) if count}
    return Night(day, rows, rows_at, filled, distinct, places, buckets)


def _spoilt(night: Night, event: str | None, rng: np.random.Generator) -> Night:
    match event:
        case "drop":  # a file of several did not come
            return _scaled(night, float(rng.uniform(0.3, 0.55)), rng)
        case "double":
            return _scaled(night, float(rng.uniform(1.8, 2.2)), rng)
        case "missing":  # the largest division sent nothing
            code = DIVISIONS[int(rng.integers(3))]
            gone = night.divisions.get(code, 0)
            kept = {name: rows for name, rows in night.divisions.items() if name != code}
            places = {key: rows for key, rows in night.places.items() if key[0] != code}
            filled = {c: night.filled[c] - night.places.get((code, c), 0) for c in night.filled}
            left = 1 - gone / night.rows
            distinct = {column: int(values * left) for column, values in night.distinct.items()}
            return replace(
                night, rows=night.rows - gone, divisions=kept, places=places, filled=filled, distinct=distinct
            )
        case "nulls":  # two columns did not come
            places = {key: 0 if key[1] in ("address", "office") else rows for key, rows in night.places.items()}
            filled = night.filled | {"address": 0, "office": 0}
            return replace(night, filled=filled, places=places, buckets=night.buckets | {"address": {}},
                           distinct=night.distinct | {"address": 0, "office": 0})  # fmt: skip
        case "nulls_there":  # in one division nobody gives an address any more
            lost = night.places.get((DIVISIONS[0], "address"), 0)
            return replace(night, places=night.places | {(DIVISIONS[0], "address"): 0},
                           filled=night.filled | {"address": night.filled["address"] - lost})  # fmt: skip
        case "code":  # a system wrote its own codes
            known = night.buckets["kind"]
            return replace(night, buckets=night.buckets | {"kind": {"0": known["1"], "1": known["0"], "9": known["2"]}})
        case "repeated":  # a default stands in every row
            return replace(night, distinct=night.distinct | {"phone": 3})
    return night


def _scaled(night: Night, by: float, rng: np.random.Generator) -> Night:
    def scaled(counts: dict) -> dict:
        return {name: round(count * by) for name, count in counts.items()}

    return Night(
        night.date, int(night.rows * by), scaled(dict(night.divisions)), scaled(dict(night.filled)),
        scaled(dict(night.distinct)), scaled(dict(night.places)),
        {column: scaled(dict(buckets)) for column, buckets in night.buckets.items()},
    )  # fmt: skip
