"""Many small nights under a retention policy, without Dagster: what the disk holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

from govdata.deployment import Deployment
from govdata.publish import Policy, nightly
from tests.publish.nights import City, person, shop

FIRST = Date(2025, 1, 1)


@dataclass(frozen=True)
class Disk:
    """After ``night``: files of data (not the deliveries, not the small history of quality), their KB, and the rows
    readers see."""

    night: int
    files: int
    kilobytes: int
    shown: tuple[int, int]


def nights(
    home: Path, count: int, policy: Policy, *, whole_every: int, prune_every: int, look_every: int
) -> Iterator[Disk]:
    """``count`` nights of a delta table (a whole every ``whole_every`` nights) and a snapshot table; a look at the disk
    now and then."""
    city = City(Deployment(home))
    for number in range(count):
        date = FIRST + timedelta(days=number)
        if number % whole_every == 0:
            city.publish(
                city.deliver("people", date, [person(n) for n in range(60)], mode="snapshot", quarantined=[person(90)])
            )
        else:
            city.publish(
                city.deliver("people", date, [person(number % 60, f"{number:04d}", "U")], quarantined=[person(91)])
            )
        city.publish(city.deliver("shops", date, [shop(n, f"{number:04d}") for n in range(30)]))
        if (number + 1) % prune_every == 0:
            city.rebuild()
            nightly(city.deployment, city.registry, policy, now=number * 86400.0)
        if (number + 1) % look_every == 0:
            yield _look(city, number + 1)


def _look(city: City, night: int) -> Disk:
    inodes = {}
    for top in (city.deployment.data / "lake", city.deployment.published):
        for parent, _, names in os.walk(top):
            if "_governance" in parent and "catalogue" not in parent:
                continue
            for name in names:
                state = os.stat(os.path.join(parent, name))
                inodes[state.st_ino] = state.st_blocks * 512
    ((people, shops),) = city.query(
        "SELECT (SELECT count(*) FROM published.people), (SELECT count(*) FROM published.shops)"
    )
    return Disk(night, len(inodes), sum(inodes.values()) // 1024, (people, shops))
