"""Every query and every table that the analyst's page shows is there and can be asked as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Finished

pytestmark = pytest.mark.xdist_group("finished")


def queries(page: str) -> Iterator[str]:
    """The SELECTs among the indented lines, without comments. A line that begins neither a comment nor a command goes on
    with the one before."""
    indented = "\n".join(line[4:] if line.startswith("    ") else "--" for line in page.splitlines())
    for part in re.split(r"\n(?=--|SELECT|govdata)", indented):
        if part.startswith("SELECT"):
            yield re.sub(r";?\s+-- .*", "", part)


def test_every_query_and_table_of_the_page(finished: Finished, repository: Path) -> None:
    page = (repository / "docs" / "analyst.zh-CN.md").read_text(encoding="utf-8")
    tables = set(re.findall(r"`((?:published|governance)\.[a-z_]+)`", page))
    found = [*queries(page), *(f"SELECT * FROM {table} LIMIT 1" for table in tables)]
    assert len(found) > len(tables) + 15
    with duckdb.connect(str(finished.deployment.catalogue), read_only=True) as connection:
        for query in found:
            connection.execute(query).fetchall()
