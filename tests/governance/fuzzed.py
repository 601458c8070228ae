"""Spoilt deliveries of the small register, judged by the self-check and by the stages of a night.

python -m tests.governance.fuzzed 5000 1      so many files from that seed on; prints how often the two agree
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from functools import cached_property
from pathlib import Path

from govdata import checks, engine, governance, ingest
from govdata.deployment import Deployment
from govdata.errors import DeliveryError
from govdata.standards import Registry, load
from tests.fuzz.mutation import injure
from tests.governance.conftest import City, furnished

NAMES = ("交付.csv", "交付.txt", "交付.json", "交付.xlsx")
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


def at_the_desk(city: City, name: str, data: bytes) -> Said:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_bytes(data)
        registry = city.registry
        known = registry.datasets["people"]
        found = governance.check([file], known, registry, city.deployment, city.day(1), None)
    counts = (found.delivered, found.rejected, found.duplicates, found.quarantined, found.clean)
    return found.accepted, found.reasons, {rule.id: count for rule, count in found.rules}, counts


def by_night(city: City, name: str, data: bytes) -> Said:
    registry, home, day = city.registry, city.deployment, city.day(1)
    known = registry.datasets["people"]
    folder = home.delivery("people", day)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    try:
        delivery = ingest.receive(home, known, day)
        assert delivery is not None
        raw = ingest.ingest(delivery, known, registry, home)
    except DeliveryError as error:
        return False, tuple(str(problem) for problem in error.problems), {}, (0, 0, 0, 0, 0)
    batch = engine.standardize(raw, known, registry, home)
    verdict = checks.validate(batch, known, registry, home)
    reasons = tuple(each.description for each in verdict.outcomes if each.blocking and not each.passed)
    failing = {rule: count for rule, count in batch.rule_failures.items() if count}
    counts = (batch.delivered, batch.rejected, batch.duplicates, batch.quarantined, batch.clean)
    return verdict.passed, reasons, failing, counts


class Held(City):
    """A city whose standards are read once, so that what is compiled from them serves every file."""

    @cached_property
    def registry(self) -> Registry:
        return load(self.deployment.standards)


def main(number: int, first: int) -> None:
    began, told = time.process_time(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        city = Held(furnished(City(Deployment(Path(folder)))).deployment)
        for seed in range(first, first + number):
            name, data = spoilt(seed)
            desk, night = at_the_desk(city, name, data), by_night(city, name, data)
            told["accepted" if night[0] else "blocked"] += 1
            if desk != night:
                told["differing"] += 1
                print(f"seed {seed}: {desk} at the desk, {night} by night", flush=True)
            if not (seed - first + 1) % 100:
                print(f"up to seed {seed}: {dict(told)}, {time.process_time() - began:.0f} CPU s", flush=True)
    print(f"{number} files, {dict(told)}, {time.process_time() - began:.0f} CPU s")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
