"""A DuckDB connection with the code sets in it, bounded in memory and threads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date as Date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from govdata.deployment import beijing_today
from govdata.engine import places
from govdata.standards.model import CodeSet, Registry
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def session(
    registry: Registry | None = None,
    *,
    memory_limit: str | None = None,
    threads: int | None = None,
    temp: Path | None = None,
    as_of: Date | None = None,
    code_sets: Collection[str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """An in-memory database beside one table ``codes.<set>(code, name_zh, name_en, parent, valid_from, valid_to,
    successor, current)`` per code set (those named in ``code_sets``; default: all); ``current`` is judged at ``as_of``
    (default: today), one row per code.

    ``temp`` is where DuckDB spills; without it, spilling is off."""
    if temp is not None:
        temp.mkdir(parents=True, exist_ok=True)
    shared = _shared(registry, as_of or beijing_today(), code_sets) if registry is not None else {}
    connection = sql.connect(memory_limit=memory_limit, threads=threads, spill=temp, shared=shared)
    # A COPY that splits by a column buffers so many rows per thread and part. DuckDB's 524,288 of a wide dataset do not
    # fit our limit.
    connection.execute("SET partitioned_write_flush_threshold = 61440")
    return connection


def _shared(registry: Registry, on: Date, code_sets: Collection[str] | None) -> dict[tuple[str, str], pa.Table]:
    """Tables of the code sets; the same Arrow tables from one session to the next, and hardly ever others on the next
    date."""
    tables: dict[tuple[str, str], pa.Table] = {}
    for code_set in registry.code_sets.values():
        if code_sets is None or code_set.id in code_sets:
            # Not asked of each code: a session has tens of thousands of them.
            in_force = registry.keep(("in force", code_set.id), partial(_in_force, code_set, on), version=on)
            table = registry.keep(("code table", code_set.id), partial(_code_table, code_set, on), version=in_force)
            tables["codes", code_set.id] = table
            if code_set.id in places.asked(registry):
                table = registry.keep(("places", code_set.id), partial(_place_table, code_set, on), version=in_force)
                tables[places.SCHEMA, code_set.id] = table
    return tables


def is_current(valid_to: str, validity: str, on: Date) -> bool:
    """Whether a code whose validity ends at ``valid_to`` (a year or an ISO date, exclusive; empty: in force) is in
    force at ``on``.

    Years give the state on 31 December (GB/T 2260 yearbooks), so a code that ends in 2020 may have been abolished on
    any day of 2020: it is taken as abolished from 2021 on, which never calls a valid code abolished."""
    if not valid_to:
        return True
    return on.year <= int(valid_to[:4]) if validity == "year" else on.isoformat() < valid_to


def _in_force(code_set: CodeSet, on: Date) -> tuple[bool, ...]:
    """All that the date changes in a code set's tables: hardly ever anything from one night to the next."""
    return tuple(is_current(code.valid_to, code_set.validity, on) for code in code_set.codes)


def _code_table(code_set: CodeSet, as_of: Date) -> pa.Table:
    """The code set as an Arrow table, one row per code: the one in force, else the newest."""
    import pyarrow as pa

    newest: dict[str, tuple] = {}
    for code in code_set.codes:
        current = is_current(code.valid_to, code_set.validity, as_of)
        row = (
            code.code,
            code.name_zh,
            code.name_en,
            code.parent,
            code.valid_from,
            code.valid_to,
            code.successor,
            current,
        )
        other = newest.get(code.code)
        if other is None or (current, code.valid_from) > (other[7], other[4]):
            newest[code.code] = row
    names = ["code", "name_zh", "name_en", "parent", "valid_from", "valid_to", "successor", "current"]
    types = [pa.string()] * 7 + [pa.bool_()]
    columns = list(zip(*newest.values(), strict=True)) if newest else [()] * len(names)
    return pa.table({name: pa.array(values, kind) for name, values, kind in zip(names, columns, types, strict=True)})


def _place_table(code_set: CodeSet, as_of: Date) -> pa.Table:
    """What the code set's names say of an address, as an Arrow table."""
    import pyarrow as pa

    named = places.Places(code_set, lambda code: is_current(code.valid_to, code_set.validity, as_of))
    return pa.table({"key": pa.array(sorted(named.keys()), pa.string())})


def map_table(values: Mapping[str, str], words: Mapping[str, str] = MappingProxyType({})) -> pa.Table:
    """``(source, code, words)``, of source value → code and code → what a label beside it may say. Only what may stand
    as a code has words: repeated beside all spellings of names they would be gigabytes."""
    import pyarrow as pa

    columns = {
        "source": list(values),
        "code": list(values.values()),
        "words": [words.get(code) if source.isascii() else None for source, code in values.items()],
    }
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def create_maps(connection: sql.Session, maps: Mapping[str, pa.Table]) -> None:
    """One table ``maps.<column>(source, code, words)`` per code column, for the look-ups of the pass."""
    connection.execute("CREATE SCHEMA maps")
    for name, table in maps.items():
        sql.create_table(connection, f'maps."{name}"', table)
