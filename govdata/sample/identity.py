"""Who is hard to tell: an optional layer over a city in which people lack valid numbers, resemble one another, or stand
in some registers only.

``harder`` changes the people (twins, people of one name and birthday, former names, foreigners); ``Veil`` changes what
departments deliver of them (numbers missing, names written with a homophone or unsimplified, birth dates with a slip).
Keys stay, but for the school numbers that hold a citizen number, so a mention can be traced to its person through the
records as they were before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import Column, choose, flat, join, null_where, pc, text, words
from govdata.sample.city import BACHELOR, COUNTY_CODES, NORMAL, City
from govdata.sample.identifiers import citizen_ids, yyyymmdd
from govdata.sample.lexicon import FEMALE_CHARACTERS, MALE_CHARACTERS
from govdata.sample.parts import Part

HOMOPHONES = dict(
    zip(
        "伟磊军杰涛明刚辉华飞波宇健俊志海成建国文娜静丽燕玲英红梅雪慧婷洁佳欣怡雨",
        "玮垒君洁滔铭钢晖桦菲博羽建峻智嗨诚健帼雯那靖莉艳铃瑛虹玫血惠亭杰嘉新仪宇",
        strict=True,
    )
)
"""Characters of given names → others that sound alike."""
TRADITIONAL = dict(
    zip("伟军杰涛刚辉华飞鹏龙阳东轩丽艳兰红萍颖诗梦张刘陈杨黄赵吴孙马郑韩冯邓谢许萧苏吕",
        "偉軍傑濤剛輝華飛鵬龍陽東軒麗艷蘭紅蘋穎詩夢張劉陳楊黃趙吳孫馬鄭韓馮鄧謝許蕭蘇呂", strict=True)
)  # fmt: skip
FOREIGN_GIVEN = ("Anna", "Maria", "John", "Peter", "Olga", "Ivan", "Linh", "Minh", "Yuki", "Kenji", "Sofia", "Marco",
                 "Emma", "Lucas", "Hana", "Tomas", "Nina", "Igor", "Carla", "Diego")  # fmt: skip
FOREIGN_FAMILY = ("Schmidt", "Garcia", "Smith", "Ivanova", "Petrov", "Nguyen", "Tran", "Tanaka", "Suzuki", "Rossi",
                  "Novak", "Silva", "Dubois", "Jansen", "Kowalski", "Haas", "Berg", "Costa", "Weber", "Lindqvist")  # fmt: skip

ROLES: Mapping[str, tuple[tuple[str, str, str | None], ...]] = {
    "marriage": (("male_id", "male_name", "male_birth_date"), ("female_id", "female_name", "female_birth_date")),
    "birth": (("child_id", "child_name", None), ("mother_id", "mother_name", None), ("father_id", "father_name", None)),
    "education": (("citizen_id", "name", None),),
    "legal_person": (("legal_rep_id", "legal_rep_name", None),),
    "house": (("owner_id", "owner_name", None),),
}
"""Number, name and birth date of the people in a row; a population register has its own."""
MAY_LACK = ("child_id", "father_id", "citizen_id", "legal_rep_id")
"""Numbers without which a row is published all the same."""


def harder(city: City) -> City:
    """The same city with twins and with people of one name and birthday. Changed in place, before anything is worked
    out from it."""
    people, rng = city.people, city.rng(21)
    twins = _twins(city, rng)
    doubles = _doubles(city, rng)
    names = np.array(city.names.to_pylist(), object)
    for first, second in twins:
        given = FEMALE_CHARACTERS if people.sex[second] == 2 else MALE_CHARACTERS
        names[second] = names[first][:-1] + given[int(rng.integers(0, len(given)))]
        if names[second] == names[first]:
            names[second] = names[first][:-1] + given[(given.index(names[first][-1]) + 1) % len(given)]
    for first, second in doubles:
        names[second] = names[first]
    city.names = pa.array(list(names), pa.string())
    return city


def _twins(city: City, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A third of the families with two children born after one another have twins instead."""
    people = city.people
    second = np.flatnonzero((people.mother[1:] >= 0) & (people.mother[1:] == people.mother[:-1])) + 1
    chosen = second[(rng.random(len(second)) < 0.33) & (people.entry[second] == 0)]
    fields = ("birth", "stage", "stage_year", "graduated", "education", "registered", "updated", "phone")
    for name in fields:
        values = getattr(people, name)
        values[chosen] = values[chosen - 1]
    return [(int(place) - 1, int(place)) for place in chosen]


def _doubles(city: City, rng: np.random.Generator) -> list[tuple[int, int]]:
    """People without kin of one sex, name and birthday: sixty pairs in 20,000."""
    people = city.people
    kin = np.zeros(len(people), bool)
    kin[city.couples.husband] = kin[city.couples.wife] = True
    alone = ~kin & (people.mother < 0) & (people.stage == 0) & (people.entry == 0) & (people.status == NORMAL)
    order = np.flatnonzero(alone)
    order = order[np.lexsort((people.birth[order], people.sex[order]))]
    first, second = order[:-1:2], order[1::2]
    close = (people.sex[first] == people.sex[second]) & (people.birth[second] - people.birth[first] < 60)
    pairs = np.flatnonzero(close)
    pairs = rng.permutation(pairs)[: max(2, len(people) * 3 // 1000)]
    people.birth[second[pairs]] = people.birth[first[pairs]]
    people.registered[second[pairs]] = np.maximum(people.registered[second[pairs]], people.birth[second[pairs]])
    return [(int(first[pair]), int(second[pair])) for pair in pairs]


@dataclass(frozen=True, eq=False)
class Veil:
    """What departments deliver of a city where numbers are missing: ``share`` of the mentions outside the population
    register."""

    city: City
    share: float

    def part(self, dataset: str, number: int, part: Part) -> Part:
        """A part as delivered, its records in the same order; of the population register those of strangers are left
        out."""
        records = part.records
        if dataset == "population":
            return replace(
                part, records=records.filter(pa.array(~self._is_in(records["citizen_id"], self.absent | self.foreign)))
            )
        rng = self.city.rng(22, number, *f"{dataset}{part.stem}{part.sheet}".encode())
        for column, name, birth in ROLES[dataset]:
            records = self._mention(records, column, name, birth, rng)
        if dataset == "education":
            lacking = flat(records["citizen_id"]).is_null().to_numpy(zero_copy_only=False)
            numbers = choose(
                lacking, self._school_numbers(flat(part.records["citizen_id"])), flat(records["student_no"])
            )
            records = _put(records, "student_no", numbers)
        return replace(part, records=records)

    def _school_numbers(self, numbers: Column) -> Column:
        """Of pupils without a citizen number: J and one built like it, or a temporary one that says nothing."""
        place, people = self._places(numbers), self.city.people
        sequence = 2 * (place % 45 + 452) + people.sex[place] % 2
        built = citizen_ids(COUNTY_CODES[people.county[place]], yyyymmdd(people.birth[place]), sequence)
        return choose(place % 5 < 3, join("J", built), join("L", text(place + 10**17, 18)))

    def _mention(
        self, records: pa.Table, column: str, name: str, birth: str | None, rng: np.random.Generator
    ) -> pa.Table:
        numbers, names = flat(records[column]), flat(records[name])
        place = self._places(numbers)
        here = place >= 0
        former = here & (self.former[place])
        names = choose(former, self.former_names.take(pa.array(np.maximum(place, 0))), names)
        foreign = here & self.foreign[place]
        names = choose(foreign, self._foreign_names(place, rng), names)
        lacks = here & ~foreign & (rng.random(len(records)) < self.share) & (column in MAY_LACK)
        struck = (lacks | foreign) & (rng.random(len(records)) < 0.08)
        names = self._misspelt(names, struck & ~foreign, rng)
        numbers = null_where(choose(foreign, self.passports.take(pa.array(np.maximum(place, 0))), numbers), lacks)
        records = _put(_put(records, column, numbers), name, names)
        if birth is not None:
            records = _put(records, birth, _slips(flat(records[birth]), foreign & (rng.random(len(records)) < 0.06)))
        return records

    def _places(self, numbers: Column) -> np.ndarray:
        found = pc.index_in(numbers, flat(self.city.ids))
        return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)

    def _is_in(self, numbers: Column, chosen: np.ndarray) -> np.ndarray:
        return np.asarray(chosen[self._places(flat(numbers))])

    @cached_property
    def foreign(self) -> np.ndarray:
        """Of the husbands and wives one in fifty: known by a passport alone, in no population register, at no
        school."""
        city = self.city
        chosen = np.zeros(len(city.people), bool)
        married = np.unique(np.r_[city.couples.husband, city.couples.wife])
        fit = married[(city.people.entry[married] == 0) & (city.people.stage[married] == 0)]
        chosen[fit] = city.rng(23).random(len(fit)) < 0.02
        return chosen

    @cached_property
    def absent(self) -> np.ndarray:
        """One in a hundred: with a valid number, but not in the population register."""
        return np.asarray(self.city.rng(24).random(len(self.city.people)) < 0.01)

    @cached_property
    def former(self) -> np.ndarray:
        """One grown-up in a hundred has changed the name in the population register; others know the former one."""
        people = self.city.people
        grown = (people.stage == 0) | (people.stage >= BACHELOR)
        return np.asarray(grown & (self.city.rng(25).random(len(people)) < 0.01))

    @cached_property
    def former_names(self) -> Column:
        names = self.city.names.to_pylist()
        rng = self.city.rng(26)
        given = [MALE_CHARACTERS if sex == 1 else FEMALE_CHARACTERS for sex in self.city.people.sex]
        draws = rng.integers(0, 1000, (len(names), 2))
        return pa.array(
            [name[:1] + g[a % len(g)] + g[b % len(g)] for name, g, (a, b) in zip(names, given, draws, strict=True)],
            pa.string(),
        )

    @cached_property
    def passports(self) -> Column:
        places = np.arange(len(self.city.people))
        return join(words(list("ABCFJNR"), places % 7), text(places * 48_271 % 10**8, 8))

    def _foreign_names(self, place: np.ndarray, rng: np.random.Generator) -> Column:
        """In either order of given and family name."""
        given, family = words(FOREIGN_GIVEN, place % 20), words(FOREIGN_FAMILY, place // 20 % 20)
        return choose(rng.random(len(place)) < 0.3, join(family, " ", given), join(given, " ", family))

    @staticmethod
    def _misspelt(names: Column, struck: np.ndarray, rng: np.random.Generator) -> Column:
        values = names.to_pylist()
        for place in np.flatnonzero(struck):
            kind = HOMOPHONES if rng.random() < 0.6 else TRADITIONAL
            if values[place]:
                head, tail = (values[place][:1], values[place][1:]) if kind is HOMOPHONES else ("", values[place])
                values[place] = head + "".join(kind.get(sign, sign) for sign in tail)
        return pa.array(values, pa.string())


def _put(records: pa.Table, column: str, values: Column) -> pa.Table:
    return records.set_column(records.column_names.index(column), column, values.cast(pa.string()))


def _slips(dates: Column, struck: np.ndarray) -> Column:
    """Birth dates with the last digit of the day another one, where that is a day."""
    values = dates.to_pylist()
    for place in np.flatnonzero(struck):
        if values[place]:
            last = values[place][-1]
            values[place] = values[place][:-1] + ("2" if last != "2" else "1")
    return pa.array(values, pa.string())
