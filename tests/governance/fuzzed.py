"""Spoilt deliveries of the small register, judged by the self-check and by the stages of a night.

python -m tests.governance.fuzzed 5000 1      so many files from that seed on; prints how often the two agree

A file costs half a second of planning and bookkeeping, its rows nothing. So every file is read alone by both, which is
cheap and is the whole verdict where it cannot be read; those that can be read are judged in deliveries of one to forty
files.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from govdata import checks, engine, governance, ingest
from govdata.batches import RawBatch
from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.standards import Registry, load
from tests.fuzz.mutation import injure
from tests.governance.conftest import City, furnished

NAMES = ("交付.csv", "交付.txt", "交付.json", "交付.xlsx")
Files = Mapping[str, bytes]
"""Name → content, of one delivery."""
Said = tuple[bool, tuple[str, ...], dict[str, int], tuple[int, ...]]
"""Accepted; why not; rule → rows failing it; delivered, rejected, duplicates, quarantined, clean."""


def spoilt(seed: int) -> tuple[str, bytes]:
    """Name and content of one file: rows good and bad, then a few injuries."""
    chance = random.Random(seed)
    place = ("190101", "190102", "999999", "", "西区", "190122")
    born = ("1990-01-01", "1990/2/3", "昨天", "19900101", "", "2999-01-01")
    rows = [
        f"{chance.choice(('A', 'A', 'A', '错'))}{chance.randrange(9)},甲{n},{chance.choice(born)},{chance.choice(place)}"
        for n in range(chance.choice((0, 1, 5, 20)))
    ]
    text = "\n".join(["id,name,born,place", *rows]) + "\n"
    data = text.encode(chance.choice(("utf-8", "utf-8-sig", "gb18030", "utf-16")))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        data = injure(data, chance)
    return chance.choice(NAMES[:2] * 9 + NAMES[2:]), data


def at_the_desk(city: City, files: Files) -> Said:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        registry = city.registry
        paths = [Path(folder, name) for name in files]
        found = governance.check(paths, registry.datasets["people"], registry, city.deployment, city.day(1), None)
    counts = (found.delivered, found.rejected, found.duplicates, found.quarantined, found.clean)
    return found.accepted, found.reasons, {rule.id: count for rule, count in found.rules}, counts


def by_night(city: City, files: Files) -> Said:
    registry, home = city.registry, city.deployment
    known = registry.datasets["people"]
    raw = read_by_night(city, files)
    if not isinstance(raw, RawBatch):
        return raw
    batch = engine.standardize(raw, known, registry, home)
    verdict = checks.validate(batch, known, registry, home)
    reasons = tuple(each.description for each in verdict.outcomes if each.blocking and not each.passed)
    failing = {rule: count for rule, count in batch.rule_failures.items() if count}
    counts = (batch.delivered, batch.rejected, batch.duplicates, batch.quarantined, batch.clean)
    return verdict.passed, reasons, failing, counts


def read_by_night(city: City, files: Files) -> RawBatch | Said:
    """The batch as it was read, or the verdict on what could not be."""
    registry, home, day = city.registry, city.deployment, city.day(1)
    folder = home.delivery("people", day)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    try:
        delivery = ingest.receive(home, registry.datasets["people"], day)
        assert delivery is not None
        return ingest.ingest(delivery, registry.datasets["people"], registry, home)
    except DeliveryError as error:
        return False, tuple(str(problem) for problem in error.problems), {}, (0, 0, 0, 0, 0)


def deliveries(seeds: Iterable[int], city: City) -> Iterator[Files]:
    """Each file that cannot be read as a delivery of its own, the others in deliveries of one to forty."""
    chance, waiting, size = random.Random(5), dict[str, bytes](), 1
    for seed in seeds:
        name, data = spoilt(seed)
        name = f"{seed}-{name}"
        if not isinstance(read_by_night(city, {name: data}), RawBatch):
            yield {name: data}
            continue
        waiting[name] = data
        if len(waiting) == size:
            yield waiting
            waiting, size = {}, chance.choice((1, 1, 4, 15, 40))
    if waiting:
        yield waiting


class Held(City):
    """A city whose standards are read once, so that what is compiled from them serves every file."""

    @cached_property
    def registry(self) -> Registry:
        return load(self.deployment.standards)


def main(number: int, first: int) -> None:
    began, told, files = time.process_time(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        city = Held(furnished(City(Deployment(Path(folder)))).deployment)
        for delivered in deliveries(range(first, first + number), city):
            desk, night = at_the_desk(city, delivered), by_night(city, delivered)
            told["accepted" if night[0] else "blocked"] += 1
            files += len(delivered)
            if desk != night:
                told["differing"] += 1
                print(f"{', '.join(delivered)}: {desk} at the desk, {night} by night", flush=True)
            if not sum(told.values()) % 50:
                print(f"{files} files, {dict(told)}, {time.process_time() - began:.0f} CPU s", flush=True)
    print(f"{files} files, deliveries {dict(told)}, {time.process_time() - began:.0f} CPU s")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
