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
from govdata.ingest.source import Block, Opened, Tally, Unreadable

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
        """DuckDB writes the values as text, batch by batch; Arrow's own reader gives the batches, so that the two count apart."""
        number = 0
        self.tally.lines = self.rows  # what the file's footer declares
        try:
            with duckdb.connect() as connection, pq.ParquetFile(self.path) as file:
                connection.execute("SET TimeZone = 'Asia/Shanghai'; SET threads = 1")
                for batch in file.iter_batches(batch_size=61_440):
                    texts = [self._texts(connection, column, field) for column, field in zip(batch.columns, batch.schema, strict=True)]
                    rows = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
                    number += batch.num_rows
                    yield Block(self.columns, tuple(texts), rows)
        except (pa.ArrowException, OSError, UnicodeError, OverflowError, duckdb.Error):
            raise Unreadable("Parquet文件损坏，不能完整读取") from None

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
        else:
            values = pa.table({"v": column})
            nested = pa.types.is_nested(type)
            relation = connection.from_arrow(values).project("CAST(to_json(v) AS VARCHAR) AS v" if nested else "CAST(v AS VARCHAR) AS v")
            values = relation.to_arrow_table()
        texts = values.column(0).cast(pa.string())
        texts.validate(full=True)  # a damaged page may hold text that is no UTF-8; nothing downstream expects that
        empty = pc.equal(texts, "")
        return pc.if_else(empty, pa.scalar(None, pa.string()), texts)


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
