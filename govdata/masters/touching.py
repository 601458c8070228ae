"""Which masters a night touches: worked out once, where a table of links is made, and kept beside its batch for its own
checks and for all tables that are made of the links.

A master is touched when a link of it is new, says something else or is gone, or when a row that it is linked to is not
the same. The file has a line per link, of the snapshot before and of tonight, of every row that mentions a touched
master, came or went:

    dataset, role, row_id, mention_id, master, method    the link; a row that came or went has a line of its own too,
                                                         with ``dataset, row_id`` alone
    before, tonight                                      whether the snapshot before has the link, and tonight's
    touched                                              whether its master is touched

What is not in it is the same on both nights: rows, links and masters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from govdata import publish
from govdata.batches import RawBatch, Snapshot, StandardizedBatch
from govdata.deployment import Deployment
from govdata.masters.mentions import LINKED_METHOD, LINKED_NAME, LINKED_ROLE, LINKED_ROW, rows
from govdata.publish import layers
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import DELIVERY_DATE, ROW_ID

if TYPE_CHECKING:
    import duckdb

Snapshots = Mapping[str, Snapshot]


@dataclass(frozen=True)
class Difference:
    """Two nights of what tables of links are made of: the ``registry``'s tables, by their snapshots ``now`` and
    ``then``."""

    registry: Registry
    deployment: Deployment
    now: Snapshots
    then: Snapshots

    def is_alike(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether both nights have the same tables with the same columns."""
        if self.then.keys() != self.now.keys():
            return False
        for table, now in self.now.items():
            schemas = [
                sql.schema(connection, self.deployment.absolute(snapshot.files[0]))
                for snapshot in (self.then[table], now)
                if snapshot.files
            ]
            if any(schema != schemas[0] for schema in schemas):
                return False
        return True

    def changed_rows(self, connection: duckdb.DuckDBPyConnection) -> str:
        """A SELECT of ``dataset, row_id`` of the rows that came or went, and of those that say something else under the
        id they had."""
        parts = [
            f"SELECT {sql.text(table)} AS dataset, {ROW_ID} AS row_id FROM ({query})"
            for table in self.now
            for query in self._changed(connection, table)
        ]
        return " UNION ".join(parts) or "SELECT '' AS dataset, '' AS row_id WHERE FALSE"

    def _changed(self, connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
        """A row that says something else has a new id, unless standards changed; so what rows say is read only where an
        id lies elsewhere now (a compacted file)."""
        both = (self.then[table], self.now[table], self.deployment)
        if (ids := publish.changed(*both, [ROW_ID])) is None:
            return
        yield ids
        moved = publish.moved(*both, [ROW_ID])
        if moved is not None and sql.scalar(connection, f"SELECT count(*) FROM ({moved})"):
            columns = [*(column.name for column in self.registry.datasets[table].columns), ROW_ID, DELIVERY_DATE]
            yield f"SELECT {ROW_ID} FROM ({publish.changed(*both, columns)})"


UNCHANGED = "unchanged_link"


def keep_unchanged(connection: duckdb.DuckDBPyConnection, dataset: Dataset, base: Snapshot, inputs: Difference) -> str:
    """Make the temporary tables ``changed_row`` and ``unchanged_link``: the links of ``base`` to rows that are the same
    tonight, as ``Mentions.linked`` wants them. Returns its name."""
    connection.execute(f"CREATE TEMP TABLE changed_row AS {inputs.changed_rows(connection)}")
    old = rows(base, dataset, inputs.registry, inputs.deployment, ["dataset", "role", "row_id", "mention_id", "method"])
    connection.execute(
        f"CREATE TEMP TABLE {UNCHANGED} AS SELECT role AS {LINKED_ROLE}, row_id AS {LINKED_ROW}, mention_id AS "
        f"{LINKED_NAME}, method AS {LINKED_METHOD} FROM ({old}) ANTI JOIN changed_row USING (dataset, row_id)"
    )
    return UNCHANGED


def lines(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    kind: str,
    base: Snapshot,
    inputs: Difference,
    fresh: str,
    gone: str,
) -> str:
    """A SELECT of the file of ``dataset``, the links to masters of a ``kind``. ``fresh``, ``gone``: relations of the
    rows that are new or say something else against the snapshot ``base``, and of the ``_row_id`` of those of it that no
    longer hold. Needs ``changed_row``."""
    master = sql.identifier(f"{kind}_id")
    known = ["dataset", "role", "row_id", "mention_id", f"{kind}_id", "method"]
    line = f"dataset, role, row_id, mention_id, {master} AS master, method"
    old = rows(base, dataset, inputs.registry, inputs.deployment, known)
    steps = {
        "fresh_link": f"SELECT {line}, {ROW_ID} FROM {fresh}",
        "replaced": f"SELECT {ROW_ID} FROM fresh_link UNION SELECT {ROW_ID} FROM {gone}",
        "touched_master": f"SELECT master FROM fresh_link UNION SELECT {master} FROM ({old}) "
        f"WHERE {ROW_ID} IN (FROM replaced) OR (dataset, row_id) IN (SELECT (dataset, row_id) FROM changed_row)",
        "concerned": "FROM changed_row UNION SELECT dataset, row_id FROM fresh_link UNION "
        f"SELECT dataset, row_id FROM ({old}) WHERE {master} IN (FROM touched_master)",
    }
    for name, step in steps.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {step}")
    found = (
        f"SELECT {line}, TRUE AS before, {ROW_ID} NOT IN (FROM replaced) AS tonight FROM ({old}) "
        f"SEMI JOIN concerned USING (dataset, row_id) UNION ALL SELECT * EXCLUDE ({ROW_ID}), FALSE, TRUE "
        "FROM fresh_link UNION ALL SELECT dataset, NULL, row_id, NULL, NULL, NULL, FALSE, FALSE FROM changed_row"
    )
    return f"SELECT *, coalesce(master IN (FROM touched_master), FALSE) AS touched FROM ({found})"


def batch_of(snapshot: Snapshot, deployment: Deployment) -> RawBatch | None:
    """The raw batch that a snapshot of a derived table was made of; None where it is not there any more."""
    raw = layers.read(RawBatch, RawBatch.path(deployment, snapshot.table, snapshot.date))
    batch = layers.read(StandardizedBatch, StandardizedBatch.path(deployment, snapshot.table, snapshot.date))
    if raw is None or batch is None or batch.batch_id != snapshot.batch_id or batch.raw_batch_id != raw.batch_id:
        return None
    return raw


def told(batch: StandardizedBatch, deployment: Deployment) -> str | None:
    """The file beside a batch of links, as a relation; None where it was not told what the night touched."""
    raw = layers.read(RawBatch, RawBatch.path(deployment, batch.dataset, batch.date))
    return _file(raw, deployment) if raw is not None and raw.batch_id == batch.raw_batch_id else None


def _file(raw: RawBatch, deployment: Deployment) -> str | None:
    paths = [deployment.absolute(name) for name in raw.beside_files]
    return sql.parquet(paths) if paths and all(map(files.is_sound, paths)) else None


def kept(links: str, tables: Difference) -> str | None:
    """The file of the table of ``links``, as a relation; None where it does not tell how tonight's ``tables`` came from
    those of the night before: one or the other was made or published again since."""
    now, then = (batch_of(night[links], tables.deployment) for night in (tables.now, tables.then))
    if now is None or then is None or now.base != tables.then[links].snapshot_id:
        return None
    for raw, night in ((now, tables.now), (then, tables.then)):
        read = {item.table: item.snapshot_id for item in raw.made_of}
        if any(night[table].snapshot_id != read[table] for table in night.keys() & read.keys()):
            return None
    return _file(now, tables.deployment)
