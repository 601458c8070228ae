"""Reads delivered files with other software than wrote them, cell by cell, as a person would find them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl

from govdata.sample.departments import DEPARTMENTS

Cells = dict[tuple[str, int], dict[str, object]]
"""(``_source_file``, ``_source_row``) → standard column → cell. A line that has another number of fields is left
out."""


def encoding_of(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(b"\xff\xfe"):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        return "gb18030"


def read_delivery(folder: Path, dataset: str) -> Cells:
    department = DEPARTMENTS[dataset]
    names = {header: column for column, header in department.headers.items()}
    cells: Cells = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            for sheet in book.worksheets:
                rows = list(sheet.iter_rows())
                header = next(n for n, row in enumerate(rows) if row[0].value in names and row[1].value in names)
                columns = [cell.value for cell in rows[header]]
                for row in rows[header + 1 : -1]:
                    values = dict(zip(columns, (cell.value for cell in row), strict=False))
                    cells[f"{path.name}#{sheet.title}", row[0].row] = {
                        names[name]: value for name, value in values.items() if name in names
                    }
        elif path.suffix == ".jsonl":
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                cells[path.name, number] = {names[name]: value for name, value in json.loads(line).items()}
        else:
            lines = path.read_text(encoding_of(path)).split("\n")[:-1]
            # Line by line, so that an unclosed quotation mark cannot swallow what follows.
            columns = lines[0].split(department.separator)
            for number, line in enumerate(lines[1:], 2):
                if line.count('"') % 2:
                    continue
                (fields,) = csv.reader([line], delimiter=department.separator)
                if len(fields) == len(columns):
                    cells[path.name, number] = {
                        names[name]: value for name, value in zip(columns, fields, strict=True) if name in names
                    }
    return cells


def as_text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if hasattr(value, "date"):
        return value.date().isoformat()
    return str(value)
