"""A simulated city as numpy arrays with one place per person: people, couples, and what is worked out from them.

Days are integers since 1970-01-01 (``NO_DAY``: none). ``govdata.sample.lives`` makes a city.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from functools import cached_property

import numpy as np
import pyarrow as pa

from govdata.sample import lexicon
from govdata.sample.arrow import Column, choose, join, text, words
from govdata.sample.identifiers import citizen_ids, yyyymmdd

YEAR = 365.2425
MALE, FEMALE = 1, 2
NORMAL, DEAD, MOVED_OUT = 1, 2, 3

# Stages of schooling; 0 is none. Order as in STAGES.
STAGES = ("小学", "初中", "普通高中", "中职", "专科", "本科", "硕士", "博士")
PRIMARY, JUNIOR, SENIOR, VOCATIONAL, COLLEGE, BACHELOR, MASTER, DOCTOR = range(1, 9)
LEVEL_BEFORE = np.array(
    [0, 0, 81, 71, 71, 61, 61, 21, 14], np.int8
)  # GB/T 4658 level held while in the stage (0: none)
LEVEL_AFTER = np.array([0, 81, 71, 61, 41, 31, 21, 14, 11], np.int8)

COUNTY_CODES = np.array([int(code) for code, _ in lexicon.COUNTIES], np.int64)
COUNTY_NAMES = [lexicon.CITY + name for _, name in lexicon.COUNTIES]


def day(year: int, month: int, number: int) -> int:
    return (Date(year, month, number) - Date(1970, 1, 1)).days


def days_of(date: Date) -> int:
    return (date - Date(1970, 1, 1)).days


@dataclass
class People:
    """One place per person. ``entry``: 0 for the whole first delivery, else the number of the delivery the person first
    appears in."""

    birth: np.ndarray
    sex: np.ndarray
    county: np.ndarray
    birth_county: np.ndarray
    household: np.ndarray
    ethnicity: np.ndarray  # index into lexicon.ETHNICITIES
    surname: np.ndarray
    mother: np.ndarray  # place of the mother, -1 unknown
    father: np.ndarray
    marital: np.ndarray  # GB/T 2261.2 code
    status: np.ndarray
    status_day: np.ndarray
    entry: np.ndarray
    stage: np.ndarray
    stage_year: np.ndarray  # year of enrolment
    graduated: np.ndarray  # left the stage this summer
    education: np.ndarray  # GB/T 4658 code, 0: none
    registered: np.ndarray
    updated: np.ndarray  # seconds since 1970-01-01
    phone: np.ndarray  # the eight digits behind 179, -1: none

    def __len__(self) -> int:
        return len(self.birth)


@dataclass
class Couples:
    """Marriages of people of the city. ``divorced`` is NO_DAY while the marriage lasts. Prior status: GB/T 2261.2."""

    husband: np.ndarray
    wife: np.ndarray
    married: np.ndarray
    divorced: np.ndarray
    husband_prior: np.ndarray
    wife_prior: np.ndarray


@dataclass(eq=False)  # hashed by identity: derived registers are cached per city
class City:
    people_count: int
    seed: int
    dates: tuple[Date, ...]
    people: People
    couples: Couples
    changes: dict[int, dict[str, np.ndarray]]  # delivery number → kind of change → places of people

    def rng(self, *stream: int) -> np.random.Generator:
        """A random stream of its own, the same whatever else was generated before."""
        return np.random.default_rng([self.seed, *stream])

    @property
    def day0(self) -> int:
        """Day of the first delivery."""
        return days_of(self.dates[0])

    @cached_property
    def school_year(self) -> int:
        """Calendar year the running school year began in (1 September)."""
        first = self.dates[0]
        return first.year if first.month >= 9 else first.year - 1

    @cached_property
    def ids(self) -> Column:
        """Citizen numbers of everybody; people of one county, birth date and sex get different sequences (never
        996–999)."""
        people = self.people
        key = (people.birth_county.astype(np.int64) * 100_000 + people.birth + 50_000) * 2 + (people.sex - 1)
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        rank = np.empty(len(key), np.int64)
        rank[order] = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
        number = (key * 2_654_435_761 % 2**32 % 240 + rank) % 490
        sequence = 2 * number + np.where(people.sex == MALE, 1, 2)
        return citizen_ids(COUNTY_CODES[people.birth_county], yyyymmdd(people.birth), sequence)

    @cached_property
    def names(self) -> Column:
        people, rng, size = self.people, self.rng(2), len(self.people)
        male = people.sex == MALE
        short = rng.random(size) < 0.25
        given = []
        for _ in range(2):
            his = words(lexicon.MALE_CHARACTERS, rng.integers(0, len(lexicon.MALE_CHARACTERS), size))
            hers = words(lexicon.FEMALE_CHARACTERS, rng.integers(0, len(lexicon.FEMALE_CHARACTERS), size))
            given.append(choose(male, his, hers))
        rare = words(lexicon.RARE_CHARACTERS, rng.integers(0, len(lexicon.RARE_CHARACTERS), size))
        given[0] = choose(rng.random(size) < 0.006, rare, given[0])
        han = join(words([name for name, _ in lexicon.SURNAMES], people.surname), given[0], choose(short, "", given[1]))
        first = choose(
            male,
            words(lexicon.MINORITY_GIVEN_MALE, rng.integers(0, len(lexicon.MINORITY_GIVEN_MALE), size)),
            words(lexicon.MINORITY_GIVEN_FEMALE, rng.integers(0, len(lexicon.MINORITY_GIVEN_FEMALE), size)),
        )
        dotted = join(first, "·", words(lexicon.MINORITY_FAMILY, people.surname % len(lexicon.MINORITY_FAMILY)))
        interpunct = [
            number for number, (code, _) in enumerate(lexicon.ETHNICITIES) if code in lexicon.INTERPUNCT_ETHNICITIES
        ]
        return choose(np.isin(people.ethnicity, interpunct), dotted, han)

    def addresses(self, households: np.ndarray, county: np.ndarray) -> Column:
        """Address of each household (a fixed function of its number)."""
        mixed = (households.astype(np.uint64) + np.uint64(1)) * np.uint64(11_400_714_819_323_198_485)

        def part(shift: int, size: int) -> np.ndarray:
            return ((mixed >> np.uint64(shift)) % np.uint64(size)).astype(np.int64)

        place = words(COUNTY_NAMES, county)
        rural = (county >= lexicon.RURAL) & (part(3, 10) < 6)
        town = join(
            place,
            words(lexicon.TOWNS, part(11, len(lexicon.TOWNS))),
            words(lexicon.VILLAGES, part(19, len(lexicon.VILLAGES))),
            text(part(27, 12) + 1),
            "组",
            text(part(35, 180) + 1),
            "号",
        )
        street = join(
            place,
            words(lexicon.STREETS, part(11, len(lexicon.STREETS))),
            text(part(19, 400) + 1),
            "号",
            words(lexicon.COMMUNITIES, part(29, len(lexicon.COMMUNITIES))),
            text(part(35, 30) + 1),
            "栋",
            text(part(41, 4) + 1),
            "单元",
            text(part(45, 28) + 1),
            text(part(51, 4) + 1, 2),
            "室",
        )
        return choose(rural, town, street)

    def take(self, column: Column, places: np.ndarray) -> Column:
        """Values of the people at ``places``; NULL where the place is negative."""
        return column.take(pa.array(places, mask=np.asarray(places) < 0))
