"""What a system table is: named columns with their types and what they mean, a key, and who writes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Column(str):
    """A column's name that also knows its DuckDB ``type`` and its Chinese ``comment``, so that it can stand wherever a
    name can: in SQL, as a key, in an Arrow schema. ``label``: its Chinese name, where people see the column beside
    those of a contract. ``former``: what older files call it."""

    type: str
    comment: str
    label: str
    former: tuple[str, ...]

    def __new__(cls, name: str, type: str, comment: str, label: str = "", former: tuple[str, ...] = ()) -> Column:
        column = super().__new__(cls, name)
        column.type, column.comment, column.label, column.former = type, comment, label, former
        return column

    def __reduce__(self) -> tuple[Any, ...]:
        return Column, (str(self), self.type, self.comment, self.label, self.former)

    def meaning(self, comment: str) -> Column:
        """The same column where it means something more special."""
        return Column(str(self), self.type, comment, self.label, self.former)


Columns = tuple[Column, ...]


@dataclass(frozen=True)
class Table:
    """``<schema>.<name>`` of the catalogue. ``key``: what tells its rows apart, empty where nothing need; ``writer``:
    the stage whose work it shows, Chinese."""

    schema: str
    name: str
    comment: str
    columns: Columns
    key: Columns
    writer: str

    def __post_init__(self) -> None:
        if len(set(self.columns)) < len(self.columns) or not set(self.key) <= set(self.columns):
            raise ValueError(f"{self}: a column stands twice, or the key is none of the columns")

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def without(self, *columns: Column) -> Table:
        """The table as its files are, where the view works ``columns`` out."""
        kept = tuple(column for column in self.columns if column not in columns)
        return replace(self, columns=kept)

    def ordered(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The row's values in the columns' order. Raises ``ValueError`` for a row with other columns."""
        if row.keys() != set(self.columns):
            raise ValueError(f"{self}: a row has other columns than those declared")
        return tuple(row[column] for column in self.columns)

    def arrow(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """``rows`` as an Arrow table of the declared columns. Raises ``ValueError`` for a row with other columns."""
        return arrow_table(self.columns, [self.ordered(row) for row in rows])


def types(columns: Iterable[Column]) -> dict[str, str]:
    """Name → DuckDB type."""
    return {str(column): column.type for column in columns}


def comments(columns: Iterable[Column]) -> dict[str, str]:
    return {str(column): column.comment for column in columns}


def arrow_types(columns: Collection[Column]) -> dict[str, pa.DataType]:
    """Name → the Arrow type DuckDB reads as the column's."""
    import pyarrow as pa

    kinds = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "BOOLEAN": pa.bool_(),
        "VARCHAR[]": pa.list_(pa.string()),
        "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
    }
    return {str(column): kinds[column.type] for column in columns}


def arrow_table(columns: Columns, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """``rows``, each with a value per column in order."""
    import pyarrow as pa

    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    typed = zip(arrow_types(columns).items(), values, strict=True)
    return pa.table({name: pa.array(column, kind) for (name, kind), column in typed})
