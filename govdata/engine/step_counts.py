"""How many cells which steps altered, counted once: when a delivery is standardised.

Which step altered a cell is known only by applying the steps, so each different cell is asked once: of columns with a
dictionary its entries, each with the number of rows that have it, of the others the altered cells, which are few."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from govdata.batches import LedgerColumn
from govdata.engine import ledger
from govdata.engine.dictionaries import ROWS, Dictionary
from govdata.storage import sql
from govdata.storage.sql import Session, parquet
from govdata.storage.tables.system_columns import IDENTITY

StepCounts = dict[str, dict[str, int]]
"""Column → ``rule`` of ``governance.repairs``, the steps that altered a cell → cells."""


def step_counts(
    connection: Session,
    kept: Sequence[LedgerColumn],
    altered: Collection[str],
    raw: Sequence[Path],
    standardized: Sequence[Path],
    dictionaries: Sequence[Dictionary] = (),
) -> StepCounts:
    """Of the cells of the files ``standardized``, which came of ``raw`` as ``kept`` tells. ``altered``: the columns in
    which there are some; ``dictionaries``: those that answer for columns, whose tables the connection has. Raises
    ``KeyError`` for a step that is no more, ``ValueError`` for arguments it no longer takes."""
    plans = [plan for plan in kept if plan.name in altered]
    if not plans or not standardized:
        return {}
    among = ledger.kinds([plans])
    answered = {plan.name: item for item in dictionaries for plan in item.plans}
    numbers = ledger.numbers(plans, among)
    parts = [_entries(plan.name, answered[plan.name], numbers) for plan in plans if plan.name in answered]
    if others := frozenset(plan.name for plan in plans if plan.name not in answered):
        cells = ledger.cells_sql(kept, among, others)
        parts.append(_alike(cells.replace("{raw}", parquet(raw)).replace("{standardized}", parquet(standardized))))
    decoded = ledger.decoded_sql(" UNION ALL ".join(parts), among, carried=(ROWS,))
    counted = connection.execute(
        f'SELECT column_name, rule, CAST(sum("{ROWS}") AS BIGINT) AS cells FROM ({decoded}) '
        "GROUP BY ALL HAVING cells > 0 ORDER BY ALL"
    ).fetchall()
    found: StepCounts = {}
    for name, rule, cells in counted:
        found.setdefault(name, {})[rule] = cells
    return found


NOBODY = ", ".join(f"CAST(NULL AS {name.type}) AS {name}" for name in IDENTITY)
"""Equal cells are of many rows."""


def _entries(name: str, dictionary: Dictionary, numbers: Mapping[str, int]) -> str:
    hard = any(item.name == name and item.hard for item in dictionary.plans)
    unread = f"{sql.identifier(f'~unread~{name}')} IS NOT NULL" if hard else "FALSE"
    return (
        f"SELECT {NOBODY}, {sql.text(name)} AS column_name, {sql.identifier(f'~raw~{name}')} AS before, "
        f'CAST({sql.identifier(name)} AS VARCHAR) AS after, {unread} AS "~unread", '
        f'{numbers[name]} AS "~kind", "{ROWS}" '
        f"FROM {sql.identifier(dictionary.table)} WHERE {sql.identifier(f'~fix~{name}')}"
    )


def _alike(cells: str) -> str:
    told = 'column_name, before, after, "~unread", "~kind"'
    return f'SELECT {NOBODY}, {told}, count(*) AS "{ROWS}" FROM ({cells}) GROUP BY {told}'
