"""Defects that only several registers together can tell, one kind per rule across tables: each row is right in itself
and contradicts another one. None comes by default: they are asked for by their kinds (``ACROSS``).

Whom a row names is replaced by another person of the city (or by a number that nobody bears), so that everything that
the row alone must meet is still met. Rows that are struck and rows that they are made to contradict are of different
people and companies (``_SLOTS``): no contradiction undoes another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date as Date
from datetime import timedelta

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import NO_DAY, flat, pc
from govdata.sample.city import COUNTY_CODES, DEAD, FEMALE, MALE, NORMAL, YEAR, City
from govdata.sample.corruption import Chosen, Defect, Targets, Values, id_with_check
from govdata.sample.houses import COMPANY, PERSON, SOLE, Entries, Units, entries, known_units, unit_codes
from govdata.sample.institutions import known_companies
from govdata.sample.registers import BIRTHS_BEGIN, MARRIAGE, REGISTER_BEGAN, registrations

RATE = 0.004
_SLOTS: dict[str, tuple[str, int]] = {
    "population": ("citizen_id", 0),
    "education": ("citizen_id", 2),
    "birth": ("child_id", 2),
}
"""Of four people in turn, whose rows may be struck; every second one's rows stay as they are."""


def _day(text: str) -> int:
    return (Date.fromisoformat(text[:10]) - Date(1970, 1, 1)).days


def _iso(day: int) -> str:
    return (Date(1970, 1, 1) + timedelta(days=int(day))).isoformat()


def _id(city: City, place: int) -> str:
    return str(city.ids[int(place)].as_py())


def _name(city: City, place: int) -> str:
    return str(city.names[int(place)].as_py())


def nobody(number: str) -> str:
    """A number like a real one that nobody bears: sequences from 991 on are never given out."""
    return id_with_check(number[:14] + ("991" if int(number[16]) % 2 else "992"))


def _dead(city: City, sex: int | None, before: int) -> np.ndarray:
    """Who had died a month before a day, of one sex and old enough to be a parent on it."""
    people = city.people
    fit = (people.status == DEAD) & (people.entry == 0) & (people.status_day < before - 30)
    if sex:
        fit &= (people.sex == sex) & (people.birth < before - 20 * YEAR)
    return np.asarray(np.flatnonzero(fit))


def _today(chosen: Chosen) -> np.ndarray:
    """Somebody dead for each of the rows."""
    dead = _dead(chosen.city, None, _day(chosen.date.isoformat()))
    return np.asarray(chosen.rng.choice(dead, len(chosen), replace=False))


def _places(city: City, numbers: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Places of people by number; -1: nobody."""
    return np.asarray(pc.fill_null(pc.index_in(numbers, city.ids), -1).to_numpy(zero_copy_only=False), np.int64)


def _steady(places: np.ndarray) -> np.ndarray:
    """Those of whom no row is struck."""
    return np.asarray(places[places % 2 == 1])


def _may_bear(dataset: str, city: City, records: pa.Table) -> np.ndarray:
    if dataset == "legal_person":
        places = pc.index_in(records["uscc"], known_companies(city).uscc).to_numpy(zero_copy_only=False)
        return np.asarray(places % 2 == 0)
    if dataset not in _SLOTS:
        return np.ones(len(records), bool)
    column, slot = _SLOTS[dataset]
    return np.asarray(_places(city, flat(records[column])) % 4 == slot)


def _after_a_death(sex: int, gap: int) -> Callable[[City, pa.Table], np.ndarray]:
    """Births before which somebody had died."""

    def fit(city: City, records: pa.Table) -> np.ndarray:
        days = [_day(born) - gap for born in records["birth_time"].to_pylist()]
        given = pc.is_valid(records["father_id"]).to_numpy()
        return np.asarray(np.array([len(_dead(city, sex, day)) > 0 for day in days], bool) & given)

    return fit


def _parent(side: str, sex: int, gap: int) -> Callable[[Chosen], Mapping[str, Values]]:
    def damage(chosen: Chosen) -> Mapping[str, Values]:
        city = chosen.city
        places = [int(chosen.rng.choice(_dead(city, sex, _day(born) - gap))) for born in chosen.of("birth_time")]
        return {
            f"{side}_id": [_id(chosen.city, place) for place in places],
            f"{side}_name": [_name(chosen.city, place) for place in places],
        }

    return damage


def _dead_pupil(chosen: Chosen) -> Mapping[str, Values]:
    places = _today(chosen)
    return _pupil([_id(chosen.city, place) for place in places]) | {
        "name": [_name(chosen.city, place) for place in places],
        "sex": [str(chosen.city.people.sex[place]) for place in places],
    }


def _pupil(numbers: Values) -> dict[str, Values]:
    return {"citizen_id": numbers, "student_no": [f"G{number}" for number in numbers]}


def _dead_representative(chosen: Chosen) -> Mapping[str, Values]:
    places = _today(chosen)
    return {
        "legal_rep_id": [_id(chosen.city, place) for place in places],
        "legal_rep_name": [_name(chosen.city, place) for place in places],
    }


def _certified(city: City) -> np.ndarray:
    """Children with a certificate that has their number."""
    people = city.people
    born = np.flatnonzero((people.mother >= 0) & (people.birth >= BIRTHS_BEGIN) & (people.entry == 0))
    born = born[np.lexsort((born, people.birth[born]))]
    settled = born[people.birth[born] < city.day0 - 400]
    return _steady(np.delete(settled, np.arange(0, len(settled), 40)))


def _as_child(chosen: Chosen, place: int) -> dict[str, str]:
    city, people = chosen.city, chosen.city.people
    mother, father = int(people.mother[place]), int(people.father[place])
    return {
        "child_id": _id(city, place),
        "child_name": _name(city, place),
        "sex": str(people.sex[place]),
        "birth_time": f"{_iso(people.birth[place])} 08:00:00",
        "issue_date": _iso(people.birth[place] + 5),
        "mother_id": _id(city, mother),
        "mother_name": _name(city, mother),
        "father_id": _id(city, father),
        "father_name": _name(city, father),
    }


def _another_s_child(own_number: Callable[[str], str]) -> Callable[[Chosen], Mapping[str, Values]]:
    """The certificate tells of a child that has one already; its number as ``own_number`` changes it."""

    def damage(chosen: Chosen) -> Mapping[str, Values]:
        places = chosen.rng.choice(_certified(chosen.city), len(chosen), replace=False)
        rows = [_as_child(chosen, int(place)) for place in places]
        for row in rows:
            row["child_id"] = own_number(row["child_id"])
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    return damage


def _too_close(chosen: Chosen) -> Mapping[str, Values]:
    """The mother of a child that was born some months before or after."""
    city, people = chosen.city, chosen.city.people
    pool = _certified(city)
    told: dict[str, list[str]] = {name: [] for name in ("mother_id", "mother_name", "father_id", "father_name")}
    for born, own in zip(chosen.of("birth_time"), chosen.of("mother_id"), strict=True):
        apart = np.abs(people.birth[pool] - _day(born))
        near = [p for p in pool[(apart >= 5) & (apart <= 170)] if _id(city, people.mother[p]) != own]
        row = _as_child(chosen, int(chosen.rng.choice(near)))
        for name, values in told.items():
            values.append(row[name])
    return told


def _stranger_divorced(chosen: Chosen) -> Mapping[str, Values]:
    """A woman who was never married to him, and too young to have been before the register began."""
    city, people = chosen.city, chosen.city.people
    fit = (people.sex == FEMALE) & (people.entry == 0) & (people.status == NORMAL)
    fit &= people.birth > _day("1985-01-01")
    told: dict[str, list[str]] = {name: [] for name in ("female_id", "female_name", "female_birth_date")}
    for registered in chosen.of("registration_date"):
        places = np.flatnonzero(fit & (people.birth < _day(registered) - 21 * YEAR))
        place = int(chosen.rng.choice(_steady(places)))
        told["female_id"].append(_id(city, place))
        told["female_name"].append(_name(city, place))
        told["female_birth_date"].append(_iso(people.birth[place]))
    return told


def _registered_twice(chosen: Chosen) -> Mapping[str, Values]:
    """Another person's data under a number of one's own."""
    city, people = chosen.city, chosen.city.people
    fit = np.flatnonzero((people.entry == 0) & (people.status == NORMAL) & (people.birth > _day("1990-01-01")))
    places = chosen.rng.choice(_steady(fit), len(chosen), replace=False)
    addresses = city.addresses(people.household[places], people.county[places]).to_pylist()
    return {
        "citizen_id": [nobody(_id(city, place)) for place in places],
        "name": [_name(city, place) for place in places],
        "sex": [str(people.sex[place]) for place in places],
        "birth_date": [_iso(people.birth[place]) for place in places],
        "household_address": addresses,
        "registered_date": [_iso(people.registered[place]) for place in places],
        "marital_status": ["10"] * len(chosen),
        "education": [None] * len(chosen),
    }


def _another_company(*columns: str) -> Callable[[Chosen], Mapping[str, Values]]:
    def damage(chosen: Chosen) -> Mapping[str, Values]:
        city = chosen.city
        made = known_companies(city)
        fit = np.flatnonzero((made.status == 1) & (made.entry == 0))
        places = chosen.rng.choice(_steady(fit), len(chosen), replace=False)
        values = {
            "org_code": made.org_code.take(pa.array(places)),
            "name": made.name.take(pa.array(places)),
            "address": city.addresses(places + 900_000_011, made.county[places]),
        }
        return {column: values[column].to_pylist() for column in columns}

    return damage


def _unknown_pupil(chosen: Chosen) -> Mapping[str, Values]:
    return _pupil([nobody(number) for number in chosen.of("citizen_id")])


def _party_of(city: City, records: pa.Table, lasting: bool) -> np.ndarray:
    """Rows of the population whose person has been married by the register, for the last time, when the row was
    updated; ``lasting``: and is not divorced."""
    done, couples = registrations(city), city.couples
    by_number: dict[str, int] = {}
    for couple, day in zip(done.couple[done.kind == MARRIAGE], done.day[done.kind == MARRIAGE], strict=True):
        if day < REGISTER_BEGAN or (lasting and couples.divorced[couple] != NO_DAY):
            continue
        for place in (couples.husband[couple], couples.wife[couple]):
            by_number[_id(city, place)] = max(int(day), by_number.get(_id(city, place), 0))
    ended = couples.divorced != NO_DAY
    more = {_id(city, p) for side in (couples.husband, couples.wife) for p in side[ended]} if lasting else set()
    updated = records["updated_at"].to_pylist()
    numbers = records["citizen_id"].to_pylist()
    return np.array(
        [n in by_number and n not in more and by_number[n] < _day(u) for n, u in zip(numbers, updated, strict=True)]
    )


def _ever(city: City, records: pa.Table) -> np.ndarray:
    return _party_of(city, records, lasting=False)


def _still(city: City, records: pa.Table) -> np.ndarray:
    return _party_of(city, records, lasting=True)


def _alive(city: City, records: pa.Table) -> np.ndarray:
    alive = city.ids.filter(pa.array((city.people.status == NORMAL) & (city.people.entry == 0)))
    return np.asarray(pc.is_in(records["citizen_id"], alive).to_numpy())


def _unit_slots(city: City) -> tuple[Units, Entries, dict[str, int]]:
    """The houses, the entries about them, and the place of each by its code."""
    made = known_units(city)
    listed = unit_codes(made, np.arange(len(made))).to_pylist()
    return made, entries(made), {code: place for place, code in enumerate(listed)}


def _about_units(fit: Callable[[Units], np.ndarray]) -> Callable[[City, pa.Table], np.ndarray]:
    """Entries in force about every second unit, of those for which ``fit`` holds."""

    def fits(city: City, records: pa.Table) -> np.ndarray:
        made, _, by_code = _unit_slots(city)
        place = np.array([by_code[code] for code in records["unit_code"].to_pylist()], np.int64)
        return np.asarray((place % 2 == 0) & fit(made)[place])

    return fits


def _dead_house_owner(chosen: Chosen) -> Mapping[str, Values]:
    places = _today(chosen)
    return {
        "owner_id": [_id(chosen.city, place) for place in places],
        "owner_name": [_name(chosen.city, place) for place in places],
    }


def _closed_house_owner(chosen: Chosen) -> Mapping[str, Values]:
    made = known_companies(chosen.city)
    places = pa.array(chosen.rng.choice(np.flatnonzero((made.status == 4) & (made.entry == 0)), len(chosen)))
    return {"owner_id": made.uscc.take(places).to_pylist(), "owner_name": made.name.take(places).to_pylist()}


def _sold_twice(chosen: Chosen) -> Mapping[str, Values]:
    """The unit of somebody else, who owns it alone."""
    city = chosen.city
    made, _, _ = _unit_slots(city)
    fit = np.flatnonzero((made.ownership == SOLE) & (made.kind == PERSON))
    places = chosen.rng.choice(_steady(fit), len(chosen), replace=False)
    county = made.county[places]
    return {
        "unit_code": unit_codes(made, places).to_pylist(),
        "division": [str(code) for code in COUNTY_CODES[county]],
        "address": city.addresses(made.address[places], county).to_pylist(),
    }


def _several_homes(made: Units) -> np.ndarray:
    people = made.owner[made.kind == PERSON]
    several = np.bincount(people)[np.where(made.kind == PERSON, made.owner, 0)] > 1
    return np.asarray(several & (made.kind == PERSON))


def _across(name: str, targets: Targets, damage: Callable, fit: Callable | None = None, **when: str) -> Defect:
    (dataset,) = targets

    def fits(city: City, records: pa.Table) -> np.ndarray:
        bears = _may_bear(dataset, city, records)
        return bears if fit is None else bears & fit(city, records)

    return Defect(f"cross_{name}", targets, RATE, False, damage, when=when, spelled=True, fit=fits)


def _always(text: str) -> Callable[[Chosen], Values]:
    return lambda chosen: [text] * len(chosen)


_MARITAL: Targets = {"population": ("marital_status",)}
_CHILD: Targets = {"birth": ("child_id",)}
_PUPIL: Targets = {"education": ("citizen_id",)}

CONTRADICTIONS: tuple[Defect, ...] = (
    _across("mother_was_dead", {"birth": ("mother_id",)}, _parent("mother", FEMALE, 0), _after_a_death(FEMALE, 0)),
    _across("father_was_long_dead", {"birth": ("father_id",)}, _parent("father", MALE, 310), _after_a_death(MALE, 310)),
    _across("child_certified_twice", _CHILD, _another_s_child(lambda number: number)),
    _across("child_with_two_numbers", _CHILD, _another_s_child(nobody)),
    _across("births_too_close", {"birth": ("mother_id",)}, _too_close, birth_time="^20(1[5-9]|2[0-4])"),
    _across("divorced_a_stranger", {"marriage": ("female_id",)}, _stranger_divorced, kind="^2$"),
    _across("registered_twice", {"population": ("citizen_id",)}, _registered_twice, person_status="^1$",
            birth_date="^(199|200)", marital_status="^10$"),
    _across("unmarried_though_married", _MARITAL, _always("10"), _ever, marital_status="^(2|4)"),
    _across("divorced_though_married", _MARITAL, _always("40"), _still, marital_status="^2"),
    _across("dead_pupil", _PUPIL, _dead_pupil, student_status="^01$", stage="^[5-8]$"),
    _across("unknown_pupil", _PUPIL, _unknown_pupil, student_status="^01$"),
    _across("school_says_dead", {"education": ("student_status",)}, _always("11"), _alive, student_status="^01$"),
    _across("stage_of_another_age", {"education": ("stage",)}, _always("6"), student_status="^01$", stage="^1$"),
    _across("code_given_twice", {"legal_person": ("org_code",)}, _another_company("org_code")),
    _across("body_with_two_codes", {"legal_person": ("name",)}, _another_company("name", "address"), status="^1$"),
    _across("dead_house_owner", {"house": ("owner_id",)}, _dead_house_owner, _about_units(lambda made: made.kind == PERSON),
            status="^1$", ownership="^0$"),
    _across("unknown_house_owner", {"house": ("owner_id",)}, lambda chosen: [nobody(n) for n in chosen.of("owner_id")],
            _about_units(lambda made: made.kind == PERSON), status="^1$", ownership="^0$"),
    _across("closed_house_owner", {"house": ("owner_id",)}, _closed_house_owner, _about_units(lambda made: made.kind == COMPANY),
            status="^1$"),
    _across("house_sold_twice", {"house": ("unit_code",)}, _sold_twice,
            _about_units(lambda made: (made.kind == PERSON) & ~_several_homes(made)), status="^1$", ownership="^0$"),
    _across("shares_exceed_the_whole", {"house": ("share",)}, _always("95.0000"), _about_units(lambda made: made.share <= 70),
            status="^1$", ownership="^2$"),
    _across("subsidised_with_another_home", {"house": ("house_nature",)}, _always("6"), _about_units(_several_homes),
            status="^1$", owner_order="^1$"),
    _across("dead_representative", {"legal_person": ("legal_rep_id",)}, _dead_representative, status="^1$"),
)  # fmt: skip

ACROSS: dict[str, float] = {defect.kind: defect.rate for defect in CONTRADICTIONS}
"""Kind → share of the rows: to be asked for as ``generate(…, defects=ACROSS)``."""
