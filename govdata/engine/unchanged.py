"""Rows that arrive as they will stand: of a batch in which nothing is found, the files are kept and not written again.

What is made of published tables is typed when it is made. Written with the columns that the pass would add, empty as
they are in a row in which nothing is found, its files are those that the pass would write, if the pass finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govdata.engine.compiled import CompiledDataset
from govdata.engine.pipeline import repair_words
from govdata.engine.typed import sql_type
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables import types
from govdata.storage.tables.system_columns import FAILED_RULES, IDENTITY, REPAIR_FLAGS, UNPARSED, WARNINGS

FLAG = "UBIGINT"


def of_a_sound_row(dataset: Dataset) -> str:
    """SQL of the columns that follow identity in ``lake/standardized``, as they are of a row in which nothing is
    found."""
    return ", ".join(
        f"CAST({0 if kind == FLAG else 'NULL'} AS {kind}) AS {name}" for name, kind in _told(dataset).items()
    )


def stands(connection: sql.Session, queries: CompiledDataset, paths: Sequence[Path]) -> bool:
    """Whether the files of ``raw_rows`` have all columns of standardised ones, and the pass finds nothing in them: no
    rule fails, no cell is altered or cannot be read. Rows that it drops and keys that come twice the caller knows."""
    wanted = _columns(queries.dataset, queries.registry)
    if not paths or any(wanted.items() - sql.schema(connection, path).items() for path in paths):
        return False
    found = " OR ".join(
        f"{name} <> 0" if kind == FLAG else f"{name} IS NOT NULL" for name, kind in _told(queries.dataset).items()
    )
    rows = queries.rows(dropped=False, conflicts=frozenset())
    return not connection.execute(f"SELECT 1 FROM ({rows}) WHERE {found} LIMIT 1").fetchall()


def _columns(dataset: Dataset, registry: Registry) -> dict[str, str]:
    contract = {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}
    return contract | types(IDENTITY) | _told(dataset)


def _told(dataset: Dataset) -> dict[str, str]:
    flags = {f"{REPAIR_FLAGS}{word}": FLAG for word in range(repair_words(len(dataset.columns)))}
    return types((UNPARSED, WARNINGS)) | flags | types((FAILED_RULES,))
