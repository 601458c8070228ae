"""The simulated city obeys the constraints a clean record must meet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from govdata.sample import lexicon
from govdata.sample.arrow import NO_DAY
from govdata.sample.city import DEAD, FEMALE, MALE, YEAR
from govdata.sample.generate import DEFAULT_DATES
from govdata.sample.houses import COMPANY, JOINT, PERSON, SHARED, SOLE, known_units, unit_codes
from govdata.sample.institutions import closing, known_companies, settled
from govdata.sample.lives import build_city
from govdata.sample.registers import registrations


@pytest.fixture(scope="module")
def city():
    return build_city(20_000, 3, DEFAULT_DATES)


def test_control_totals(city):
    people = city.people
    assert (people.entry == 0).sum() == 20_000
    assert len(set(city.ids.to_pylist())) == len(people)
    assert 0.9 < (people.sex == MALE).sum() / (people.sex == FEMALE).sum() < 1.1
    assert {1, 2, 3, 4, 5, 6, 7, 8} <= set(people.stage)


def test_ids_tell_sex_and_birth(city):
    for number, sex, birth in zip(city.ids.to_pylist(), city.people.sex, city.people.birth, strict=True):
        assert number.startswith("1901")
        assert int(number[16]) % 2 == sex % 2
        assert number[6:14] == str(np.datetime64(int(birth), "D")).replace("-", "")


def test_couples_are_of_age_and_marriages_do_not_overlap(city):
    couples, people = city.couples, city.people
    assert (people.sex[couples.husband] == MALE).all() and (people.sex[couples.wife] == FEMALE).all()
    assert (couples.married - people.birth[couples.husband] > 22 * YEAR).all()
    assert (couples.married - people.birth[couples.wife] > 20 * YEAR).all()
    partners = np.r_[couples.husband, couples.wife]
    assert len(partners) == len(set(partners.tolist()))
    parted = couples.divorced != NO_DAY
    assert parted.any() and (couples.divorced[parted] > couples.married[parted]).all()


def test_children_follow_the_marriage_of_living_parents(city):
    people = city.people
    child = np.flatnonzero(people.mother >= 0)
    married = np.full(len(people), NO_DAY)
    married[city.couples.wife] = city.couples.married
    assert (people.birth[child] >= married[people.mother[child]] + 300).all()
    age = (people.birth[child] - people.birth[people.mother[child]]) / YEAR
    assert age.min() > 20 and age.max() < 50
    assert (people.surname[child] == people.surname[people.father[child]]).all()
    dead = people.status[people.father[child]] == DEAD
    assert (people.status_day[people.father[child]][dead] > people.birth[child][dead]).all()


def test_nobody_changes_twice(city):
    touched = np.concatenate([places for changes in city.changes.values() for places in changes.values()])
    assert len(touched) == len(set(touched.tolist()))
    assert all(
        len(changes[kind])
        for changes in city.changes.values()
        for kind in ("entered", "moved", "phone", "died", "left")
    )


def test_serials_restart_per_office_and_year(city):
    done = registrations(city)
    year = done.day.astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    keys = list(zip(done.kind, done.county, year, done.serial, strict=True))
    assert len(keys) == len(set(keys))
    assert done.serial.min() == 1


def test_counties_are_the_declared_ones():
    overlay = Path(__file__).parents[2] / "standards/codes/gbt_2260_divisions.local.csv"
    declared = {row["code"]: row["name_zh"] for row in csv.DictReader(overlay.open(encoding="utf-8"))}
    assert {code: lexicon.CITY + name for code, name in lexicon.COUNTIES}.items() <= declared.items()


def test_too_small_a_city_is_refused():
    with pytest.raises(ValueError, match="至少"):
        build_city(50, 1, DEFAULT_DATES)


def test_houses_belong_to_the_living_and_to_companies_that_exist(city):
    units, companies = known_units(city), known_companies(city)
    assert len(set(unit_codes(units, np.arange(len(units))).to_pylist())) == len(units) > 2000
    person = units.kind == PERSON
    assert settled(city)[units.owner[person]].all()
    assert (units.begun[person] - city.people.birth[units.owner[person]] > 20 * YEAR).all()
    assert (units.begun < city.day0).all() and (units.sold <= units.begun).all()
    bodies = units.owner[units.kind == COMPANY]
    assert (companies.status[bodies] == 1).all() and not np.isin(bodies, closing(companies)).any()


def test_who_owns_together_is_married_and_who_owns_affordable_housing_has_no_other_home(city):
    units, couples = known_units(city), city.couples
    two = units.partner >= 0
    assert set(units.ownership[two]) == {JOINT, SHARED} and set(units.ownership[~two]) == {SOLE}
    wed = {frozenset(pair) for pair in zip(couples.husband.tolist(), couples.wife.tolist(), strict=True)}
    assert all(
        frozenset(pair) in wed for pair in zip(units.owner[two].tolist(), units.partner[two].tolist(), strict=True)
    )
    homes = np.bincount(np.r_[units.owner[units.kind == PERSON], units.partner[two]])
    affordable = units.nature == 6
    assert affordable.sum() > 50 and (homes[units.owner[affordable]] == 1).all() and (homes > 1).any()
