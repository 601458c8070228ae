"""A simulated quarter: the same registers night after night, whose clerks mend most of what they are told.

``simulate`` is the truth alone: which records are wrong by which rule, and which are gone, on each night. ``quarter``
writes the deliveries that it makes of a city's registers, and the truth beside them (``data/quarter.parquet``). Clerks
take up 70 % of what is wrong and mend it within some nights; the rest takes them weeks; some records go wrong again.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from govdata.deployment import Deployment
from govdata.sample.arrow import Column
from govdata.sample.city import City
from govdata.sample.departments import DEPARTMENTS
from govdata.sample.generate import LAST_DATE, write_part
from govdata.sample.lives import build_city
from govdata.sample.parts import Part
from govdata.sample.registers import REGISTERS
from govdata.sample.writers import Delivered

HEARD, MENDED_TONIGHT, LATE, AGAIN = 0.7, 0.5, 0.15, 0.03
"""Shares: of what is wrong that the clerks take up; of that which they mend in one night; of the rest; of records once
wrong that go wrong again in one night."""

FAULTS: dict[str, dict[str, tuple[str, str]]] = {
    "population": {"ethnicity.code_set": ("ethnicity", "ZZ"), "marital_status.code_set": ("marital_status", "77")},
    "legal_person": {
        "established_date.type": ("established_date", "2019-13-45"),
        "industry.code_set": ("industry", "Z999"),
    },
    "education": {"sex.code_set": ("sex", "丙"), "enrolment_date.type": ("enrolment_date", "20191345")},
}
"""Dataset → rule → column, and what a clerk writes there that fails this rule alone."""

KEYS = {"population": "citizen_id", "legal_person": "uscc", "education": "student_no"}
CHANGES = "population"
"""Delivered whole on the first night, then as changes."""

TRUTH = pa.schema(
    [("date", pa.date32()), ("dataset", pa.string()), ("rule_id", pa.string()), ("key", pa.string()), ("state", pa.string())]
)  # fmt: skip
"""``state``: ``wrong`` (by the rule), or ``gone`` (no rule)."""


@dataclass(frozen=True)
class Night:
    """``wrong``: rule → records wrong by it; ``gone``: records that are not there any more."""

    wrong: Mapping[str, frozenset[int]]
    gone: frozenset[int]

    @property
    def touched(self) -> set[int]:
        return {*self.gone, *(record for known in self.wrong.values() for record in known)}


def simulate(seed: int, nights: int, records: int, rules: Sequence[str], most: int = 2) -> list[Night]:
    """The truth of ``nights`` nights of ``records`` records; at most ``most`` go wrong newly by each rule in one."""
    chance = random.Random(seed)
    wrong: dict[str, set[int]] = {rule: set() for rule in rules}
    heard: dict[str, set[int]] = {rule: set() for rule in rules}
    once: dict[str, set[int]] = {rule: set() for rule in rules}
    gone: set[int] = set()
    told = []
    for _ in range(nights):
        for rule in rules:
            known = wrong[rule]
            pace = {record: MENDED_TONIGHT if record in heard[rule] else LATE for record in sorted(known)}
            known -= {record for record, share in pace.items() if chance.random() < share}
            fresh = {chance.randrange(records) for _ in range(chance.choice((0, 0, 0, 0, 0, 0, most // 2, most)))}
            again = {record for record in sorted(once[rule]) if chance.random() < AGAIN}
            begun = (fresh | again) - gone - known
            heard[rule] -= begun
            heard[rule] |= {record for record in sorted(begun) if chance.random() < HEARD}
            known |= begun
            once[rule] |= begun
        if chance.random() < 0.1:
            left = chance.randrange(records)
            gone.add(left)
            for known in wrong.values():
                known.discard(left)
        told.append(Night({rule: frozenset(known) for rule, known in wrong.items()}, frozenset(gone)))
    return told


def dates(nights: int) -> list[Date]:
    return [LAST_DATE - timedelta(days=back) for back in range(nights - 1, -1, -1)]


def quarter(
    people: int, seed: int, out: Path, nights: int, datasets: Sequence[str] = tuple(FAULTS)
) -> dict[str, list[Night]]:
    """Write ``out/data/landing/<dataset>/<date>/*`` of ``nights`` nights and the truth; returns it, dataset by dataset.
    Deliveries of the same dates are replaced. Raises ``ValueError`` for fewer than 100 people."""
    days = dates(nights)
    city = build_city(people, seed, days[:1])
    deployment = Deployment(Path(out).resolve())
    truth: dict[str, list[Night]] = {}
    for number, dataset in enumerate(datasets):
        faults = FAULTS[dataset]
        parts = list(REGISTERS[dataset](city, 0))
        size = sum(part.records.num_rows for part in parts)
        truth[dataset] = simulate(seed + number, nights, size, list(faults), most=max(2, size // 200))
        before: Night | None = None
        for day, night in zip(days, truth[dataset], strict=True):
            stamped = [replace(part, stem=part.stem.replace(f"{days[0]:%Y%m%d}", f"{day:%Y%m%d}")) for part in parts]
            _deliver(dataset, stamped, day, night, before, deployment)
            before = night
    _keep(city, truth, days, deployment)
    return truth


def keys(dataset: str, people: int, seed: int, nights: int) -> list[str]:
    """The key of each record, by its number in the truth."""
    return _keys(build_city(people, seed, dates(nights)[:1]), dataset)


def _keys(city: City, dataset: str) -> list[str]:
    return [key for part in REGISTERS[dataset](city, 0) for key in part.records[KEYS[dataset]].to_pylist()]


def _deliver(
    dataset: str, parts: Sequence[Part], day: Date, night: Night, before: Night | None, deployment: Deployment
) -> None:
    """Of a register that comes as changes only the records that are otherwise than the night before; nothing where
    there is none."""
    changes = dataset == CHANGES and before is not None
    made = list(_delivered(dataset, parts, night, before if changes else None))
    if not any(delivered.rows for _, delivered in made):
        return
    folder = deployment.delivery(dataset, day)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part, delivered in made:
        if delivered.rows:
            named = part.stem.replace("全量", "变更") if changes else part.stem
            write_part(folder, dataset, replace(part, stem=named), delivered)


def _delivered(
    dataset: str, parts: Sequence[Part], night: Night, before: Night | None
) -> Iterator[tuple[Part, Delivered]]:
    """Each part as it comes. ``before``: only what changed since."""
    first = 0
    for part in parts:
        places = range(first, first + part.records.num_rows)
        first += part.records.num_rows
        if before is None:
            chosen = [place for place in places if place not in night.gone]
        else:
            chosen = [place for place in places if _state(night, place) != _state(before, place)]
        rows = pa.array([place - places.start for place in chosen], pa.int64())
        columns = DEPARTMENTS[dataset].render(part.records.take(rows), part.sheet)
        for rule, (column, value) in FAULTS[dataset].items():
            columns[column] = _struck(columns[column], [place in night.wrong[rule] for place in chosen], value)
        if before is not None:
            columns["change_kind"] = pa.array(
                ["注销" if place in night.gone else "变更" for place in chosen], pa.string()
            )
        yield part, Delivered(columns, len(chosen))


def _state(night: Night, place: int) -> tuple[bool, ...]:
    return (place in night.gone, *(place in known for known in night.wrong.values()))


def _struck(column: Column, wrong: Sequence[bool], value: str) -> Column:
    given = zip(column.to_pylist(), wrong, strict=True)
    return pa.array([value if is_wrong else text for text, is_wrong in given], pa.string())


def _keep(city: City, truth: Mapping[str, Sequence[Night]], days: Sequence[Date], deployment: Deployment) -> None:
    lines: list[tuple[Date, str, str | None, str, str]] = []
    for dataset, nights in truth.items():
        known = _keys(city, dataset)
        for day, night in zip(days, nights, strict=True):
            lines += [
                (day, dataset, rule, known[place], "wrong")
                for rule, places in night.wrong.items()
                for place in sorted(places)
            ]
            lines += [(day, dataset, None, known[place], "gone") for place in sorted(night.gone)]
    columns = zip(*lines, strict=True) if lines else [()] * len(TRUTH)
    table = pa.table([pa.array(values, kind.type) for values, kind in zip(columns, TRUTH, strict=True)], schema=TRUTH)
    pq.write_table(table, deployment.data / "quarter.parquet", compression="zstd")
