"""A tiny bureau: two datasets, a temporary deployment, and a way to deliver bytes and look at what became of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govdata.batches import RawBatch
from govdata.deployment import Deployment
from govdata.ingest import ingest, receive
from govdata.standards.model import Column, Dataset, DeliveryMode, Element, Registry, Sensitivity

DATE = date(2024, 5, 6)


def dataset(name: str, title: str, columns: list[Column], **delivery: Any) -> Dataset:
    mode = DeliveryMode(**({"mode": "snapshot", "key": (columns[0].name,)} | delivery))
    return Dataset(name=name, title=title, domain="d", owner="o", version="1", delivery=mode, columns=tuple(columns))


PEOPLE = dataset(
    "people",
    "人口",
    [
        Column(
            name="id_number", title="公民身份号码", element="e", headers=("GMSFHM", "身份证号"), optional_header=False
        ),
        Column(name="name", title="姓名", element="e", headers=("XM",), optional_header=False),
        Column(name="address", title="住址", element="e", headers=("ZZ",)),
        Column(name="remark", title="备注信息", element="e", headers=("BZ",)),
    ],
    mode="delta",
    snapshot_files=("*_full.*",),
)
SCHOOLS = dataset(
    "schools",
    "学校",
    [
        Column(name="school_code", title="学校标识码", element="e", headers=("XXBSM",), optional_header=False),
        Column(name="school_name", title="学校名称", element="e", headers=("XXMC",), optional_header=False),
        Column(name="address", title="住址", element="e"),
    ],
)
ELEMENT = Element(id="e", name="e", definition="e", type="text", sensitivity=Sensitivity(level=1))
REGISTRY = Registry(
    elements={"e": ELEMENT},
    code_sets={},
    datasets={"people": PEOPLE, "schools": SCHOOLS},
    null_tokens=(),
    bound={},
    hashes={"people": "1", "schools": "2"},
)


@dataclass
class Bureau:
    deployment: Deployment
    people: Dataset = PEOPLE

    @property
    def landing(self) -> Path:
        return self.deployment.delivery("people", DATE)

    def deliver(self, name: str, content: bytes | str) -> Path:
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self) -> RawBatch:
        delivery = receive(self.deployment, self.people, DATE)
        assert delivery is not None
        return ingest(delivery, self.people, REGISTRY, self.deployment)

    def _read(self, files: tuple[str, ...]) -> list[dict[str, Any]]:
        if not files:
            return []
        paths = [str(self.deployment.absolute(file)) for file in files]
        with duckdb.connect() as connection:
            cursor = connection.execute("SELECT * FROM read_parquet(?) ORDER BY _source_file, _source_row", [paths])
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def raw(self, batch: RawBatch) -> list[dict[str, Any]]:
        return self._read(batch.files)

    def rejected(self, batch: RawBatch) -> list[dict[str, Any]]:
        return self._read(batch.rejected_files)

    def records(self, batch: RawBatch) -> list[tuple[Any, ...]]:
        """(row number, the four columns) of every record."""
        names = ("_source_row", "id_number", "name", "address", "remark")
        return [tuple(row[name] for name in names) for row in self.raw(batch)]

    def one(
        self, content: bytes | str, name: str = "a.csv"
    ) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
        """Deliver one file: its records, and its rejects as (row number, reason, content)."""
        self.deliver(name, content)
        batch = self.ingest()
        assert batch.delivered == batch.rows + batch.rejected + batch.duplicates
        return self.records(batch), [
            (row["_source_row"], row["reason"], row["content"]) for row in self.rejected(batch)
        ]


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(Deployment(tmp_path))


def jsonl(*records: object) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
