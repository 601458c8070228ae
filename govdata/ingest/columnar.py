"""Parquet files: values as text, each row numbered from 1, or as they are typed where the contract's column is of that
kind. Nested values become JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from sqlglot import exp

from govdata.ingest import source
from govdata.ingest.headers import Headers
from govdata.ingest.showable import shown
from govdata.ingest.source import Block, Opened, Tally, Unreadable
from govdata.standards.model import Dataset, Registry
from govdata.standards.types import TYPES
from govdata.storage import sql

pc: Any = pyarrow.compute  # its functions are made at import, where type checkers do not see them


class ParquetSource:
    """One Parquet file (shape of ``source.Source``)."""

    format: str = "parquet"
    sheet: str | None = None
    encoding: str | None = None
    header: int | None = None
    from_1904: bool = False

    def __init__(self, path: Path, schema: pa.Schema, rows: int, typed: Sequence[bool]) -> None:
        """``typed[i]``: the i-th column is not made text."""
        self.path, self.schema, self.rows, self.typed = path, schema, rows, typed
        self.columns = tuple(schema.names)
        self.tally = Tally()
        self.details = {"格式": "Parquet"}

    def blocks(self) -> Iterator[Block]:
        """DuckDB writes values as text, batch by batch; Arrow's own reader gives the batches, so that the two count
        apart."""
        number = 0
        self.tally.lines = self.rows  # what the file's footer declares
        try:
            with sql.connect(threads=1, ordered=True) as connection, pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=61_440):
                    columns = [
                        _as_typed(connection, column) if typed else self._texts(connection, column, field)
                        for column, field, typed in zip(batch.columns, batch.schema, self.typed, strict=True)
                    ]
                    rows = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
                    number += batch.num_rows
                    yield Block(self.columns, tuple(columns), rows)
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


def arriving(paths: Iterable[Path], dataset: Dataset, registry: Registry) -> dict[str, pa.DataType]:
    """Contract column → the type its values are kept in, for columns that every file brings alike, typed as the kind of
    their element. Empty unless all ``paths`` are Parquet files."""
    headers, found = Headers(dataset), dict[str, set[pa.DataType | None]]()
    for path in paths:
        try:
            with open(path, "rb") as file:
                schema = pq.read_schema(file) if file.read(4) == b"PAR1" else None
        except (pa.ArrowException, OSError, UnicodeError):
            return {}  # its reader says what is wrong with it
        if schema is None:
            return {}
        mapping = headers.map(schema.names)
        for target, field in zip(mapping.targets, schema, strict=True):
            if target is not None:
                found.setdefault(target, set()).add(_kept_as(field.type))
        for target, _ in mapping.said:  # a unit from a header fills it up
            found.setdefault(target, set()).add(None)
    alike = {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1}
    return {name: kind for name, kind in alike.items() if kind is not None and _is_of(kind, name, dataset, registry)}


def _is_of(kind: pa.DataType, name: str, dataset: Dataset, registry: Registry) -> bool:
    element = registry.elements[dataset.column(name).element]
    return TYPES[element.type].typed(exp.column("x"), sql_type(kind), element.scale) is not None


def _kept_as(type: pa.DataType) -> pa.DataType | None:
    """The type in which values of ``type`` can be kept so that their text stays what ``_as_text`` makes of them; None
    where only text will do."""
    if pa.types.is_signed_integer(type) or type in (pa.uint8(), pa.uint16(), pa.uint32()):
        return pa.int64()
    if pa.types.is_timestamp(type) and type.tz is not None:
        return pa.timestamp("us")
    if type in (pa.date32(), pa.bool_(), pa.timestamp("us"), pa.timestamp("ns")) or pa.types.is_decimal128(type):
        return type
    return None


def sql_type(kept: pa.DataType) -> str:
    """DuckDB's name of a type of ``arriving``."""
    if pa.types.is_decimal128(kept):
        return f"DECIMAL({kept.precision},{kept.scale})"
    names = {
        pa.int64(): "BIGINT",
        pa.date32(): "DATE",
        pa.bool_(): "BOOLEAN",
        pa.timestamp("us"): "TIMESTAMP",
        pa.timestamp("ns"): "TIMESTAMP_NS",
    }
    return names[kept]


def _as_typed(connection: duckdb.DuckDBPyConnection, column: pa.Array) -> pa.Array | pa.ChunkedArray:
    kept = _kept_as(column.type)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = connection.from_arrow(pa.table({"v": column})).project(f"{_LOCAL} AS v").to_arrow_table().column(0)
    return column.cast(kept)


_LOCAL = "(v AT TIME ZONE 'Asia/Shanghai')"


def _as_text(type: pa.DataType) -> str:
    """SQL for a value's text. A moment in time is told by the clock of the bureau, without an offset that no date has;
    a whole number that is stored as a float (which is how empty cells make it so) without ``.0``; not-a-number, which
    stands for an empty cell, is none."""
    if pa.types.is_nested(type):
        return "CAST(to_json(v) AS VARCHAR)"
    if pa.types.is_timestamp(type) and type.tz is not None:
        return f"CAST({_LOCAL} AS VARCHAR)"
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
    targets = headers.map(schema.names).targets if headers is not None and headers.arriving else ()
    typed = [target in headers.arriving for target in targets] if headers is not None else []
    return Opened((ParquetSource(path, schema, rows, typed or [False] * len(schema.names)),))


source.register("parquet", open_parquet)
