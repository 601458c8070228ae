"""The repository's own standards, and rows judged by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govdata import standards
from govdata.batches import IngestedFile, RawBatch
from govdata.deployment import Deployment
from govdata.engine.standardization import standardize
from govdata.standards import Registry

DELIVERY_DATE = Date(2026, 11, 20)

Row = Mapping[str, str | None]
Judge = Callable[[str, Sequence[Row]], list[set[str]]]
Standardise = Callable[[str, Sequence[Row]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def registry(repository: Path) -> Registry:
    return standards.load(repository / "standards")


@pytest.fixture
def standardise(registry: Registry, tmp_path: Path) -> Standardise:
    """Delivered text rows → the standardised ones in order, with ``failed_rules`` and ``_warnings``; exact duplicates
    are left out."""

    def standardised(name: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
        dataset = registry.datasets[name]
        deployment = Deployment(tmp_path)
        count = len(rows)
        table = {
            column.name: pa.array([row.get(column.name) for row in rows], pa.string()) for column in dataset.columns
        }
        table["_extra"] = pa.nulls(count, pa.string())
        table["_row_id"] = pa.array([f"row-{number}" for number in range(count)])
        table["_source_file"] = pa.array(["rows.csv"] * count)
        table["_source_row"] = pa.array(range(count), pa.int64())
        table["_delivery_date"] = pa.array([DELIVERY_DATE] * count, pa.date32())
        file = deployment.lake("raw", name, DELIVERY_DATE) / "rows.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(table), file)
        raw = RawBatch(
            dataset=name, date=DELIVERY_DATE, batch_id="raw", delivery_fingerprint="delivery", standards_hash=registry.hashes[name],
            mode="snapshot", files=(deployment.relative(file),), rejected_files=(),
            sources=(IngestedFile(name="rows.csv", format="csv", delivered=count, raw=count, rejected=0),),
        )  # fmt: skip
        batch = standardize(raw, dataset, registry, deployment)
        paths = [deployment.absolute(path) for path in (*batch.clean_files, *batch.quarantine_files)]
        found = [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]
        return sorted(found, key=lambda row: row["_source_row"])

    return standardised


@pytest.fixture
def judge(standardise: Standardise) -> Judge:
    """Ids of the rules each delivered text row fails, errors and warnings alike, in the rows' order."""

    def judged(name: str, rows: Sequence[Row]) -> list[set[str]]:
        failed: list[set[str]] = [set() for _ in rows]
        for row in standardise(name, rows):
            failed[row["_source_row"]] = failures(row)
        return failed

    return judged


def failures(row: Mapping[str, Any]) -> set[str]:
    """What the engine says a standardised row fails."""
    return {*(row["failed_rules"] or ()), *(row["_warnings"] or ())}
