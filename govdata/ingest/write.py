"""Writing Parquet while reading goes on: tables are gathered into row groups, encoded by a second thread, and appear
under their names only when everything has been written."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from govdata.storage import pace, permissions
from govdata.storage.tables.system_columns import ROW_ID, SOURCE_ROW

ROW_GROUP = 122_880  # rows, as DuckDB's own vectors divide them
MAX_FILE = 256 << 20  # bytes after which the next file is begun
MAX_BUFFER = 128 << 20  # bytes of text gathered at most before a row group is written, however few its rows are
PROBE = 20_000  # rows that tell whether a column's values repeat
MAX_DICTIONARY = 400
PENDING = 2  # row groups waiting for the second thread


@dataclass(frozen=True)
class Part:
    """Finished files that have not their names yet, and how many rows are in them."""

    files: tuple[Path, ...]
    rows: int


class PartWriter:
    """Writes tables of one schema as ``<name>-0000.parquet``, ``-0001`` … in ``folder``. ``publish`` renames the
    finished files and gives their paths; leaving the context without it removes them. ``encodings``: Parquet encoding
    of some columns."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, encodings: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.schema = folder, name, schema
        self.rows = 0
        self._encodings = encodings or {}
        self._gathered: list[pa.Table] = []
        self._gathered_rows = self._gathered_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._temporary: list[Path] = []
        self._thread = ThreadPoolExecutor(1)
        self._futures: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._writer is not None:
            with suppress(OSError, pa.ArrowException):  # the disk is full, say: what led here is being raised already
                self._writer.close()
        for path in self._temporary:
            path.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Add rows. Raises what writing of earlier rows raised (OSError on a full disk)."""
        self.rows += table.num_rows
        pace.add(table.num_rows)
        self._gathered.append(table)
        self._gathered_rows += table.num_rows
        self._gathered_bytes += table.nbytes
        while self._gathered_rows >= ROW_GROUP or (self._gathered_bytes >= MAX_BUFFER and self._gathered_rows):
            self._group(min(ROW_GROUP, self._gathered_rows))

    def adopt(self, part: Part) -> None:
        """Add the rows of files that another writer of this schema has finished in this folder. After that nothing may
        be written."""
        self.rows += part.rows
        pace.add(part.rows)
        self._temporary += part.files

    def hand_over(self) -> Part:
        """Finish, and leave what was written, which then is another writer's to publish or to remove."""
        self._finish()
        part = Part(tuple(self._temporary), self.rows)
        self._temporary = []
        return part

    def publish(self) -> list[Path]:
        """Finish, make durable and rename. A batch without rows still gets one file, which shows its columns, unless it
        may be left out."""
        self._finish()
        final = []
        for number, path in enumerate(self._temporary):
            with open(path, "rb") as file:
                os.fsync(file.fileno())
            final.append(self.folder / f"{self.name}-{number:04d}.parquet")
        for path, target in zip(self._temporary, final, strict=True):
            permissions.freeze(path)
            os.replace(path, target)
        self._temporary = []
        return final

    def _finish(self) -> None:
        if self._gathered_rows:
            self._group(self._gathered_rows)
        for future in self._futures:
            future.result()
        self._thread.submit(self._close).result()
        written = sum(pq.read_metadata(path).num_rows for path in self._temporary)
        if written != self.rows:
            raise OSError("写出的记录数与读入的不一致")

    def _group(self, rows: int) -> None:
        whole = pa.concat_tables(self._gathered)
        rest = whole.slice(rows)
        self._gathered = [rest] if rest.num_rows else []
        self._gathered_rows = rest.num_rows
        self._gathered_bytes = rest.nbytes if rest.num_rows else 0
        while len(self._futures) >= PENDING:
            self._futures.pop(0).result()
        self._futures.append(self._thread.submit(self._write_group, whole.slice(0, rows)))

    def _write_group(self, table: pa.Table) -> None:
        if self._writer is None:
            path = self.folder / f".{self.name}-{len(self._temporary):04d}.{os.getpid()}.tmp"
            self._temporary.append(path)
            self._writer = pq.ParquetWriter(
                path,
                self.schema,
                # a third cheaper than zstd to write and to read within minutes, for half as much again on disk
                compression="lz4",
                store_schema=False,
                use_dictionary=self._repeating(table),
                column_encoding=self._encodings or None,
                # What tells where a row lies, to find it without reading; no value of a record in a file's footer.
                write_statistics=[name for name in self.schema.names if name in (ROW_ID, SOURCE_ROW)],
            )
        self._writer.write_table(table, row_group_size=ROW_GROUP)
        if self._temporary[-1].stat().st_size > MAX_FILE:
            self._close()

    def _repeating(self, table: pa.Table) -> list[str]:
        """Columns with few different values, by a look at the first rows. Elsewhere a dictionary costs more than it
        saves."""
        first = table.slice(0, PROBE)
        return [
            name
            for name in self.schema.names
            if name not in self._encodings
            and len(first.column(name).unique()) * 4 <= max(first.num_rows, MAX_DICTIONARY)
        ]

    def _close(self) -> None:
        if self._writer is None and not self._temporary:
            self._write_group(self.schema.empty_table())
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def remove_stale(folder: Path, keep: set[str]) -> None:
    """Remove data files and left-over temporary files that no manifest names."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in keep and (
                path.suffix == ".parquet" or (path.name.startswith(".") and path.suffix == ".tmp")
            ):
                path.unlink(missing_ok=True)
