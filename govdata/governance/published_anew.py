"""What published rows would fail by the standards of now: counted and told, never acted upon.

A published snapshot stays as it is. The count reads the newest snapshot of a table once, so it costs what the table
costs, and is made only where a person asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date

from govdata import engine, publish
from govdata.deployment import Deployment
from govdata.engine import rules
from govdata.engine.syntax import text
from govdata.standards.model import Dataset, Registry, Unique
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import IDENTITY, UNPARSED


def newly_failing(
    registry: Registry, deployment: Deployment, on: Date, datasets: Iterable[str] | None = None
) -> dict[str, dict[str, int]]:
    """Dataset → error rule → rows of its newest snapshot not later than ``on`` that fail it now, where there are any.
    Rules about a key's being unique are not asked; a value that a rule would have emptied was typed long ago."""
    chosen = registry.delivered if datasets is None else datasets
    found = {name: _of(registry.datasets[name], registry, deployment, on) for name in sorted(chosen)}
    return {name: counts for name, counts in found.items() if counts}


def _of(dataset: Dataset, registry: Registry, deployment: Deployment, on: Date) -> dict[str, int]:
    snapshot = publish.newest(deployment, dataset.name, on)
    names = [*(column.name for column in dataset.columns), *IDENTITY, UNPARSED]
    if snapshot is None or not snapshot.files:
        return {}
    asked = [
        rule for rule in registry.rules(dataset.name) if rule.severity == "error" and not isinstance(rule.spec, Unique)
    ]
    code_sets = {name for rule in registry.rules(dataset.name) for name in rule.spec.code_sets()}
    trees = rules.shared(dataset.name, registry).trees
    counts = ", ".join(f"count_if({text(trees[rules.VIOLATION + rule.id])})" for rule in asked)
    with files.scratch(deployment, "published-anew") as scratch:
        connection = engine.session(registry, temp=scratch, as_of=snapshot.date, code_sets=code_sets)
        try:
            held = sql.schema(connection, deployment.absolute(snapshot.files[0]))
            if not asked or not set(names) <= held.keys():
                return {}  # published under another contract: its rows cannot be asked
            columns = ", ".join(f"b.{sql.identifier(name)}" for name in names)
            rows = f"({publish.visible(snapshot, deployment, columns)})"
            (found,) = connection.execute(
                f"SELECT {counts} FROM ({rules.judged_rows(dataset.name, registry, rows)})"
            ).fetchall()
        finally:
            connection.close()
    return {rule.id: count for rule, count in zip(asked, found, strict=True) if count}
