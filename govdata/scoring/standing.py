"""What of a dataset that comes as deltas stands at a date: the rows published by then, and the rows held back that no
later delivery has brought anew. A delta alone says how good one night's changes are, not how good the table is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.batches import Snapshot, StandardizedBatch
from govdata.deployment import Deployment, dates_in
from govdata.engine.typed import sql_type
from govdata.publish import newest, visible
from govdata.publish.layers import Layer, read
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables import types
from govdata.storage.tables.system_columns import DELIVERY_DATE, FAILED_RULES, IDENTITY, UNPARSED, WARNINGS

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Standing:
    """``batches``: those since the last whole delivery that was published, oldest first, each with whether it was
    published."""

    dataset: Dataset
    snapshot: Snapshot | None
    batches: tuple[tuple[StandardizedBatch, bool], ...]
    deployment: Deployment

    @property
    def token(self) -> str:
        """What the standing rows are made of."""
        snapshot = self.snapshot.snapshot_id if self.snapshot else None
        return fingerprint("standing", snapshot, [(batch.batch_id, published) for batch, published in self.batches])

    @property
    def paths(self) -> list[Path]:
        named = self.snapshot.every_file if self.snapshot else ()
        return [self.deployment.absolute(name) for name in named] + [
            path for batch, _ in self.batches for path in (*self._held(batch), *self._clean(batch))
        ]

    def create(self, connection: duckdb.DuckDBPyConnection, registry: Registry) -> None:
        """The view ``standing``: the contract's columns and those that a quarantined row has beside them."""
        kinds = {column.name: sql_type(registry.elements[column.element]) for column in self.dataset.columns}
        wanted = kinds | types((*IDENTITY, FAILED_RULES, WARNINGS, UNPARSED))
        parts = []
        if self.snapshot is not None and self.snapshot.files:
            parts.append(_as(connection, visible(self.snapshot, self.deployment, "b.*"), wanted))
        held = [path for batch, _ in self.batches for path in self._held(batch)]
        if held:
            rows = _as(connection, f"SELECT * FROM {sql.parquet(held, by_name=True)}", wanted)
            identity = registry.workorders.identity.get(self.dataset.name, ())
            parts.append(self._still(connection, rows, registry, identity, wanted))
        none = ", ".join(f"CAST(NULL AS {kind}) AS {sql.identifier(name)}" for name, kind in wanted.items())
        connection.execute(f"CREATE VIEW standing AS {' UNION ALL '.join(parts) or f'SELECT {none} LIMIT 0'}")

    def _held(self, batch: StandardizedBatch) -> list[Path]:
        return [self.deployment.absolute(name) for name in batch.quarantine_files]

    def _clean(self, batch: StandardizedBatch) -> list[Path]:
        return [self.deployment.absolute(name) for name in batch.clean_files]

    def _still(
        self,
        connection: duckdb.DuckDBPyConnection,
        held: str,
        registry: Registry,
        identity: Sequence[str],
        wanted: Mapping[str, str],
    ) -> str:
        """The rows held back whose key did not come again: a blocked delivery takes nothing back, but its own rows are
        held back in their turn. A row with a wrong key is known by the columns declared for that."""
        came = [path for batch, _ in self.batches[1:] for path in self._held(batch)]
        came += [path for batch, published in self.batches[1:] if published for path in self._clean(batch)]
        if not came:
            return held
        key = self.dataset.key
        columns = {name: wanted[name] for name in (*dict.fromkeys((*key, *identity)), str(DELIVERY_DATE))}
        connection.execute(
            f"CREATE TEMP TABLE came AS {_as(connection, f'SELECT * FROM {sql.parquet(came, by_name=True)}', columns)}"
        )
        on_key = [rule.id for rule in registry.rules(self.dataset.name) if set(key) & set(rule.columns)]
        wrong = [f"h.{sql.identifier(name)} IS NULL" for name in key]
        listed = ", ".join(sql.text(rule) for rule in on_key)
        wrong.append(f"list_has_any(coalesce(h.{FAILED_RULES}, []), CAST([{listed}] AS VARCHAR[]))")
        wrong_key = " OR ".join(wrong)
        query = f"SELECT * FROM ({held}) AS h {_anti(key, 'TRUE')}"
        return f"{query} {_anti(identity, f'({wrong_key})', 'i')}" if identity else query


def _anti(columns: Sequence[str], condition: str, name: str = "k") -> str:
    listed = sql.identifiers(columns)
    same = " AND ".join(f"h.{sql.identifier(column)} = {name}.{sql.identifier(column)}" for column in columns)
    return (
        f"ANTI JOIN (SELECT {listed}, max({DELIVERY_DATE}) AS newest FROM came GROUP BY {listed}) AS {name} "
        f"ON {same} AND {name}.newest > h.{DELIVERY_DATE} AND {condition}"
    )


def _as(connection: duckdb.DuckDBPyConnection, rows: str, wanted: Mapping[str, str]) -> str:
    """``rows`` with the columns wanted, NULL where an older file does not have one."""
    known = {line[0] for line in connection.execute(f"DESCRIBE {rows}").fetchall()}
    chosen = ", ".join(
        f"TRY_CAST({sql.identifier(name) if name in known else 'NULL'} AS {kind}) AS {sql.identifier(name)}"
        for name, kind in wanted.items()
    )
    return f"SELECT {chosen} FROM ({rows})"


def standing(dataset: Dataset, deployment: Deployment, date: Date) -> Standing:
    """What stands of ``dataset`` at ``date``, as far as the lake still has the rows that were held back."""
    batches: list[tuple[StandardizedBatch, bool]] = []
    for day in dates_in(deployment.lake_of("standardized", dataset.name)):
        batch = read(StandardizedBatch, StandardizedBatch.path(deployment, dataset.name, day)) if day <= date else None
        if batch is not None:
            layer = read(Layer, Layer.path(deployment, dataset.name, day))
            published = layer is not None and layer.batch_id == batch.batch_id
            if published and batch.mode == "snapshot":
                batches = []
            batches.append((batch, published))
    return Standing(dataset, newest(deployment, dataset.name, date), tuple(batches), deployment)
