"""The examination of one night's rules: a bounded, seeded sample of published rows without any finding is damaged and
judged, the rows as they are among the damaged copies. Nothing of the deployment is changed.

A sampled row that does not come through as it is, is left out. So whatever a rule says of the others is a false alarm;
and a copy whose damage was repaired is dropped by the engine as an exact duplicate of its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date as Date
from typing import TYPE_CHECKING

import numpy as np

from govdata.deployment import Deployment
from govdata.exam.damaging import CONFLICT, Strike, damage
from govdata.exam.judging import Judged, judge, texts_of
from govdata.standards.model import BoundRule, Dataset, Registry, Unique
from govdata.storage import sql
from govdata.storage.tables.system_columns import WARNINGS

if TYPE_CHECKING:
    import pyarrow as pa

ROWS, EACH, SEED = 4_000, 12, 1
"""Rows sampled of a dataset, rows a kind strikes in a column, seed."""


@dataclass(frozen=True)
class Struck:
    """What became of one kind of damage in one column. ``found``: rows of which a rule told; ``restored``: rows that
    came out as they were."""

    dataset: str
    kind: str
    column: str
    repairable: bool
    struck: int
    found: int
    restored: int

    @property
    def survived(self) -> int:
        """Rows with a value that is not the true one, published without a word."""
        return self.struck - self.found - self.restored


@dataclass(frozen=True)
class Ruled:
    """``hits``: damaged rows that fail the rule; ``due``: rows of the kinds and columns where it was hit at all;
    ``alone``: hits that no other rule tells of; ``false_alarms``: rows that fail it with nothing wrong."""

    rule: BoundRule
    hits: int
    due: int
    alone: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        return self.hits / self.due if self.due else None


@dataclass
class Exam:
    """``sampled``: dataset → clean rows; ``left_out``: rows that did not come through as they are; ``dates``: of the
    snapshots; ``unexamined``: datasets that there are no rows or no defects for."""

    strikes: list[Struck] = field(default_factory=list)
    rules: list[Ruled] = field(default_factory=list)
    sampled: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    dates: dict[str, Date] = field(default_factory=dict)
    unexamined: list[str] = field(default_factory=list)

    @property
    def blind_spots(self) -> list[Struck]:
        """Damage that got through."""
        return [each for each in self.strikes if each.survived]

    @property
    def false_alarms(self) -> list[Ruled]:
        return [each for each in self.rules if each.false_alarms]

    @property
    def redundant(self) -> list[Ruled]:
        """Rules that were hit and never were the only one to tell."""
        return [each for each in self.rules if each.hits and not each.alone]

    @property
    def untried(self) -> list[Ruled]:
        """Rules that no damage hit."""
        return [each for each in self.rules if not each.hits]


def examine(
    registry: Registry,
    deployment: Deployment,
    datasets: Iterable[str] | None = None,
    *,
    rows: int = ROWS,
    each: int = EACH,
    seed: int = SEED,
    tell: Callable[[str], None] = lambda _: None,
) -> Exam:
    """``datasets``: None: all that departments deliver. ``tell`` is told of each before it is examined. Raises
    ``GovdataError`` where nothing is published yet."""
    exam = Exam()
    for name in datasets or registry.delivered:
        tell(name)
        dataset = registry.datasets[name]
        with sql.catalogue(deployment) as connection:
            found = _sample(connection, dataset, rows, seed)
        if found is None:
            exam.unexamined.append(name)
            continue
        date, records = found
        _examine(exam, dataset, registry, deployment, date, records, each, np.random.default_rng([seed, len(name)]))
    return exam


def _sample(connection: object, dataset: Dataset, rows: int, seed: int) -> tuple[Date, pa.Table] | None:
    """The newest snapshot's date, and up to ``rows`` of its rows without a finding, as standard text; the same for the
    same seed and snapshot, whatever the order its files are read in."""
    import duckdb

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    newest = "SELECT max(date) FROM governance.snapshots WHERE dataset = ? AND current"
    ((date,),) = connection.execute(newest, [dataset.name]).fetchall()
    if date is None:
        return None
    held = {row[0] for row in connection.execute(f"DESCRIBE {dataset.schema_name}.{dataset.name}").fetchall()}
    if not {column.name for column in dataset.columns} <= held:
        return None  # published by another contract: it has other columns until the next night
    key = ", ".join(sql.identifier(name) for name in dataset.key or [column.name for column in dataset.columns])
    chosen = f"hash({key}, {int(seed)})"
    records = connection.sql(
        f"SELECT {texts_of(dataset)} FROM {dataset.schema_name}.{sql.identifier(dataset.name)} "
        f"WHERE len(coalesce({WARNINGS}, [])) = 0 ORDER BY {chosen}, {key} LIMIT {int(rows)}"
    ).to_arrow_table()
    return (date, records) if records.num_rows else None


def _examine(
    exam: Exam,
    dataset: Dataset,
    registry: Registry,
    deployment: Deployment,
    date: Date,
    records: pa.Table,
    each: int,
    rng: np.random.Generator,
) -> None:
    damaged = damage(dataset, registry, records, each, date, rng)
    if not damaged.strikes:
        exam.unexamined.append(dataset.name)
        return
    judged, twice = judge(damaged.texts, dataset, registry, deployment, date)
    truth = list(zip(*(records[name].to_pylist() for name in records.column_names), strict=True))
    came = {place for place, values in enumerate(truth) if place in judged and judged[place].values == values}
    exam.sampled[dataset.name], exam.dates[dataset.name] = len(came), date
    exam.left_out[dataset.name] = len(truth) - len(came)
    names = [column.name for column in dataset.columns]
    _count(exam, registry.rules(dataset.name), damaged.strikes, _Outcome(judged, twice, names), came)


@dataclass(frozen=True)
class _Outcome:
    judged: Mapping[int, Judged]
    twice: Mapping[int, int]

    names: Sequence[str]

    def same(self, place: int, row: int, beside: Set[str]) -> bool:
        """Whether the copy ``place`` came out as its ``row``, but for columns ``beside``."""
        kept = self.twice.get(place, place)
        if kept == row or not beside:
            return kept == row
        pairs = zip(self.names, self.judged[kept].values, self.judged[row].values, strict=True)
        return all(value == true for name, value, true in pairs if name not in beside)

    def failed(self, place: int) -> frozenset[str]:
        """What the row fails, or the one that stands for it."""
        return self.judged[self.twice.get(place, place)].failed


def _count(
    exam: Exam, rules: Sequence[BoundRule], strikes: Iterable[Strike], outcome: _Outcome, came: Set[int]
) -> None:
    hits, due, alone, false = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    keys = frozenset(rule.id for rule in rules if isinstance(rule.spec, Unique))
    for place in came:
        false.update(outcome.judged[place].failed - keys)  # a row shares its key with its copies
    sound = {place for place in came if not outcome.judged[place].failed - keys}
    for strike in strikes:
        told: Counter[str] = Counter()
        copies = {place: row for place, row in strike.copies.items() if row in sound}
        found = restored = 0
        for place, row in copies.items():
            if outcome.same(place, row, strike.beside):
                restored += 1
                continue
            failed = outcome.failed(place) - (keys if strike.kind != CONFLICT else frozenset())
            found += bool(failed)
            told.update(failed)
            alone.update(failed if len(failed) == 1 else ())
        dataset = rules[0].dataset
        exam.strikes.append(
            Struck(dataset, strike.kind, strike.column, strike.repairable, len(copies), found, restored)
        )
        hits.update(told)
        due.update(dict.fromkeys(told, len(copies)))
    exam.rules += [Ruled(rule, hits[rule.id], due[rule.id], alone[rule.id], false[rule.id]) for rule in rules]
