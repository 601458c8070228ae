"""What the inspection report says, read from the catalogue alone: counts, rules, columns and dates, no "
"record's value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

from govdata.errors import GovdataError
from govdata.standards.model import Registry
from govdata.standards.scoring_settings import Scheme
from govdata.storage import sql

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """Of one department, or of the whole city (``department`` None), on one date. Rows as the tables have them."""

    date: Date
    department: str | None
    scheme: Scheme
    total: Row
    parts: Sequence[Row]
    datasets: Sequence[Row]
    departments: Sequence[Row]
    divisions: Sequence[Row]
    by_dataset: Sequence[Row]
    rules: Sequence[Row]
    punctuality: Sequence[Row]
    snapshots: Sequence[Row]
    trend: Sequence[Row]
    orders: Sequence[Row]
    waivers: Sequence[Row]
    suggestions: Sequence[Row] = ()


def departments(connection: duckdb.DuckDBPyConnection, date: Date) -> list[str]:
    """Those that are scored on the date. ``connection``: the catalogue."""
    rows = connection.execute(
        "SELECT scope FROM governance.scorecard WHERE date = ? AND kind = 'department' AND part IS NULL ORDER BY scope",
        [date],
    ).fetchall()
    return [row[0] for row in rows]


def newest(connection: duckdb.DuckDBPyConnection) -> Date:
    """The newest date that was scored. Raises ``GovdataError`` where none was."""
    ((date,),) = connection.execute("SELECT max(date) FROM governance.scorecard").fetchall()
    if date is None:
        raise GovdataError("还没有评分：请先运行 govdata run")
    found: Date = date
    return found


def read(registry: Registry, connection: duckdb.DuckDBPyConnection, date: Date, department: str | None) -> Facts:
    """What the catalogue says of one report; ``connection``: the catalogue. Raises ``GovdataError`` where the date or
    the department was not scored."""
    scheme = registry.scoring.on(date)
    asked = _Asked(connection, date, department)
    total = asked.rows("SELECT * FROM card WHERE part IS NULL")
    if not total:
        raise GovdataError(f"{date} 没有{department or '全市'}的评分；评过分的日期和部门见 governance.scorecard")
    return Facts(
        date=date,
        department=department,
        scheme=scheme,
        total=total[0],
        parts=asked.rows("SELECT * FROM card WHERE part IS NOT NULL"),
        datasets=asked.rows(f"{_OF} kind = 'dataset' AND part IS NULL AND {asked.own} ORDER BY scope"),
        departments=[]
        if department
        else asked.rows(f"{_OF} kind = 'department' AND part IS NULL ORDER BY rank, scope"),
        divisions=[] if department else asked.rows(f"{_OF} kind = 'division' AND part IS NULL ORDER BY scope"),
        by_dataset=asked.rows(
            f"{_OF} kind = 'line' AND part IS NOT NULL AND state = '已评估' AND {asked.own} ORDER BY "
            f"dataset, department"
        ),
        rules=asked.rows(_RULES.format(own=asked.own_rules)),
        punctuality=asked.rows(_PUNCTUALITY.format(days=scheme.window.dates - 1)),
        snapshots=asked.rows(_SNAPSHOTS),
        trend=asked.rows(_TREND),
        orders=asked.rows(
            f"SELECT * FROM governance.work_orders WHERE issued <= $date AND {asked.own} ORDER BY due, order_no"
        ),
        suggestions=asked.rows(_SUGGESTIONS.format(own=asked.own)),
        waivers=asked.rows(_WAIVERS.format(own=asked.own_orders)),
    )


_OF = "SELECT * FROM governance.scorecard WHERE date = $date AND"
_RULES = (
    "SELECT s.*, n.dimension, n.message, n.source FROM governance.scorecard_rules AS s LEFT JOIN governance.rules AS n "
    "USING (dataset, rule_id) WHERE s.date = $date AND {own} ORDER BY s.dataset, s.part, s.rule_id"
)
_STATES = ", ".join(f"count(*) FILTER (WHERE state = '{state}') AS {state}" for state in ("on_time", "late", "missing"))
_PUNCTUALITY = (
    f"SELECT dataset, max(newest_delivery) AS newest_delivery, max(period_days) AS period_days, {_STATES} "
    "FROM governance.punctuality WHERE date BETWEEN $date - INTERVAL {days} DAY AND $date "
    "AND dataset IN (SELECT dataset FROM own) GROUP BY dataset ORDER BY dataset"
)
_SNAPSHOTS = (
    "SELECT dataset, arg_max(date, date) AS date, arg_max(snapshot_id, date) AS snapshot_id, "
    "arg_max(rows, date) AS rows, arg_max(standards_hash, date) AS standards_hash FROM governance.snapshots "
    "WHERE date <= $date AND dataset IN (SELECT dataset FROM own) GROUP BY ALL ORDER BY 1"
)
_TREND = (
    "SELECT s.date, s.score, s.standards_hash, lag(s.standards_hash) OVER (ORDER BY s.date) <> s.standards_hash "
    "AS moved "
    "FROM governance.scorecard AS s, card AS c WHERE s.kind = c.kind AND s.scope = c.scope AND s.part IS NULL "
    "AND c.part IS NULL AND s.date <= $date AND s.score IS NOT NULL QUALIFY row_number() OVER (ORDER BY s.date "
    "DESC) <= 30 "
    "ORDER BY s.date"
)
_SUGGESTIONS = (
    "SELECT way_name, trust, sum(suggested)::BIGINT AS suggested, sum(accepted)::BIGINT AS accepted, "
    "sum(other)::BIGINT AS other FROM governance.suggestion_acceptance WHERE {own} "
    "GROUP BY way_name, trust ORDER BY ALL"
)
_WAIVERS = (
    "SELECT w.dataset, w.rule_id, count(*) AS items, min(w.until) AS until, min(w.reason) AS reason FROM "
    "governance.waivers "
    "AS w JOIN governance.work_orders AS o USING (order_no) WHERE w.granted <= $date AND w.until >= $date AND {own} "
    "GROUP BY ALL ORDER BY ALL"
)


class _Asked:
    """Views ``card`` (the report's own lines) and ``own`` (its datasets), and questions that may name ``$date``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, date: Date, department: str | None) -> None:
        self.connection = connection
        self.day = f"DATE '{date.isoformat()}'"
        of = f"kind = 'department' AND scope = {sql.text(department)}" if department else "kind = 'bureau'"
        self.own = f"department = {sql.text(department)}" if department else "TRUE"
        self.own_rules, self.own_orders = (f"{name}.{self.own}" if department else "TRUE" for name in "so")
        self._view("card", f"SELECT * FROM governance.scorecard WHERE date = $date AND {of}")
        self._view(
            "own", f"SELECT dataset FROM governance.scorecard WHERE date = $date AND kind = 'dataset' AND {self.own}"
        )

    def _view(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query.replace('$date', self.day)}")

    def rows(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.connection.sql(query.replace("$date", self.day)).to_arrow_table().to_pylist()
        return found
