"""Readers in processes of their own, who connect and ask all the time while the catalogue is being swapped.

Swap n publishes two tables whose rows all say n: a query that joins them must see one n, and all the rows. Every swap
re-delivers the same date, so the files of the night before are being removed from the lake under the readers' hands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from govdata.deployment import Deployment
from tests.publish.nights import City, person, shop

REPOSITORY = Path(__file__).resolve().parents[2]
DAY = Date(2026, 3, 1)
PEOPLE, SHOPS = 50, 20
QUERY = (
    "SELECT p.name, s.name, q.name, count(*) FROM c.published.people AS p CROSS JOIN c.published.shops AS s "
    "CROSS JOIN (SELECT DISTINCT name FROM c.quarantine.people) AS q GROUP BY ALL"
)


@dataclass(frozen=True)
class Read:
    """What one reader got. ``mixed``: answers with more than one night in them, or not all of its rows."""

    queries: int
    errors: list[str]
    mixed: int
    nights: int


def watch(home: Path, readers: int, swaps: int) -> list[Read]:
    """``readers`` processes while this one swaps ``swaps`` times."""
    city = City(Deployment(home))
    _publish(city, 0)
    stop = home / "stop"
    command = [sys.executable, "-m", "tests.faults.readers", str(city.deployment.catalogue), str(stop)]
    processes = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(readers)]
    try:
        for process in processes:
            assert process.stdout is not None and process.stdout.readline() == "reading\n"
        for number in range(1, swaps + 1):
            _publish(city, number)
    finally:
        stop.touch()
        answers = [process.communicate(timeout=60)[0] for process in processes]
    return [Read(**json.loads(answer)) for answer in answers]


def _publish(city: City, number: int) -> None:
    name = f"{number:04d}"
    people = [person(n, name) for n in range(PEOPLE)]
    city.publish(city.deliver("people", DAY, people, mode="snapshot", quarantined=[person(PEOPLE, name)]))
    city.publish(city.deliver("shops", DAY, [shop(n, name) for n in range(SHOPS)]))
    city.rebuild()


def _read(catalogue: str, stop: Path) -> Read:
    import duckdb

    os.nice(15)  # on few cores the readers would leave the swapping process no time
    queries = mixed = 0
    errors: list[str] = []
    nights = set()
    while not stop.exists():
        try:
            with duckdb.connect(":memory:") as connection:
                connection.execute(f"ATTACH '{catalogue}' AS c (READ_ONLY)")
                for _ in range(3):  # on one connection, too: it keeps its night
                    rows = connection.execute(QUERY).fetchall()
                    queries += 1
                    nights |= {row[0] for row in rows}
                    if len(rows) != 1 or len(set(rows[0][:3])) != 1 or rows[0][3] != PEOPLE * SHOPS:
                        mixed += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return Read(queries, errors, mixed, len(nights))


if __name__ == "__main__":
    print("reading", flush=True)
    print(json.dumps(_read(sys.argv[1], Path(sys.argv[2])).__dict__), flush=True)
