"""Layers → the files of a snapshot, at a cost that follows the delta.

Nothing is rewritten: a snapshot lists the files of the snapshot before and those of the delta, and one small file names
the places (file, position) of rows that no longer count: older rows whose key comes again, cancelled rows (operation
D). A night reads the key column of what is there and writes a few kilobytes. When hidden rows or delta files become
many, the files that hold most of the hidden rows, or the delta files, are written anew without them (compacted), and so
is everything when a standard changed a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from govdata.batches import Seal, Snapshot
from govdata.deployment import Deployment
from govdata.errors import GateBlocked
from govdata.publish import renames, seals
from govdata.publish.layers import Layer, Lineage
from govdata.publish.renames import FormerNames
from govdata.storage import files, sql
from govdata.storage.tables.system_columns import PUBLISHED, ROW_ID, SOURCE_FILE, SOURCE_ROW

if TYPE_CHECKING:
    import duckdb

NONE: FormerNames = MappingProxyType({})

MAX_HIDDEN = 0.03
"""Share of stored rows that may be hidden before files are compacted. What readers pay grows with the hidden rows, what
compacting costs per night shrinks with them: docs/benchmarks.md has the figures."""

WORN = MAX_HIDDEN / 2
"""Share of one file's rows from which on the file is compacted, when the table's share is above ``MAX_HIDDEN``."""

MAX_DELTA_FILES = 64
"""Delta files a table may consist of beside its base before they are made one."""


AT = "b.file_index = h.file AND b.file_row_number = h.position"
"""Row ``b`` of published files lies at the place ``h`` (file, position)."""


def visible(snapshot: Snapshot, deployment: Deployment, columns: str) -> str:
    """A SELECT of the rows that count. ``columns``: SQL over the relation ``b``. The snapshot must have files."""
    hidden = sql.parquet([deployment.absolute(snapshot.hidden_file)]) if snapshot.hidden_file else None
    return _visible([deployment.absolute(file) for file in snapshot.files], hidden, columns)


def _visible(paths: Sequence[Path], hidden: str | None, columns: str) -> str:
    query = f"SELECT {columns} FROM {sql.parquet(paths)} AS b"
    return query if hidden is None else f"{query} ANTI JOIN {hidden} AS h ON {AT}"


def published_columns(schema: Mapping[str, str]) -> dict[str, str]:
    """The columns a table shows, of those a standardised file has: not the engine's own flags, which stay in the
    lake."""
    return {name: kind for name, kind in schema.items() if not name.startswith("_") or name in PUBLISHED}


@dataclass
class _Merge:
    connection: duckdb.DuckDBPyConnection
    deployment: Deployment
    lineage: Lineage
    sealed: dict[str, Seal] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    base_files: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    dates: list[Date] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        return [self.deployment.absolute(file) for file in self.files]

    def start(self, base: Snapshot | None) -> None:
        self.connection.execute("CREATE OR REPLACE TEMP TABLE hidden (file UBIGINT, position BIGINT)")
        self.sealed = {seal.file: seal for layer in self.lineage.layers for seal in layer.seals}
        self.sealed |= {seal.file: seal for seal in (base.seals if base else ())}
        self.dates = list(base.lineage) if base else []
        if base is not None and base.files:
            self.files, self.base_files = list(base.files), base.base_files
            self.columns = published_columns(sql.schema(self.connection, self.paths[0]))
            if base.hidden_file:
                self._hide(f"SELECT file, position FROM {sql.parquet([self.deployment.absolute(base.hidden_file)])}")

    def add(self, layer: Layer) -> None:
        self.dates.append(layer.date)
        if layer.gone and self.files:
            gone = sql.parquet(self.deployment.absolute(file) for file in layer.gone)
            self._hide_rows((ROW_ID,), gone)
        if not layer.files:
            return
        added = [self.deployment.absolute(file) for file in layer.files]
        columns = published_columns(sql.schema(self.connection, added[0]))
        if self.files and columns != self.columns:
            self._demand_all_columns(layer, columns)
            self.rewrite(columns, former=layer.former_names)
        self.columns = columns
        fresh = sql.parquet(added)
        if self.files:
            self._hide_rows(layer.key, fresh)
        offset = len(self.files)
        if layer.operation is not None and layer.operation in columns:
            cancelled = f"{sql.identifier(layer.operation)} = 'D'"
            self._hide(f"SELECT file_index + {offset}, file_row_number FROM {fresh} WHERE {cancelled}")
        if layer.key and not layer.key_unique:
            self._hide(_superseded_within(fresh, layer.key, offset))
        if not self.files:
            self.base_files = len(added)
        self.files += layer.files

    def _hide_rows(self, key: Sequence[str], others: str) -> None:
        """Those of the files so far whose ``key`` is one of the relation ``others``."""
        same = " AND ".join(f"b.{sql.identifier(name)} = d.{sql.identifier(name)}" for name in key)
        older = f"SELECT b.file_index, b.file_row_number FROM {sql.parquet(self.paths)} b"
        self._hide(f"{older} SEMI JOIN (SELECT {sql.identifiers(key)} FROM {others}) d ON {same}")

    def _hide(self, places: str) -> None:
        self.connection.execute(f"INSERT INTO hidden {places}")

    def rewrite(self, columns: dict[str, str], chosen: Sequence[int] | None = None, former: FormerNames = NONE) -> None:
        """Write the rows that count of the ``chosen`` files (positions; None: of all) into one new file with
        ``columns``, which becomes the last of the base. ``GateBlocked`` where a value does not fit a changed type."""
        chosen = range(len(self.files)) if chosen is None else sorted(chosen)
        paths = [self.paths[place] for place in chosen]
        sources = {name: renames.source(name, self.columns, former) for name in columns}
        changed = {name: old for name, old in sources.items() if old is not None and self.columns[old] != columns[name]}
        if changed:
            self._demand_lossless(changed, columns)
        selected = ", ".join(
            f"CAST({'NULL' if (old := sources[name]) is None else 'b.' + sql.identifier(old)} AS {kind}) AS "
            f"{sql.identifier(name)}"
            for name, kind in columns.items()
        )
        target = self._target("base")
        written = files.temporary(target)
        hidden = f"(SELECT DISTINCT {position(chosen)} AS file, position FROM hidden WHERE file IN ({listed(chosen)}))"
        query = _visible(paths, hidden, selected)
        self.connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
        kept = [place for place in range(len(self.files)) if place not in set(chosen)]
        base = [place for place in kept if place < self.base_files]
        added: list[str | None] = [self.deployment.relative(files.put(written, target))]
        if kept and not files.row_count(target):  # nothing of the chosen files counted any more
            target.unlink()
            added = []
        order = [*base, *(None for _ in added), *kept[len(base) :]]
        self.connection.execute(f"DELETE FROM hidden WHERE file IN ({listed(chosen)})")
        if kept:
            self.connection.execute(f"UPDATE hidden SET file = {position(order)}")
        self.files = [added[0] if place is None else self.files[place] for place in order]  # type: ignore[misc]
        self.base_files, self.columns = len(base) + len(added), columns

    def _demand_lossless(self, changed: Mapping[str, str], columns: dict[str, str]) -> None:
        """``changed``: column → the stored column it is read from."""
        counts = self._count(
            f"{sql.identifier(old)} IS NOT NULL AND TRY_CAST({sql.identifier(old)} AS {columns[name]}) IS NULL"
            for name, old in changed.items()
        )
        self._block(
            f"标准把列 {name} 的类型由 {self.columns[old]} 改为 {columns[name]}，以前发布的 {count} 行无法转换："
            "需要一份全量交付"
            for (name, old), count in zip(changed.items(), counts, strict=True)
            if count
        )

    def _demand_all_columns(self, layer: Layer, columns: dict[str, str]) -> None:
        """A column that the contract no longer has, with values that are published, is a loss as a type is that they do
        not fit."""
        gone = renames.unexplained(columns, self.columns, layer.former_names)
        if not gone:
            return
        counts = self._count(f"{sql.identifier(name)} IS NOT NULL" for name in gone)
        new = "、".join(name for name in columns if renames.source(name, self.columns, layer.former_names) is None)
        ways = (
            f"改了名的，在新列{f'（{new}）' if new else ''}写 former_names；不再交付的，把列放回合同并写 may_vanish: "
            "true"
        )
        command = self.deployment.command("run", "--date", layer.date.isoformat())
        again = "" if layer.date == self.lineage.layers[-1].date else f"。改好后先重新运行：{command}"
        self._block(
            f"合同里没有了列 {name}，它已发布的 {count} 行的值会丢失。{ways}；交付一份全量则从新开始{again}"
            for name, count in zip(gone, counts, strict=True)
            if count
        )

    def _count(self, conditions: Iterable[str]) -> tuple[int, ...]:
        """Rows of the files so far, the hidden ones too, that meet each condition."""
        tests = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
        counts = self.connection.execute(f"SELECT {tests} FROM {sql.parquet(self.paths)}").fetchone()
        assert counts is not None
        return counts

    def _block(self, reasons: Iterable[str]) -> None:
        if found := list(reasons):
            layer = self.lineage.layers[-1]
            raise GateBlocked(layer.table, layer.date.isoformat(), found)

    def finish(self) -> Snapshot:
        self._compact()
        stored = sum(files.row_count(path) for path in self.paths)
        hidden = sql.scalar(self.connection, "SELECT count(*) FROM (SELECT DISTINCT file, position FROM hidden)")
        hidden_file = None
        if hidden:
            target = self._target("hidden")
            written = files.temporary(target)
            self.connection.execute(
                "COPY (SELECT DISTINCT file, position FROM hidden ORDER BY file, position) TO "
                f"{sql.text(str(written))} ({sql.PARQUET})"
            )
            hidden_file = self.deployment.relative(files.put(written, target))
        layer = self.lineage.layers[-1]
        names = (*self.files, *([hidden_file] if hidden_file else []))
        return Snapshot(
            table=layer.table,
            date=layer.date,
            snapshot_id=self.lineage.snapshot_id,
            batch_id=layer.batch_id,
            base_snapshot_id=self.lineage.base_snapshot_id,
            standards_hash=layer.standards_hash,
            files=tuple(self.files),
            rows=stored - hidden,
            hidden_file=hidden_file,
            hidden=hidden,
            base_files=self.base_files,
            lineage=tuple(self.dates),
            seals=seals.of(names, self.deployment, self.sealed),
        )

    def _compact(self) -> None:
        """Write anew what the policy says. One delivery that touches few keys over and over wears its own earlier files
        out, and the base, which is nearly all of the table, stays as it is."""
        counted = "SELECT file, count(*) FROM (SELECT DISTINCT file, position FROM hidden) GROUP BY file"
        hidden: dict[int, int] = dict(self.connection.execute(counted).fetchall())
        stored = [files.row_count(path) for path in self.paths]
        deltas = set(range(self.base_files, len(self.files)))
        chosen: set[int] = set()
        if sum(hidden.values()) > MAX_HIDDEN * sum(stored):
            chosen = {file for file, count in hidden.items() if count > WORN * stored[file]}
        if len(deltas) > MAX_DELTA_FILES or chosen - deltas:  # small beside the base: they go along
            chosen |= deltas
        if chosen:
            self.rewrite(self.columns, sorted(chosen))

    def _target(self, kind: str) -> Path:
        layer = self.lineage.layers[-1]
        folder = self.deployment.snapshot(layer.table, layer.date)
        return folder / f"{kind}-{self.lineage.snapshot_id}-{files.token()}.parquet"


def position(order: Sequence[int | None]) -> str:
    """SQL for a file's position in ``order``, of its position so far (column ``file``)."""
    steps = " ".join(f"WHEN {place} THEN {position}" for position, place in enumerate(order) if place is not None)
    return f"CAST(CASE file {steps} END AS UBIGINT)"


def listed(places: Iterable[int]) -> str:
    return ", ".join(str(place) for place in places)


def _superseded_within(fresh: str, key: Sequence[str], offset: int) -> str:
    """Places of rows whose key comes again later in the same delivery (file by name, then row); rows without a key are
    all kept."""
    keys = sql.identifiers(key)
    known = " AND ".join(f"{sql.identifier(name)} IS NOT NULL" for name in key)
    repeated = f"SELECT {keys} FROM {fresh} WHERE {known} GROUP BY {keys} HAVING count(*) > 1"
    return (
        f"SELECT file_index + {offset}, file_row_number FROM (SELECT file_index, file_row_number, row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY {SOURCE_FILE} DESC, {SOURCE_ROW} DESC, {ROW_ID} DESC) AS turn "
        f"FROM {fresh} SEMI JOIN ({repeated}) USING ({keys})) WHERE turn > 1"
    )


def merge(base: Snapshot | None, lineage: Lineage, deployment: Deployment) -> Snapshot:
    """Lay the layers of ``lineage`` that ``base`` lacks on ``base`` (a snapshot of the same lineage at an earlier date,
    or None).

    Writes the snapshot's own files, not its manifest. Raises ``GateBlocked`` where a changed standard makes older rows
    unreadable."""
    known = set(base.lineage) if base else set()
    with sql.connection(deployment, f"merge-{lineage.layers[-1].table}") as connection:
        work = _Merge(connection, deployment, lineage)
        work.start(base)
        for layer in lineage.layers:
            if layer.date not in known:
                work.add(layer)
        return work.finish()
