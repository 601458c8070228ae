"""Settings that hold from a date on: of several the newest that has begun counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date as Date
from typing import Protocol, TypeVar

from govdata.deployment import iso_date


class Dated(Protocol):
    """Anything with the day from which it holds; None: ever since."""

    @property
    def valid_from(self) -> str | None: ...


Entry = TypeVar("Entry", bound=Dated)


def in_force(entries: Sequence[Entry], on: Date) -> Entry:
    """The newest entry whose ``valid_from`` is not later than ``on``, else the first."""
    begun = [entry for entry in entries if entry.valid_from is None or Date.fromisoformat(entry.valid_from) <= on]
    return max(begun, key=lambda entry: entry.valid_from or "", default=entries[0])


def faults(entries: Sequence[Dated], what: str) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    """What is wrong with the days of ``entries``: Chinese message, path below them. ``what``: what an entry is."""
    given = [entry.valid_from for entry in entries]
    if len(set(given)) < len(given):
        yield f"有两项{what}从同一天起执行，不知道用哪一项", ()
    for number, begins in enumerate(given):
        if begins is not None and iso_date(begins) is None:
            yield "不是真实的日期", (number, "valid_from")
