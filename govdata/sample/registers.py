"""What each department knows of the city, in standard form: every value as the standards write it (ISO dates, codes,
yuan).

A register yields *parts*: the records of one file or one sheet, as an Arrow table of text in the contract's columns.
Parts are made one at a time, so that memory follows the largest county and not the city.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from govdata.sample import lexicon
from govdata.sample.arrow import NO_DAY, choose, constant, iso, join, null_where, text, words
from govdata.sample.city import (
    BACHELOR,
    COLLEGE,
    COUNTY_CODES,
    COUNTY_NAMES,
    DEAD,
    LEVEL_AFTER,
    MASTER,
    MOVED_OUT,
    City,
    Couples,
    day,
    days_of,
)
from govdata.sample.houses import house
from govdata.sample.identifiers import citizen_ids, yyyymmdd
from govdata.sample.institutions import COMPANY_KINDS, closing, company_scope, hospitals, known_companies, schools
from govdata.sample.parts import Part, codes, moment, phones, table

# ---------------------------------------------------------------------------------------------------------- population


def population(city: City, number: int) -> Iterator[Part]:
    """Delivery 0: everybody, a file per county (市公安局's branches). Later deliveries: one file of changes."""
    people, stamp = city.people, city.dates[number].strftime("%Y%m%d")
    if number == 0:
        for county in range(12):
            places = np.flatnonzero((people.county == county) & (people.entry == 0))
            if len(places):
                code = lexicon.COUNTIES[county][0]
                yield Part(f"人口基本信息_全量_{code}_{stamp}", _population(city, places, {}, None), group=county)
        return
    changes = city.changes[number]
    places = np.concatenate([changes[kind] for kind in ("entered", "moved", "phone", "died", "left", "wed")])
    kinds = np.repeat(
        np.array(["I", "U", "U", "U", "D", "U"]),
        [len(changes[kind]) for kind in ("entered", "moved", "phone", "died", "left", "wed")],
    )
    order = np.argsort(places, kind="stable")
    yield Part(f"人口基本信息_增量_{stamp}", _population(city, places[order], changes, kinds[order], number))


def _population(
    city: City, places: np.ndarray, changes: dict[str, np.ndarray], kinds: np.ndarray | None, number: int = 0
) -> pa.Table:
    people = city.people
    today = days_of(city.dates[number])
    at = {kind: np.isin(places, chosen) for kind, chosen in changes.items()}
    nobody = np.zeros(len(places), bool)
    died, left, wed, moved = (at.get(kind, nobody) for kind in ("died", "left", "wed", "moved"))
    changed = np.zeros(len(places), bool)
    for kind, where in at.items():
        changed |= where & (kind != "entered")
    status = np.where(died, DEAD, np.where(left, MOVED_OUT, people.status[places]))
    status_day = np.where(died | left, today - 1, people.status_day[places])
    updated = np.where(changed, (today - 1) * 86_400 + 30_000 + places % 30_000, people.updated[places])
    households, county = people.household[places], people.county[places]
    elsewhere = (places * 7919 % 100 < 18) & (people.mother[places] < 0)
    residence = np.where(
        moved, households + 100_000_007 * (number + 1), np.where(elsewhere, households + 50_000_017, households)
    )
    residence_county = np.where(elsewhere | moved, places * 31 % 12, county)
    numbers = np.where(at.get("phone", nobody), (places * 48_271 + number * 7) % 10**8, people.phone[places])
    columns = {
        "citizen_id": city.take(city.ids, places),
        "name": city.take(city.names, places),
        "sex": text(people.sex[places]),
        "ethnicity": words([code for code, _ in lexicon.ETHNICITIES], people.ethnicity[places]),
        "birth_date": iso(people.birth[places]),
        "household_division": text(COUNTY_CODES[county]),
        "household_address": city.addresses(households, county),
        "residence_address": city.addresses(residence, residence_county),
        "marital_status": text(np.where(wed, 21, people.marital[places])),
        "education": codes(people.education[places]),
        "phone": phones(numbers),
        "household_type": text(np.where(county >= lexicon.RURAL, 2, 1)),
        "person_status": text(status),
        "status_date": iso(status_day),
        "registered_date": iso(people.registered[places]),
        "updated_at": moment(updated),
    }
    if kinds is not None:
        columns["change_kind"] = pa.array(kinds)
    return table(**columns)


# -------------------------------------------------------------------------------------------------------- legal person


def legal_person(city: City, number: int) -> Iterator[Part]:
    """Deliveries 0 and 2: every company, the second time with the new ones and some more cancelled."""
    if number not in (0, 2):
        return
    made = known_companies(city)
    places = np.flatnonzero(made.entry <= number)
    status, cancelled = made.status.copy(), made.cancelled.copy()
    today = days_of(city.dates[number])
    if number:
        closed = closing(made)
        status[closed], cancelled[closed] = 4, today - 1
    kind, industry, county = made.kind[places], made.industry[places], made.county[places]
    yield Part(
        f"法人基本信息_{city.dates[number]:%Y%m%d}",
        table(
            uscc=made.uscc.take(places),
            name=made.name.take(places),
            org_type=words([code for code, *_ in COMPANY_KINDS], kind),
            legal_rep_name=city.take(city.names, made.representative[places]),
            legal_rep_doc_type=constant("111", len(places)),
            legal_rep_id=city.take(city.ids, made.representative[places]),
            registered_capital=join(text(made.capital[places]), "0000.00"),
            capital_unit=constant("万元", len(places)),
            capital_currency=choose(made.dollars[places], "USD", "CNY"),
            established_date=iso(made.established[places]),
            approved_date=iso(made.approved[places]),
            term_from=iso(made.established[places]),
            term_to=iso(made.term_to[places]),
            status=text(status[places]),
            cancel_date=iso(cancelled[places]),
            industry=words([code for code, _, _ in lexicon.INDUSTRIES], industry),
            economic_type=words([code for _, code, _, _ in COMPANY_KINDS], kind),
            registration_authority=join(words(COUNTY_NAMES, county), "市场监督管理局"),
            registration_division=text(COUNTY_CODES[county]),
            old_registration_no=made.old_registration_no.take(places),
            org_code=made.org_code.take(places),
            address=city.addresses(places + 900_000_011, county),
            business_scope=company_scope(industry),
            phone=phones(made.phone[places]),
        ),
    )


# ------------------------------------------------------------------------------------------------------------ marriage

MARRIAGE, DIVORCE, MARRIAGE_COPY, DIVORCE_COPY = 1, 2, 3, 4
_PREFIXES = ("", "J", "L", "BJ", "BL")
REGISTER_BEGAN = day(2004, 1, 1)
"""Certificates before 2004 bear free-text numbers (facts: grade C) and are not in the electronic register."""
WORKBOOK_ROWS = 200_000


@dataclass(frozen=True)
class Registrations:
    """Business done at the marriage offices: kind, day, office's county, serial of office, year and kind, and the
    couple."""

    kind: np.ndarray
    day: np.ndarray
    county: np.ndarray
    serial: np.ndarray
    couple: np.ndarray


@lru_cache(maxsize=1)
def registrations(city: City) -> Registrations:
    couples, rng = city.couples, city.rng(4)
    size = len(couples.married)
    yesterday = city.day0 - 1
    old_marriage = (couples.married >= REGISTER_BEGAN) & (couples.married <= yesterday)
    divorce = (couples.divorced >= REGISTER_BEGAN) & (couples.divorced <= yesterday)
    copies = rng.random(size)
    lasting = couples.divorced == NO_DAY
    room = yesterday - 1 - (couples.married + 100)
    alive = city.people.status[couples.husband] != DEAD
    copy = lasting & alive & (couples.married >= REGISTER_BEGAN) & (room > 0) & (copies < 0.05)
    copy_day = couples.married + 100 + (rng.random(size) * np.maximum(room, 1)).astype(np.int64)
    fresh_copy = np.flatnonzero(
        lasting & alive & (couples.married >= REGISTER_BEGAN) & (room > 0) & (copies > 0.999 - 4 / size)
    )
    room_after = yesterday - 1 - (couples.divorced + 100)
    divorce_copy = divorce & (room_after > 0) & (copies < 0.2)
    divorce_copy_day = couples.divorced + 100 + (rng.random(size) * np.maximum(room_after, 1)).astype(np.int64)
    groups = [
        (MARRIAGE, np.flatnonzero(old_marriage), couples.married),
        (MARRIAGE, np.flatnonzero(couples.married > yesterday), couples.married),
        (DIVORCE, np.flatnonzero(divorce), couples.divorced),
        (MARRIAGE_COPY, np.flatnonzero(copy), copy_day),
        (DIVORCE_COPY, np.flatnonzero(divorce_copy), divorce_copy_day),
    ]
    for number, date in enumerate(city.dates[1:], 1):
        groups.append(
            (MARRIAGE_COPY, fresh_copy[number - 1 :: max(1, len(city.dates) - 1)], np.full(size, days_of(date) - 1))
        )
    kind = np.concatenate([np.full(len(places), kind) for kind, places, _ in groups])
    couple = np.concatenate([places for _, places, _ in groups])
    when = np.concatenate([days[places] for _, places, days in groups])
    county = city.people.county[couples.wife[couple]].astype(np.int64)
    order = np.lexsort((couple, when, county, kind))
    kind, couple, when, county = kind[order], couple[order], when[order], county[order]
    year = when.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    key = (kind * 100 + county) * 1000 + year
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    serial = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)])) + 1
    return Registrations(kind, when, county, serial, couple)


_SHEETS = (("结婚登记", (MARRIAGE,)), ("离婚登记", (DIVORCE,)), ("补领证件", (MARRIAGE_COPY, DIVORCE_COPY)))


def marriage(city: City, number: int) -> Iterator[Part]:
    """Delivery 0: the register since 2004; later: yesterday's business, corrections (the office's name) and a few
    cancelled records."""
    done = registrations(city)
    today = days_of(city.dates[number])
    base = done.day < city.day0
    turn = _correction_turn(done, len(city.dates))
    if number == 0:
        chosen, kinds = np.flatnonzero(base), None
    else:
        chosen = np.flatnonzero((done.day == today - 1) & ~base | base & (turn == number))
        kinds = np.where(
            ~base[chosen], "I", np.where((done.kind[chosen] == MARRIAGE_COPY) & (chosen % 2 == 0), "D", "U")
        )
    books = max(1, -(-len(chosen) // WORKBOOK_ROWS))
    for sheet, business in _SHEETS:
        of_sheet = np.isin(done.kind[chosen], business)
        for book, places in enumerate(np.array_split(np.flatnonzero(of_sheet), books), 1):
            change = kinds[places] if kinds is not None else np.full(len(places), "I")
            records = _marriage(city, done, chosen[places], change, former_office=(turn[chosen[places]] > number))
            suffix = f"_{book:02d}" if books > 1 else ""
            yield Part(f"婚姻登记_{city.dates[number]:%Y%m%d}{suffix}", records, sheet=sheet)


def _correction_turn(done: Registrations, deliveries: int) -> np.ndarray:
    """In which delivery a registration is corrected (0: never): one in 250, spread over the deltas."""
    if deliveries < 2:
        return np.zeros(len(done.kind), int)
    place = np.arange(len(done.kind))
    return np.where(place % 125 == 7, 1 + place // 125 % (deliveries - 1), 0)


def _marriage(
    city: City, done: Registrations, places: np.ndarray, change: np.ndarray, former_office: np.ndarray
) -> pa.Table:
    couples: Couples = city.couples
    people = city.people
    kind, couple, county = done.kind[places], done.couple[places], done.county[places]
    his, hers = couples.husband[couple], couples.wife[couple]
    year = done.day[places].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    before = [
        np.where(kind == MARRIAGE, prior, np.where(kind == DIVORCE_COPY, 40, 20))
        for prior in (couples.husband_prior[couple], couples.wife_prior[couple])
    ]
    rows = len(places)
    return table(
        certificate_no=join(
            words(_PREFIXES, kind), text(COUNTY_CODES[county]), "-", text(year), "-", text(done.serial[places], 6)
        ),
        kind=text(kind),
        registration_date=iso(done.day[places]),
        office_division=text(COUNTY_CODES[county]),
        office_name=choose(
            former_office, lexicon.CITY + "民政局婚姻登记中心", join(words(COUNTY_NAMES, county), "民政局婚姻登记处")
        ),
        male_name=city.take(city.names, his),
        male_id=city.take(city.ids, his),
        male_birth_date=iso(people.birth[his]),
        male_sex=constant("1", rows),
        male_prior_status=text(before[0]),
        female_name=city.take(city.names, hers),
        female_id=city.take(city.ids, hers),
        female_birth_date=iso(people.birth[hers]),
        female_sex=constant("2", rows),
        female_prior_status=text(before[1]),
        change_kind=pa.array(change, pa.string()),
    )


# ----------------------------------------------------------------------------------------------------------- education

SCHOOL_GROUPS = (("中小学学籍", (1, 2, 3, 4)), ("高等教育学籍", (5, 6, 7, 8)))


def education(city: City, number: int) -> Iterator[Part]:
    """Delivery 0 only: everybody at school in the running school year, and those who left school this summer with last
    year's."""
    if number:
        return
    people = city.people
    for group, (title, stages) in enumerate(SCHOOL_GROUPS):
        places = np.flatnonzero(np.isin(people.stage, stages))
        if len(places):
            yield Part(
                f"{title}_{city.school_year}-{city.school_year + 1}学年",
                _education(city, places, city.rng(5, group)),
                group=group,
            )


def _education(city: City, places: np.ndarray, rng: np.random.Generator) -> pa.Table:
    people = city.people
    stage, left = people.stage[places], people.graduated[places]
    code, name, county = schools(city, stage, people.county[places].astype(np.int64), rng)
    ids = city.take(city.ids, places)
    began = people.stage_year[places].astype(np.int64)
    first = np.array([day(year, 9, 1) for year in range(1980, city.school_year + 1)])[began - 1980]
    running = np.where(left, city.school_year - 1, city.school_year)
    status = np.where(left, 7, np.where(rng.random(len(places)) < 0.01, 2, 1))
    level = np.where(left, LEVEL_AFTER[stage], 0)
    field = np.array([402, 403, 404, 405, 407, 408, 409, 410, 412])[rng.integers(0, 9, len(places))]
    degree = np.where(left & (stage == BACHELOR), field, np.where(left & (stage == MASTER), field - 100, 0))
    diploma = join("19", text(np.where(stage == COLLEGE, 50, 10) + rng.integers(0, 3, len(places)), 3), "1", text(running + 1),
                   text(np.where(stage == COLLEGE, 6, np.where(stage == BACHELOR, 5, 2)), 2), text(np.arange(len(places)), 6))  # fmt: skip
    # A few got their school number before they had a citizen number: J and a number built like one (sequence beyond any
    # in use).
    made_up = citizen_ids(
        COUNTY_CODES[county],
        yyyymmdd(people.birth[places]),
        983 + people.sex[places].astype(np.int64) - 1 + 2 * (places % 6),
    )
    unique = np.zeros(len(places), bool)
    unique[np.unique(np.asarray(made_up.to_numpy(zero_copy_only=False), dtype=str), return_index=True)[1]] = True
    early = unique & (rng.random(len(places)) < 0.01)
    return table(
        student_no=choose(early, join("J", made_up), join("G", ids)),
        name=city.take(city.names, places),
        citizen_id=ids,
        sex=text(people.sex[places]),
        school_code=code,
        school_name=name,
        stage=text(stage),
        school_year=join(text(running), "-", text(running + 1)),
        enrolment_date=iso(first),
        graduation_date=iso(np.where(left, day(city.school_year, 6, 30), NO_DAY)),
        education_level=codes(level),
        degree=codes(degree),
        student_status=text(status, 2),
        diploma_no=null_where(diploma, ~(left & (stage >= COLLEGE))),
    )


# --------------------------------------------------------------------------------------------------------------- birth

BIRTHS_BEGIN = day(2014, 1, 1)


def birth(city: City, number: int) -> Iterator[Part]:
    """Delivery 0: certificates of births since 2014; later: new births, and earlier ones that now have the child's
    citizen number."""
    people = city.people
    born = np.flatnonzero((people.mother >= 0) & (people.birth >= BIRTHS_BEGIN))
    born = born[np.lexsort((born, people.birth[born]))]
    pending = np.zeros(len(born), bool)  # no citizen number at the first delivery
    recent = np.flatnonzero((people.birth[born] < city.day0 - 30) & (people.entry[born] == 0))
    pending[recent[::40]] = True
    turn = np.where(pending, 1 + np.arange(len(born)) // 40 % max(1, 4 * (len(city.dates) - 1)), 0)
    entry = people.entry[born]
    chosen = entry == 0 if number == 0 else (entry == number) | (turn == number) & pending
    change = np.where(entry[chosen] == number, "I", "U")
    has_id = (
        (entry[chosen] == 0)
        & (~pending[chosen] | (turn[chosen] == number))
        & (people.birth[born[chosen]] < city.day0 - 30)
    )
    yield Part(
        f"出生医学证明_{city.dates[number]:%Y%m%d}", _birth(city, born[chosen], np.flatnonzero(chosen), change, has_id)
    )


def _birth(city: City, places: np.ndarray, serial: np.ndarray, change: np.ndarray, has_id: np.ndarray) -> pa.Table:
    people, clinics = city.people, hospitals(city)
    # Figures of a birth are functions of the certificate's serial: the same in every delivery.
    mixed = (serial.astype(np.uint64) + np.uint64(1)) * np.uint64(11_400_714_819_323_198_485)

    def part(shift: int, size: int) -> np.ndarray:
        return ((mixed >> np.uint64(shift)) % np.uint64(size)).astype(np.int64)

    weeks = np.array([36, 37, 37, 38, 38, 38, 39, 39, 39, 39, 40, 40, 40, 41])[part(7, 14)]
    weight = (weeks - 39) * 150 + 2900 + part(13, 75) * 10
    clinic = part(23, len(clinics.county))
    when = people.birth[places].astype(np.int64)
    entered = np.array([days_of(date) for date in city.dates])[people.entry[places]]
    issued = np.minimum(when + 1 + part(31, 15), entered - 1)
    mother, father = people.mother[places], people.father[places]
    letter = np.where(when < day(2019, 1, 1), 0, np.where(when < day(2023, 4, 1), 1, 2))
    return table(
        certificate_no=join(words("RTU", letter), "19", text(serial + 1, 7)),
        child_name=city.take(city.names, places),
        sex=text(people.sex[places]),
        birth_time=moment(when * 86_400 + part(37, 1440) * 60),
        birth_weight=text(weight),
        gestation_weeks=text(weeks),
        mother_name=city.take(city.names, mother),
        mother_id=city.take(city.ids, mother),
        mother_age=text(_age(people.birth[mother], when)),
        father_name=city.take(city.names, father),
        father_id=city.take(city.ids, father),
        father_age=text(_age(people.birth[father], when)),
        birth_place=clinics.name.take(clinic),
        birth_division=text(COUNTY_CODES[clinics.county[clinic]]),
        institution_name=clinics.name.take(clinic),
        institution_code=clinics.uscc.take(clinic),
        issue_date=iso(issued),
        child_id=null_where(city.take(city.ids, places), ~has_id),
        change_kind=pa.array(change, pa.string()),
    )


def _age(born: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Completed years."""
    then, now = yyyymmdd(born), yyyymmdd(on)
    return np.asarray((now - then) // 10_000)


REGISTERS: dict[str, Callable[[City, int], Iterator[Part]]] = {
    "population": population,
    "legal_person": legal_person,
    "marriage": marriage,
    "education": education,
    "birth": birth,
    "house": house,
}
