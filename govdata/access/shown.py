"""The answer to a query as a table on a terminal or as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.table import Table


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


def write_csv(result: Result, out: TextIO) -> None:
    writer = csv.writer(out)
    writer.writerow(result.columns)
    writer.writerows(result.rows)
