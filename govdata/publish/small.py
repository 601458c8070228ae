"""Small tables of the catalogue as Parquet files named by their content, so that a file of that name never changes.

What is kept as one file per night (rule results, reconciliation) is gathered into one, because a view over thousands of
files is slow.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.deployment import Deployment
from govdata.engine.session import is_current
from govdata.standards.model import CodeSet, Registry
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

RULE_RESULTS = {
    "date": "DATE",
    "dataset": "VARCHAR",
    "rule_id": "VARCHAR",
    "dimension": "VARCHAR",
    "severity": "VARCHAR",
    "checked": "BIGINT",
    "failed": "BIGINT",
    "column_name": "VARCHAR",
    "indicator": "VARCHAR",
    "message": "VARCHAR",
}
RECONCILIATION = {
    "date": "DATE",
    "dataset": "VARCHAR",
    "delivered": "BIGINT",
    "rejected": "BIGINT",
    "duplicates": "BIGINT",
    "quarantined": "BIGINT",
    "clean": "BIGINT",
    "published": "BIGINT",
}


CROSS_FINDINGS = {
    "date": "DATE",
    "dataset": "VARCHAR",
    "rule_id": "VARCHAR",
    "severity": "VARCHAR",
    "column_name": "VARCHAR",
    "message": "VARCHAR",
    "owner": "VARCHAR",
    "_row_id": "VARCHAR",
    "_source_file": "VARCHAR",
    "_source_row": "BIGINT",
    "_delivery_date": "DATE",
    "other_dataset": "VARCHAR",
    "other_row_id": "VARCHAR",
    "other_rows": "BIGINT",
}


DELIVERIES = {
    "date": "DATE",
    "dataset": "VARCHAR",
    "delivery": "VARCHAR",
    "time": "TIMESTAMP",
    "outcome": "VARCHAR",
    "reason": "VARCHAR",
    "files": "BIGINT",
    "physical": "BIGINT",
    "read": "BIGINT",
    "duplicates": "BIGINT",
    "rejected": "BIGINT",
    "set_aside": "BIGINT",
}
NOTES = {
    "file": "VARCHAR",
    "sheet": "VARCHAR",
    "fate": "VARCHAR",
    "kind": "VARCHAR",
    "first_row": "BIGINT",
    "last_row": "BIGINT",
    "column_name": "VARCHAR",
    "reason": "VARCHAR",
    "count": "BIGINT",
    "unit": "VARCHAR",
}
"""Of one note; in the files each delivery holds a list of them."""

WITH_NOTES = {
    **DELIVERIES,
    "notes": f"STRUCT({', '.join(f'{sql.identifier(name)} {kind}' for name, kind in NOTES.items())})[]",
}


KINDS = ("rule_results", "reconciliation", "cross_results", "cross_findings", "deliveries")
"""Folders under ``governance`` with one file per dataset and date."""


def folder(deployment: Deployment) -> Path:
    return deployment.governance / "catalogue"


def damaged(deployment: Deployment, kind: str) -> list[Path]:
    """Those of ``governance/<kind>``'s files, one per dataset and date, that cannot be read."""
    return [path for path in _kept(deployment, kind) if not files.is_sound(path)]


def _kept(deployment: Deployment, kind: str) -> list[Path]:
    return sorted((deployment.governance / kind).glob("*/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].parquet"))


def gather(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    columns: dict[str, str],
    deployment: Deployment,
    renamed: dict[str, str] | None = None,
    also: Sequence[str] = (),
) -> Path | None:
    """One file of all ``governance/<kind>/<dataset>/<date>.parquet``, and of those of the kinds ``also``; None: there
    are none.
    ``renamed``: column → its name there."""
    every = [path for name in (kind, *also) for path in _kept(deployment, name)]
    found = [path for path in every if files.is_sound(path)]
    if len(found) < len(every):
        log.error("%d 个治理记录文件损坏，目录中不列；重新运行各自的交付日期即可重做", len(every) - len(found))
    if not found:
        return None
    stamps = [(deployment.relative(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in found]
    target = folder(deployment) / f"{kind}-{fingerprint(kind, list(columns), stamps)}.parquet"
    if not target.exists():
        selected = ", ".join(
            f"CAST({sql.identifier((renamed or {}).get(name, name))} AS {type_}) AS {sql.identifier(name)}"
            for name, type_ in columns.items()
        )
        query = f"SELECT {selected} FROM {sql.parquet(found, by_name=True)} ORDER BY ALL"
        written = files.temporary(target)
        connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
        files.put(written, target)
    return target


def keep(name: str, rows: Sequence[Sequence[Any]], columns: dict[str, Any], target_folder: Path) -> Path:
    """Rows as a Parquet file ``<name>-<fingerprint>.parquet``. ``columns``: name → Arrow type."""
    import pyarrow as pa

    target = target_folder / f"{name}-{fingerprint(name, list(columns), rows)}.parquet"
    if not target.exists():
        by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        table = pa.table(
            {column: pa.array(values, kind) for (column, kind), values in zip(columns.items(), by_column, strict=True)}
        )
        files.put_table(table, target)
    return target


def rules(registry: Registry, deployment: Deployment) -> Path:
    """The rules in force, for people who read a finding."""
    import pyarrow as pa

    names = ("dataset", "rule_id", "column_name", "dimension", "severity", "message", "indicator", "source")
    rows = [
        (rule.dataset, rule.id, rule.column, rule.dimension, rule.severity, rule.message, rule.indicator, rule.source)
        for dataset in sorted(registry.datasets)
        for rule in registry.rules(dataset)
    ]
    rows += [
        (rule.dataset, rule.id, rule.column, rule.dimension, rule.severity, rule.message, rule.indicator, rule.source)
        for rule in registry.cross
    ]
    return keep("rules", rows, dict.fromkeys(names, pa.string()), folder(deployment))


def codes(code_set: CodeSet, as_of: Any, deployment: Deployment) -> Path:
    """All rows of a code set (a code may stand in several, with disjoint validity); ``current``: in force at
    ``as_of``."""
    import pyarrow as pa

    # Several nights in one process share a registry: thousands of codes need not be laid out and fingerprinted for
    # each.
    kept = _kept_codes.get(id(code_set))
    if kept is not None and kept[0] is code_set and kept[1:3] == (as_of, deployment.code_tables) and kept[3].exists():
        return kept[3]
    names = ("code", "name_zh", "name_en", "parent", "valid_from", "valid_to", "successor", "note")
    rows = [
        (
            *(getattr(code, name) or None for name in names),
            code.local,
            is_current(code.valid_to, code_set.validity, as_of),
        )
        for code in code_set.codes
    ]
    columns = {**dict.fromkeys(names, pa.string()), "local": pa.bool_(), "current": pa.bool_()}
    path = keep(code_set.id, rows, columns, deployment.code_tables)
    _kept_codes[id(code_set)] = (code_set, as_of, deployment.code_tables, path)
    return path


_kept_codes: dict[int, tuple[CodeSet, Any, Path, Path]] = {}
"""By the code set's identity, which stands as long as the set is kept here."""
