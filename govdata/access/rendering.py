"""The answer to a query as a table on a terminal, as records where it is too wide for one, as CSV or as a workbook."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from govdata.errors import GovdataError
from govdata.storage.sheets import width

if TYPE_CHECKING:
    from rich.table import Table


MOST_ROWS = 1_048_576
"""Of a sheet of an Excel workbook."""
WIDEST = 60
"""Of a column of one, in characters of Latin script."""


@dataclass(frozen=True)
class Result:
    """``rows``: each cell as text, NULL as None. ``more``: there were more rows than asked for."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | None]]
    more: bool


def as_table(result: Result) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(header_style="bold")
    for column in result.columns:
        table.add_column(escape(column), overflow="fold")
    for row in result.rows:
        table.add_row(*("NULL" if value is None else escape(value) for value in row))
    return table


NARROW = 10
"""Characters a column should have on a terminal for a table to be read."""


def as_records(result: Result, width: int) -> str:
    """One row after another, a line per column: what is too wide for a table."""
    names = max(map(len, result.columns), default=0)
    lines = []
    for number, row in enumerate(result.rows, 1):
        lines.append(f"── 第 {number} 行 ".ljust(min(width, 60), "─"))
        lines += [
            f"{name.ljust(names)}  {'NULL' if value is None else value}"
            for name, value in zip(result.columns, row, strict=True)
        ]
    return "\n".join(lines)


def fits(result: Result, width: int) -> bool:
    """Whether a table of it can be read on a terminal ``width`` characters wide."""
    return len(result.columns) * (NARROW + 3) <= width or len(result.columns) <= 4


def write_workbook(result: Result, path: Path) -> None:
    """One sheet. Raises ``GovdataError`` where there are more rows than a sheet holds."""
    write_sheets({"结果": result}, path)


def write_sheets(sheets: Mapping[str, Result], path: Path) -> None:
    """Every cell as text, so that a number of 18 digits stays one and nothing becomes a formula. ``sheets``: name →
    what stands on it. Raises ``GovdataError`` where there are more rows than a sheet holds."""
    import xlsxwriter

    most = max(len(result.rows) for result in sheets.values())
    if most >= MOST_ROWS:
        raise GovdataError(f"有 {most:,} 行，一张工作表放不下（至多 {MOST_ROWS - 1:,} 行），请用 --csv")
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True})
        for name, result in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(0)
            for column, title in enumerate(result.columns):
                texts = (row[column] or "" for row in result.rows)
                sheet.set_column(column, column, width(chain((title,), texts), WIDEST))
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(result.rows, 1):
                for column, value in enumerate(row):
                    if value is not None:
                        sheet.write_string(number, column, value)


BOM = "\ufeff"
"""By it Excel and WPS know a CSV file for UTF-8; without, they read it as GB18030."""


def write_csv(result: Result, out: TextIO, *, bom: bool = False) -> None:
    if bom:
        out.write(BOM)
    writer = csv.writer(out)
    writer.writerow(result.columns)
    writer.writerows(result.rows)
