"""A small registry and raw batches written by hand, for the stage's own tests."""

from __future__ import annotations

from datetime import date as Date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from govdata.batches import IngestedFile, RawBatch
from govdata.deployment import Deployment
from govdata.standards.model import (
    BoundRule,
    CheckDigit,
    Code,
    CodeSet,
    Column,
    Dataset,
    DateRange,
    DeliveryMode,
    Element,
    InCodeSet,
    Length,
    Normaliser,
    Pattern,
    Range,
    Registry,
    Required,
    Row,
    Sensitivity,
    Typed,
    Unique,
)

DATE = Date(2026, 3, 2)
COLUMNS = ("citizen_id", "name", "sex", "birth_date", "capital", "unit", "currency", "change_kind")


def steps(*names: str | tuple[str, dict]) -> tuple[Normaliser, ...]:
    return tuple(
        Normaliser(name=name) if isinstance(name, str) else Normaliser(name=name[0], args=name[1]) for name in names
    )


def _element(id: str, type: str, **facts: Any) -> Element:
    return Element(id=id, name=id, name_en=id, definition=id, type=type, sensitivity=Sensitivity(level=1), **facts)  # type: ignore[arg-type]


def _code_set(id: str, codes: dict[str, str], **facts: Any) -> CodeSet:
    return CodeSet(
        id=id,
        name=id,
        standard="-",
        source="-",
        grade="A",
        file=f"{id}.csv",
        codes=tuple(Code(code=c, name_zh=n) for c, n in codes.items()),
        **facts,
    )


@cache
def registry(*, mode: str = "snapshot", primary_key: bool = True) -> Registry:
    elements = [
        _element(
            "citizen_id",
            "text",
            normalise=steps("excel_text", "halfwidth", "remove_spaces", "uppercase", "upgrade_15_to_18"),
        ),
        _element("name", "text", normalise=steps("strip", "name_spaces", "name_dots")),
        _element("sex", "code", code_set="sex", normalise=steps("halfwidth", "strip")),
        _element("birth_date", "date", normalise=steps("strip", ("placeholder_dates", {"values": ["00000000"]}))),
        _element(
            "capital", "decimal", scale=2, normalise=steps("halfwidth", "strip", ("money", {"unit_column": "unit"}))
        ),
        _element("unit", "text"),
        _element(
            "currency", "code", code_set="currency", normalise=steps("strip", ("currency_of", {"column": "capital"}))
        ),
        _element("change_kind", "code", code_set="change"),
    ]
    code_sets = [
        _code_set("sex", {"1": "男性", "2": "女性"}, synonyms={"男": "1", "女": "2"}),
        _code_set("currency", {"CNY": "人民币", "USD": "美元"}),
        _code_set("change", {"I": "新增", "U": "变更", "D": "注销"}),
    ]
    columns = tuple(
        Column(
            name=name,
            title=name,
            element=name,
            required=name == "name",
            primary_key=primary_key and name == "citizen_id",
        )
        for name in COLUMNS
    )
    delivery = DeliveryMode(mode=mode, key=("citizen_id",), operation="change_kind" if mode == "delta" else None)  # type: ignore[arg-type]
    dataset = Dataset(
        name="people", title="人员", domain="人口", owner="市公安局", version="1", delivery=delivery, columns=columns
    )
    declared: list[tuple[str, Any, str]] = [
        ("citizen_id.format", Pattern(pattern="[1-9][0-9]{16}[0-9X]"), "error"),
        ("citizen_id.check_digit", CheckDigit(algorithm="gb11643"), "error"),
        ("name.required", Required(), "error"),
        ("name.length", Length(min=2, max=10), "warning"),
        ("sex.code_set", InCodeSet(code_set="sex"), "error"),
        ("birth_date.type", Typed(), "error"),
        ("birth_date.date_range", DateRange(min="1900-01-01", max="delivery_date"), "error"),
        ("capital.type", Typed(), "error"),
        ("capital.range", Range(min=0), "warning"),
        ("birth_agrees", Row(expression="birth_date = id_birth_date(citizen_id)"), "error"),
    ]
    if primary_key:
        declared.append(("primary_key_unique", Unique(columns=("citizen_id",)), "error"))
    reads = {"birth_agrees": ("birth_date", "citizen_id"), "primary_key_unique": ("citizen_id",)}
    bound = tuple(
        BoundRule(
            id=id,
            index=index,
            dataset="people",
            column=id.split(".")[0] if "." in id else reads[id][0],
            columns=reads.get(id, (id.split(".")[0],)),
            spec=spec,
            dimension="accuracy",
            severity=severity,  # type: ignore[arg-type]
            message=id,
        )
        for index, (id, spec, severity) in enumerate(declared)
    )
    return Registry(
        elements={element.id: element for element in elements},
        code_sets={code_set.id: code_set for code_set in code_sets},
        datasets={"people": dataset},
        null_tokens=("", "无", "NULL", "-"),
        bound={"people": bound},
        hashes={"people": f"{mode}-{primary_key}"},
    )


def raw_batch(
    deployment: Deployment, rows: list[dict[str, str]], *, files: int = 1, mode: str = "snapshot"
) -> RawBatch:
    """Write ``rows`` (column → text; absent: NULL) as raw Parquet, split over ``files``."""
    folder = deployment.lake("raw", "people", DATE)
    folder.mkdir(parents=True, exist_ok=True)
    paths, sources = [], []
    size = -(-len(rows) // files) if rows else 0
    for number in range(files if rows else 0):
        part = rows[number * size : (number + 1) * size]
        data: dict[str, Any] = {name: pa.array([row.get(name) for row in part], pa.string()) for name in COLUMNS}
        data["_extra"] = pa.nulls(len(part), pa.string())
        data["_row_id"] = pa.array([f"f{number}-{index + 2}" for index in range(len(part))], pa.string())
        data["_source_file"] = pa.array([f"f{number}.csv"] * len(part), pa.string())
        data["_source_row"] = pa.array(range(2, len(part) + 2), pa.int64())
        data["_delivery_date"] = pa.array([DATE] * len(part), pa.date32())
        path = folder / f"raw-{number}.parquet"
        pq.write_table(pa.table(data), path)
        paths.append(deployment.relative(path))
        sources.append(
            IngestedFile(name=f"f{number}.csv", format="csv", delivered=len(part), raw=len(part), rejected=0)
        )
    return RawBatch(
        dataset="people",
        date=DATE,
        batch_id="raw000000000",
        delivery_fingerprint="x",
        standards_hash="x",
        mode=mode,  # type: ignore[arg-type]
        files=tuple(paths),
        rejected_files=(),
        sources=tuple(sources),
    )


def read(deployment: Deployment, paths: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of a batch's files in the order they were delivered."""
    rows: list[dict[str, Any]] = []
    for path in paths:
        rows += pq.read_table(Path(deployment.absolute(path))).to_pylist()
    return sorted(rows, key=lambda row: (row["_source_file"], row["_source_row"]))
