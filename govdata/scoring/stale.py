"""``governance.stale_rules``: rules that tell nothing any more, seen from the nights they were judged."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING

from govdata.deployment import Deployment
from govdata.publish import gathered, layers, scorecard
from govdata.publish.workorders import WorkOrderTables
from govdata.scoring.baselines import RECENT
from govdata.standards.model import Registry
from govdata.storage import files, sql
from govdata.storage.tables.anomalies import STALE_RULES
from govdata.storage.tables.nights import RULE_RESULTS
from govdata.storage.tables.workorders import WAIVERS

if TYPE_CHECKING:
    import duckdb

MESSAGES = {
    "never_failed": "连续 {} 次交付没有一行不合格：可能已不再需要，也可能查不出问题",
    "always_failed": "连续 {} 次交付判过的行全部不合格：规则或数据的口径可能不对",
    "never_asked": "连续 {} 次交付没有一行可判：这一列可能一直是空的",
    "long_waived": "豁免已 {} 天：应改规则，或恢复催办",
}


def find(registry: Registry, deployment: Deployment, date: Date) -> int:
    """Keep the stale rules of ``date``; returns how many there are. Again gives the same."""
    with sql.connection(deployment, "stale") as connection:
        lines = [*_unchanging(connection, registry, deployment, date), *_waived(connection, registry, deployment, date)]
    rows = [
        {
            "date": date,
            "dataset": dataset,
            "rule_id": rule,
            "state": state,
            "since": since,
            "nights": nights,
            "checked": checked,
            "failed": failed,
            "message": MESSAGES[state].format(nights),
        }
        for dataset, rule, state, since, nights, checked, failed in lines
    ]
    files.put_table(STALE_RULES.arrow(rows), scorecard.path(deployment, STALE_RULES, date))
    return len(rows)


def _unchanging(
    connection: duckdb.DuckDBPyConnection, registry: Registry, deployment: Deployment, date: Date
) -> list[tuple]:
    """Rules in force whose last judged nights all went one way: so many nights, or ten where the deliveries are whole
    and rare."""
    path = gathered.gather(connection, RULE_RESULTS, deployment)
    if path is None:
        return []
    in_force = [(rule.dataset, rule.id) for name in registry.delivered for rule in registry.rules(name)]
    connection.execute("CREATE TEMP TABLE in_force (dataset VARCHAR, rule_id VARCHAR)")
    connection.executemany("INSERT INTO in_force VALUES (?, ?)", in_force)
    least = registry.anomalies.stale_nights
    query = (
        "SELECT dataset, rule_id, CASE WHEN sum(checked) = 0 THEN 'never_asked' WHEN sum(failed) = 0 THEN "
        "'never_failed' WHEN sum(failed) = sum(checked) THEN 'always_failed' END AS state, min(date), count(*), "
        "CAST(sum(checked) AS BIGINT), CAST(sum(failed) AS BIGINT) "
        f"FROM (SELECT * FROM {sql.parquet([path])} JOIN in_force USING (dataset, rule_id) "
        f"WHERE date <= DATE '{date}' QUALIFY row_number() OVER (PARTITION BY dataset, rule_id ORDER BY date DESC) "
        f"<= {least}) GROUP BY dataset, rule_id HAVING state IS NOT NULL AND (count(*) = {least} "
        f"OR (count(*) >= {RECENT} AND max(date) - min(date) > 366)) ORDER BY ALL"
    )
    return connection.execute(query).fetchall()


def _waived(
    connection: duckdb.DuckDBPyConnection, registry: Registry, deployment: Deployment, date: Date
) -> list[tuple]:
    """Rules with a waiver in force that was first granted long ago."""
    kept = layers.read(WorkOrderTables, WorkOrderTables.path(deployment))
    path = _file(kept, deployment, WAIVERS.name)
    if path is None or not files.is_sound(path, WAIVERS.columns):
        return []
    since = f"date_diff('day', min(granted), DATE '{date}')"
    return connection.execute(
        f"SELECT dataset, rule_id, 'long_waived', min(granted), {since}, CAST(NULL AS BIGINT), count(DISTINCT item_id) "
        f"FROM {sql.parquet([path])} WHERE granted <= DATE '{date}' GROUP BY dataset, rule_id "
        f"HAVING bool_or(until >= DATE '{date}') AND {since} >= {registry.anomalies.waived_days} ORDER BY ALL"
    ).fetchall()


def _file(kept: WorkOrderTables | None, deployment: Deployment, name: str) -> Path | None:
    return deployment.absolute(kept.files[name]) if kept is not None and name in kept.files else None
