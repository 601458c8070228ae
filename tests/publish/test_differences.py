"""What differs between two snapshots is what a comparison of all their rows finds, compacted or not."""

from __future__ import annotations

import random
from datetime import timedelta

import duckdb
import pytest

from govdata.publish import changed, merge, moved
from tests.publish.nights import City, person
from tests.publish.test_merge import START, rows_of

COLUMNS = ["citizen_id", "name", "change_kind"]


def asked(query: str | None) -> set[tuple]:
    if query is None:
        return set()
    with duckdb.connect() as connection:
        return set(connection.execute(query).fetchall())


@pytest.mark.parametrize("most_hidden", [1.1, 0.02], ids=["never compacted", "often compacted"])
def test_differences_are_those_of_all_rows(city: City, most_hidden: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MAX_HIDDEN", most_hidden)
    monkeypatch.setattr(merge, "WORN", most_hidden / 2)
    chance = random.Random(11)
    snapshots = []
    for day in range(6):
        chosen = range(40) if day == 0 else chance.sample(range(45), 5)
        rows = [person(number, f"名{day}", chance.choice("IUUD") if day else "I") for number in chosen]
        mode = "delta" if day else "snapshot"
        snapshots.append(city.publish(city.deliver("people", START + timedelta(days=day), rows, mode=mode)))

    for then in snapshots:
        for now in snapshots:
            old, new = rows_of(city, then), rows_of(city, now)
            assert asked(changed(then, now, city.deployment, COLUMNS)) == old ^ new
            assert asked(moved(then, now, city.deployment, COLUMNS)) <= old & new
    assert changed(then, then, city.deployment, COLUMNS) is None
    if most_hidden > 1:
        assert not asked(moved(snapshots[0], snapshots[-1], city.deployment, COLUMNS))
    else:
        assert asked(moved(snapshots[0], snapshots[-1], city.deployment, COLUMNS))
