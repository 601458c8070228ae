"""The database that readers ask: one for a whole delivery, which may have a thousand files, since opening one takes
longer than reading a small file does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb


class _Kept:
    """Opened when it is first asked: most deliveries of text never do."""

    opened: duckdb.DuckDBPyConnection | None = None

    def connection(self) -> duckdb.DuckDBPyConnection:
        if self.opened is None:
            self.opened = sql.connect(threads=2, ordered=True)
        return sql.another(self.opened)

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()


_KEPT: ContextVar[_Kept | None] = ContextVar("kept_database", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Within it every ``connection`` is of one database."""
    database = _Kept()
    before = _KEPT.set(database)
    try:
        yield
    finally:
        _KEPT.reset(before)
        database.close()


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, whose rows keep the order they come in; closed at the end."""
    database = _KEPT.get()
    opened = database.connection() if database else sql.connect(threads=2, ordered=True)
    try:
        yield opened
    finally:
        opened.close()
