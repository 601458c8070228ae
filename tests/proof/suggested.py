"""How often a suggested value is the true one: every failing row of a deployment against the generator's truth."""

from __future__ import annotations

from collections import Counter
from datetime import date as Date
from pathlib import Path

import duckdb

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.engine import session
from govdata.governance.suggestions import Suggester, Wrong
from govdata.standards.model import Registry, Unique
from govdata.storage import sql


def measure(deployment: Deployment, registry: Registry, truth: Path, dates: list[Date]) -> dict[str, Counter[str]]:
    """Way → counts of ``right``, ``wrong`` and, under the way ``all``, of failing ``cells``."""
    connection = duckdb.connect()
    suggester = Suggester(session(registry, as_of=max(dates)), registry, deployment)
    known = {
        (dataset, date, file, row, column): value
        for dataset, date, file, row, column, value in connection.execute(
            f'SELECT dataset, delivery_date, file, "row", "column", true_value FROM {sql.parquet([truth])}'
        ).fetchall()
    }
    counts: dict[str, Counter[str]] = {"all": Counter()}
    for dataset in (registry.datasets[name] for name in registry.delivered):
        for date in dates:
            batch = StandardizedBatch.read(StandardizedBatch.path(deployment, dataset.name, date))
            paths = (
                [deployment.absolute(name) for name in (*batch.clean_files, *batch.quarantine_files)] if batch else []
            )
            if not paths:
                continue
            failing: dict[str, dict[str, str]] = {}
            place: dict[str, tuple[str, int]] = {}
            for row_id, file, row, rules in connection.execute(
                "SELECT _row_id, _source_file, _source_row, coalesce(failed_rules, []) || coalesce(_warnings, []) AS r "
                f"FROM {sql.parquet(paths, by_name=True)} WHERE len(r) > 0"
            ).fetchall():
                place[row_id] = (file, row)
                for rule in rules:
                    failing.setdefault(rule, {})[row_id] = row_id
            for rule in registry.rules(dataset.name):
                items = failing.get(rule.id, {})
                if not items or isinstance(rule.spec, Unique):
                    continue
                counts["all"]["cells"] += len(items)
                for _, found in suggester.suggest([Wrong(dataset, date, rule, items)]):
                    true = known.get((dataset.name, date, *place[found.item], found.column))
                    counts.setdefault(found.way, Counter())["right" if true == found.value else "wrong"] += 1
                    if true != found.value:
                        counts.setdefault(f"{found.way}/{dataset.name}.{rule.id}.{found.column}", Counter())[
                            str((place[found.item][0], place[found.item][1]))
                        ] += 1
    return counts
