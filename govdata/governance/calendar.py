"""Working days 工作日: days of a limit are counted on them, and the day of receipt does not count (民法典 201 by
analogy).

China shifts working days onto weekends each year by a notice of the State Council. ``holidays`` has them once the
notice is out; a year without any is not known yet, and then only weekends are taken off and ``unknown_years`` says so.
What the officer declares of a single day goes before both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from datetime import timedelta
from functools import lru_cache

_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[frozenset[Date], frozenset[Date]] | None:
    """Public holidays, and weekend days that are worked; None while the year's shifted days are not known."""
    import holidays

    found = holidays.country_holidays("CN", years=year)
    worked = frozenset(day for day in found.weekend_workdays if day.year == year)
    return (frozenset(found), worked) if worked else None


class Calendar:
    def __init__(self, declared: Mapping[Date, bool] | None = None) -> None:
        self._declared = dict(declared or {})

    def is_working(self, day: Date) -> bool:
        if (said := self._declared.get(day)) is not None:
            return said
        known = _year(day.year)
        if known is None:
            return day.weekday() < 5
        off, worked = known
        return day in worked or (day.weekday() < 5 and day not in off)

    def after(self, day: Date, count: int) -> Date:
        """The ``count``-th working day after ``day``, which itself does not count."""
        while count > 0:
            day += _DAY
            count -= self.is_working(day)
        return day

    def between(self, first: Date, last: Date) -> int:
        """Working days after ``first`` up to and with ``last``; 0 where ``last`` is not later."""
        return sum(self.is_working(first + n * _DAY) for n in range(1, (last - first).days + 1))

    def unknown_years(self, first: Date, last: Date) -> tuple[int, ...]:
        """Years of the stretch that neither the calendar nor the officer knows: counted by weekends alone."""
        declared = {day.year for day in self._declared}
        return tuple(year for year in range(first.year, last.year + 1) if _year(year) is None and year not in declared)
