"""Typed stays typed: a Parquet column of its element's kind is never made text, and every row, every altered cell and
every delivered text is what it would be if it had been."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from govdata.batches import RawBatch, StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import standardization, standardize
from govdata.engine.ledger import ledger_sql
from govdata.ingest import columnar, ingest, receive
from govdata.standards.model import (
    BoundRule,
    Code,
    CodeSet,
    Column,
    Dataset,
    DateRange,
    DeliveryMode,
    Element,
    InCodeSet,
    Range,
    Registry,
    Required,
    Row,
    Sensitivity,
    Typed,
)
from govdata.storage import sql
from tests.engine.by_hand import steps

DATE = date(2026, 3, 2)
PLACEHOLDERS = ("placeholder_dates", {"values": ["00000000", "1900-01-01", "9999-12-31"]})
ELEMENTS: dict[str, dict[str, Any]] = {
    "number": {"type": "text"},
    "born": {"type": "date", "normalise": steps("halfwidth", "strip", PLACEHOLDERS)},
    "since": {"type": "date"},
    "seen": {"type": "datetime", "normalise": steps("strip", PLACEHOLDERS, "time_required")},
    "weight": {"type": "integer", "normalise": steps("strip", ("unit_suffix", {"units": ["g", "克"]}))},
    "steps": {"type": "integer", "normalise": steps("strip", ("pad_left", {"length": 3}))},
    "fee": {"type": "decimal", "scale": 2, "normalise": steps("halfwidth", "excel_text")},
    "capital": {"type": "decimal", "scale": 2, "normalise": steps("strip", ("money", {"unit_column": "kind"}))},
    "alive": {"type": "boolean"},
    "kind": {"type": "code", "code_set": "kind", "normalise": steps("strip")},
}
INTEGERS = st.one_of(
    st.integers(-20, 20),
    st.sampled_from([-(10**18), 10**18 - 1, 10**18, -99, 2**63 - 1, -(2**63)]),
    st.integers(-(2**63), 2**63 - 1),
)
DAYS = st.one_of(
    st.dates(date(1, 1, 1), date(9999, 12, 31)),
    st.sampled_from([date(1900, 1, 1), date(1900, 1, 2), date(1899, 12, 31), date(9999, 12, 31), date(2026, 3, 3)]),
)
MOMENTS = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),
    st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)),
    st.sampled_from(
        [datetime(1900, 1, 1, 8), datetime(1900, 1, 1), datetime(1970, 1, 1), datetime(2020, 5, 5, 1, 2, 3)]
    ),
)
NANO = MOMENTS.filter(lambda moment: 1700 < moment.year < 2250)


def decimals(precision: int, scale: int) -> st.SearchStrategy[pa.Array]:
    most = 10**precision - 1
    values = st.one_of(st.integers(max(-300, -most), min(300, most)), st.integers(-most, most)).map(
        lambda n: Decimal(f"{n}e-{scale}")
    )
    return arrays(pa.decimal128(precision, scale), values)


def arrays(kind: pa.DataType, values: st.SearchStrategy[Any]) -> st.SearchStrategy[pa.Array]:
    return st.lists(st.none() | values, min_size=ROWS, max_size=ROWS).map(lambda cells: pa.array(cells, kind))


ROWS = 40
WHOLE = st.one_of(
    arrays(pa.int64(), INTEGERS),
    arrays(pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    arrays(pa.uint64(), st.integers(0, 2**64 - 1)),
    arrays(pa.float64(), st.integers(0, 30).map(float)),
    decimals(18, 0),
    decimals(38, 0),
)
NUMBERS = st.one_of(
    WHOLE, decimals(5, 2), decimals(24, 2), decimals(38, 2), decimals(3, 3), decimals(20, 6), decimals(9, 1)
)
DATES = arrays(pa.date32(), DAYS)
TIMES = st.one_of(
    arrays(pa.timestamp("us"), MOMENTS),
    arrays(pa.timestamp("ms"), MOMENTS.map(lambda moment: moment.replace(microsecond=0))),
    arrays(pa.timestamp("ns"), NANO),
    arrays(pa.timestamp("us", "UTC"), NANO.map(lambda moment: moment.replace(tzinfo=UTC))),
)
TEXTS = arrays(
    pa.string(), st.sampled_from(["", "无", "20200101", "3克", "007", "是", "1,000.5", " 2020-01-01 08:00:00"])
)
ANY = st.one_of(DATES, TIMES, WHOLE, NUMBERS, TEXTS, arrays(pa.bool_(), st.booleans()))
KINDS = {
    "born": DATES | ANY,
    "since": DATES | TIMES,
    "seen": TIMES | ANY,
    "weight": WHOLE | ANY,
    "steps": WHOLE,
    "fee": NUMBERS | ANY,
    "capital": NUMBERS,
    "alive": arrays(pa.bool_(), st.booleans()) | WHOLE,
    "kind": st.one_of(arrays(pa.int8(), st.integers(0, 3)), arrays(pa.string(), st.sampled_from(["01", "1", "万元"]))),
}


def registry() -> Registry:
    elements = {
        name: Element(id=name, name=name, definition=name, sensitivity=Sensitivity(level=1), **said)
        for name, said in ELEMENTS.items()
    }
    kinds = CodeSet(
        id="kind", name="kind", standard="-", source="-", grade="A", file="kind.csv",
        codes=(Code(code="1", name_zh="甲"), Code(code="2", name_zh="乙")),
    )  # fmt: skip
    declared: list[tuple[str, Any, str, bool]] = [
        (f"{name}.type", Typed(), "warning" if name in ("since", "weight") else "error", name in ("since", "weight"))
        for name, said in ELEMENTS.items()
        if said["type"] not in ("text", "code")
    ]
    declared += [
        ("kind.code_set", InCodeSet(code_set="kind"), "warning", False),
        ("born.range", DateRange(min="1900-01-01", max="delivery_date"), "error", False),
        ("weight.range", Range(min=0, max=300), "warning", False),
        ("fee.required", Required(), "error", False),
        ("order", Row(expression="since >= born"), "error", False),
    ]
    reads = {"order": ("since", "born")}
    bound = tuple(
        BoundRule(
            id=id, index=index, dataset="things", column=reads.get(id, (id.split(".")[0],))[0],
            columns=reads.get(id, (id.split(".")[0],)), spec=spec, dimension="accuracy", severity=severity,  # type: ignore[arg-type]
            message=id, empties=empties,
        )
        for index, (id, spec, severity, empties) in enumerate(declared)
    )  # fmt: skip
    dataset = Dataset(
        name="things", title="物", domain="-", owner="-", version="1", delivery=DeliveryMode(mode="snapshot", key=()),
        columns=tuple(Column(name=name, title=name, element=name) for name in ELEMENTS),
    )  # fmt: skip
    return Registry(
        elements=elements, code_sets={"kind": kinds}, datasets={"things": dataset}, bound={"things": bound},
        null_tokens=("", "无", "-1", "-9", "7", "12.50"), hashes={"things": "1"},
    )  # fmt: skip


THINGS = registry()


def night(folder: Path, table: pa.Table, *, typed: bool) -> tuple[Deployment, RawBatch, StandardizedBatch]:
    """The table delivered as Parquet, read and standardised; not ``typed``: read as text."""
    deployment, dataset = Deployment(folder), THINGS.datasets["things"]
    landing = deployment.delivery("things", DATE)
    landing.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, landing / "things.parquet")
    delivery = receive(deployment, dataset, DATE)
    assert delivery is not None
    with pytest.MonkeyPatch.context() as patch:
        if not typed:
            patch.setattr(columnar, "arriving", lambda *_: {})
        raw = ingest(delivery, dataset, THINGS, deployment)
    return deployment, raw, standardize(raw, dataset, THINGS, deployment)


def told(deployment: Deployment, raw: RawBatch, batch: StandardizedBatch) -> dict[str, Any]:
    """All that is told of a night: delivered texts, rows, duplicates, ledger, counts."""

    def files(names: tuple[str, ...]) -> list[Path]:
        return [deployment.absolute(name) for name in names]

    rows = files((*batch.clean_files, *batch.quarantine_files))
    queries = {
        "delivered": f"SELECT * FROM {sql.texts(files(raw.files), raw.arrives)}",
        "clean": f"SELECT * FROM {sql.parquet(files(batch.clean_files))}" if batch.clean_files else "SELECT 1 LIMIT 0",
        "quarantine": f"SELECT * FROM {sql.parquet(files(batch.quarantine_files))}"
        if batch.quarantine_files
        else "SELECT 1 LIMIT 0",
        "ledger": ledger_sql(batch.ledger)
        .replace("{raw}", sql.parquet(files(raw.files)))
        .replace("{standardized}", sql.parquet(rows, by_name=True)),
    }
    with duckdb.connect() as connection:
        found: dict[str, Any] = {
            name: connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({query}) ORDER BY ALL").fetchall()
            for name, query in queries.items()
        }
    return found | {"rules": batch.rule_failures, "cells": batch.repaired_cells, "duplicates": batch.duplicates}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    number = pa.array([str(row) for row in range(ROWS)])
    return pa.table({"number": number, **{name: draw(kind) for name, kind in KINDS.items()}})


@pytest.mark.slow
@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(table=tables(), held=st.booleans())
def test_rows_and_ledger_are_those_of_the_text(
    tmp_path_factory: pytest.TempPathFactory, held: bool, table: pa.Table
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not held:
            patch.setattr(standardization, "HELD_ROWS", 0)
        ways = {typed: night(tmp_path_factory.mktemp("home"), table, typed=typed) for typed in (True, False)}
    assert not ways[False][1].arrives
    assert told(*ways[True]) == told(*ways[False])


def small(**columns: pa.Array) -> pa.Table:
    rows = len(next(iter(columns.values())))
    return pa.table({"number": pa.array([str(row) for row in range(rows)]), **columns})


def test_a_column_of_its_elements_kind_is_kept_as_it_came(tmp_path: Path) -> None:
    days, kinds = [date(1990, 3, 7), date(1900, 1, 1), None], [1, 7, None]
    table = small(
        born=pa.array(days, pa.date32()),
        since=pa.array([datetime(1990, 3, 7), None, None], pa.timestamp("us")),
        weight=pa.array([70, -1, 10**18], pa.int64()),
        fee=pa.array([Decimal("0.50"), Decimal("12.50"), None], pa.decimal128(4, 2)),
        alive=pa.array([True, None, False]),
        kind=pa.array(kinds, pa.int32()),
    )
    deployment, raw, batch = night(tmp_path, table, typed=True)
    assert raw.arrives == {"born": "DATE", "weight": "BIGINT", "fee": "DECIMAL(4,2)", "alive": "BOOLEAN"}
    kept = pq.read_table(deployment.absolute(raw.files[0]))
    assert kept["born"].to_pylist() == days and kept["kind"].to_pylist() == ["1", "7", None]
    rows = small_rows(deployment, batch)
    assert [row["born"] for row in rows] == [date(1990, 3, 7), None, None]  # 1900-01-01 stands for none
    assert [row["weight"] for row in rows] == [70, None, None]
    assert [row["_unparsed"] for row in rows] == [None, None, [("weight", "1000000000000000000")]]
    assert [row["fee"] for row in rows] == [Decimal("0.50"), None, None]
    ledger = told(deployment, raw, batch)["ledger"]
    assert {(row[4], row[5], row[6]) for row in ledger} == {
        ("born", "1900-01-01", None),
        ("fee", "12.50", None),
        ("weight", "-1", None),
        ("weight", "1000000000000000000", None),
        ("since", "1990-03-07 00:00:00", "1990-03-07"),
        ("kind", "7", None),
    }


def small_rows(deployment: Deployment, batch: StandardizedBatch) -> list[dict[str, Any]]:
    rows = [
        row
        for name in (*batch.clean_files, *batch.quarantine_files)
        for row in pq.read_table(deployment.absolute(name)).to_pylist()
    ]
    return sorted(rows, key=lambda row: row["_source_row"])


def test_files_that_bring_a_column_in_two_types_are_text(tmp_path: Path) -> None:
    landing = Deployment(tmp_path).delivery("things", DATE)
    landing.mkdir(parents=True)
    other = small(born=pa.array(["1990年3月8日"]), weight=pa.array([3], pa.int16()))
    pq.write_table(other, landing / "other.parquet")
    table = small(born=pa.array([date(1990, 3, 7)], pa.date32()), weight=pa.array([5], pa.int64()))
    deployment, raw, batch = night(tmp_path, table, typed=True)
    assert raw.arrives == {"weight": "BIGINT"}
    assert {row["born"] for row in small_rows(deployment, batch)} == {date(1990, 3, 7), date(1990, 3, 8)}
    (landing / "more.csv").write_text("number,born,weight\n9,19900309,8克\n", encoding="utf-8")
    deployment, raw, batch = night(tmp_path, table, typed=True)
    assert raw.arrives == {}
    assert {row["weight"] for row in small_rows(deployment, batch)} == {3, 5, 8}


def test_standards_that_no_longer_take_the_type_read_its_text(tmp_path: Path) -> None:
    """As when rows that were held back are judged again by a changed contract."""
    table = small(born=pa.array([date(1990, 3, 7)], pa.date32()), weight=pa.array([7], pa.int64()))
    deployment, raw, _ = night(tmp_path, table, typed=True)
    changed = {"born": {"type": "datetime"}, "weight": {"normalise": steps(("pad_left", {"length": 2}))}}
    elements = {name: element.model_copy(update=changed.get(name, {})) for name, element in THINGS.elements.items()}
    known = THINGS.model_copy(update={"elements": elements, "hashes": {"things": "2"}})
    batch = standardize(raw, known.datasets["things"], known, deployment)
    (row,) = small_rows(deployment, batch)
    assert (row["born"], row["weight"]) == (datetime(1990, 3, 7), 7)
