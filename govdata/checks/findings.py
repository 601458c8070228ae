"""The query that answers a check: which rows fail its rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date


def failing_rows(dataset: str, date: Date, rule_ids: Sequence[str]) -> str:
    """Over ``governance.findings``, which has a line for every rule a row fails, of errors and warnings, whether the
    delivery was published or blocked: as many lines as the check counts."""
    rules = ", ".join(f"'{rule}'" for rule in rule_ids)
    return (
        f"SELECT * FROM governance.findings WHERE dataset = '{dataset}' AND date = DATE '{date.isoformat()}' AND "
        "rule_id "
        f"IN ({rules})"
    )
