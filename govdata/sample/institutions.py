"""Hospitals, schools, companies: what the people of the city are born in, taught at and represent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from govdata.sample import lexicon
from govdata.sample.arrow import NO_DAY, Column, choose, join, null_where, text, words
from govdata.sample.city import (
    BACHELOR,
    COLLEGE,
    COUNTY_CODES,
    COUNTY_NAMES,
    DOCTOR,
    NORMAL,
    YEAR,
    City,
    day,
    days_of,
)
from govdata.sample.identifiers import organisation_codes, registration_numbers, usccs

_SCHOOL_KINDS = ("", "小学", "初级中学", "高级中学", "中等职业学校")


@dataclass(frozen=True)
class Hospitals:
    """``uscc`` (department 1, category 2), ``name`` and county of each."""

    uscc: Column
    name: Column
    county: np.ndarray


def hospitals(city: City) -> Hospitals:
    count = int(np.clip(city.people_count // 15_000, 4, 12 * len(lexicon.HOSPITALS)))
    serial = np.arange(count)
    county = serial % 12
    _, organisation = organisation_codes(serial, "42")
    name = join(words(COUNTY_NAMES, county), words(lexicon.HOSPITALS, serial // 12))
    return Hospitals(usccs("12", COUNTY_CODES[county], organisation), name, county)


def schools(
    city: City, stage: np.ndarray, county: np.ndarray, rng: np.random.Generator
) -> tuple[Column, Column, np.ndarray]:
    """Ten-digit code, name and county of the school of each student: those below college age go to school in their
    county."""
    size = len(stage)
    per_county = int(np.clip(city.people_count // 60_000, 1, len(lexicon.SCHOOL_WORDS)))
    serial = rng.integers(0, per_county, size)
    local_code = join("3", text(COUNTY_CODES[county]), text(stage), text(serial + 1, 2))
    local_name = join(
        words(COUNTY_NAMES, county), words(lexicon.SCHOOL_WORDS, serial), words(_SCHOOL_KINDS, np.minimum(stage, 4))
    )
    vocational = stage == COLLEGE
    choice = rng.integers(0, 60, size)
    college = np.where(
        vocational,
        choice % len(lexicon.VOCATIONAL_COLLEGES),
        np.where(stage > BACHELOR, 0, choice % len(lexicon.COLLEGES)),
    )
    high_code = join("419010", text(np.where(vocational, 50, 10) + college, 4))
    high_name = choose(vocational, words(lexicon.VOCATIONAL_COLLEGES, college % 2), words(lexicon.COLLEGES, college))
    higher = (stage >= COLLEGE) & (stage <= DOCTOR)
    return choose(higher, high_code, local_code), choose(higher, high_name, local_name), np.where(higher, 0, county)


@dataclass
class Companies:
    """One place per company. ``entry``: number of the delivery it first appears in; ``cancelled``: the day it was
    cancelled or its licence revoked, NO_DAY while it exists."""

    uscc: Column
    org_code: Column
    old_registration_no: Column
    name: Column
    county: np.ndarray
    industry: np.ndarray
    kind: np.ndarray
    representative: np.ndarray
    capital: np.ndarray  # in 万元
    dollars: np.ndarray
    established: np.ndarray
    approved: np.ndarray
    term_to: np.ndarray
    status: np.ndarray  # market_entity_status code
    cancelled: np.ndarray
    entry: np.ndarray
    phone: np.ndarray


# market_entity_type and gbt_12402_economic_type codes of each kind, then the end of the company's name
COMPANY_KINDS = (
    ("1130", "173", "有限公司", 0.55),
    ("1151", "173", "有限公司", 0.25),
    ("1222", "174", "股份有限公司", 0.06),
    ("4540", "171", "中心", 0.08),
    ("4533", "172", "合伙企业（有限合伙）", 0.04),
    ("1110", "151", "集团有限公司", 0.02),
)
_CAPITALS = np.array([3, 10, 30, 50, 100, 200, 300, 500, 800, 1000, 2000, 5000, 12000])


def settled(city: City) -> np.ndarray:
    """Who is there from the first delivery on, in normal standing and in no change of the delivery dates."""
    people = city.people
    changing = np.zeros(len(people), bool)
    for changes in city.changes.values():
        for places in changes.values():
            changing[places] = True
    return np.asarray((people.status == NORMAL) & (people.entry == 0) & ~changing)


def companies(city: City) -> Companies:
    """About one company per ten people; representatives are adults in normal standing who appear in no change of the
    delivery dates."""
    people, rng = city.people, city.rng(3)
    count = max(60, city.people_count // 10)
    late = max(2, count // 2000) if len(city.dates) > 2 else 0
    size = count + late
    day0 = city.day0
    entry = np.zeros(size, np.int16)
    entry[count:] = 2
    county = rng.integers(0, 12, size)
    established = day0 - (rng.beta(1, 2.2, size) * 27 * YEAR).astype(np.int64) - 30
    if late:
        established[count:] = days_of(city.dates[2]) - 2

    age = day0 - people.birth
    eligible = np.flatnonzero(settled(city) & (age > 19 * YEAR) & (age < 72 * YEAR))
    representative = rng.choice(eligible, size)
    # Nobody founds a company as a minor.
    established = np.maximum(established, people.birth[representative] + round(18.1 * YEAR))

    kind = rng.choice(len(COMPANY_KINDS), size=size, p=[share for *_, share in COMPANY_KINDS])
    industry = rng.integers(0, len(lexicon.INDUSTRIES), size)
    capital = _CAPITALS[rng.integers(0, len(_CAPITALS), size)]
    capital = np.where((kind == 2) | (kind == 5), np.maximum(capital, 1000), capital)

    recent = rng.random(size)
    approved = established + (rng.random(size) ** 2 * (day0 - 2 - established)).astype(np.int64)
    approved = np.where(entry > 0, established, np.maximum(approved, established))
    status = np.where(recent < 0.88, 1, np.where(recent < 0.91, 2, np.where(recent < 0.985, 4, 6)))
    status = np.where((entry > 0) | (established > day0 - 400), 1, status)
    cancelled = np.where(
        np.isin(status, (2, 4)),
        np.minimum(approved + 1 + (rng.random(size) * (day0 - 3 - approved)).astype(np.int64), day0 - 2),
        NO_DAY,
    )
    cancelled = np.where(np.isin(status, (2, 4)) & (cancelled <= approved), approved + 1, cancelled)
    years = np.array([20, 30, 50])[rng.integers(0, 3, size)]
    end = established + np.floor(years * YEAR).astype(np.int64)
    term_to = np.where((rng.random(size) < 0.6) | (end < day0 + 100), NO_DAY, end)

    serial = np.arange(size)
    org_code, organisation = organisation_codes(serial, "MA")
    old = established < day(2015, 10, 1)
    old_no = null_where(registration_numbers(COUNTY_CODES[county], serial), ~old)
    phone = np.where(rng.random(size) < 0.85, rng.integers(0, 10**8, size), -1)
    trade = [words(lexicon.TRADE_NAMES, rng.integers(0, len(lexicon.TRADE_NAMES), size)) for _ in range(3)]
    place = choose(rng.random(size) < 0.5, lexicon.CITY, words(COUNTY_NAMES, county))
    word = words([name for _, name, _ in lexicon.INDUSTRIES], industry)
    name = join(place, *trade, word, words([end for _, _, end, _ in COMPANY_KINDS], kind))
    return Companies(
        uscc=usccs("91", COUNTY_CODES[county], organisation), org_code=org_code, old_registration_no=old_no, name=name, county=county,
        industry=industry, kind=kind, representative=representative, capital=capital, dollars=rng.random(size) < 0.01,
            established=established,
        approved=approved, term_to=term_to, status=status, cancelled=cancelled, entry=entry, phone=phone,
    )  # fmt: skip


known_companies = lru_cache(maxsize=1)(companies)


def closing(made: Companies) -> np.ndarray:
    """Places of the companies that the second whole delivery says are cancelled."""
    open_ones = np.flatnonzero((made.status == 1) & (made.entry == 0))
    return np.asarray(open_ones[:: max(1, len(open_ones) // max(2, len(open_ones) // 500))])


def company_scope(industry: np.ndarray) -> pa.Array:
    return words([scope for _, _, scope in lexicon.INDUSTRIES], industry)
