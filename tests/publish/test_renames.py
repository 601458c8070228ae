"""A contract that loses or renames a column takes nothing from what is published."""

from __future__ import annotations

from datetime import date as Date

import pytest

from govdata.batches import Snapshot, StandardizedBatch
from govdata.errors import GateBlocked
from tests.publish.nights import City, Row, person, registry

DAY1, DAY2 = Date(2026, 3, 1), Date(2026, 3, 2)


def _renamed(city: City, old: str, new: str | None, *, former: bool = False) -> None:
    """The contract of ``people`` with a column renamed, or without it."""
    plain = registry()
    people = plain.datasets["people"]
    columns = []
    for column in people.columns:
        if column.name == old:
            if new is None:
                continue
            column = column.model_copy(update={"name": new, "former_names": (old,) if former else ()})
        columns.append(column)
    changed = people.model_copy(update={"columns": tuple(columns)})
    hashes = plain.hashes | {"people": f"{old}-{new}-{former}"}
    city.registry = plain.model_copy(update={"datasets": plain.datasets | {"people": changed}, "hashes": hashes})


def _named(rows: list[Row], old: str, new: str) -> list[Row]:
    return [{new if key == old else key: value for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("new", ["full_name", None])
def test_a_contract_column_that_vanished_is_refused_and_nothing_published_is_hidden(
    city: City, new: str | None
) -> None:
    city.night("people", DAY1, [person(n, f"人{n}") for n in range(5)], mode="snapshot")
    _renamed(city, "name", new)
    batch = city.deliver("people", DAY2, _named([person(1)], "name", new or "gone"))
    with pytest.raises(GateBlocked, match=r"合同里没有了列 name，它已发布的 5 行的值会丢失.*former_names.*may_vanish"):
        city.publish(batch)
    city.rebuild()
    for relation in ("published.people", f"published.people_at(DATE '{DAY1}')"):
        assert city.query(f"SELECT count(name) FROM {relation}") == [(5,)]


def test_a_renamed_contract_column_keeps_its_values_under_a_declared_former_name(city: City) -> None:
    city.night("people", DAY1, [person(n, f"人{n}") for n in range(5)], mode="snapshot", quarantined=[person(9, "旧")])
    _renamed(city, "name", "full_name", former=True)
    rows = _named([person(1, "新人")], "name", "full_name")
    city.night("people", DAY2, rows, quarantined=_named([person(8, "新")], "name", "full_name"))
    assert city.query("SELECT full_name FROM published.people ORDER BY 1") == [
        ("人0",),
        ("人2",),
        ("人3",),
        ("人4",),
        ("新人",),
    ]
    assert city.query(f"SELECT full_name FROM published.people_at(DATE '{DAY1}') ORDER BY 1") == [
        (f"人{n}",) for n in range(5)
    ]
    assert city.query("SELECT full_name FROM quarantine.people ORDER BY 1") == [("新",), ("旧",)]
    assert "name" not in {row[0] for row in city.query("DESCRIBE published.people")}
    # made again from the layers alone, the old names still lead to their values
    Snapshot.path(city.deployment, "people", DAY1).unlink()
    Snapshot.path(city.deployment, "people", DAY2).unlink()
    city.publish(StandardizedBatch.read(StandardizedBatch.path(city.deployment, "people", DAY2)))
    city.rebuild()
    assert city.query("SELECT count(full_name) FROM published.people") == [(5,)]


def test_a_key_can_be_renamed(city: City) -> None:
    city.night("people", DAY1, [person(n) for n in range(3)], mode="snapshot")
    _renamed(city, "citizen_id", "person_id", former=True)
    people = city.dataset("people")
    people = people.model_copy(update={"delivery": people.delivery.model_copy(update={"key": ("person_id",)})})
    city.registry = city.registry.model_copy(update={"datasets": city.registry.datasets | {"people": people}})
    city.night("people", DAY2, _named([person(1, "新名"), person(7)], "citizen_id", "person_id"))
    assert city.query(
        "SELECT count(*), count(person_id), count(*) FILTER (WHERE name = '新名') FROM published.people"
    ) == [(4, 4, 1)]


def test_a_vanished_column_that_never_held_a_value_is_no_loss(city: City) -> None:
    city.night("people", DAY1, [person(1, None)], mode="snapshot")
    _renamed(city, "name", None)
    assert city.night("people", DAY2, _named([person(2)], "name", "gone")).rows == 2
