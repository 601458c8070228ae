"""What became of suggested values: whether the record came back with the value that was suggested.

Of each suggestion that a department was shown the log keeps the item, the way of guessing and a keyed digest of the
value, in ``suggested/*.parquet``; a line of kind SUGGEST names the file. When a delivery proves the item mended, the
digest of the record's new value is held against it, in ``proved/*.parquet``, which the line of that evidence names. No
value is in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.deployment import Deployment
from govdata.engine.typed import sql_type
from govdata.governance import items
from govdata.governance import log as journal
from govdata.governance.log import ENGINE, Event
from govdata.governance.orders import Item, State
from govdata.governance.suggestions import TRUST_NAMES, WAYS, Suggestion
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.secret import keyed
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SUGGESTED = ("dataset", "scope", "rule_id", "identity", "column_name", "way", "digest")
PROVED = dict.fromkeys(("dataset", "rule_id", "identity", "way"), "VARCHAR") | {"accepted": "BOOLEAN"}
_ITEM = ("dataset", "scope", "rule_id", "identity")


@dataclass(frozen=True)
class Shown:
    """A suggestion that stands in a department's workbook."""

    item: Item
    suggestion: Suggestion


def _path(deployment: Deployment, kind: str, name: str) -> Path:
    return journal.folder(deployment) / kind / name


def _files(deployment: Deployment, events: Iterable[Event], kind: str) -> list[Path]:
    return [_path(deployment, kind, event.facts[kind]) for event in events if kind in event.facts]


def remember(shown: Sequence[Shown], registry: Registry, deployment: Deployment, date: Date) -> None:
    """Add to the log what it does not have of them."""
    if not shown:
        return
    with journal.writing(deployment) as log, sql.connection(deployment, "suggested") as connection:
        keyed(connection, journal.key(deployment))
        _load(connection, shown)
        known = _files(deployment, log.events, "suggested")
        lines = f"SELECT {', '.join(_ITEM)}, column_name, way, {_digest(shown, registry)} AS digest FROM shown"
        earlier = f" EXCEPT SELECT {', '.join(SUGGESTED)} FROM {sql.parquet(known)}" if known else ""
        connection.execute(f"CREATE TABLE fresh AS {lines}{earlier}")
        if not sql.scalar(connection, "SELECT count(*) FROM fresh"):
            return
        name = f"{date.isoformat()}-{log.next:07d}.parquet"
        _write(connection, "SELECT * FROM fresh ORDER BY ALL", _path(deployment, "suggested", name))
        log.append([Event(date=date, kind="SUGGEST", actor=ENGINE, facts={"suggested": name})])


def _load(connection: duckdb.DuckDBPyConnection, shown: Sequence[Shown]) -> None:
    import pyarrow as pa

    rows = [(*each.item, each.suggestion.column, each.suggestion.way, each.suggestion.value) for each in shown]
    names = (*_ITEM, "column_name", "way", "value")
    given = pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})
    connection.register("given", given)
    connection.execute("CREATE TABLE shown AS FROM given")


def _digest(shown: Sequence[Shown], registry: Registry) -> str:
    """Of the value in the form that a standardised row has it in."""
    kinds = {
        (each.item[0], each.suggestion.column): sql_type(registry.element(each.item[0], each.suggestion.column))
        for each in shown
    }
    whens = " ".join(
        f"WHEN dataset = {sql.text(dataset)} AND column_name = {sql.text(column)} "
        f"THEN CAST(TRY_CAST(value AS {kind}) AS VARCHAR)"
        for (dataset, column), kind in kinds.items()
    )
    return f"mac('v' || column_name || chr(31) || CASE {whens} END)"


def _write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    written = files.temporary(target)
    connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
    files.put(written, target)


def prove(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[Path],
    dataset: str,
    name: str,
    deployment: Deployment,
    events: Sequence[Event],
) -> dict[str, str]:
    """Facts for the evidence's line: ``proved`` names the file, where one was written.

    ``connection`` has ``mac`` and the evidence's table ``mended(rule_id, identity, row_id)``: the row in which each
    mended record now stands. ``rows``: the delivery's standardised files."""
    known = _files(deployment, events, "suggested")
    if not known or not rows:
        return {}
    connection.execute(
        f"CREATE TEMP TABLE awaited AS SELECT s.rule_id, s.identity, s.column_name, s.way, s.digest, m.row_id "
        f"FROM {sql.parquet(known)} AS s JOIN mended AS m USING (rule_id, identity) WHERE s.dataset = $1",
        [dataset],
    )
    columns = [row[0] for row in connection.execute("SELECT DISTINCT column_name FROM awaited ORDER BY 1").fetchall()]
    held = set(sql.schema(connection, rows[0]))
    cases = " ".join(
        f"WHEN {sql.text(column)} THEN CAST(r.{sql.identifier(column)} AS VARCHAR)"
        for column in columns
        if column in held
    )
    if not cases:
        return {}
    now = f"mac('v' || a.column_name || chr(31) || CASE a.column_name {cases} END)"
    query = (
        f"SELECT {sql.text(dataset)} AS dataset, a.rule_id, a.identity, a.way, "
        f"bool_or(coalesce({now} = a.digest, FALSE)) AS accepted FROM awaited AS a "
        f"JOIN {sql.parquet(rows, by_name=True)} AS r ON r.{ROW_ID} = a.row_id GROUP BY ALL ORDER BY ALL"
    )
    _write(connection, query, _path(deployment, "proved", name))
    return {"proved": name}


def figures(deployment: Deployment, events: Sequence[Event], runs: pa.Table, state: State) -> list[Mapping[str, Any]]:
    """Rows of ``governance.suggestion_acceptance``: per department and way, what became of the items of which a value
    was suggested. An item that was mended more than once counts by its last proof."""
    suggested = _files(deployment, events, "suggested")
    if not suggested:
        return []
    departments = {number: order.department for number, order in state.orders.items()}
    of_item = [(*item, departments[number]) for item, number in state.of_item.items()]
    counts: dict[tuple[str, str], dict[str, int]] = {}
    connection = sql.connect()
    try:
        _tables(connection, of_item, runs, suggested, _files(deployment, events, "proved"))
        rows = connection.execute(_BY_WAY).fetchall()
    finally:
        connection.close()
    for department, way, fate, number in rows:
        counts.setdefault((department, way), {})[fate] = number
    return [_line(department, way, fates) for (department, way), fates in sorted(counts.items())]


def _tables(
    connection: duckdb.DuckDBPyConnection,
    of_item: Sequence[tuple[str, ...]],
    runs: pa.Table,
    suggested: Sequence[Path],
    proved: Sequence[Path],
) -> None:
    import pyarrow as pa

    names = (*_ITEM, "department")
    owned = pa.table({name: pa.array([row[at] for row in of_item], pa.string()) for at, name in enumerate(names)})
    connection.register("owned", owned)
    connection.register("runs", runs)
    items_and_ways = f"SELECT DISTINCT {', '.join(_ITEM)}, way FROM {sql.parquet(suggested)}"
    connection.execute(f"CREATE TABLE suggested AS {items_and_ways}")
    last = "arg_max(accepted, filename) AS accepted"  # names end in the number of the event
    asked = f"SELECT dataset, rule_id, identity, way, {last} FROM {sql.parquet(proved)} GROUP BY ALL"
    empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in PROVED.items())
    connection.execute(f"CREATE TABLE proved AS {asked if proved else f'SELECT {empty} LIMIT 0'}")


_BY_WAY = f"""
WITH now AS (SELECT dataset, scope, rule_id, identity, arg_max(state, run) AS state FROM runs GROUP BY ALL)
SELECT o.department, s.way, CASE WHEN n.state = '{items.MENDED}' AND p.accepted THEN 'accepted'
       WHEN n.state = '{items.MENDED}' THEN 'other' WHEN n.state = '{items.OPEN}' THEN 'open' ELSE 'gone' END AS fate,
       count(*)
FROM suggested AS s JOIN owned AS o USING (dataset, scope, rule_id, identity)
JOIN now AS n USING (dataset, scope, rule_id, identity) LEFT JOIN proved AS p USING (dataset, rule_id, identity, way)
GROUP BY ALL ORDER BY ALL
"""


def _line(department: str, way: str, fates: Mapping[str, int]) -> Mapping[str, Any]:
    accepted, other = fates.get("accepted", 0), fates.get("other", 0)
    return {
        "department": department,
        "way": way,
        "way_name": WAYS[way].told if way in WAYS else way,
        "trust": TRUST_NAMES[WAYS[way].trust] if way in WAYS else None,
        "suggested": sum(fates.values()),
        **{name: fates.get(name, 0) for name in ("accepted", "other", "gone", "open")},
        "acceptance_rate": accepted / (accepted + other) if accepted + other else None,
    }
