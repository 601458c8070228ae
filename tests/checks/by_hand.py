"""A small dataset with every kind of rule, its Parquet files and manifests written by hand, its failures counted with
pandas and stdnum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from stdnum.iso7064 import mod_11_2

from govdata.batches import IngestedFile, RawBatch, StandardizedBatch
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
    Pattern,
    Range,
    Registry,
    Required,
    Row,
    Sensitivity,
    Typed,
    Unique,
    Volume,
)

DATE = Date(2026, 3, 2)
ID_PATTERN = "[1-9][0-9]{16}[0-9X]"
CANARY = "金丝雀·不得外泄"
CANARY_ID = "19010119900101179X"


def _element(id: str, type: str, **more: object) -> Element:
    facts = {
        "name": id,
        "name_en": id,
        "definition": id,
        "sensitivity": Sensitivity(level=1),
        "standard": "GB/T 0-2026",
    }
    return Element(id=id, type=type, **(facts | more))  # type: ignore[arg-type]


def _code_set(id: str, codes: list[Code]) -> CodeSet:
    return CodeSet(id=id, name=id, standard="GB/T 0", source="test", grade="A", file=f"{id}.csv", codes=tuple(codes))


def _bind(*rules: tuple) -> tuple[BoundRule, ...]:
    return tuple(
        BoundRule(
            id=id,
            index=index,
            dataset="people",
            column=id.split(".")[0] if "." in id else None,
            columns=_columns(id, spec),
            spec=spec,
            dimension=dimension,
            severity=severity,
            message=f"规则{index}不满足",
        )
        for index, (id, spec, dimension, severity) in enumerate(rules)
    )


def _columns(id: str, spec: object) -> tuple[str, ...]:
    if isinstance(spec, Unique):
        return spec.columns
    return ("citizen_id", "birth_date") if isinstance(spec, Row) else (id.split(".")[0],)


def small_registry() -> Registry:
    dataset = Dataset(
        name="people",
        title="人员",
        domain="人口",
        owner="市公安局",
        version="1",
        delivery=DeliveryMode(mode="delta", key=("citizen_id",), operation="change_kind"),
        columns=(
            Column(name="citizen_id", title="公民身份号码", element="citizen_id", required=True, primary_key=True),
            Column(name="name", title="姓名", element="name"),
            Column(name="birth_date", title="出生日期", element="birth_date"),
            Column(name="division", title="区划", element="division"),
            Column(name="height", title="身高", element="height"),
            Column(name="children", title="子女数", element="children"),
            Column(name="change_kind", title="变更类型", element="change_kind"),
        ),
        volume=Volume(min_rows=1, max_rows=100_000, max_change=0.5, max_quarantine=1.0),
    )
    elements = [
        _element("citizen_id", "text"),
        _element("name", "text"),
        _element("birth_date", "date"),
        _element("division", "code", code_set="division"),
        _element("height", "decimal", scale=1),
        _element("children", "integer"),
        _element("change_kind", "code", code_set="change_kind"),
    ]
    # 3,000 codes; every third is abolished
    divisions = [
        Code(code=f"19{n:04d}", name_zh=f"示例{n}", valid_to="2020-01-01" if n % 3 == 0 else "") for n in range(3000)
    ]
    rules = _bind(
        ("citizen_id.required", Required(), "completeness", "error"),
        ("citizen_id.format", Pattern(pattern=ID_PATTERN), "conformity", "error"),
        ("citizen_id.check_digit", CheckDigit(algorithm="gb11643"), "conformity", "error"),
        ("birth_date.type", Typed(), "conformity", "error"),
        ("birth_date.dates", DateRange(min="1900-01-01", max="delivery_date"), "accuracy", "error"),
        ("division.code_set", InCodeSet(code_set="division"), "conformity", "error"),
        ("division.current", InCodeSet(code_set="division", current=True), "timeliness", "warning"),
        ("height.plausible", Range(min=20, max=250), "accuracy", "warning"),
        ("name.form", Pattern(pattern=r"[\x{4E00}-\x{9FFF}·%:]+"), "conformity", "warning"),
        # NULL for a malformed number and for a missing date: neither may count as failed, nor as checked
        ("birth_date_of_id", Row(expression="id_birth_date(citizen_id) = birth_date"), "consistency", "error"),
        ("primary_key_unique", Unique(columns=("citizen_id",)), "uniqueness", "error"),
        ("name_and_birth_unique", Unique(columns=("name", "birth_date")), "uniqueness", "warning"),
    )
    return Registry(
        elements={element.id: element for element in elements},
        code_sets={
            "division": _code_set("division", divisions),
            "change_kind": _code_set("change_kind", [Code(code=code, name_zh=code) for code in "IUD"]),
        },
        datasets={"people": dataset},
        null_tokens=(),
        bound={"people": rules},
        hashes={"people": "0123456789ab"},
    )


def small_people(rows: int = 4000, seed: int = 7) -> pd.DataFrame:
    """Standardised rows with defects of every kind; ``unparsed`` is the text of a birth date that could not be read."""
    random = np.random.default_rng(seed)
    births = pd.to_datetime("1930-01-01") + pd.to_timedelta(random.integers(0, 33000, rows), unit="D")
    divisions = [f"19{n:04d}" for n in random.integers(0, 3100, rows)]
    bodies = [
        f"{d}{b:%Y%m%d}{n:03d}" for d, b, n in zip(divisions, births, random.integers(0, 1000, rows), strict=True)
    ]
    frame = pd.DataFrame(
        {
            "citizen_id": pd.Series([body + mod_11_2.calc_check_digit(body) for body in bodies], dtype=object),
            "name": pd.Series(
                random.choice(["模拟甲", "模拟乙", "阿·依", "100%真", "甲:b", "Bad?"], rows), dtype=object
            ),
            "birth_date": pd.Series(births.date, dtype=object),
            "division": pd.Series(divisions, dtype=object),
            "height": pd.Series(random.integers(10, 300, rows).astype(float), dtype=object),
            "children": pd.Series(random.integers(0, 5, rows), dtype=object),
            "change_kind": pd.Series(random.choice(["I", "U"], rows), dtype=object),
            "unparsed": pd.Series([None] * rows, dtype=object),
        }
    )
    where = random.permutation(rows)
    frame.loc[where[:40], "citizen_id"] = None
    # the last character replaced: never the right one
    frame.loc[where[40:100], "citizen_id"] = [
        i[:17] + ("1" if i[17] != "1" else "2") for i in frame.loc[where[40:100], "citizen_id"]
    ]
    frame.loc[where[100:130], "citizen_id"] = [CANARY_ID[:-2] + "?", "1901011990010117", "３４０５２４"] * 10
    frame.loc[where[130:150], "citizen_id"] = frame.loc[where[150], "citizen_id"]
    frame.loc[where[200:220], "birth_date"] = Date(1899, 12, 31)
    frame.loc[where[220:260], "birth_date"] = None
    frame.loc[where[220:240], "unparsed"] = CANARY
    frame.loc[where[300:330], "name"] = CANARY + "?"
    frame.loc[where[330:400], "division"] = None
    frame.loc[where[400:450], "height"] = None
    # removals need no more than a key; a few carry values that break rules, which nobody asks of them
    frame.loc[where[500:560], "change_kind"] = "D"
    frame.loc[where[520:560], ["name", "birth_date", "division", "height"]] = None
    frame.loc[where[500:520], "height"] = 999.0
    return frame


def independent_counts(frame: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Rule id → (checked, failed), counted with pandas and stdnum, no SQL."""
    ids, births, names = frame.citizen_id, pd.to_datetime(frame.birth_date), frame.name
    formed = ids.fillna("").str.fullmatch(ID_PATTERN)
    valid = ids.map(lambda text: bool(text) and text.isascii() and len(text) == 18 and mod_11_2.is_valid(text))
    known = frame.division.fillna("").isin({f"19{n:04d}" for n in range(3000)})
    current = frame.division.fillna("").isin({f"19{n:04d}" for n in range(3000) if n % 3})
    embedded = pd.to_datetime(ids.where(formed).str[6:14], format="%Y%m%d", errors="coerce")
    judged = embedded.notna() & births.notna()
    heights = frame.height.astype(float)

    def tally(checked: pd.Series, passed: pd.Series) -> tuple[int, int]:
        return int(checked.sum()), int((checked & ~passed).sum())

    kept = frame.change_kind != "D"
    every = pd.Series(True, frame.index)
    unread = frame.unparsed.notna()
    twice = ids.notna() & ids.duplicated(keep=False)
    pairs = frame.duplicated(["name", "birth_date"], keep=False)
    return {
        "citizen_id.required": tally(every, ids.notna()),
        "citizen_id.format": tally(ids.notna(), formed),
        "citizen_id.check_digit": tally(ids.notna(), valid),
        "birth_date.type": tally(kept & (births.notna() | unread), ~unread),
        "birth_date.dates": tally(kept & births.notna(), (births >= "1900-01-01") & (births <= pd.Timestamp(DATE))),
        "division.code_set": tally(kept & frame.division.notna(), known),
        "division.current": tally(kept & frame.division.notna(), current),
        "height.plausible": tally(kept & heights.notna(), heights.between(20, 250)),
        "name.form": tally(kept & names.notna(), names.fillna("").str.fullmatch("[\u4e00-\u9fff·%:]+")),
        "birth_date_of_id": tally(kept & judged, embedded == births),
        "primary_key_unique": tally(ids.notna(), ~twice),
        "name_and_birth_unique": tally(names.notna() & births.notna(), ~pairs),
    }


SCHEMA = pa.schema(
    {
        "citizen_id": pa.string(),
        "name": pa.string(),
        "birth_date": pa.date32(),
        "division": pa.string(),
        "height": pa.decimal128(24, 1),
        "children": pa.int64(),
        "change_kind": pa.string(),
        "_row_id": pa.string(),
        "_source_file": pa.string(),
        "_source_row": pa.int64(),
        "_delivery_date": pa.date32(),
        "_unparsed": pa.map_(pa.string(), pa.string()),
    }
)


def write_rows(frame: pd.DataFrame, path: Path, schema: pa.Schema = SCHEMA) -> None:
    """The standardised columns as Parquet, as the engine writes them but for its own verdict."""
    columns = {name: frame[name] for name in frame.columns if name != "unparsed"}
    table = pa.table(
        {
            **{name: pa.array(values, from_pandas=True) for name, values in columns.items()},
            "_row_id": pa.array([f"0123456789ab-{n}" for n in frame.index]),
            "_source_file": pa.array(["people.csv"] * len(frame)),
            "_source_row": pa.array(list(frame.index), pa.int64()),
            "_delivery_date": pa.array([DATE] * len(frame), pa.date32()),
            "_unparsed": pa.array(
                [None if pd.isna(t) else [("birth_date", t)] for t in frame.unparsed], pa.map_(pa.string(), pa.string())
            ),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.cast(schema), path)


@dataclass
class Night:
    """A deployment with one standardised batch in it."""

    deployment: Deployment
    registry: Registry
    frame: pd.DataFrame
    batch: StandardizedBatch

    @property
    def dataset(self) -> Dataset:
        return self.registry.datasets["people"]

    def validate(self, batch: StandardizedBatch | None = None, dataset: Dataset | None = None):
        from govdata.checks import validate

        return validate(batch or self.batch, dataset or self.dataset, self.registry, self.deployment)


def make_night(
    home: Path, frame: pd.DataFrame, *, mode: str = "snapshot", quarantined: pd.Series | None = None
) -> Night:
    """Write the files and manifests of a batch of ``frame``: 5 more records were rejected, 3 were exact duplicates."""
    deployment, registry = Deployment(home), small_registry()
    bad = quarantined if quarantined is not None else frame.citizen_id.isna()
    clean, quarantine = deployment.lake("standardized", "people", DATE), deployment.lake("quarantine", "people", DATE)
    write_rows(frame[~bad], clean / "b-0.parquet")
    write_rows(frame[bad], quarantine / "b-0.parquet")
    rejected = deployment.lake("rejected", "people", DATE)
    rejected.mkdir(parents=True)
    pq.write_table(pa.table({"_row_id": [f"r{n}" for n in range(5)]}), rejected / "r.parquet")
    pq.write_table(pa.table({"_row_id": [f"d{n}" for n in range(3)]}), rejected / "duplicates-b.parquet")
    raw_folder = deployment.lake("raw", "people", DATE)
    raw_folder.mkdir(parents=True)
    pq.write_table(pa.table({"_row_id": [str(n) for n in range(len(frame) + 3)]}), raw_folder / "raw.parquet")
    raw = RawBatch(
        dataset="people",
        date=DATE,
        batch_id="raw-1",
        delivery_fingerprint="f",
        standards_hash=registry.hashes["people"],
        mode=mode,
        files=(deployment.relative(raw_folder / "raw.parquet"),),
        rejected_files=(deployment.relative(rejected / "r.parquet"),),
        sources=(
            IngestedFile(name="people.csv", format="csv", delivered=len(frame) + 8, raw=len(frame) + 3, rejected=5),
        ),
    )
    raw.write(RawBatch.path(deployment, "people", DATE))
    batch = StandardizedBatch(
        dataset="people",
        date=DATE,
        batch_id="b",
        raw_batch_id="raw-1",
        standards_hash=registry.hashes["people"],
        mode=mode,
        clean_files=(deployment.relative(clean / "b-0.parquet"),),
        quarantine_files=(deployment.relative(quarantine / "b-0.parquet"),),
        duplicate_files=(deployment.relative(rejected / "duplicates-b.parquet"),),
        delivered=len(frame) + 8,
        rejected=5,
        duplicates=3,
        quarantined=int(bad.sum()),
        clean=int((~bad).sum()),
        rule_failures={rule: failed for rule, (_, failed) in independent_counts(frame).items()},
        repaired_cells={},
        ledger_sql="",
    )
    return Night(deployment, registry, frame, batch)
