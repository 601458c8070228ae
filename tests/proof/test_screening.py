"""Lists of people of the simulated city, with numbers as departments write them, held against its masters; who is dead
or gone is known from the city as it was built."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from govdata.access import screening
from govdata.access.screening import Screened
from govdata.sample.identifiers import citizen_ids
from govdata.sample.identity import HOMOPHONES, TRADITIONAL
from govdata.sample.lives import build_city
from govdata.sample.registers import REGISTERS
from tests.proof.conftest import PEOPLE, SEED, Nights

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("truth")]

STATES = {"2": "deceased", "3": "moved"}
KINDS = {"clean": 0.62, "old": 0.08, "nameless": 0.02, "no_number": 0.06, "slip": 0.06, "masked": 0.04, "homophone": 0.02,
         "unsimplified": 0.02, "another's": 0.05, "stranger": 0.03}  # fmt: skip
LINES = 6_000


@dataclass(frozen=True)
class Person:
    number: str
    name: str
    born: str
    status: str


@dataclass(frozen=True)
class Proof:
    """``meant``: per line of the file (the first is its header) what was done to it and whom it means, None where
    nobody of the city."""

    screened: Screened
    meant: dict[int, tuple[str, Person | None]]
    published: dict[str, str]

    def told(self, certain: bool | None = None) -> dict[int, set[str]]:
        """Line of the file → codes of what was found of it."""
        told: dict[int, set[str]] = {line: set() for line in self.meant}
        for finding in self.screened.findings:
            if certain in (None, finding.certain):
                told[self.screened.lines[finding.line].row].add(finding.code)
        return told


def everybody(nights: Nights) -> list[Person]:
    """Everybody of the city as the last delivery has them, before anything was spoilt."""
    city = build_city(PEOPLE, SEED, nights.dates)
    known: dict[str, Person] = {}
    for number in range(len(city.dates)):
        for part in REGISTERS["population"](city, number):
            columns = ("citizen_id", "name", "birth_date", "person_status")
            for row in zip(*(part.records[name].to_pylist() for name in columns), strict=True):
                known[row[0]] = Person(*map(str, row))
    return list(known.values())


def written(kind: str, person: Person, other: Person, rng: np.random.Generator) -> tuple[str, str, str]:
    """Name, number and birth date as the list has them."""
    number, name = person.number, person.name
    if kind == "old" and person.born < "2000":
        number = number[:6] + number[8:17]
    elif kind == "no_number":
        number = ""
    elif kind == "slip":
        place = int(rng.integers(6, 17))
        number = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    elif kind == "masked":
        number = number[:6] + "********" + number[14:]
    elif kind == "another's":
        number = other.number
    elif kind in ("homophone", "unsimplified"):
        name = name.translate(str.maketrans(HOMOPHONES if kind == "homophone" else TRADITIONAL))
    return "" if kind == "nameless" else name, number, person.born


@pytest.fixture(scope="module")
def proof(nights: Nights, derived_in: float, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    people, rng = everybody(nights), np.random.default_rng(11)
    gone = [person for person in people if person.status in STATES]
    chosen = [*gone, *(people[n] for n in rng.choice(len(people), LINES - len(gone), replace=False))]
    rng.shuffle(chosen)  # type: ignore[arg-type]
    rows, meant = [], []
    for person in chosen:
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        other = people[int(rng.integers(len(people)))]
        if kind == "stranger":
            number = citizen_ids(
                np.array([190112]), np.array([19530101 + int(rng.integers(9))]), rng.integers(970, 995, 1)
            )
            rows.append(("某不在", str(number.to_pylist()[0]), "1953-01-01"))
            meant.append((kind, None))
            continue
        rows.append(written(kind, person, other, rng))
        meant.append((kind, person))
    path: Path = tmp_path_factory.mktemp("list") / "名单.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([("姓名", "身份证号", "出生日期"), *rows])
    made = screening.screen(
        path, nights.registry, nights.deployment, purpose="测试", expires=Date(2030, 1, 1), date=nights.dates[-1]
    )
    with duckdb.connect(str(nights.deployment.catalogue), read_only=True) as connection:
        query = "SELECT citizen_id, person_status FROM published.population"
        published = dict(connection.execute(query).fetchall())
    return Proof(made, dict(enumerate(meant, 2)), published)


def test_every_line_is_accounted_for(proof: Proof) -> None:
    """A line of GB18030 may happen to be UTF-8 too: it is set aside and told, not read as something else."""
    made = proof.screened
    assert made.read + made.unread == len(proof.meant) and made.unread <= 3
    assert len(made.reasons) == min(made.unread, 1)


def test_who_is_dead_or_gone_is_found(proof: Proof) -> None:
    told, missed, all_ = proof.told(), Counter(), 0
    for line, (kind, person) in proof.meant.items():
        if person is None or kind == "another's" or person.status not in STATES:
            continue
        if proof.published.get(person.number) != person.status:
            continue  # no department said so: the row is held back
        all_ += 1
        missed[kind] += STATES[person.status] not in told[line]
    print(f"\n{all_} lines of people who are dead or gone, not found: {dict(+missed)}")
    assert all_ >= 250
    assert missed.total() / all_ <= 0.01


def test_nobody_is_called_dead_or_gone_who_is_not(proof: Proof) -> None:
    wrong: Counter[str] = Counter()
    for line, said in proof.told(certain=True).items():
        kind, person = proof.meant[line]
        wrong[kind] += not said & set(STATES.values()) <= {STATES.get(person.status, "") if person else ""}
    print(f"\nwrongly called dead or gone: {dict(+wrong)} of {len(proof.meant)} lines")
    assert wrong.total() / len(proof.meant) <= 0.0005


def test_what_is_wrong_with_a_number_is_said(proof: Proof) -> None:
    expected = {"no_number": {"no_number"}, "slip": {"invalid"}, "masked": {"masked"}, "stranger": {"not_found"},
                "another's": {"name", "not_found"}}  # fmt: skip
    missed: Counter[str] = Counter()
    for line, said in proof.told().items():
        kind = proof.meant[line][0]
        missed[kind] += kind in expected and not expected[kind] & said
    counted = Counter(kind for kind, _ in proof.meant.values())
    print(f"\nnot told: {dict(+missed)} of {counted}")
    assert all(missed[kind] / counted[kind] <= 0.01 for kind in expected)


def test_the_same_person_twice_is_told_in_whatever_form(proof: Proof) -> None:
    valid = ("clean", "old", "homophone", "unsimplified", "nameless")
    lines: dict[str, list[int]] = {}
    for line, (kind, person) in proof.meant.items():
        if person is not None and kind in valid:
            lines.setdefault(person.number, []).append(line)
    twice = {line for group in lines.values() if len(group) > 1 for line in group}
    told = proof.told()
    assert len(twice) >= 50 and all("duplicate" in told[line] for line in twice)
