"""Deliveries and truth: same bytes for a seed, right cells, right rates, nobody real."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date as Date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from stdnum.iso7064 import mod_11_2

from govdata.sample import DEFAULT_RATES, generate
from govdata.sample.defects import DEFECTS, LINE_DEFECTS, ROW_DEFECTS
from govdata.sample.registers import REGISTERS
from tests.sample.physical import as_text, encoding_of, read_delivery

PEOPLE = 4000


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return generate(PEOPLE, 11, tmp_path_factory.mktemp("defects"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return generate(PEOPLE, 11, tmp_path_factory.mktemp("clean"), defects=False)


@pytest.fixture(scope="module")
def truth(sample):
    return pq.read_table(sample.truth).to_pylist()


def _files(report) -> dict[str, bytes]:
    return {
        path.relative_to(report.out).as_posix(): path.read_bytes()
        for path in sorted(report.out.rglob("*"))
        if path.is_file()
    }


def test_same_arguments_same_bytes(sample, tmp_path):
    again = generate(PEOPLE, 11, tmp_path)
    first, second = _files(sample), _files(again)
    assert first.keys() == second.keys()
    assert [
        name for name in first if hashlib.sha256(first[name]).digest() != hashlib.sha256(second[name]).digest()
    ] == []


def test_one_dataset_alone_is_the_same(sample, tmp_path):
    alone = generate(PEOPLE, 11, tmp_path, datasets=("marriage",))
    everything = _files(sample)
    assert {name: data for name, data in _files(alone).items() if "landing" in name} == {
        name: data for name, data in everything.items() if "/marriage/" in name
    }


def test_clean_city(clean):
    assert clean.records["population", "2026-11-18"] == PEOPLE
    assert pq.read_table(clean.truth).num_rows == 0
    for (dataset, date), records in clean.records.items():
        cells = read_delivery(clean.out / "data/landing" / dataset / date, dataset)
        assert len(cells) == records


def test_every_format_and_encoding_occurs(sample):
    paths = [path for path in (sample.out / "data/landing").rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} == {".csv", ".txt", ".xlsx", ".jsonl"}
    assert {encoding_of(path) for path in paths if path.suffix != ".xlsx"} == {
        "utf-8",
        "utf-8-sig",
        "gb18030",
        "utf-16",
    }


def test_truth_points_at_the_cell(sample, truth):
    """The physical cell holds what the truth says was delivered."""
    cells = {key: read_delivery(sample.out / "data/landing" / key[0] / key[1], key[0]) for key in sample.records}
    checked = set()
    for entry in truth:
        if entry["column"] is None:
            continue
        cell = cells[entry["dataset"], entry["delivery_date"].isoformat()][entry["file"], entry["row"]][entry["column"]]
        delivered = entry["delivered"] or None
        if isinstance(cell, (int, float)) and delivered is not None:
            assert float(cell) == float(delivered), entry["kind"]
        else:
            assert as_text(cell) == delivered, entry["kind"]
        checked.add(entry["dataset"])
    assert checked == set(REGISTERS)


def test_damaged_lines_are_where_the_truth_says(sample, truth):
    landing = sample.out / "data/landing"
    damaged = [entry for entry in truth if entry["kind"].startswith("line_")]
    assert {entry["kind"] for entry in damaged} == {defect.kind for defect in LINE_DEFECTS}
    for entry in damaged:
        path = landing / entry["dataset"] / entry["delivery_date"].isoformat() / entry["file"]
        assert path.read_text(encoding_of(path)).split("\n")[entry["row"] - 1].rstrip("\r") == entry["delivered"]


# Columns that a defect of the row's substance changes beside the one it is told of.
ALSO_CHANGED = {
    "marriage": {"male_id", "male_name", "male_birth_date", "female_id", "female_birth_date"},
    "legal_person": {"legal_rep_name", "capital_unit"},
}
KEYS: dict[str, tuple[str, ...]] = {
    "population": ("citizen_id",),
    "legal_person": ("uscc",),
    "marriage": ("certificate_no",),
    "education": ("student_no",),
    "birth": ("certificate_no",),
    "house": ("unit_code", "certificate_no", "owner_order"),
}


def key_of(dataset: str, record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in KEYS[dataset])


def _second_copies(truth, dataset, date, cells) -> set:
    """Places of records that the clean city does not have: the lower one of each pair."""
    doubled = [entry for entry in truth if (entry["dataset"], entry["delivery_date"].isoformat()) == (dataset, date)]
    copies = {(entry["file"], entry["row"]) for entry in doubled if entry["kind"] == "exact_duplicate_row"}
    seen = set()
    for place in sorted((entry["file"], entry["row"]) for entry in doubled if entry["kind"] == "duplicate_key"):
        key = (place[0], key_of(dataset, cells[place]))
        if key in seen:
            copies.add(place)
        seen.add(key)
    return copies


def test_cells_without_a_defect_are_as_in_the_clean_city(sample, clean, truth):
    """Record by record, whatever the truth does not name is exactly what the clean city delivers."""
    struck = {(e["dataset"], e["delivery_date"].isoformat(), e["file"], e["row"]): e for e in truth}
    compared = 0
    for dataset, date in sample.records:
        dirty = read_delivery(sample.out / "data/landing" / dataset / date, dataset)
        copies = _second_copies(truth, dataset, date, dirty)
        files: dict[str, list[int]] = {}
        for place in read_delivery(clean.out / "data/landing" / dataset / date, dataset):
            files.setdefault(place[0], []).append(place[1])
        wanted = read_delivery(clean.out / "data/landing" / dataset / date, dataset)
        for file, rows in files.items():
            row = min(rows) - 1
            for clean_row in sorted(rows):
                row += 1
                while (file, row) in copies:
                    row += 1
                entry = struck.get((dataset, date, file, row))
                if (file, row) not in dirty:
                    assert entry["kind"].startswith("line_")
                    continue
                changed = {
                    column for column, value in wanted[file, clean_row].items() if dirty[file, row][column] != value
                }
                allowed = {entry["column"]} | ALSO_CHANGED.get(dataset, set()) if entry else set()
                assert changed <= allowed
                compared += 1
    assert compared > PEOPLE


@pytest.mark.slow
def test_doubles(sample, truth):
    by_kind = {
        kind: [entry for entry in truth if entry["kind"] == kind] for kind in ("exact_duplicate_row", "duplicate_key")
    }
    for kind, entries in by_kind.items():
        assert entries
        for entry in entries:
            cells = read_delivery(
                sample.out / "data/landing" / entry["dataset"] / entry["delivery_date"].isoformat(), entry["dataset"]
            )
            record = cells[entry["file"], entry["row"]]
            key = key_of(entry["dataset"], record)
            twins = [
                values
                for (file, _), values in cells.items()
                if key_of(entry["dataset"], values) == key and file == entry["file"]
            ]
            assert len(twins) == 2
            assert (twins[0] == twins[1]) == (kind == "exact_duplicate_row")


def test_one_defect_per_row(truth):
    places = [(entry["dataset"], entry["delivery_date"], entry["file"], entry["row"]) for entry in truth]
    assert len(places) == len(set(places))


def test_kinds_and_flags(truth):
    kinds = {entry["kind"] for entry in truth}
    assert len(kinds) >= 40
    assert kinds == set(DEFAULT_RATES)
    repairable = {defect.kind: defect.repairable for defect in (*DEFECTS, *ROW_DEFECTS)}
    for entry in truth:
        assert entry["repairable"] == repairable.get(entry["kind"], entry["kind"] == "file_delivered_twice")
        assert entry["row_detectable"] == (not entry["kind"].startswith(("cross_", "file_")))
        if entry["repairable"] and entry["column"]:
            assert entry["delivered"] != entry["true_value"]


def test_rates(tmp_path):
    """Ten times a rate is ten times the rows; the quota is spread over the files."""
    report = generate(
        12_000,
        4,
        tmp_path,
        datasets=("population",),
        dates=[Date(2026, 11, 18)],
        defects={"id_trailing_tab": 0.02, "sex_word": 0.001},
    )
    assert abs(report.defects["id_trailing_tab"] - 240) <= 1
    assert abs(report.defects["sex_word"] - 12) <= 1
    files = pq.read_table(report.truth, columns=["file"])["file"].unique()
    assert len(files) == 12
    assert report.records["population", "2026-11-18"] == 12_000


def test_nobody_is_real(sample):
    """No valid citizen number outside block 19xxxx and no phone outside 179, in any file."""
    for path in (sample.out / "data/landing").rglob("*.*"):
        if path.suffix == ".xlsx":
            cells = read_delivery(path.parent, "marriage").values()
            text = "\n".join(str(value) for record in cells for value in record.values())
        else:
            text = path.read_text(encoding_of(path))
        for number in re.findall(r"(?<![0-9A-Z])[1-9][0-9]{16}[0-9X](?![0-9A-Z])", text):
            assert number.startswith("19"), path.name
        for number in re.findall(r"(?<![0-9A-Za-z.+])1[3-9][0-9]{9}(?![0-9A-Za-z])", text):
            assert number.startswith("179"), path.name


def test_true_ids_are_valid(truth):
    ids = {"citizen_id", "male_id", "female_id", "mother_id", "father_id", "legal_rep_id"}
    values = [entry["true_value"] for entry in truth if entry["column"] in ids]
    assert len(values) > 50 and all(mod_11_2.is_valid(value) for value in values)


def test_single_file_for_benchmarks(tmp_path):
    report = generate(
        3000,
        2,
        tmp_path,
        datasets=("population",),
        dates=[Date(2026, 11, 18)],
        formats={"population": "single"},
        defects=False,
    )
    (name,) = report.files["population", "2026-11-18"]
    path = tmp_path / "data/landing/population/2026-11-18" / name
    assert encoding_of(path) == "utf-8" and "全量" in name
    assert len(path.read_text("utf-8").splitlines()) == 3001


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="没有这个数据集"):
        generate(1000, 1, tmp_path, datasets=("tax",))
    with pytest.raises(ValueError, match="没有这种缺陷"):
        generate(1000, 1, tmp_path, defects={"gremlins": 0.1})
    with pytest.raises(ValueError, match="先后"):
        generate(1000, 1, tmp_path, dates=[Date(2026, 1, 2), Date(2026, 1, 1)])
    assert list(Path(tmp_path).iterdir()) == []
