"""What was wrong with a delivery, and which rows: the question of every morning, put to ``governance.findings``."""

from __future__ import annotations

from datetime import date as Date

from govdata.access.door import select
from govdata.access.rendering import Result
from govdata.deployment import Deployment
from govdata.storage import sql
from govdata.storage.tables.nights import FINDINGS
from govdata.storage.tables.system_columns import ROW_ID, SOURCE_FILE, SOURCE_ROW

ROWS = f"dataset, date, rule_id, severity, column_name, message, {SOURCE_FILE}, {SOURCE_ROW}, {ROW_ID}"
RULES = "dataset, date, rule_id, severity, message, count(*) AS rows"


def findings(
    deployment: Deployment,
    *,
    date: Date | None = None,
    dataset: str | None = None,
    rule: str | None = None,
    rows: bool,
    limit: int | None,
) -> Result:
    """``rows``: a line for every rule a row fails, else one per rule with the number of rows, most first. ``date``:
    default the newest that has findings of the ``dataset``. Never a value of a record. Raises ``GovdataError`` where
    there is no catalogue."""
    wanted = [f"dataset = {sql.text(dataset)}"] if dataset else []
    newest = f"(SELECT max(date) FROM {FINDINGS}{' WHERE ' + wanted[0] if wanted else ''})"
    wanted.append(f"date = DATE {sql.text(date.isoformat())}" if date else f"date = {newest}")
    wanted += [f"rule_id = {sql.text(rule)}"] if rule else []
    where = " AND ".join(wanted)
    if rows:
        text = f"SELECT {ROWS} FROM {FINDINGS} WHERE {where} ORDER BY dataset, rule_id, {SOURCE_FILE}, {SOURCE_ROW}"
    else:
        text = f"SELECT {RULES} FROM {FINDINGS} WHERE {where} GROUP BY ALL ORDER BY rows DESC, dataset, rule_id"
    return select(deployment, text, limit, by="findings")
