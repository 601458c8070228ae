"""Parquet files: every value as text, each row numbered from 1. Nested values become JSON text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from govdata.ingest import source
from govdata.ingest.headers import Headers
from govdata.ingest.showable import shown
from govdata.ingest.source import Block, Opened, Tally, Unreadable
from govdata.storage import sql

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them


class ParquetSource:
    """One Parquet file (shape of ``source.Source``)."""

    format: str = "parquet"
    sheet: str | None = None
    encoding: str | None = None

    def __init__(self, path: Path, schema: pa.Schema, rows: int) -> None:
        self.path, self.schema, self.rows = path, schema, rows
        self.columns = tuple(schema.names)
        self.tally = Tally()
        self.details = {"格式": "Parquet"}

    def blocks(self) -> Iterator[Block]:
        """DuckDB writes the values as text, batch by batch; Arrow's own reader gives the batches, so that the two count
        apart."""
        number = 0
        self.tally.lines = self.rows  # what the file's footer declares
        try:
            with sql.connect(threads=1, ordered=True) as connection, pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=61_440):
                    texts = [
                        self._texts(connection, column, field)
                        for column, field in zip(batch.columns, batch.schema, strict=True)
                    ]
                    rows = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
                    number += batch.num_rows
                    yield Block(self.columns, tuple(texts), rows)
        except (pa.ArrowException, OSError, UnicodeError, OverflowError, duckdb.Error):
            raise Unreadable("Parquet文件损坏，不能完整读取") from None

    def physical(self) -> int:
        """By the row groups, where ``blocks`` counts what it decoded and the tally has the footer's word."""
        with pq.ParquetFile(self.path) as file:
            return sum(file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups))

    @staticmethod
    def _texts(connection: duckdb.DuckDBPyConnection, column: pa.Array, field: pa.Field) -> pa.ChunkedArray | pa.Array:
        type = field.type
        if pa.types.is_dictionary(type):
            column = column.dictionary_decode()
            type = column.type
        if pa.types.is_string(type):
            values = pa.table({"v": column})
        elif pa.types.is_large_string(type):
            values = pa.table({"v": column.cast(pa.string())})
        elif pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_fixed_size_binary(type):
            values = pa.table({"v": _decoded(column, field.name)})
        else:
            values = connection.from_arrow(pa.table({"v": column})).project(f"{_as_text(type)} AS v").to_arrow_table()
        texts = values.column(0).cast(pa.string())
        texts.validate(full=True)  # a damaged page may hold text that is no UTF-8; nothing downstream expects that
        empty = pc.equal(texts, "")
        return pc.if_else(empty, pa.scalar(None, pa.string()), texts)


def _as_text(type: pa.DataType) -> str:
    """SQL for a value's text. A moment in time is told by the clock of the bureau, without an offset that no date has;
    a whole number that is stored as a float (which is how empty cells make it so) without ``.0``; not-a-number, which
    stands for an empty cell, is none."""
    if pa.types.is_nested(type):
        return "CAST(to_json(v) AS VARCHAR)"
    if pa.types.is_timestamp(type) and type.tz is not None:
        return "CAST(v AT TIME ZONE 'Asia/Shanghai' AS VARCHAR)"
    if pa.types.is_floating(type):
        return """CASE WHEN isnan(v) THEN NULL
                  WHEN isfinite(v) AND abs(v) < 1e15 AND v = trunc(v) THEN CAST(CAST(v AS BIGINT) AS VARCHAR)
                  ELSE CAST(v AS VARCHAR) END"""
    return "CAST(v AS VARCHAR)"


def _decoded(column: pa.Array, name: str) -> pa.Array:
    """Bytes without the mark for text, as old Hive, Impala and Spark write text: UTF-8, else GB18030. Raises
    ``Unreadable`` for others."""
    values = column.cast(pa.binary())
    try:
        texts = values.cast(pa.string())
        texts.validate(full=True)
        return texts
    except pa.ArrowInvalid:
        pass
    try:
        return pa.array(
            [None if value is None else value.decode("gb18030") for value in values.to_pylist()], pa.string()
        )
    except UnicodeDecodeError:
        raise Unreadable(f"Parquet的列“{shown(name, '其中一列')}”是二进制内容，不是文本") from None


def open_parquet(path: Path, headers: Headers | None) -> Opened:
    """Read the footer of a Parquet file."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        if len(schema.names) == 0:
            raise Unreadable("Parquet文件没有列")
    except (pa.ArrowException, OSError, UnicodeError):
        raise Unreadable("Parquet文件损坏或被截断") from None
    return Opened((ParquetSource(path, schema, rows),))


source.register("parquet", open_parquet)
