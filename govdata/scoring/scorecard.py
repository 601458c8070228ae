"""``governance.scorecard`` of one date: from the kept tables, by steps of SQL, into one Parquet file.

A figure of date D is made of the newest judged delivery of each dataset not later than D, as everything of the city is.
It needs no row of the lake, and the same tables give the same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata import engine
from govdata.deployment import Deployment
from govdata.masters import roll_up
from govdata.masters.cross import RESULTS
from govdata.publish import gathered, layers, newest, scorecard
from govdata.publish.views import empty
from govdata.publish.workorders import WorkOrderTables
from govdata.scoring import counts, punctuality, queries, steps
from govdata.standards.model import Registry
from govdata.standards.scoring_settings import PARTS, Scheme
from govdata.storage import files, sql
from govdata.storage.manifest import fingerprint
from govdata.storage.tables import Table, types
from govdata.storage.tables.nights import DAMAGED, RECONCILIATION, RULE_RESULTS
from govdata.storage.tables.scoring import (
    COLUMN_RESULTS,
    DIVISION_RESULTS,
    PUNCTUALITY,
    SCORECARD,
    SCORECARD_RULES,
    STANDING_RESULTS,
)
from govdata.storage.tables.workorders import WAIVERS, WORK_ORDER_ITEMS

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Made:
    """A scorecard's file, its lines, those not assessed, and the bureau's score (None: nothing was assessed)."""

    path: Path
    lines: int
    not_assessed: int
    score: float | None


def make(registry: Registry, deployment: Deployment, date: Date) -> Made:
    """Make the scorecard of ``date`` and what it is made of. Can be done again: same tables, same file."""
    punctuality.record(registry, deployment, date)
    scheme = registry.scoring.on(date)
    with files.scratch(deployment, "scorecard") as scratch:
        connection = engine.session(
            registry, temp=scratch, as_of=date, code_sets=set(_divisions(registry).values()) or {""}
        )
        try:
            judged = _results(connection, registry, deployment, date)
            since = _since(connection)
            for name, day in judged.items():
                counts.count(registry.datasets[name], registry, deployment, day, since.get(name, {}))
            _tables(connection, deployment, date)
            _lineage(connection, registry)
            _declared(connection, registry, scheme)
            connection.execute(f"CREATE TABLE rules AS {steps.written(steps.rules(date), 'FROM rules')}")
            _keep(connection, SCORECARD_RULES, "SELECT * FROM rules", deployment, date)
            stood = {
                name
                for name, day in connection.execute("SELECT DISTINCT dataset, date FROM stood").fetchall()
                if judged.get(name) == day
            }
            query = _query(registry, deployment, date, scheme, judged, stood)
            path = _keep(connection, SCORECARD, query, deployment, date)
            ((lines, missing, score),) = connection.execute(
                f"SELECT count(*), count_if(state = {sql.text(steps.NOT_ASSESSED)}), max(score) FILTER (WHERE "
                f"kind = 'bureau' AND part IS NULL) FROM {sql.parquet([path])}"
            ).fetchall()
            return Made(path, lines, missing, score)
        finally:
            connection.close()


def _divisions(registry: Registry) -> dict[str, str]:
    """Dataset → code set of its division."""
    return {
        name: str(registry.element(name, column).code_set)
        for name, column in registry.scoring.divisions.items()
        if name in registry.delivered
    }


def _relation(path: Path | None, table: Table, where: str = "TRUE") -> str:
    query = (
        f"SELECT {sql.identifiers(table.columns)} FROM {sql.parquet([path])}" if path else empty(types(table.columns))
    )
    return f"SELECT * FROM ({query}) WHERE {where}"


def _results(
    connection: duckdb.DuckDBPyConnection, registry: Registry, deployment: Deployment, date: Date
) -> dict[str, Date]:
    """Tables ``delivered`` and ``across``; returns the date of each dataset's newest judged delivery."""
    known = ", ".join(sql.text(name) for name in registry.delivered) or "NULL"
    wanted = f"date <= DATE '{date}' AND dataset IN ({known})"
    for name, table in (("delivered", RULE_RESULTS), ("across", replace(RULE_RESULTS, name=RESULTS))):
        chosen = _relation(gathered.gather(connection, table, deployment), table, wanted)
        connection.execute(f"CREATE TABLE {name} AS {chosen}")
    return dict(connection.execute("SELECT dataset, max(date) FROM delivered GROUP BY dataset ORDER BY 1").fetchall())


def _since(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Date]]:
    """Dataset → rule → the first delivery it judged, where that was not the dataset's first."""
    found: dict[str, dict[str, Date]] = {}
    for dataset, rule, first in connection.execute(
        "SELECT dataset, rule_id, first FROM (SELECT dataset, rule_id, min(date) AS first FROM delivered GROUP BY ALL) "
        "JOIN (SELECT dataset, min(date) AS begun FROM delivered GROUP BY dataset) USING (dataset) WHERE first > begun"
    ).fetchall():
        found.setdefault(dataset, {})[rule] = first
    return found


def _tables(connection: duckdb.DuckDBPyConnection, deployment: Deployment, date: Date) -> None:
    until, before = f"date <= DATE '{date}'", f"date < DATE '{date}'"
    for name, table, where in (
        ("punctual", PUNCTUALITY, until),
        ("cells", COLUMN_RESULTS, until),
        ("places", DIVISION_RESULTS, until),
        ("stood", STANDING_RESULTS, until),
        ("reconciled", RECONCILIATION.without(DAMAGED), until),
        ("earlier", SCORECARD, before),
    ):
        chosen = _relation(gathered.gather(connection, table, deployment), table, where)
        connection.execute(f"CREATE TABLE {name} AS {chosen}")
    connection.execute(f"CREATE TABLE waived_items AS {_waived(deployment, date)}")


def _waived(deployment: Deployment, date: Date) -> str:
    """Items for which a waiver held on ``date``."""
    kept = layers.read(WorkOrderTables, WorkOrderTables.path(deployment))
    waivers, items = (
        _relation(path if path is not None and files.is_sound(path, table.columns) else None, table)
        for table in (WAIVERS, WORK_ORDER_ITEMS)
        for path in (deployment.absolute(kept.files[table.name]) if kept and table.name in kept.files else None,)
    )
    held = f"granted <= DATE '{date}' AND until >= DATE '{date}'"
    return (
        "SELECT DISTINCT i.dataset, i.rule_id, i.item_id, i.rows, i.first_seen, i.last_seen, i.ended "
        f"FROM ({waivers}) AS w JOIN ({items}) AS i USING (order_no, item_id) WHERE {held}"
    )


def _lineage(connection: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    """Table ``lineage(code, division, name)``: in which divisions a code of the counts is counted."""
    connection.execute("CREATE TABLE lineage (code VARCHAR, division VARCHAR, name VARCHAR)")
    by_code_set: dict[str, list[str]] = {}
    for dataset, code_set in _divisions(registry).items():
        by_code_set.setdefault(code_set, []).append(sql.text(dataset))
    for code_set, datasets in by_code_set.items():
        codes = f"codes.{sql.identifier(code_set)}"
        counted = f"SELECT DISTINCT division AS code FROM places WHERE dataset IN ({', '.join(datasets)})"
        last = (
            "SELECT l.code, l.division, coalesce(c.name_zh, '没有区划代码或代码不在代码集中') AS name "
            f"FROM lineage AS l LEFT JOIN {codes} AS c ON c.code = l.division "
            "WHERE (l.code, l.division) NOT IN (SELECT code, division FROM main.lineage)"
        )
        query = steps.written({"counted": counted, **roll_up.lineage(codes)}, last)
        connection.execute(f"INSERT INTO lineage {query}")


def _declared(connection: duckdb.DuckDBPyConnection, registry: Registry, scheme: Scheme) -> None:
    """Tables ``datasets``, ``owners`` and ``parts``."""
    across: dict[str, list[Any]] = {}
    for rule in registry.cross:
        across.setdefault(rule.dataset, []).append(rule.model_dump(mode="json"))
    datasets = [
        (name, known.title, known.owner, len(known.columns), fingerprint("across", across.get(name, [])))
        for name in registry.delivered
        for known in (registry.datasets[name],)
    ]
    _table(
        connection,
        "datasets(dataset VARCHAR, title VARCHAR, department VARCHAR, columns BIGINT, rules_across VARCHAR)",
        datasets,
    )
    _table(connection, "owners(rule_id VARCHAR, owner VARCHAR)", [(rule.id, rule.owner) for rule in registry.cross])
    parts = [
        (part, dimension, name or None, getattr(scheme.weights, part), number)
        for number, (part, (dimension, name)) in enumerate(PARTS.items(), start=1)
    ]
    _table(
        connection,
        "parts(part VARCHAR, dimension VARCHAR, part_name VARCHAR, weight DOUBLE, ordinal BIGINT)",
        parts,
    )


def _table(connection: duckdb.DuckDBPyConnection, definition: str, rows: Iterable[tuple[Any, ...]]) -> None:
    name = definition.partition("(")[0]
    connection.execute(f"CREATE TABLE {definition}")
    for row in rows:
        connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row))


def _query(
    registry: Registry, deployment: Deployment, date: Date, scheme: Scheme, judged: dict[str, Date], stood: set[str]
) -> str:
    names = _divisions(registry)
    placed = {
        name: (
            registry.scoring.divisions[name],
            names[name],
            judged[name],
            _is_published(deployment, name, judged[name]),
        )
        for name in sorted(names)
        if name in judged
    }
    made = {**steps.scorecard(date, scheme), **steps.signed(_digest(scheme)), **steps.movement()}
    lists = {
        "member_names": (
            "SELECT kind, scope, "
            "string_agg(DISTINCT '''' || dataset || '''', ', ' ORDER BY '''' || dataset || '''') AS "
            "listed FROM members GROUP BY ALL"
        ),
        "place_names": (
            "SELECT division, string_agg(DISTINCT '''' || code || '''', ', ' ORDER BY '''' || code || '''') AS listed "
            "FROM lineage GROUP BY ALL"
        ),
    }
    asked = queries.columns(date, scheme, placed, stood)
    told = f"s.*, {steps.level(scheme, 's.score')} AS level, DATE '{date}' AS date, {asked}"
    final = (
        f"SELECT {sql.identifiers(SCORECARD.columns)} FROM (SELECT {told} FROM moved AS s "
        "LEFT JOIN member_names AS m USING (kind, scope) LEFT JOIN place_names AS v ON s.kind = 'division' AND "
        "v.division = s.scope) ORDER BY kind, scope, ordinal"
    )
    return steps.written({**made, **lists}, final)


def _is_published(deployment: Deployment, dataset: str, date: Date) -> bool:
    return newest(deployment, dataset, date) is not None


def _digest(scheme: Scheme) -> str:
    """What stands for the numbers of a scheme; where they come from moves no score."""
    told = {"source", "grade", "valid_from"}
    return fingerprint(scheme.model_dump(mode="json", exclude=dict.fromkeys(Scheme.model_fields, told)))


def _keep(connection: duckdb.DuckDBPyConnection, table: Table, query: str, deployment: Deployment, date: Date) -> Path:
    columns = types(table.columns)
    cast = ", ".join(
        f"CAST({sql.identifier(name)} AS {kind}) AS {sql.identifier(name)}" for name, kind in columns.items()
    )
    target = scorecard.path(deployment, table, date)
    order = " ORDER BY dataset, department, rule_id" if table is SCORECARD_RULES else ""
    written = files.temporary(target)
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(f"COPY (SELECT {cast} FROM ({query}){order}) TO {sql.text(str(written))} ({sql.PARQUET})")
    return files.put(written, target)
