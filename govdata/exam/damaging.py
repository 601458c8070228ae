"""Clean rows and, after them, damaged copies, as text: which defect struck which row. The defects are those of the
simulated city and, for a dataset that it does not know, those that follow from its standards (``declared``).

A copy bears one defect. What is damaged goes through the department's usual spelling where the simulated city knows it,
as what is not damaged does; elsewhere it is written in the standard's own form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

import numpy as np
import pyarrow as pa

from govdata.exam.declared import declared, told_apart
from govdata.sample.corruption import Chosen, Defect
from govdata.sample.defects import DEFECTS, ROW_DEFECTS
from govdata.sample.departments import DEPARTMENTS
from govdata.sample.inject import eligible
from govdata.standards.model import Dataset, Registry

DUPLICATE, CONFLICT = (defect.kind for defect in ROW_DEFECTS)


@dataclass(frozen=True)
class Strike:
    """``column``: empty where the row as a whole is struck. ``copies``: damaged row → the row it was made of, places in
    the texts. ``beside``: columns that had to be changed with the struck one (an amount's unit), which may stay so."""

    kind: str
    column: str
    repairable: bool
    copies: Mapping[int, int]
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Damaged:
    """``texts``: what is delivered, the clean rows first, then their copies."""

    texts: pa.Table
    strikes: tuple[Strike, ...]


def spelled(dataset: Dataset, records: pa.Table) -> pa.Table:
    """Standard texts as the department usually writes them."""
    department = DEPARTMENTS.get(dataset.name)
    known = department.render(records, None) if department is not None else {}
    return pa.table({name: known.get(name, records[name].combine_chunks()) for name in records.column_names})


def damage(
    dataset: Dataset, registry: Registry, records: pa.Table, each: int, date: Date, rng: np.random.Generator
) -> Damaged:
    """``records``: standard texts of clean rows. ``each``: rows that a kind strikes in a column, where there are so
    many. A dataset that the simulated city does not know is damaged by what is declared of it."""
    texts = spelled(dataset, records)
    reserved = rng.permutation(records.num_rows)[: min(2 * each, records.num_rows // 4)]
    # A row that is to share its key with one copy must not share it with others.
    free = np.ones(records.num_rows, bool)
    free[reserved] = False
    made = _Copies(texts)
    is_known = any(dataset.name in defect.targets for defect in DEFECTS)
    defects = DEFECTS if is_known else tuple(declared(dataset, registry))
    for defect, column, fit in _possible(defects, dataset, records):
        places = np.sort(rng.permutation(np.flatnonzero(fit & free))[:each])
        if len(places):
            struck = _struck(dataset, records, defect, column, places, date, rng)
            made.add(defect.kind, column, defect.repairable, places, struck)
    same, other = np.array_split(np.sort(reserved), 2)
    changed = ROW_DEFECTS[1].changed.get(dataset.name) or told_apart(dataset, registry)
    if dataset.key and changed in records.column_names and len(other):
        made.add(DUPLICATE, "", True, same, {})
        values = [f"{value or ''}（旧）" for value in records[changed].take(pa.array(other)).to_pylist()]
        made.add(CONFLICT, "", False, other, {changed: values})
    return Damaged(pa.concat_tables(made.parts), tuple(made.strikes))


class _Copies:
    """The texts and what is put below them."""

    def __init__(self, texts: pa.Table) -> None:
        self.texts, self.size = texts, texts.num_rows
        self.parts, self.strikes = [texts], list[Strike]()

    def add(
        self, kind: str, column: str, repairable: bool, places: np.ndarray, struck: Mapping[str, Sequence[str | None]]
    ) -> None:
        copies = self.texts.take(pa.array(places))
        for name, values in struck.items():
            copies = copies.set_column(copies.column_names.index(name), name, pa.array(values, pa.string()))
        self.parts.append(copies)
        of = {self.size + n: int(place) for n, place in enumerate(places)}
        beside = frozenset(struck) - {column} if column else frozenset()
        self.strikes.append(Strike(kind, column, repairable, of, beside))
        self.size += len(places)


def _possible(
    defects: Sequence[Defect], dataset: Dataset, records: pa.Table
) -> Iterator[tuple[Defect, str, np.ndarray]]:
    """Defects that a row alone can show, with the rows that can bear them."""
    for defect in defects:
        for column in defect.targets.get(dataset.name, ()):
            needed = {column, *defect.when}
            if defect.row_detectable and needed <= set(records.column_names):
                yield defect, column, eligible(records, defect, column)


def _struck(
    dataset: Dataset,
    records: pa.Table,
    defect: Defect,
    column: str,
    places: np.ndarray,
    date: Date,
    rng: np.random.Generator,
) -> Mapping[str, list[str | None]]:
    rows = records.take(pa.array(places))
    nowhere: Any = None  # kinds that need the city are not row-detectable
    chosen = Chosen(dataset.name, column, rows, rng, nowhere, date, workbook=False)
    made = defect.damage(chosen)
    damaged = {name: list(values) for name, values in (made if isinstance(made, Mapping) else {column: made}).items()}
    if not defect.spelled:
        return damaged
    for name, values in damaged.items():
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(values, pa.string()))
    written = spelled(dataset, rows)
    return {name: written[name].to_pylist() for name in damaged}
