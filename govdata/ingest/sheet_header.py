"""Where the header of a sheet is: by the names a contract knows, or by the shape of what stands above and below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from govdata.ingest.header_lines import HEADER_LINES, explained_until, heads, joined
from govdata.ingest.headers import Headers, is_blank, named
from govdata.ingest.placement import demand_header, demand_upright

HEADER_WITHIN = 60
"""So many rows of a sheet are looked at."""


def find_header(rows: list[list[str | None]], headers: Headers | None) -> tuple[int, tuple[str, ...]] | None:
    """Index of the header row and its names: the row that maps best on the contract, else the first that looks like a
    header and is as wide as the rows below it; -1 and names of ours where there is none. None for a sheet without the
    contract's header. Raises ``Unreadable`` where what looks like the header is none (``placement``)."""
    if headers is not None:
        return _by_contract(rows, headers)
    widths = Counter(len(named(row)) for row in rows if not is_blank(row))
    if not widths:
        return None
    demand_upright(rows)
    usual = max(widths, key=lambda width: (widths[width], width))
    for index, row in enumerate(rows):
        names = named(row)
        if len(names) > usual // 2 and (stacked := joined(rows[index : index + HEADER_LINES])):
            return index + stacked[0] - 1, tuple(stacked[1])
        if len(names) > usual // 2 and heads(row, rows[index + 1 :]):
            return index, names
    return -1, tuple(f"列{number}" for number in range(1, usual + 1))


def _by_contract(rows: list[list[str | None]], headers: Headers) -> tuple[int, tuple[str, ...]] | None:
    """The last line of the header and its names: the row, or the rows joined, that give most columns of the contract;
    a line below that numbers the columns belongs to it."""
    best: tuple[tuple[int, int], int, int, tuple[str, ...]] | None = None
    covered = -1  # the last line of a header of several lines: what stands under a heading is no header by itself
    for index, row in enumerate(rows):
        if index <= covered:
            continue
        names: Sequence[str | None] = row
        covered = index
        if stacked := joined(rows[index : index + HEADER_LINES], headings=True):
            covered, names = index + stacked[0] - 1, stacked[1]
        score = headers.score([name or "" for name in names])
        if score[0] and (best is None or score > best[0]):
            best = score, index, covered, named(names)
    if best is None or (best[0][0] == 1 and len(best[3]) > 1):
        return None
    _, first, last, columns = best
    demand_header(headers, rows[:first], columns, rows[last + 1 :])
    below = lambda place: (rows[place] if place < len(rows) else [], place + 1)  # noqa: E731
    return explained_until(below, last + 1, len(columns), headers.is_header) - 1, columns
