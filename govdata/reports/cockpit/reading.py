"""Asks the catalogue for every figure, once, and what its queries are filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.governance import calendar_of
from govdata.masters.roll_up import lineage
from govdata.reports import inspection_figures
from govdata.reports.cockpit import city, drill
from govdata.reports.cockpit.figures import Asked, Row, by_scope
from govdata.standards.anomaly_settings import RARE_DAYS, SEASONS
from govdata.standards.model import Registry
from govdata.storage import sql
from govdata.storage.tables.system_columns import ROW_ID

if TYPE_CHECKING:
    import duckdb

NO_DIVISIONS = (
    "(SELECT '' AS code, '' AS name_zh, '' AS parent, '' AS successor, '' AS valid_to, FALSE AS current LIMIT 0)"
)
COSTLY = ("touched", "bounds", "district_bounds", "lineage")
AGES = {"day_6": 6, "day_11": 11, "day_21": 21}
"""Working days at which the second, third and last group of open orders begins."""


@dataclass(frozen=True)
class Told:
    """Every figure's rows: ``city`` by figure, ``drill`` by figure and scope. A figure that the catalogue has no tables
    for is in neither."""

    asked: Asked
    is_newest: bool
    city: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    drill: Mapping[str, Mapping[str, Sequence[Row]]] = field(default_factory=dict)


def read(registry: Registry, deployment: Deployment, on: Date | None) -> Told:
    """The figures of a date (None: of the newest that was scored). Raises ``GovdataError`` where it was not scored."""
    with sql.catalogue(deployment) as connection:
        newest = inspection_figures.newest(connection)
        date = on or newest
        known = connection.execute("SELECT count(*) FROM governance.scorecard WHERE date = ?", [date]).fetchall()
        if not known[0][0]:
            raise GovdataError(f"{date} 没有评分；评过分的日期见 governance.scorecard")
        have = _known(connection)
        asked = Asked(date, _parts(have, registry, date, date == newest))
        quick = _kept(connection, asked)
        rows = {
            figure.id: _rows(connection, quick.whole(figure))
            for figure in (*city.FIGURES, *drill.FIGURES)
            if have.issuperset(figure.needs)
        }
    return Told(
        asked,
        date == newest,
        {figure.id: rows[figure.id] for figure in city.FIGURES if figure.id in rows},
        {figure.id: by_scope(rows[figure.id]) for figure in drill.FIGURES if figure.id in rows},
    )


def _kept(connection: duckdb.DuckDBPyConnection, asked: Asked) -> Asked:
    """The same, with what several figures are made of worked out once."""
    parts = dict(asked.parts)
    for name in COSTLY:
        connection.execute(f"CREATE TEMP TABLE {name} AS {asked.filled(parts[name])}")
        parts[name] = f"FROM temp.main.{name}"
    return Asked(asked.date, parts)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    """Sums of counts are whole numbers, whatever DuckDB holds them in."""
    relation = connection.sql(query)
    return [
        {
            name: int(value) if isinstance(value, Decimal) else value
            for name, value in zip(relation.columns, row, strict=True)
        }
        for row in relation.fetchall()
    ]


def _known(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Tables of the catalogue and its macros; only what was published has an ``_at``."""
    found = connection.execute(
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal UNION ALL "
        "SELECT schema_name || '.' || function_name FROM duckdb_functions() WHERE function_type = 'table_macro' "
        "AND schema_name IN ('published', 'governance')"
    ).fetchall()
    return frozenset(name for (name,) in found)


def _parts(known: frozenset[str], registry: Registry, date: Date, is_newest: bool) -> dict[str, str]:
    """What stands for the names that queries use. ``known``: what the catalogue has."""
    sets = sorted({str(registry.element(name, column).code_set) for name, column in _divided(registry).items()})
    divisions = " UNION ".join(
        f"SELECT code, name_zh, parent, successor, valid_to, current FROM codes.{sql.identifier(name)}" for name in sets
    )
    places = f"({divisions})" if divisions else NO_DIVISIONS
    kinds = [kind for kind in registry.masters if {f"published.{kind}_at", f"published.{kind}_link_at"} <= known]
    registers = [name for name in registry.delivered if is_newest and f"governance.{name}_bounds" in known]
    counted = {name: column for name, column in _divided(registry).items() if name in registers}
    return {
        "window": str(registry.scoring.on(date).window.dates),
        "divisions": places,
        "lineage": _lineage(places, "SELECT DISTINCT division AS code FROM governance.division_results"),
        "touched": _touched("published.person_link_at" in known),
        "bounds": _bounds(registers),
        "district_bounds": _district_bounds(counted, places),
        "masters": _masters(kinds),
        "links": _links(kinds),
        "baselines": _baselines(registry),
        **{name: f"DATE '{_issued_before(registry, date, days)}'" for name, days in AGES.items()},
    }


def _divided(registry: Registry) -> dict[str, str]:
    return {name: column for name, column in registry.scoring.divisions.items() if name in registry.delivered}


def _issued_before(registry: Registry, date: Date, days: int) -> Date:
    """The latest day since which ``days`` working days have passed on ``date``."""
    calendar, day = calendar_of(registry), date
    while days > 0:
        days -= calendar.is_working(day)
        day -= timedelta(days=1)
    return day


def _lineage(places: str, counted: str) -> str:
    """``code, division``: in which divisions each code counts; ``未知`` in none."""
    steps = {"counted": counted, **lineage(places)}
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    return f"WITH RECURSIVE {listed} SELECT DISTINCT code, division FROM lineage"


def _touched(has_links: bool) -> str:
    """``rule, dataset, department, message, …, people_lower, people_upper`` of every failing rule."""
    links = (
        "SELECT dataset, row_id, role, person_id, method FROM published.person_link_at($date)"
        if has_links
        else "SELECT '' AS dataset, '' AS row_id, '' AS role, '' AS person_id, '' AS method LIMIT 0"
    )
    failing = " UNION ".join(
        f"SELECT f.dataset, f.rule_id, f.{ROW_ID} AS row_id FROM governance.{table} AS f JOIN s ON "
        f"f.dataset = s.dataset AND f.rule_id = s.rule_id AND f.date = s.judged AND {which}"
        for table, which in (("findings", "s.standing IS NOT TRUE"), ("standing_findings", "s.standing"))
    )
    people = (
        "SELECT f.dataset, f.rule_id, count(DISTINCT person_id) FILTER (WHERE method <> 'unlinked') AS linked, "
        "count(*) FILTER (WHERE method = 'unlinked') AS unlinked, count(*) FILTER (WHERE method IS NULL) AS "
        "unknown FROM f LEFT JOIN l "
        "USING (dataset, row_id) GROUP BY ALL"
    )
    steps = {
        "s": "SELECT * FROM governance.scorecard_rules WHERE date = $date AND failed > 0",
        "l": links,
        "roles": "SELECT dataset, count(DISTINCT role) AS roles FROM l GROUP BY dataset",
        "f": failing,
        "p": people,
    }
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    at_most = "coalesce(linked + unlinked + unknown * roles, 0)"
    return (
        f"WITH {listed} SELECT s.dataset || '/' || s.rule_id AS rule, s.dataset, s.department, r.message, n.source, "
        "s.severity, s.indicator, s.checked, s.failed, s.waived, s.judged, s.standing, "
        f"CASE WHEN {at_most} > 0 THEN greatest(linked, 1) ELSE 0 END AS people_lower, {at_most} AS people_upper "
        f"FROM s "
        "LEFT JOIN governance.rule_results AS r ON r.dataset = s.dataset AND r.rule_id = s.rule_id AND r.date = "
        "s.judged "
        "LEFT JOIN governance.rules AS n ON n.dataset = s.dataset AND n.rule_id = s.rule_id "
        "LEFT JOIN p ON p.dataset = s.dataset AND p.rule_id = s.rule_id LEFT JOIN roles ON roles.dataset = s.dataset"
    )


def _bounds(registers: Sequence[str]) -> str:
    """``dataset, lower, published, upper, condition`` of each register as a whole."""
    selects = [
        f"SELECT {sql.text(name)} AS dataset, lower, published, upper, 'TRUE' AS condition FROM governance."
        f"{sql.identifier(name + '_bounds')}(TRUE)"
        for name in registers
    ]
    return " UNION ALL ".join(selects) or f"SELECT '' AS dataset, {_NO_BOUNDS} LIMIT 0"


_NO_BOUNDS = "0 AS lower, 0 AS published, 0 AS upper, '' AS condition"
MOST_CODES = 60
"""Of a condition that is written out."""


def _district_bounds(registers: Mapping[str, str], places: str) -> str:
    """``scope, dataset, lower, published, upper, condition``: the bounds of each division with all below it, in one
    pass over each register's possible rows; they are those of the register's ``_bounds`` with the condition."""
    if not registers:
        return f"SELECT '' AS scope, '' AS dataset, {_NO_BOUNDS} LIMIT 0"
    possible, shown = [], []
    for name, column in registers.items():
        told = f"SELECT {sql.text(name)} AS dataset, {sql.identifier(column)} AS code, count(*) AS n"
        possible.append(
            f"{told}, {sql.text(sql.identifier(column))} AS named, count(*) FILTER (WHERE _sure) AS sure, "
            f"count(*) FILTER (WHERE _unplaced) AS unplaced FROM governance.{sql.identifier(name + '_possible')}() "
            "GROUP BY ALL"
        )
        shown.append(f"{told} FROM published.{sql.identifier(name)} GROUP BY ALL")
    every = " UNION ".join(f"SELECT dataset, code FROM {name} WHERE code IS NOT NULL" for name in "pq")
    steps = {
        "p": " UNION ALL ".join(possible),
        "q": " UNION ALL ".join(shown),
        "anywhere": "SELECT dataset, any_value(named) AS named, coalesce(sum(n) FILTER (WHERE code IS NULL), 0) "
        "AS more, "
        "sum(unplaced) AS fewer FROM p GROUP BY dataset",
        "c": every,
        "l": _lineage(places, "SELECT DISTINCT code FROM c"),
        "told": f"SELECT division AS scope, dataset, CASE WHEN count(*) <= {MOST_CODES} THEN "
        "string_agg('''' || code || '''', ', ' ORDER BY code) END AS codes FROM c JOIN l USING (code) GROUP BY ALL",
        "at_least": "SELECT division AS scope, dataset, sum(sure) AS sure, sum(n) AS n FROM p JOIN l USING (code) "
        "GROUP BY ALL",
        "known": "SELECT division AS scope, dataset, sum(n) AS published FROM q JOIN l USING (code) GROUP BY ALL",
    }
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    return (
        f"WITH {listed} SELECT scope, dataset, greatest(0, coalesce(sure, 0) - fewer)::BIGINT AS lower, "
        "coalesce(published, 0)::BIGINT AS published, (coalesce(n, 0) + more)::BIGINT AS upper, "
        "named || ' IN (' || codes || ')' AS condition FROM told JOIN anywhere USING (dataset) "
        "LEFT JOIN at_least USING (scope, dataset) LEFT JOIN known USING (scope, dataset)"
    )


def _baselines(registry: Registry) -> str:
    """``dataset, owner, until, least, by_season`` of each dataset's baseline."""
    settings = registry.anomalies
    lines = []
    for name in registry.delivered:
        until = settings.until_of(name)
        by_season = registry.datasets[name].schedule.days > RARE_DAYS
        expires = f"DATE '{until}'" if until else "NULL"
        lines.append(
            f"SELECT {sql.text(name)} AS dataset, {sql.text(settings.owner_of(name))} AS owner, "
            f"CAST({expires} AS DATE) AS until, {SEASONS if by_season else settings.least} AS least, "
            f"{by_season} AS by_season"
        )
    return " UNION ALL ".join(lines)


def _masters(kinds: Sequence[str]) -> str:
    """A row that is held back may mention somebody new in each of its roles."""
    held = "SELECT sum((b.upper - b.published) * r.roles) FROM ($bounds) AS b JOIN ({}) AS r USING (dataset)"
    selects = []
    for kind in kinds:
        roles = (
            f"SELECT dataset, count(DISTINCT role) AS roles FROM published.{sql.identifier(kind + '_link_at')}($date) "
            "GROUP BY dataset"
        )
        selects.append(
            f"SELECT {sql.text(kind)} AS kind, count(*) AS masters, count(identifier) AS lower, count(*) + "
            f"({held.format(roles)})::BIGINT AS upper, count(*) FILTER (WHERE datasets >= 2) AS covered, "
            "count(*) FILTER (WHERE datasets >= 2) / nullif(count(*), 0) AS coverage, count(*) FILTER (WHERE "
            f"disagreements > 0) AS disagreeing FROM published.{sql.identifier(kind + '_at')}($date)"
        )
    return " UNION ALL ".join(selects)


def _links(kinds: Sequence[str]) -> str:
    waiting = (
        "SELECT count(DISTINCT mention_id) FROM governance.link_candidates AS c WHERE state = 'candidate' AND "
        "c.master_kind = {0} AND date = (SELECT max(date) FROM governance.link_candidates WHERE date <= $date AND "
        "master_kind = {0})"
    )
    selects = [
        f"SELECT {sql.text(kind)} AS kind, count(*) AS mentions, count(*) FILTER (WHERE method NOT IN ('similar', "
        f"'reviewed', 'unlinked')) "
        "AS by_number, count(*) FILTER (WHERE method IN ('similar', 'reviewed')) AS by_likeness, count(*) FILTER "
        "(WHERE method = 'unlinked') AS unlinked, "
        f"count(*) FILTER (WHERE method <> 'unlinked') / nullif(count(*), 0) AS rate, "
        f"({waiting.format(sql.text(kind))}) AS waiting "
        f"FROM published.{sql.identifier(kind + '_link_at')}($date)"
        for kind in kinds
    ]
    return " UNION ALL ".join(selects)
