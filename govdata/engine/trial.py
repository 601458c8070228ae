"""Whether DuckDB takes what the standards compile to, asked before a night does: its regular expressions (RE2) have
limits that no grammar tells, and several patterns of one column are searched for as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from functools import cache
from typing import TYPE_CHECKING

from govdata.engine.compiled import CompiledDataset
from govdata.engine.session import session
from govdata.engine.standardization import find_duplicates, hold, prepare
from govdata.engine.tried import Tried
from govdata.errors import Problem
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

REASONS = {
    "invalid repetition size": "嵌套的重复次数相乘超过 1000",
    "pattern too large": "正则展开后过大，引擎不能编译：请减少重复次数",
}
"""What RE2 says, and what it means."""


def refusal(pattern: str) -> str | None:
    """Why DuckDB cannot compile ``pattern``, in Chinese; None when it can."""
    import duckdb

    try:
        _engine().execute("SELECT regexp_full_match('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return told(error)
    return None


def problems(
    registry: Registry, tried: Tried | None = None, watch: Callable[[int], object] = lambda left: None
) -> list[Problem]:
    """The datasets whose queries DuckDB refuses, each asked of no rows at all; not those that are ``tried``. ``watch``
    is told before each how many are left."""
    tried = tried or Tried()

    def facts(dataset: Dataset) -> list[str]:
        return ["contract", dataset.name, registry.hashes[dataset.name]]

    found = []
    remaining = tried.remaining(registry.datasets.values(), facts)
    for place, dataset in enumerate(remaining):
        watch(len(remaining) - place)
        if why := _refused(dataset, registry):
            found.append(Problem(file=dataset.file, where=dataset.name, message=f"引擎不能执行本合同：{why}"))
        else:
            tried.right(facts(dataset))
    return found


def _refused(dataset: Dataset, registry: Registry) -> str | None:
    import duckdb

    # As a small delivery is worked off: the same steps and rules, each planned once and not within one another.
    queries = CompiledDataset(dataset, registry, held=True)
    connection = session(registry, threads=1, as_of=Date.today(), code_sets=queries.code_sets)
    try:
        prepare(connection, queries, [])
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
