"""Small tables of the catalogue as Parquet files named by their content, so that a file of that name never changes.

What is kept as one file per night (rule results, reconciliation) is gathered into one, because a view over thousands of
files is slow.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date as Date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.deployment import Deployment
from govdata.engine.session import is_current
from govdata.publish.views import empty
from govdata.standards.model import BoundRule, CodeSet, CrossRule, Registry
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables import Column, Columns, Table, arrow_table, types
from govdata.storage.tables.codes import CODES, VALUES
from govdata.storage.tables.nights import RULES

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

KINDS = ("rule_results", "reconciliation", "cross_results", "cross_findings", "deliveries", "releases")
"""Folders under ``governance`` with one file per dataset and date."""


def folder(deployment: Deployment) -> Path:
    return deployment.governance / "catalogue"


def damaged(deployment: Deployment, kind: str) -> list[Path]:
    """Those of ``governance/<kind>``'s files, one per dataset and date, that cannot be read."""
    return [path for path in _kept(deployment, kind) if not files.is_sound(path)]


def _kept(deployment: Deployment, kind: str) -> list[Path]:
    return sorted((deployment.governance / kind).glob("*/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].parquet"))


def gather(
    connection: duckdb.DuckDBPyConnection, table: Table, deployment: Deployment, also: Sequence[str] = ()
) -> Path | None:
    """One file of all ``governance/<table>/<dataset>/<date>.parquet``, and of those of the kinds ``also``; None: there
    are none. A file of an earlier version may have a column under a former name, or lack it."""
    every = [path for name in (table.name, *also) for path in _kept(deployment, name)]
    found = [path for path in every if files.is_sound(path)]
    if len(found) < len(every):
        log.error("%d 个治理记录文件损坏，目录中不列；重新运行各自的交付日期即可重做", len(every) - len(found))
    if not found:
        return None
    stamps = [(deployment.relative(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in found]
    target = folder(deployment) / f"{table.name}-{fingerprint(table.name, table.columns, stamps)}.parquet"
    if not target.exists():
        selected = ", ".join(
            f"CAST({_whichever(column)} AS {column.type}) AS {sql.identifier(column)}" for column in table.columns
        )
        # What an earlier version did not keep yet is unknown.
        rows = f"FROM {sql.parquet(found, by_name=True)} UNION ALL BY NAME {empty(types(table.columns))}"
        query = f"SELECT {selected} FROM ({rows}) ORDER BY ALL"
        written = files.temporary(target)
        connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
        files.put(written, target)
    return target


def _whichever(column: Column) -> str:
    """The column under whichever of its names the files have."""
    if not column.former:
        return sql.identifier(column)
    names = ", ".join(sql.text(name) for name in (column, *column.former))
    return f"coalesce(*COLUMNS(lambda name: name IN ({names})))"


def keep(name: str, rows: Sequence[Sequence[Any]], columns: Columns, target_folder: Path) -> Path:
    """Rows, with values in the columns' order, as a Parquet file ``<name>-<fingerprint>.parquet``."""
    target = target_folder / f"{name}-{fingerprint(name, columns, rows)}.parquet"
    return target if target.exists() else files.put_table(arrow_table(columns, rows), target)


def rules(registry: Registry, deployment: Deployment) -> Path:
    """The rules in force, for people who read a finding."""
    every: list[BoundRule | CrossRule] = []
    for dataset in sorted(registry.datasets):
        every += registry.rules(dataset)
    every += registry.cross
    rows = [
        RULES.ordered(
            {
                "dataset": rule.dataset,
                "rule_id": rule.id,
                "column_name": rule.column,
                "dimension": rule.dimension,
                "severity": rule.severity,
                "message": rule.message,
                "indicator": rule.indicator,
                "source": rule.source,
            }
        )
        for rule in every
    ]
    return keep(RULES.name, rows, RULES.columns, folder(deployment))


def codes(registry: Registry, name: str, as_of: Date, deployment: Deployment) -> Path:
    """All rows of a code set (a code may stand in several, with disjoint validity); ``current``: in force at
    ``as_of``."""
    # Several nights in one process share a registry: thousands of codes need not be laid out and fingerprinted for
    # each.
    make = partial(_codes, registry.code_sets[name], as_of, deployment)
    path = registry.keep(("code file", name), make, version=(as_of, deployment.code_tables))
    return path if path.exists() else make()


def _codes(code_set: CodeSet, as_of: Date, deployment: Deployment) -> Path:
    rows = [
        (
            *(getattr(code, name) or None for name in VALUES),
            code.local,
            is_current(code.valid_to, code_set.validity, as_of),
        )
        for code in code_set.codes
    ]
    return keep(code_set.id, rows, CODES, deployment.code_tables)
