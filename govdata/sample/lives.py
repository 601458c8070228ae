"""Lives of a simulated city: families, schooling, registration, what changes from day to day.

Everything follows from ``people``, ``seed`` and the delivery dates. People are built from family units (a single, a
couple, a couple with children and perhaps a grandparent, a divorced couple with a child), so that births lie after
marriages, mothers are of age, children bear their father's surname and a widow's husband is dead. Every constraint that
a clean record must meet is met here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date

import numpy as np

from govdata.sample import lexicon
from govdata.sample.arrow import NO_DAY
from govdata.sample.city import (
    BACHELOR,
    COLLEGE,
    DEAD,
    DOCTOR,
    FEMALE,
    JUNIOR,
    LEVEL_AFTER,
    LEVEL_BEFORE,
    MALE,
    MASTER,
    MOVED_OUT,
    NORMAL,
    PRIMARY,
    SENIOR,
    VOCATIONAL,
    YEAR,
    City,
    Couples,
    People,
    day,
    days_of,
)
from govdata.sample.identifiers import yyyymmdd

_UNIT_SHARES = {
    "single": 0.27,
    "couple": 0.23,
    "one_child": 0.24,
    "two_children": 0.13,
    "grandparent": 0.08,
    "divorced": 0.05,
}
_UNIT_SIZES = np.array([1, 2, 3, 4, 4, 3])
_SINGLE, _COUPLE, _ONE, _TWO, _GRAND, _DIVORCED = range(6)


def build_city(people: int, seed: int, dates: Sequence[Date]) -> City:
    """Simulate a city whose first whole population delivery has exactly ``people`` records.

    Raises ``ValueError`` for fewer than 100 people: the shares would leave no marriage, birth or company to deliver.
    """
    if people < 100:
        raise ValueError("模拟城市至少需要100人")
    rng = np.random.default_rng([seed, 1])
    day0 = days_of(dates[0])
    kinds, starts = _units(people, rng)
    total, per_day = _entrants(people, len(dates))
    made, couples = _families(kinds, starts, people, total, day0, rng)
    _newcomers(made, couples, people, per_day, dates, rng)
    _fates(made, couples, people, day0, rng)
    _schooling(made, day0, rng)
    _registration(made, dates, rng)
    changes = _daily_changes(made, couples, people, dates, rng)
    return City(people, seed, tuple(dates), made, couples, changes)


def _units(people: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Family units whose members are exactly ``people``: kind and first place of each."""
    kinds = rng.choice(len(_UNIT_SIZES), size=people, p=list(_UNIT_SHARES.values()))
    ends = np.cumsum(_UNIT_SIZES[kinds])
    kinds = kinds[ends <= people]
    missing = people - int(_UNIT_SIZES[kinds].sum())
    kinds = np.r_[kinds, np.full(missing, _SINGLE)]
    return kinds, np.r_[0, np.cumsum(_UNIT_SIZES[kinds])[:-1]]


def _entrants(people: int, deliveries: int) -> tuple[int, int]:
    """Places to prepare in all, and newborns (as many as movers-in) per delta delivery."""
    per_day = max(3, round(people * 0.0005))
    return people + 2 * per_day * max(0, deliveries - 1), per_day


def _uniform(rng: np.random.Generator, low: np.ndarray | float, high: np.ndarray | float, size: int) -> np.ndarray:
    """Whole days, low ≤ day ≤ max(low, high)."""
    low = np.asarray(low)
    width = np.maximum(np.asarray(high) - low, 0)
    return np.asarray(low + np.floor(rng.random(size) * (width + 1)), np.int64)


def _pick(rng: np.random.Generator, weights: Sequence[int], size: int) -> np.ndarray:
    shares = np.cumsum(weights)
    return np.searchsorted(shares, rng.integers(0, shares[-1], size), side="right").astype(np.int16)


def _families(
    kinds: np.ndarray, starts: np.ndarray, people: int, total: int, day0: int, rng: np.random.Generator
) -> tuple[People, Couples]:
    birth = np.zeros(total, np.int32)
    sex = np.zeros(total, np.int8)
    mother = np.full(total, -1, np.int32)
    father = np.full(total, -1, np.int32)
    marital = np.full(total, 10, np.int8)
    surname = _pick(rng, [weight for _, weight in lexicon.SURNAMES], total)
    ethnicity = _pick(rng, [weight for _, weight in lexicon.ETHNICITIES], total).astype(np.int8)
    sex[:] = rng.integers(1, 3, total)

    # singles: young, middle-aged, old
    single = starts[kinds == _SINGLE]
    old = rng.choice(3, size=len(single), p=[0.6, 0.15, 0.25])
    birth[single] = day0 - _uniform(
        rng, np.array([18, 36, 61])[old] * YEAR, np.array([35, 60, 92])[old] * YEAR, len(single)
    )
    middle = old > 0
    marital[single[middle]] = rng.choice([10, 30, 40], size=int(middle.sum()), p=[0.3, 0.4, 0.3])

    # couples: the wife's age at marriage, then his, then how long ago
    pair = kinds != _SINGLE
    husband, kind = starts[pair], kinds[pair]
    wife, size = husband + 1, int(pair.sum())
    her_age = (20.1 + 16 * rng.beta(2, 3.5, size)) * YEAR
    his_age = np.maximum(her_age + rng.normal(1.8, 2.5, size).clip(-4, 9) * YEAR, 22.1 * YEAR)
    low = np.array([0, 0.05, 1.5, 4, 2, 4])[kind] * YEAR
    high = np.array([0, 58, 30, 32, 20, 25])[kind] * YEAR
    high = np.where((kind == _COUPLE) & (rng.random(size) < 0.4), 5 * YEAR, high)
    since = _uniform(rng, low, high, size)
    married = day0 - since
    birth[husband], birth[wife] = married - his_age.astype(int), married - her_age.astype(int)
    sex[husband], sex[wife] = MALE, FEMALE
    priors = rng.choice([10, 40, 30], size=(2, size), p=[0.93, 0.055, 0.015]).astype(np.int8)
    marital[husband] = np.where(priors[0] == 10, 21, 22)
    marital[wife] = np.where(priors[1] == 10, 21, 22)
    ethnicity[wife] = np.where(rng.random(size) < 0.85, ethnicity[husband], ethnicity[wife])

    # children
    first = np.isin(kind, [_ONE, _TWO, _GRAND, _DIVORCED])
    latest = np.where(kind == _TWO, 900, np.where(kind == _DIVORCED, 1000, 1825))
    first_after = _uniform(rng, 300, np.minimum(latest, since - 5), size)
    _add_children(
        birth,
        mother,
        father,
        surname,
        ethnicity,
        (husband + 2)[first],
        husband[first],
        wife[first],
        (married + first_after)[first],
    )
    second = kind == _TWO
    second_after = first_after + _uniform(rng, 480, np.minimum(2200, since - first_after - 5), size)
    _add_children(
        birth,
        mother,
        father,
        surname,
        ethnicity,
        (husband + 3)[second],
        husband[second],
        wife[second],
        (married + second_after)[second],
    )

    # the husband's father or mother lives with them, widowed
    grand = kind == _GRAND
    elder, son = (husband + 3)[grand], husband[grand]
    birth[elder] = birth[son] - _uniform(rng, 21 * YEAR, 36 * YEAR, len(elder))
    surname[elder] = np.where(sex[elder] == MALE, surname[son], surname[elder])
    ethnicity[elder] = ethnicity[son]
    marital[elder] = 30

    # divorces: after the child's first 100 days; he lives elsewhere
    divorced = np.full(size, NO_DAY, np.int64)
    parted = kind == _DIVORCED
    divorced[parted] = _uniform(rng, (married + first_after + 100)[parted], day0 - 10, int(parted.sum()))
    marital[husband[parted]] = marital[wife[parted]] = 40

    household = np.empty(total, np.int64)
    household[:people] = np.repeat(np.arange(len(kinds)), _UNIT_SIZES[kinds])
    household[husband[parted]] = len(kinds) + np.arange(int(parted.sum()))
    household[people:] = len(kinds) + int(parted.sum()) + np.arange(total - people)
    county_of = _pick(rng, [16, 14, 13, 12, 9, 8, 7, 6, 5, 4, 4, 2], int(household.max()) + 1).astype(np.int8)

    made = People(
        birth=birth,
        sex=sex,
        county=county_of[household],
        birth_county=county_of[household],
        household=household,
        ethnicity=ethnicity,
        surname=surname,
        mother=mother,
        father=father,
        marital=marital,
        status=np.full(total, NORMAL, np.int8),
        status_day=np.full(total, NO_DAY, np.int32),
        entry=np.zeros(total, np.int16),
        stage=np.zeros(total, np.int8),
        stage_year=np.zeros(total, np.int16),
        graduated=np.zeros(total, bool),
        education=np.zeros(total, np.int8),
        registered=np.zeros(total, np.int32),
        updated=np.zeros(total, np.int64),
        phone=np.full(total, -1, np.int32),
    )
    return made, Couples(husband, wife, married, divorced, priors[0], priors[1])


def _add_children(
    birth: np.ndarray, mother: np.ndarray, father: np.ndarray, surname: np.ndarray, ethnicity: np.ndarray,
    child: np.ndarray, his: np.ndarray, hers: np.ndarray, when: np.ndarray,
) -> None:  # fmt: skip
    birth[child], mother[child], father[child] = when, hers, his
    surname[child], ethnicity[child] = surname[his], ethnicity[his]


def _newcomers(
    made: People, couples: Couples, people: int, per_day: int, dates: Sequence[Date], rng: np.random.Generator
) -> None:
    """Newborns and movers-in of the delta deliveries, and the couples who marry then."""
    day0 = days_of(dates[0])
    last_child = np.full(len(made), NO_DAY, np.int64)
    np.maximum.at(last_child, made.mother[made.mother >= 0], made.birth[made.mother >= 0])
    age = day0 - made.birth[couples.wife]
    together = (
        (couples.divorced == NO_DAY)
        & (day0 - couples.married > 400)
        & (age < 40 * YEAR)
        & (day0 - last_child[couples.wife] > 500)
    )
    parents = rng.permutation(np.flatnonzero(together))
    start, used = people, 0
    wed: list[int] = []
    grown = np.zeros(len(made), bool)
    grown[:people] = (made.marital[:people] == 10) & (made.mother[:people] < 0)
    age_all = day0 - made.birth
    men = rng.permutation(np.flatnonzero(grown & (made.sex == MALE) & (age_all > 22.2 * YEAR) & (age_all < 45 * YEAR)))
    women = rng.permutation(
        np.flatnonzero(grown & (made.sex == FEMALE) & (age_all > 20.2 * YEAR) & (age_all < 45 * YEAR))
    )
    for number, date in enumerate(dates[1:], 1):
        today = days_of(date)
        count = min(per_day, len(parents) - used)
        babies, couple = np.arange(start, start + count), parents[used : used + count]
        made.birth[babies] = today - rng.integers(2, 4, count)
        made.mother[babies], made.father[babies] = couples.wife[couple], couples.husband[couple]
        made.surname[babies], made.ethnicity[babies] = (
            made.surname[couples.husband[couple]],
            made.ethnicity[couples.husband[couple]],
        )
        made.household[babies], made.county[babies] = (
            made.household[couples.wife[couple]],
            made.county[couples.wife[couple]],
        )
        movers = np.arange(start + count, start + 2 * per_day)
        made.birth[movers] = today - _uniform(rng, 18 * YEAR, 45 * YEAR, len(movers))
        made.entry[start : start + 2 * per_day] = number
        start, used = start + 2 * per_day, used + count
        wed.append(today)
    weddings = min(max(3, people // 4000), len(men) // max(1, len(wed)), len(women) // max(1, len(wed))) if wed else 0
    for turn, today in enumerate(wed):
        chosen = slice(turn * weddings, (turn + 1) * weddings)
        couples.husband, couples.wife = np.r_[couples.husband, men[chosen]], np.r_[couples.wife, women[chosen]]
        couples.married = np.r_[couples.married, np.full(weddings, today - 1)]  # yesterday's, delivered today
        couples.divorced = np.r_[couples.divorced, np.full(weddings, NO_DAY)]
        single = np.full(weddings, 10, np.int8)
        couples.husband_prior, couples.wife_prior = (
            np.r_[couples.husband_prior, single],
            np.r_[couples.wife_prior, single],
        )
    made.birth_county = np.where(rng.random(len(made)) < 0.15, rng.integers(0, 12, len(made)), made.county).astype(
        np.int8
    )


def _fates(made: People, couples: Couples, people: int, day0: int, rng: np.random.Generator) -> None:
    """Deaths (status 死亡, the spouse widowed) and emigration of young singles."""
    marrying = np.zeros(len(made), bool)
    marrying[couples.husband] = marrying[couples.wife] = True
    age = day0 - made.birth
    alone = ~marrying & (made.mother < 0) & (np.arange(len(made)) < people)
    dies = alone & (age > 62 * YEAR) & (rng.random(len(made)) < 0.12)
    lasting = (couples.divorced == NO_DAY) & (day0 - couples.married > 20 * YEAR) & (age[couples.husband] > 60 * YEAR)
    widows = lasting & (rng.random(len(lasting)) < 0.1)
    dies[couples.husband[widows]] = True
    made.marital[couples.wife[widows]] = 30
    made.status[dies] = DEAD
    made.status_day[dies] = day0 - rng.integers(20, 1800, int(dies.sum()))
    leaves = alone & (made.status == NORMAL) & (made.marital == 10) & (age < 40 * YEAR) & (rng.random(len(made)) < 0.04)
    made.status[leaves] = MOVED_OUT
    made.status_day[leaves] = day0 - rng.integers(10, 1500, int(leaves.sum()))


def _schooling(made: People, day0: int, rng: np.random.Generator) -> None:
    """Stage by age on 31 August (义务教育法 art. 11), this summer's graduates, and everybody's highest level (GB/T
    4658)."""
    first = Date(1970, 1, 1).toordinal() + day0
    today = Date.fromordinal(first)
    year = today.year if today.month >= 9 else today.year - 1
    cutoff = day(year, 8, 31)
    born = yyyymmdd(made.birth)
    age = (cutoff_number := year * 10_000 + 831) // 10_000 - born // 10_000 - (cutoff_number % 10_000 < born % 10_000)
    size, luck = len(made), rng.random(len(made))
    here = (made.status == NORMAL) & (made.entry == 0) & (made.birth < cutoff)
    stage = np.zeros(size, np.int8)
    began = np.zeros(size, np.int16)
    graduated = np.zeros(size, bool)

    def put(where: np.ndarray, kind: int, start_age: int, left: bool = False) -> None:
        where = here & where & (stage == 0)
        stage[where] = kind
        began[where] = year - (age[where] - start_age)
        graduated[where] = left

    put((age >= 6) & (age <= 11) & (luck < 0.995), PRIMARY, 6)
    put((age >= 12) & (age <= 14) & (luck < 0.995), JUNIOR, 12)
    put((age >= 15) & (age <= 17) & (luck < 0.58), SENIOR, 15)
    put((age >= 15) & (age <= 17) & (luck < 0.96), VOCATIONAL, 15)
    put((age >= 18) & (age <= 21) & (luck < 0.42), BACHELOR, 18)
    put((age >= 18) & (age <= 20) & (luck < 0.66), COLLEGE, 18)
    put((age >= 22) & (age <= 24) & (luck < 0.06), MASTER, 22)
    put((age >= 25) & (age <= 28) & (luck < 0.02), DOCTOR, 25)
    put((age == 18) & (luck < 0.80), SENIOR, 15, left=True)
    put((age == 18) & (luck < 0.97), VOCATIONAL, 15, left=True)
    put((age == 21) & (luck < 0.66), COLLEGE, 18, left=True)
    put((age == 22) & (luck < 0.42), BACHELOR, 18, left=True)
    put((age == 25) & (luck < 0.06), MASTER, 22, left=True)

    draw = rng.random(size)
    level = np.zeros(size, np.int8)
    for lowest, highest, levels, shares in (
        (12, 17, [81], [1.0]),
        (18, 29, [71, 61, 41, 31, 21], [0.25, 0.2, 0.1, 0.2, 0.25]),
        (30, 59, [81, 71, 61, 41, 31, 21, 14, 11], [0.1, 0.35, 0.15, 0.08, 0.14, 0.14, 0.03, 0.01]),
        (60, 130, [90, 81, 71, 61, 31, 21], [0.08, 0.4, 0.3, 0.12, 0.06, 0.04]),
    ):
        where = (age >= lowest) & (age <= highest)
        level[where] = np.array(levels, np.int8)[np.searchsorted(np.cumsum(shares)[:-1], draw[where], side="right")]
    level[(level == 21) & (age < 23)] = 61
    level[(level == 31) & (age < 22)] = 61
    in_school = stage > 0
    level[in_school] = np.where(graduated, LEVEL_AFTER[stage], LEVEL_BEFORE[stage])[in_school]
    made.stage, made.stage_year, made.graduated, made.education = stage, began, graduated, level


def _registration(made: People, dates: Sequence[Date], rng: np.random.Generator) -> None:
    """When the household register took a person in and last touched the record; phones of those over 16."""
    size = len(made)
    day0 = days_of(dates[0])
    today = np.array([days_of(date) for date in dates])[made.entry]
    moved = (rng.random(size) < 0.25) & (day0 - made.birth > 10 * YEAR)
    registered = np.where(
        moved, _uniform(rng, made.birth + 60, day0 - 2000, size), made.birth + rng.integers(3, 60, size)
    )
    registered = np.minimum(registered, today - 1)
    made.registered = np.where(made.entry > 0, today - 1, registered).astype(np.int32)
    made.registered = np.maximum(made.registered, made.birth).astype(np.int32)
    earliest = np.maximum(np.maximum(made.registered, made.status_day), day0 - 1500)
    touched = np.where(
        made.entry > 0,
        np.maximum(today - 1, made.registered),
        _uniform(rng, np.minimum(earliest, day0 - 1), day0 - 1, size),
    )
    made.updated = touched.astype(np.int64) * 86_400 + rng.integers(8 * 3600, 18 * 3600, size)
    has_phone = (day0 - made.birth > 16 * YEAR) & (rng.random(size) < 0.8)
    made.phone = np.where(has_phone, rng.integers(0, 10**8, size), -1).astype(np.int32)


def _daily_changes(
    made: People, couples: Couples, people: int, dates: Sequence[Date], rng: np.random.Generator
) -> dict[int, dict[str, np.ndarray]]:
    """Who changes in which delta delivery: ``moved`` and ``phone`` (ordinary updates), ``died``, ``left``
    (deregistered), ``wed``.

    Nobody changes twice and nobody who marries, so that a change needs no memory of an earlier one.
    """
    busy = np.zeros(len(made), bool)
    busy[people:] = True
    busy |= made.status != NORMAL
    fresh = couples.married >= days_of(dates[0])
    busy[couples.husband[fresh]] = busy[couples.wife[fresh]] = True
    alone = ~busy & (made.mother < 0)
    alone[couples.husband] = alone[couples.wife] = False
    age = days_of(dates[0]) - made.birth
    leavers = rng.permutation(
        np.flatnonzero(alone & (age < 35 * YEAR) & (age > 20 * YEAR) & (made.stage == 0) & (made.marital == 10))
    )
    dying = rng.permutation(np.flatnonzero(alone & (age > 65 * YEAR)))
    single = np.zeros(len(made), bool)
    single[leavers] = single[dying] = True
    ordinary = rng.permutation(np.flatnonzero(~busy & ~single))
    changes: dict[int, dict[str, np.ndarray]] = {}
    few, many = max(2, round(people * 0.0003)), max(8, round(people * 0.002))
    for number in range(1, len(dates)):
        part = slice((number - 1) * few, number * few)
        normal = ordinary[(number - 1) * 2 * many : number * 2 * many]
        # couples of the delivery before are married in the register today; those of today tomorrow
        wed = couples.married == days_of(dates[number - 1]) - 1 if number > 1 else np.zeros(len(couples.married), bool)
        changes[number] = {
            "entered": np.flatnonzero(made.entry == number),
            "moved": normal[:many],
            "phone": normal[many:],
            "died": dying[part],
            "left": leavers[part],
            "wed": np.r_[couples.husband[wed], couples.wife[wed]],
        }
    return changes
