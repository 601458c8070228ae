"""``generate``: write the deliveries of a simulated city into a landing folder, and the truth of its defects beside
it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from govdata.deployment import Deployment
from govdata.sample import identity
from govdata.sample.arrow import pc
from govdata.sample.city import City
from govdata.sample.contradictions import ACROSS
from govdata.sample.defects import DEFECTS, FILE_DELIVERED_TWICE, LINE_DEFECTS, ROW_DEFECTS
from govdata.sample.departments import DEPARTMENTS, layout
from govdata.sample.inject import TRUTH_SCHEMA, Finding, Injector, truth_of
from govdata.sample.lives import build_city
from govdata.sample.parts import Part
from govdata.sample.registers import REGISTERS
from govdata.sample.writers import Delivered, WorkbookWriter, Written, write_json_lines, write_text

LAST_DATE = Date(2026, 11, 20)
DEFAULT_DATES = tuple(LAST_DATE - timedelta(days=back) for back in (2, 1, 0))
DEFAULT_RATES: dict[str, float] = {
    **{defect.kind: defect.rate for defect in DEFECTS},
    **{defect.kind: defect.rate for defect in ROW_DEFECTS},
    **{defect.kind: defect.rate for defect in LINE_DEFECTS},
    FILE_DELIVERED_TWICE: 1.0,
}
"""Kind → share of the rows of a delivery that bear it; for the file delivered twice: whether it happens."""


@dataclass
class SampleReport:
    """What was written: ``records`` and ``files`` by (dataset, ISO date), rows with a defect by kind, rows of the truth
    file."""

    out: Path
    people: int
    seed: int
    dates: tuple[Date, ...]
    records: dict[tuple[str, str], int] = field(default_factory=dict)
    files: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    defects: dict[str, int] = field(default_factory=dict)
    truth: Path | None = None


def generate(
    people: int,
    seed: int,
    out: Path,
    *,
    dates: Sequence[Date] = DEFAULT_DATES,
    defects: bool | float | Mapping[str, float] = True,
    datasets: Sequence[str] | None = None,
    formats: Mapping[str, str] | None = None,
    without_numbers: float = 0.0,
) -> SampleReport:
    """Write ``out/data/landing/<dataset>/<date>/*`` and ``out/data/truth.parquet`` for a city of ``people``; the same
    arguments give the same bytes.

    ``dates``: delivery dates in order, the first one whole. ``defects``: False for none, a factor on the default rates,
    or rates by kind (see ``DEFAULT_RATES``, and ``ACROSS`` for those that only several registers together can tell). ``datasets``: some of those in ``REGISTERS``. ``formats``: ``{"population": "single"}``
    writes the whole delivery as one UTF-8 CSV (for benchmarks). ``without_numbers``: share of the mentions of people
    that lack a valid number, in a city where people are hard to tell (``govdata.sample.identity``). Existing deliveries of the same dataset and date are
    replaced. Raises ``ValueError`` for unknown names or fewer than 100 people.
    """
    rates = _rates(defects)
    names = tuple(datasets or REGISTERS)
    if unknown := set(names) - set(REGISTERS):
        raise ValueError(f"没有这个数据集：{'、'.join(sorted(unknown))}")
    if list(dates) != sorted(set(dates)) or not dates:
        raise ValueError("交付日期应按先后排列且不重复")
    if unknown_formats := {f"{k}={v}" for k, v in (formats or {}).items() if (k, v) != ("population", "single")}:
        raise ValueError(f"没有这种格式：{'、'.join(sorted(unknown_formats))}")
    city = build_city(people, seed, dates)
    veil = identity.Veil(identity.harder(city), without_numbers) if without_numbers else None
    deployment = Deployment(Path(out).resolve())
    report = SampleReport(deployment.home, people, seed, tuple(dates))
    truth: list[pa.Table] = []
    for dataset in names:
        for number, date in enumerate(dates):
            single = dataset in (formats or {})
            truth += _deliver(city, dataset, number, date, rates, deployment, report, veil, single=single)
    table = pa.concat_tables(truth) if truth else TRUTH_SCHEMA.empty_table()
    report.defects = {entry["values"]: entry["counts"] for entry in pc.value_counts(table["kind"]).to_pylist()}
    report.truth = deployment.data / "truth.parquet"
    report.truth.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), report.truth, compression="zstd")
    return report


def _rates(defects: bool | float | Mapping[str, float]) -> dict[str, float]:
    if isinstance(defects, Mapping):
        if unknown := set(defects) - set(DEFAULT_RATES) - set(ACROSS):
            raise ValueError(f"没有这种缺陷：{'、'.join(sorted(unknown))}")
        return dict(defects)
    return {kind: rate * float(defects) for kind, rate in DEFAULT_RATES.items()} if defects else {}


def _deliver(
    city: City,
    dataset: str,
    number: int,
    date: Date,
    rates: Mapping[str, float],
    deployment: Deployment,
    report: SampleReport,
    veil: identity.Veil | None,
    *,
    single: bool,
) -> list[pa.Table]:
    """One delivery: its files and the truth about them; nothing at all where the department delivers nothing that
    day."""
    department = DEPARTMENTS[dataset]
    parts: Iterator[Part] | list[Part] = REGISTERS[dataset](city, number)
    if veil is not None:
        parts = (veil.part(dataset, number, part) for part in parts)
    if dataset == "population" and number == 0:
        rows = city.people_count  # known beforehand, so that counties can be made and written one at a time
    else:
        parts = list(parts)
        rows = sum(part.records.num_rows for part in parts)
    if not rows:
        return []
    folder = deployment.delivery(dataset, date)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    stream = list(REGISTERS).index(dataset)
    injector = Injector(city, dataset, department, date, number, rows, rates, city.rng(9, stream, number))
    key = (dataset, date.isoformat())
    report.records[key] = 0
    truth: list[pa.Table] = []
    book: WorkbookWriter | None = None
    single_rows = 0
    for part in parts:
        delivered, findings = injector.inject(part.records, part.sheet) if rates else (_clean(part, dataset), [])
        if department.format == "workbook":
            name = part.stem + department.suffix
            if book is None or book.name != name:
                if book is not None:
                    book.close()
                book = WorkbookWriter(folder, name)
            headers = department.headers
            written = book.add_sheet(
                part.sheet or "Sheet1", headers, delivered, layout(department, part.sheet or "", date.isoformat())
            )
        elif department.format == "json":
            written = write_json_lines(
                folder, part.stem + department.suffix, department.headers, delivered, numeric=department.numeric
            )
        else:
            written = write_part(folder, dataset, part, delivered, single=single, before=single_rows)
            single_rows += delivered.rows
        report.records[key] += delivered.rows
        truth.append(truth_of(findings, written, dataset, date))
    if book is not None:
        book.close()
    if rates.get(FILE_DELIVERED_TWICE) and dataset == "population" and number and number == len(city.dates) - 1:
        truth.append(_deliver_twice(folder, dataset, date))
    report.files[key] = sorted(path.name for path in folder.iterdir())
    return truth


def _clean(part: Part, dataset: str) -> Delivered:
    return Delivered(DEPARTMENTS[dataset].render(part.records, part.sheet), part.records.num_rows)


def write_part(
    folder: Path, dataset: str, part: Part, delivered: Delivered, *, single: bool = False, before: int = 0
) -> Written:
    """A part of a register as the department's text file. ``single``: all parts go into one, ``before`` rows so far."""
    department = DEPARTMENTS[dataset]
    headers = {column: header for column, header in department.headers.items() if column in delivered.columns}
    if single:
        name = "人口基本信息_全量" + department.suffix if "全量" in part.stem else part.stem + department.suffix
        return write_text(
            folder,
            name,
            headers,
            delivered,
            encoding="utf-8",
            separator=",",
            newline="\n",
            append=before > 0,
            first_row=2 + before,
        )
    if dataset == "population" and part.group == 2:  # one branch orders its columns differently
        headers = dict(sorted(headers.items(), key=lambda item: item[1]))
    if dataset == "population" and part.group == 3:  # another adds a column nobody asked for
        delivered.columns["_remark"] = pa.array([""] * delivered.rows, pa.string())
        headers["_remark"] = "BEIZHU"
    encoding = department.encodings[part.group % len(department.encodings)]
    return write_text(
        folder,
        part.stem + department.suffix,
        headers,
        delivered,
        encoding=encoding,
        separator=department.separator,
        newline=department.newline,
    )


def _deliver_twice(folder: Path, dataset: str, date: Date) -> pa.Table:
    """The same file under a second name, which sorts behind the first."""
    original = sorted(folder.iterdir())[0]
    copy = original.with_name(f"{original.stem}_重发{original.suffix}")
    shutil.copyfile(original, copy)
    finding = Finding(FILE_DELIVERED_TWICE, None, True, False, np.zeros(1, np.int64), [None], [None])
    table = truth_of([finding], Written(copy.name, np.zeros(1, np.int64)), dataset, date)
    # It is about a file, not about a row.
    return table.set_column(TRUTH_SCHEMA.get_field_index("row"), "row", pa.array([None], pa.int64()))
