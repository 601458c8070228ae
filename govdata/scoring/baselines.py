"""What is usual of a delivery, learnt from the ones before it: medians and their scatter, by kind of day.

A robust baseline: one bad night among many moves neither a median nor a median deviation. The judged delivery is never
part of its own. Days are of a kind: a working Monday, a Saturday, a holiday (which is like a Sunday). Counts are
compared as ratios, shares as differences; the level of the last nights goes along, so a registry may grow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Literal

import numpy as np

from govdata.standards.anomaly_settings import SEASON_DAYS, SEASONS, Sensitivity

OFF = 6
"""The kind of a day that is not worked: as a Sunday."""
RECENT, OF_A_KIND, BUCKETS = 10, 4, 30
OF_MANY = 1.5
"""By so much farther must a single division stand out: of a dozen divisions and a score of columns some always do."""
ALWAYS = 0.9
"""What came on so many of the nights and does not come now is missing, however much it varies."""
MAD = 1.4826
"""From a median absolute deviation to a standard deviation of normal scatter."""

Kind = Literal["volume", "nulls", "distinct", "distribution"]
IsWorking = Callable[[Date], bool]


@dataclass(frozen=True)
class Night:
    """Counts of one delivery. ``divisions``: rows; ``filled`` and ``distinct``: cells and values per column;
    ``places``: cells per division and column; ``buckets``: rows per column and bucket."""

    date: Date
    rows: int
    divisions: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    distinct: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[tuple[str, str], int] = field(default_factory=dict)
    buckets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """One measure that stands out. ``score``: deviations of its usual scatter, below nought where it is too low."""

    kind: Kind
    column: str | None
    division: str | None
    observed: float
    expected: float
    score: float
    nights: int
    baseline: str


@dataclass(frozen=True)
class _Usual:
    expected: float
    scatter: float
    nights: int
    baseline: str


def signals(
    night: Night, history: Sequence[Night], settings: Sensitivity, is_working: IsWorking, *, yearly: bool, least: int
) -> list[Signal]:
    """What stands out of ``night`` against ``history`` (earlier deliveries of the same mode, oldest first)."""
    earlier = [known for known in history if known.date < night.date]
    if yearly:
        earlier, least = [known for known in earlier if _same_season(known.date, night.date)], SEASONS
    if len(earlier) < least:
        return []
    days = _Days([known.date for known in earlier], night.date, is_working, yearly)
    return [
        *_volumes(night, earlier, settings, days),
        *_nulls(night, earlier, settings, days),
        *_distinct(night, earlier, settings, days),
        *_distributions(night, earlier, settings, days),
    ]


def _same_season(known: Date, date: Date) -> bool:
    apart = abs(known.timetuple().tm_yday - date.timetuple().tm_yday)
    return known.year < date.year and timedelta(days=min(apart, 365 - apart)) <= timedelta(days=SEASON_DAYS)


class _Days:
    """The kinds of the days of a history, and what is usual of a series over it."""

    def __init__(self, dates: Sequence[Date], date: Date, is_working: IsWorking, yearly: bool) -> None:
        self.yearly = yearly
        self.kinds = np.array([_kind(day, is_working) for day in dates])
        self.kind = _kind(date, is_working)

    def alike(self) -> np.ndarray:
        """The nights whose day is worked where the judged one's is, all where these are few."""
        same = (self.kinds >= 5) == (self.kind >= 5)
        return same if same.sum() >= 2 * OF_A_KIND else np.ones(len(self.kinds), bool)

    def usual(self, values: np.ndarray, *, ratio: bool) -> _Usual:
        """Of a series, a value per night of the history."""
        if self.yearly:
            middle = float(np.median(values))
            return _Usual(middle, max(_scatter(values - middle), 0.1 * middle), len(values), "season")
        middles, own = self._middles(values)
        against = values / np.maximum(middles, 0.5) if ratio else values - middles
        recent = against[-RECENT:]
        level = float(np.median(recent))
        around = against - _rolling(against)
        expected = own * level if ratio else own + level
        # The medians of few nights follow their noise: what is left around them looks calmer than it is.
        few = 1 + 2 / max(1, int((self.kinds == self.kind).sum()))
        scatter = _scatter(around) * few * (max(own, 0.5) if ratio else 1.0)
        return _Usual(expected, scatter, len(values), "weekday" if len(set(self.kinds)) > 1 else "all")

    def _middles(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Per night the median of its kind of day, and that of the judged day's kind. A kind with few nights goes with
        the days that are worked, or not, like it; these, where they are few, with all."""
        by_kind: dict[int, float] = {}
        for kind in {*self.kinds.tolist(), self.kind}:
            chosen = self.kinds == kind
            if chosen.sum() < OF_A_KIND:
                chosen = (self.kinds >= 5) == (kind >= 5)
            by_kind[kind] = float(np.median(values[chosen] if chosen.sum() >= OF_A_KIND else values))
        return np.array([by_kind[kind] for kind in self.kinds.tolist()]), by_kind[self.kind]


def _kind(day: Date, is_working: IsWorking) -> int:
    """The weekday, 0 a Monday; a worked weekend day is like a Monday, a holiday like a Sunday."""
    weekday = day.weekday()
    if is_working(day):
        return weekday if weekday < 5 else 0
    return weekday if weekday >= 5 else OFF


def _scatter(around: np.ndarray) -> float:
    return MAD * float(np.median(np.abs(around - np.median(around))))


def _rolling(values: np.ndarray) -> np.ndarray:
    """The median of the nights around each: where the level moves, its move is no scatter."""
    padded = np.pad(values, RECENT, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * RECENT + 1), axis=1))


def _volumes(night: Night, earlier: Sequence[Night], settings: Sensitivity, days: _Days) -> list[Signal]:
    series: dict[str | None, np.ndarray] = {None: np.array([known.rows for known in earlier], float)}
    for code in sorted({name for known in earlier for name in known.divisions} | set(night.divisions)):
        series[code] = np.array([known.divisions.get(code, 0) for known in earlier], float)
    found = []
    for division, values in series.items():
        observed = night.rows if division is None else night.divisions.get(division, 0)
        usual = days.usual(values, ratio=True)
        if usual.expected < settings.min_rows:
            continue
        scatter = max(usual.scatter, 0.05 * usual.expected, usual.expected**0.5)
        score = (observed - usual.expected) / scatter
        needed = settings.deviations * (OF_MANY if division is not None else 1)
        if observed == 0 and (values > 0).mean() >= ALWAYS:
            needed = 0.0
        if abs(score) >= needed and abs(observed / usual.expected - 1) >= settings.volume:
            found.append(_signal("volume", None, division, observed, usual, score))
    return found


def _nulls(night: Night, earlier: Sequence[Night], settings: Sensitivity, days: _Days) -> list[Signal]:
    found = []
    for column in night.filled:
        shares = [_share(known.rows - known.filled.get(column, known.rows), known.rows) for known in earlier]
        observed = _share(night.rows - night.filled[column], night.rows)
        found += _shifted("nulls", column, None, observed, night.rows, np.array(shares), settings, days)
    for (division, column), filled in night.places.items():
        rows = night.divisions.get(division, 0)
        key = (division, column)
        known = [
            _share(each.divisions.get(division, 0) - each.places.get(key, 0), each.divisions.get(division, 0))
            for each in earlier
        ]
        found += _shifted("nulls", column, division, _share(rows - filled, rows), rows, np.array(known), settings, days)
    return found


def _distinct(night: Night, earlier: Sequence[Night], settings: Sensitivity, days: _Days) -> list[Signal]:
    found = []
    for column, values in night.distinct.items():
        cells = night.filled.get(column, 0)
        known = [_share(each.distinct.get(column, 0), each.filled.get(column, 0)) for each in earlier]
        found += _shifted("distinct", column, None, _share(values, cells), cells, np.array(known), settings, days)
    return found


def _shifted(
    kind: Kind,
    column: str,
    division: str | None,
    observed: float,
    size: int,
    known: np.ndarray,
    settings: Sensitivity,
    days: _Days,
) -> list[Signal]:
    """A share of ``size`` cells that is not what it was."""
    if size < settings.min_rows or np.abs(known - observed).max() < settings.share:
        return []
    usual = days.usual(known, ratio=False)
    expected = min(max(usual.expected, 0.0), 1.0)
    if abs(observed - expected) < settings.share:
        return []
    chance = (expected * size + 1) / (size + 2)
    scatter = max(usual.scatter, 0.01, (chance * (1 - chance) / size) ** 0.5)
    score = (observed - expected) / scatter
    if abs(score) < settings.deviations * (OF_MANY if division is not None else 1):
        return []
    return [_signal(kind, column, division, observed, usual, score)]


def _distributions(night: Night, earlier: Sequence[Night], settings: Sensitivity, days: _Days) -> list[Signal]:
    alike = [known for known, same in zip(earlier, days.alike(), strict=True) if same][-28:]
    found = []
    for column, buckets in night.buckets.items():
        size = sum(buckets.values())
        known = [each.buckets[column] for each in alike if each.buckets.get(column)]
        if size < settings.min_rows or len(known) < min(len(alike), 2 * OF_A_KIND):
            continue
        names = _largest(known)
        counts = np.array([_counted(each, names) for each in known], float)
        observed = psi(np.array(_counted(buckets, names), float), counts.sum(axis=0))
        before = np.array([psi(row, counts.sum(axis=0) - row) for row in counts]) if len(counts) > 1 else np.zeros(1)
        chance = (len(names)) * (1 / size + 1 / max(1.0, float(counts.sum())))
        usual = float(np.median(before))
        limit = max(settings.psi, 5 * chance, usual + settings.deviations * _scatter(before), float(before.max()))
        if observed > limit:
            found.append(Signal("distribution", column, None, observed, usual, observed / limit, len(known), "weekday"))
    return found


def _largest(known: Sequence[Mapping[str, int]]) -> list[str]:
    totals: dict[str, int] = {}
    for buckets in known:
        for name, rows in buckets.items():
            totals[name] = totals.get(name, 0) + rows
    return sorted(totals, key=lambda name: (-totals[name], name))[:BUCKETS]


def _counted(buckets: Mapping[str, int], names: Sequence[str]) -> list[int]:
    listed = [buckets.get(name, 0) for name in names]
    return [*listed, sum(buckets.values()) - sum(listed)]


def psi(observed: np.ndarray, expected: np.ndarray) -> float:
    """Population stability index of two vectors of counts; half a row is added to each bucket, so that an empty one
    weighs as much as its counterpart and no more."""
    p = (observed + 0.5) / (observed.sum() + 0.5 * len(observed))
    q = (expected + 0.5) / (expected.sum() + 0.5 * len(expected))
    return float(((p - q) * np.log(p / q)).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _signal(
    kind: Kind, column: str | None, division: str | None, observed: float, usual: _Usual, score: float
) -> Signal:
    return Signal(kind, column, division, observed, usual.expected, score, usual.nights, usual.baseline)
