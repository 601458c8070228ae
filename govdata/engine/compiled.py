"""The SQL of one dataset, compiled once per registry: building and printing the trees of a wide dataset costs more than
a small night's rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from govdata.batches import LedgerColumn
from govdata.engine.dictionaries import Dictionary, candidates
from govdata.engine.labels import source_map
from govdata.engine.ledger import ledger
from govdata.engine.pipeline import (
    Prefilters,
    Way,
    delivered_query,
    dictionary_query,
    finished_query,
    idle_query,
    judged_query,
    result_query,
    standardized_query,
)
from govdata.engine.plans import ColumnPlan, plan_columns, with_neighbours
from govdata.engine.prefilters import prefilters
from govdata.engine.syntax import column, sql, text
from govdata.standards.model import BoundRule, Dataset, Registry, Unique
from govdata.standards.normalisers import Stage
from govdata.storage.tables.system_columns import IDENTITY

if TYPE_CHECKING:
    import pyarrow as pa

AT = "~at"
"""Where a raw row lies (file · 2⁴⁰ + row): an integer key for the few rows that need a second look, far cheaper to join
than ``_row_id``."""


HELD = "standard"
DELIVERED = "delivered"

REMEMBERED = 4
"""Texts of one query of a dataset."""


class CompiledDataset:
    """Queries over a relation ``raw_rows`` that has the raw batch's columns and ``~at``.

    ``arrives``: SQL types of the raw columns that are not text. ``dictionaries``: those whose tables answer for their
    columns (see ``govdata.engine.dictionaries``). ``held``: the rows are standardised once, by way of the table
    ``delivered`` into the table ``standard``, and every query reads that; otherwise each query streams from
    ``raw_rows``, which costs no memory. Planning a wide dataset takes DuckDB longer than a small night's rows do: held,
    it is planned once."""

    def __init__(
        self,
        dataset: Dataset,
        registry: Registry,
        *,
        held: bool = False,
        dictionaries: tuple[Dictionary, ...] = (),
        arrives: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.dataset = dataset
        self.registry = registry
        self.held = held
        self.dictionaries = dictionaries
        self.plans: tuple[ColumnPlan, ...] = plan_columns(dataset, registry, arrives)
        self.bound = registry.rules(dataset.name)
        self._entries: dict[tuple[str, ...], str] = {}
        self._standard: dict[frozenset[str], str] = {}
        self._rows: dict[tuple[bool, frozenset[str], frozenset[str]], str] = {}

    @cached_property
    def code_sets(self) -> frozenset[str]:
        """Ids of the code sets that the dataset's rules ask."""
        return frozenset(name for rule in self.bound for name in rule.spec.code_sets())

    @cached_property
    def prefilters(self) -> Prefilters:
        """Patterns to be searched for before a rule is asked; not for columns whose value may come from another
        column."""
        inferred = {plan.name for plan in self.plans if plan.at(Stage.INFERENCE)}
        answered = {plan.name for item in self.dictionaries for plan in item.plans}
        return {
            name: rules
            for name, rules in prefilters(self.dataset.name, self.registry).items()
            if name not in inferred | answered
        }

    @cached_property
    def source_maps(self) -> dict[str, pa.Table]:
        """``(source, code, words)`` for every code column, see ``map_table``."""
        return {plan.name: source_map(plan, self.registry) for plan in self.plans if plan.coded}

    @cached_property
    def possible(self) -> tuple[Dictionary, ...]:
        """The dictionaries that may be made."""
        return candidates(self.plans, self.dataset.name, self.registry)

    def entries(self, dictionary: Dictionary) -> str:
        """What fills the dictionary from its texts."""
        known = self._entries.get(dictionary.key)
        if known is None:
            known = text(dictionary_query(dictionary, self.plans, self.dataset, self.registry))
            self._entries[dictionary.key] = known
        return known

    @cached_property
    def unique_rules(self) -> tuple[BoundRule, ...]:
        return tuple(rule for rule in self.bound if isinstance(rule.spec, Unique))

    @cached_property
    def key_queries(self) -> tuple[str, ...]:
        """One query per key to be unique, giving ``h`` (hash of the standardised key, NULL where a part is missing) and
        ``~at``.

        Without a primary key only rows equal in every column can be duplicates, so all columns are the key then."""
        by_name = {plan.name: plan for plan in self.plans}
        keys = [rule.spec.columns for rule in self.unique_rules if isinstance(rule.spec, Unique)]
        whole = not any(by_name[name].column.primary_key for key in keys for name in key)
        queries = []
        for key in [*keys, tuple(by_name)] if whole else keys:
            needed = [by_name[name] for name in with_neighbours(key, by_name)]
            names = ", ".join(text(column(name)) for name in key)
            given = (
                "TRUE" if key == tuple(by_name) else " AND ".join(f"{text(column(name))} IS NOT NULL" for name in key)
            )
            known = [item for item in self.dictionaries if set(item.key) <= {plan.name for plan in needed}]
            narrow = text(self._standardized(Way(needed, dictionaries=known)))
            queries.append(f'SELECT CASE WHEN {given} THEN hash({names}) END AS h, "{AT}" FROM ({narrow})')
        return tuple(queries)

    @cached_property
    def delivered(self) -> str:
        """All rows, read as they were delivered: what ``held`` holds first."""
        return text(delivered_query(self._way, "raw_rows", carried=(*IDENTITY, AT)))

    @cached_property
    def idle(self) -> str:
        """One row over the table ``delivered``: column → whether none of its cells has anything left to do."""
        return text(idle_query(self._way, DELIVERED))

    def standard(self, idle: frozenset[str]) -> str:
        """All rows of the table ``delivered``, standardised and not judged: what ``held`` holds then. ``idle``: the
        columns that have nothing left to do; most of the text is the steps of the others."""
        return _newest(
            self._standard,
            idle,
            lambda: finished_query(_all_of(DELIVERED), self._way, idle),
        )

    @property
    def _way(self) -> Way:
        return Way(self.plans, self.prefilters, self.dictionaries)

    def _standardized(self, way: Way, condition: exp.Expression | None = None) -> exp.Expression:
        if not self.held:
            return standardized_query(way, "raw_rows", condition, (*IDENTITY, AT))
        query = _all_of(HELD)
        return query.where(condition, copy=False) if condition is not None else query

    @cached_property
    def candidate_rows(self) -> str:
        """Standardised rows of ``candidates("~at")``, not judged."""
        way = Way(self.plans, dictionaries=self.dictionaries)
        return text(self._standardized(way, sql('"~at" IN (SELECT "~at" FROM candidates)')))

    def rows(self, *, dropped: bool, conflicts: frozenset[str], idle: frozenset[str] = frozenset()) -> str:
        """The whole pass: rows as they are written. ``dropped``: leave out ``dropped("~at")``; ``conflicts``: ids of
        unique rules that have rows in ``conflicts("~at", rule)``; ``idle``: as given to ``standard``."""
        return _newest(self._rows, (dropped, conflicts, idle), lambda: self._judged(dropped, conflicts, idle))

    def _judged(self, dropped: bool, conflicts: frozenset[str], idle: frozenset[str]) -> exp.Expression:
        condition = sql('"~at" NOT IN (SELECT "~at" FROM dropped)') if dropped else None
        predicates: dict[str, exp.Expression] = {
            rule: sql('"~at" IN (SELECT "~at" FROM conflicts WHERE rule = :r)', r=rule) for rule in sorted(conflicts)
        }
        standard = self._standardized(self._way, condition)
        judged = judged_query(standard, self._way, self.dataset, self.registry, predicates, idle)
        return result_query(judged, self.plans, self.dataset, self.registry)

    @cached_property
    def ledger(self) -> tuple[LedgerColumn, ...]:
        return ledger(self.plans)


def _newest(known: dict[Any, str], key: Hashable, make: Callable[[], exp.Expression]) -> str:
    """The text under ``key``. A run over many dates asks under ever new keys: few are remembered."""
    if key not in known:
        if len(known) >= REMEMBERED:
            known.clear()
        known[key] = text(make())
    return known[key]


def _all_of(table: str) -> exp.Select:
    return exp.Select().select(exp.Star(), copy=False).from_(exp.to_table(table), copy=False)


def compiled(
    dataset: Dataset,
    registry: Registry,
    *,
    held: bool = False,
    dictionaries: tuple[Dictionary, ...] = (),
    arrives: Mapping[str, str] = MappingProxyType({}),
) -> CompiledDataset:
    """The dataset's queries, made once for the registry."""

    def make() -> CompiledDataset:
        return CompiledDataset(dataset, registry, held=held, dictionaries=dictionaries, arrives=arrives)

    if registry.datasets.get(dataset.name) is not dataset:  # somebody's own, for a moment
        return make()
    key = ("queries", dataset.name, held, tuple(item.key for item in dictionaries), tuple(sorted(arrives.items())))
    return registry.keep(key, make, version=tuple(item.settled for item in dictionaries))
