"""What is taken of every element of every master, held against a plain ranking in Python over random registers."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date as Date
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.masters.test_masters import DAY, PERSON, declared, made

PAGE = PERSON.replace(
    "sources: [{mentions: [resident]}, {mentions: [mother]}]}", "sources: [{mentions: [resident, mother]}]}"
)
"""Both registers speak of the name with one voice: delivery, date, text and table decide."""
EARLIER = DAY - timedelta(days=1)
FILLING = {"name": (1,), "place": (1,), "state": (1,)}


class Fact(NamedTuple):
    """In the order in which facts are better, the best first; ``newest``: days before the row's own date."""

    rank: int
    delivered: int
    newest: float
    value: str
    dataset: str
    said_on: Date


def registers(seed: int) -> tuple[str, str, dict[tuple[str, str], list[Fact]]]:
    """People (delivered the day before), births, and (number, element) → facts."""
    dice = random.Random(seed)
    names, places = ["甲", "甲", "甲", "乙", ""], ["190101", "190101", "190102", ""]
    people, births = ["id,name,place,state"], ["no,mother,mother_name,place,born"]
    facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)

    def say(number: str, element: str, rank: int, value: str, dataset: str, as_of: Date | None) -> None:
        delivered = EARLIER if dataset == "people" else DAY
        if value:
            newest = -as_of.toordinal() if as_of is not None else float("inf")
            told = Fact(rank, -delivered.toordinal(), newest, value, dataset, as_of or delivered)
            facts[number, element].append(told)

    for number in range(40):
        name, place, state = dice.choice(names), dice.choice(places), dice.choice("129")
        people.append(f"A{number},{name},{place},{state}")
        say(f"A{number}", "name", 1, name, "people", None)
        say(f"A{number}", "place", 1, place, "people", None)
        if state == "1":
            say(f"A{number}", "state", 1, state, "people", None)
    for number in range(200):
        mother, name, place = f"A{dice.randrange(60)}", dice.choice(names), dice.choice(places)
        born = dice.choice([None, Date(2020, 1, 1), Date(2020, 1, 1), Date(2021, 2, 3)])
        births.append(f"B{number},{mother},{name},{place},{born or ''}")
        say(mother, "name", 1, name, "births", born)
        say(mother, "place", 2, place, "births", born)
    return "\n".join(people) + "\n", "\n".join(births) + "\n", facts


@pytest.mark.slow
def test_of_random_registers_the_value_its_source_and_who_agrees_are_those_of_a_plain_ranking(tmp_path: Path) -> None:
    people, births, facts = registers(20261126)
    city = declared(tmp_path)
    city.write("masters/person.yaml", PAGE)
    city.deliver("people", EARLIER, people)
    city.deliver("births", DAY, births)
    made(city)

    found = {}
    for element in FILLING:
        columns = ", ".join(element + end for end in ("", "_source", "_date", "_agree", "_disagree"))
        for number, *told in city.ask(
            f"SELECT identifier, {columns} FROM published.person WHERE {element} IS NOT NULL"
        ):
            found[number, element] = tuple(told)
    expected, differing = {}, set()
    for (number, element), known in facts.items():
        if filling := [fact for fact in known if fact.rank in FILLING[element]]:
            best = min(filling)
            agree = sum(fact.value == best.value for fact in known)
            expected[number, element] = (best.value, best.dataset, best.said_on, agree, len(known) - agree)
            differing |= {(number, element)} if agree < len(known) else set()
    assert found == expected
    assert 20 < len(differing) < len(expected) - 20  # both ways of finding it were gone
    in_conflict = city.ask(
        "SELECT DISTINCT identifier, element FROM governance.conflicts JOIN published.person ON person_id = master_id"
    )
    assert set(in_conflict) == differing
