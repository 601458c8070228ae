"""How the catalogue's views are made: each names its files one by one, by absolute path; one with no file yet is empty
and typed. None refers to another view, so that they answer the same however a client attaches the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.storage import sql
from govdata.storage.tables import Table, comments, types

if TYPE_CHECKING:
    import duckdb


@dataclass
class Catalogue:
    """The database being built (attached as ``catalogue``) and the files its views name."""

    connection: duckdb.DuckDBPyConnection
    named: set[Path] = field(default_factory=set)
    schemas: dict[Path, dict[str, str]] = field(default_factory=dict)

    def schema(self, path: Path) -> dict[str, str]:
        """Columns of a file; snapshots of a delta dataset share their first file, so most are read once."""
        if path not in self.schemas:
            self.schemas[path] = sql.schema(self.connection, path)
        return self.schemas[path]

    def view(
        self, schema: str, name: str, query: str, files: Iterable[Path], comment: str, told: Mapping[str, str]
    ) -> None:
        """``told``: column of the query → its comment."""
        qualified = f"catalogue.{schema}.{sql.identifier(name)}"
        self.connection.execute(f"CREATE VIEW {qualified} AS {query}")
        self.named.update(files)
        comments = [f"COMMENT ON VIEW {qualified} IS {sql.text(comment)}"]
        comments += [
            f"COMMENT ON COLUMN {qualified}.{sql.identifier(column)} IS {sql.text(text)}"
            for column, text in told.items()
        ]
        self.connection.execute("; ".join(comments))

    def show(self, table: Table, query: str | None, files: Iterable[Path]) -> None:
        """The view of a declared table; ``query`` None: nothing is there yet."""
        comment = comments(table.columns)
        self.view(table.schema, table.name, query or empty(types(table.columns)), files, table.comment, comment)

    def show_file(self, table: Table, path: Path | None) -> None:
        """The view of a declared table that is kept as one file."""
        query = f"SELECT {sql.identifiers(table.columns)} FROM {sql.parquet([path])}" if path else None
        self.show(table, query, [path] if path else [])


def empty(columns: Mapping[str, str]) -> str:
    """A SELECT of no rows. ``columns``: name → DuckDB type."""
    nothing = ", ".join(f"CAST(NULL AS {kind}) AS {sql.identifier(name)}" for name, kind in columns.items())
    return f"SELECT {nothing} WHERE false"
