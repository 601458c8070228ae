"""Whether DuckDB takes what the standards compile to, asked before a night does: its regular expressions (RE2) have
limits that no grammar tells, and several patterns of one column are searched for as one.

Contracts are made of the same elements, and most of what one compiles to another has too, but for the columns' names.
So each part, how a column is read or a rule, is asked once, of the first contract that has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from govdata.deployment import beijing_today
from govdata.engine.compiled import CompiledDataset
from govdata.engine.plans import plan_columns, with_neighbours
from govdata.engine.prefilters import prefilters
from govdata.engine.session import create_maps, map_table, session
from govdata.engine.standardization import find_duplicates, hold, read_rows
from govdata.engine.tried import Tried
from govdata.errors import Problem
from govdata.standards.model import Dataset, Registry, Required
from govdata.storage import sql
from govdata.storage.manifest import fingerprint

if TYPE_CHECKING:
    import duckdb

REASONS = {
    "invalid repetition size": "嵌套的重复次数相乘超过 1000",
    "pattern too large": "正则展开后过大，引擎不能编译：请减少重复次数",
}
"""What RE2 says, and what it means."""


@lru_cache(maxsize=4096)
def refusal(pattern: str) -> str | None:
    """Why DuckDB cannot compile ``pattern``, in Chinese; None when it can."""
    import duckdb

    try:
        _engine().execute("SELECT regexp_full_match('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return told(error)
    return None


@dataclass(frozen=True)
class Part:
    """How a column of a contract is read, with the rules that its patterns are searched for, or one rule. ``facts``:
    equal where the SQL is, but for the names of columns."""

    facts: str
    columns: tuple[str, ...]
    rules: tuple[str, ...]


def parts(dataset: Dataset, registry: Registry) -> Iterator[Part]:
    """All that DuckDB could refuse of a contract. That a value is there it never refuses to ask."""
    plans = {plan.name: plan for plan in plan_columns(dataset, registry)}
    asked = prefilters(dataset.name, registry)

    def kinds(names: Sequence[str]) -> list[object]:
        elements = [plans[name].element for name in names if name in plans]  # an element may stand by itself
        return [(element.type, element.scale, element.code_set) for element in elements]

    for name, plan in plans.items():
        searched = asked.get(name, {})
        steps = [step.model_dump(mode="json") for step in plan.written]
        shape = [plan.canonical, plan.null_tokens, dict(plan.informants), list(searched.values())]
        facts = fingerprint("column", kinds([name, *plan.reads]), shape, _nameless(steps, [name]))
        yield Part(facts, (name,), tuple(searched))
    for rule in registry.rules(dataset.name):
        if not isinstance(rule.spec, Required):
            named = [name for name in rule.columns if name not in rule.spec.code_sets()]  # a code set may bear the name
            said = _nameless(rule.model_dump(mode="json", include={"spec"}), named)
            yield Part(fingerprint("rule", kinds(rule.columns), said), rule.columns, (rule.id,))


def _nameless(said: object, columns: Sequence[str]) -> str:
    """``said`` as JSON with the columns' places for their names."""
    if not columns:
        return json.dumps(said, ensure_ascii=False)
    places = {name: f"#{place}" for place, name in enumerate(columns)}
    names = "|".join(re.escape(name) for name in sorted(places, key=len, reverse=True))
    return re.sub(rf"\b(?:{names})\b", lambda found: places[found[0]], json.dumps(said, ensure_ascii=False))


def problems(
    registry: Registry,
    tried: Tried | None = None,
    watch: Callable[[int], object] = lambda left: None,
    taken: set[str] | None = None,
) -> list[Problem]:
    """The datasets whose queries DuckDB refuses, each asked of no rows at all; not those that are ``tried``. ``watch``
    is told before each how many are left. ``taken``: facts of the parts that DuckDB has taken, which are not asked
    again; those of sound datasets are added."""
    tried, taken = tried or Tried(), set() if taken is None else taken

    def facts(dataset: Dataset) -> list[str]:
        return ["contract", dataset.name, registry.hashes[dataset.name]]

    found = []
    remaining = tried.remaining(registry.datasets.values(), facts)
    for place, dataset in enumerate(remaining):
        watch(len(remaining) - place)
        new = [part for part in parts(dataset, registry) if part.facts not in taken]
        if new and (why := _refused(*_only(new, dataset, registry), registry)):
            found.append(Problem(file=dataset.file, where=dataset.name, message=f"引擎不能执行本合同：{why}"))
        else:
            tried.right(facts(dataset))
            taken.update(part.facts for part in new)
    return found


def _only(asked: Sequence[Part], dataset: Dataset, registry: Registry) -> tuple[Dataset, Registry]:
    """The contract with nothing but the parts ``asked`` and the columns that they read; of a delta, whose rules all
    ask whether a row was removed, also the column that says so."""
    rules = {rule for part in asked for rule in part.rules}
    bound = tuple(rule for rule in registry.rules(dataset.name) if rule.id in rules)
    named = [*(name for part in asked for name in part.columns), *(name for rule in bound for name in rule.columns)]
    named += [dataset.delivery.operation] if dataset.delivery.operation is not None else []
    plans = {plan.name: plan for plan in plan_columns(dataset, registry)}
    kept = set(with_neighbours(tuple(dict.fromkeys(named)), plans))
    part = dataset.model_copy(update={"columns": tuple(item for item in dataset.columns if item.name in kept)})
    only = {"datasets": {dataset.name: part}, "bound": {dataset.name: bound}}
    return part, registry.model_copy(update=only)


def _refused(dataset: Dataset, registry: Registry, whole: Registry) -> str | None:
    """``whole`` has made the tables of codes once for all contracts."""
    import duckdb

    # As a small delivery is worked off: the same steps and rules, each planned once and not within one another.
    queries = CompiledDataset(dataset, registry, held=True)
    connection = session(whole, threads=1, as_of=beijing_today(), code_sets=queries.code_sets)
    try:
        create_maps(connection, {plan.name: map_table({}) for plan in queries.plans if plan.coded})
        read_rows(connection, queries, [])
        hold(connection, queries, asked=False)
        find_duplicates(connection, queries)
        connection.execute(
            queries.rows(dropped=True, conflicts=frozenset(rule.id for rule in queries.unique_rules))
        ).fetchall()
    except duckdb.Error as error:
        return told(error)
    finally:
        connection.close()
    return None


def told(error: duckdb.Error) -> str:
    """The message is not repeated: it may quote whole patterns, and is English."""
    return next(
        (chinese for english, chinese in REASONS.items() if english in str(error)), f"引擎报告 {type(error).__name__}"
    )


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return sql.connect(threads=1)
