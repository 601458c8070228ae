"""Houses of the city's households and companies, and who owns them: what the real estate register knows.

One place per entry of the register: a unit, a certificate and one of its owners. Owners in force are alive, grown up and
in no change of the delivery dates, companies in force exist: every constraint that a clean record must meet is met here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from govdata.sample import lexicon
from govdata.sample.arrow import NO_DAY, Column, choose, iso, join, null_where, text, words
from govdata.sample.city import COUNTY_CODES, COUNTY_NAMES, YEAR, City, day
from govdata.sample.institutions import Companies, closing, known_companies, settled
from govdata.sample.parts import Part, codes, table

SOLE, JOINT, SHARED = 0, 1, 2
IN_FORCE, HISTORICAL = 1, 2
PERSON, COMPANY = 1, 2
UNIFIED = day(2016, 1, 1)
"""Certificates of the unified register bear this year or a later one."""
_SHARES = np.array([50, 60, 70])


@dataclass(frozen=True)
class Units:
    """One place per house. ``owner``: place of a person, or of a company where ``kind`` is COMPANY; ``partner``: the
    other owner, -1: none; ``former``: the company that sold it, -1: none; ``begun``, ``sold``: days of entry."""

    address: np.ndarray  # what ``City.addresses`` makes an address of
    county: np.ndarray
    kind: np.ndarray
    owner: np.ndarray
    partner: np.ndarray
    ownership: np.ndarray
    share: np.ndarray  # of the owner; the partner has the rest
    use: np.ndarray
    nature: np.ndarray
    area: np.ndarray  # in hundredths of a square metre
    begun: np.ndarray
    former: np.ndarray
    sold: np.ndarray

    def __len__(self) -> int:
        return len(self.owner)


def _homes(city: City, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Owner, the other owner of a joint home (-1: none), the address and the first day it may have been bought: of a
    third of the households one home, and of one in twelve of those another one."""
    people, couples = city.people, city.couples
    fit = settled(city) & (city.day0 - people.birth > 22.5 * YEAR)
    spouse = np.full(len(people), -1, np.int64)
    wed = np.full(len(people), NO_DAY, np.int64)
    lasting = np.flatnonzero((couples.divorced == NO_DAY) & (couples.married < city.day0 - 90))
    his, hers = couples.husband[lasting], couples.wife[lasting]
    spouse[his], spouse[hers] = hers, his
    wed[his] = wed[hers] = couples.married[lasting]
    grown = np.flatnonzero(fit)
    _, first = np.unique(people.household[grown], return_index=True)
    owner = grown[first]
    owner = owner[rng.random(len(owner)) < 0.34]
    second = owner[rng.random(len(owner)) < 0.08]
    both = np.r_[owner, second]
    other = spouse[both]
    together = (other >= 0) & fit[np.maximum(other, 0)] & (rng.random(len(both)) < 0.65)
    together[len(owner) :] = False
    address = np.r_[people.household[owner], people.household[second] + 300_000_007].astype(np.int64)
    since = np.where(together, wed[both] + 10, people.birth[both] + round(22 * YEAR))
    return both, np.where(together, other, -1), address, np.maximum(since, UNIFIED)


def _used(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    dwelling = rng.choice([10, 11, 12, 111], len(kind), p=[0.2, 0.72, 0.05, 0.03])
    business = rng.choice([60, 31, 21, 27], len(kind), p=[0.5, 0.3, 0.15, 0.05])
    return np.where(kind == PERSON, dwelling, business)


def units(city: City) -> Units:
    rng, made = city.rng(30), known_companies(city)
    owner, partner, address, since = _homes(city, rng)
    home = len(owner)
    bodies = np.flatnonzero((made.status == 1) & (made.entry == 0) & (made.established < city.day0 - 400))
    bodies = np.setdiff1d(bodies, closing(made))
    bodies = bodies[rng.random(len(bodies)) < 0.12]
    kind = np.r_[np.full(home, PERSON), np.full(len(bodies), COMPANY)]
    owner = np.r_[owner, bodies]
    partner = np.r_[partner, np.full(len(bodies), -1)]
    since = np.r_[since, np.maximum(made.established[bodies] + 30, UNIFIED)]
    county = np.r_[city.people.county[owner[:home]], made.county[bodies]].astype(np.int64)
    size = len(owner)
    begun = since + (rng.random(size) * np.maximum(city.day0 - 3 - since, 1)).astype(np.int64)
    shared = (partner >= 0) & (rng.random(size) < 0.25)
    ownership = np.where(partner < 0, SOLE, np.where(shared, SHARED, JOINT))
    use = _used(kind, rng)
    # Affordable housing goes to those who have no other home.
    once = np.bincount(owner[:home], minlength=len(city.people))[np.where(kind == PERSON, owner, 0)] == 1
    affordable = (kind == PERSON) & once & (ownership == SOLE) & (rng.random(size) < 0.12)
    area = np.where(kind == PERSON, rng.integers(4_500, 16_000, size), rng.integers(6_000, 200_000, size))
    resold = (begun > UNIFIED + 400) & (rng.random(size) < 0.15)
    sellers = np.flatnonzero(made.established < UNIFIED - 400)
    former = np.where(resold, rng.choice(sellers, size), -1)
    return Units(
        address=np.r_[address, bodies + 900_000_011], county=county, kind=kind, owner=owner, partner=partner,
        ownership=ownership, share=_SHARES[rng.integers(0, len(_SHARES), size)], use=use,
        nature=np.where(kind == COMPANY, 99, np.where(affordable, 6, 0)), area=area, begun=begun, former=former,
        sold=UNIFIED + (rng.random(size) * np.maximum(begun - UNIFIED - 30, 1)).astype(np.int64),
    )  # fmt: skip


known_units = lru_cache(maxsize=1)(units)


@dataclass(frozen=True)
class Entries:
    """One place per unit, certificate and owner. ``unit``: place in ``Units``; ``order``: of the owner on the
    certificate, from 1."""

    unit: np.ndarray
    order: np.ndarray
    kind: np.ndarray
    owner: np.ndarray
    status: np.ndarray


def entries(made: Units) -> Entries:
    places = np.arange(len(made))
    two, before = np.flatnonzero(made.partner >= 0), np.flatnonzero(made.former >= 0)
    unit = np.r_[places, two, before]
    order = np.r_[np.ones(len(places), int), np.full(len(two), 2), np.ones(len(before), int)]
    kind = np.r_[made.kind, np.full(len(two), PERSON), np.full(len(before), COMPANY)]
    owner = np.r_[made.owner, made.partner[two], made.former[before]]
    status = np.r_[np.full(len(places) + len(two), IN_FORCE), np.full(len(before), HISTORICAL)]
    rank = np.lexsort((order, status, unit))
    return Entries(unit[rank], order[rank], kind[rank], owner[rank], status[rank])


def unit_codes(made: Units, places: np.ndarray) -> Column:
    """GB/T 37346 codes: county, cadastral district and subdistrict, G or J and B or C, parcel, F, building and unit."""
    county, rural = made.county[places], made.county[places] >= lexicon.RURAL
    return join(
        text(COUNTY_CODES[county]), text(places % 18 + 1, 3), text(places % 7 + 1, 3),
        choose(rural, "JC", "GB"), text(places // 40 % 99_999 + 1, 5), "F", text(places % 40 // 8 + 1, 4),
        text(places % 8 + 1, 4),
    )  # fmt: skip


def house(city: City, number: int) -> Iterator[Part]:
    """Delivery 0 only: the whole register, rights in force and former ones."""
    if number:
        return
    made = known_units(city)
    yield Part(f"房屋权属_全量_{city.dates[number]:%Y%m%d}", _house(city, made, entries(made)))


def _house(city: City, made: Units, told: Entries) -> pa.Table:
    unit, companies = told.unit, known_companies(city)
    past, person = told.status == HISTORICAL, told.kind == PERSON
    ownership = np.where(past, SOLE, made.ownership[unit])
    begun = np.where(past, made.sold[unit], made.begun[unit])
    share = np.where(told.order == 1, made.share[unit], 100 - made.share[unit])
    rural = made.county[unit] >= lexicon.RURAL
    year = begun.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    mortgaged = ~past & (made.area[unit] % 5 == 0)
    return table(
        unit_code=unit_codes(made, unit),
        certificate_no=join(
            "示（", text(year), "）", words(COUNTY_NAMES, made.county[unit]), "不动产权第",
            text(2 * unit + np.where(past, 1, 2), 7), "号"
        ),
        owner_order=text(told.order),
        address=city.addresses(made.address[unit], made.county[unit]),
        division=text(COUNTY_CODES[made.county[unit]]),
        right_type=text(np.where(rural, np.where(made.kind[unit] == PERSON, 6, 8), 4)),
        house_use=codes(made.use[unit]),
        house_nature=text(made.nature[unit]),
        building_area=_hundredths(made.area[unit]),
        ownership=text(ownership),
        share=null_where(join(text(share), ".0000"), ownership != SHARED),
        owner_name=choose(person, _people(city, city.names, told), _companies(companies, companies.name, told)),
        owner_doc_type=text(np.where(person, 1, 7)),
        owner_id=choose(person, _people(city, city.ids, told), _companies(companies, companies.uscc, told)),
        owner_type=text(told.kind),
        registration_date=iso(begun),
        status=text(told.status),
        ended_date=iso(np.where(past, made.begun[unit], NO_DAY)),
        mortgaged=_yes(mortgaged),
        sealed=_yes(~past & (made.area[unit] % 211 == 0)),
    )  # fmt: skip


def _people(city: City, column: Column, told: Entries) -> Column:
    return city.take(column, np.where(told.kind == PERSON, told.owner, -1))


def _companies(companies: Companies, column: Column, told: Entries) -> Column:
    return column.take(pa.array(told.owner, mask=told.kind == PERSON))


def _hundredths(numbers: np.ndarray) -> Column:
    return join(text(numbers // 100), ".", text(numbers % 100, 2))


def _yes(mask: np.ndarray) -> Column:
    return words(("false", "true"), mask.astype(np.int64))
