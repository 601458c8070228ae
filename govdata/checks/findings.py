"""What a check shows of a rule: its rate, and the query that answers which rows fail it."""

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


def figures(dataset: str, date: Date, rule_id: str, checked: int, failed: int) -> dict[str, float | int | str]:
    """``rate``, and the ``query`` where rows failed."""
    rate: dict[str, float | int | str] = {"rate": failed / checked if checked else 0.0}
    return {**rate, "query": failing_rows(dataset, date, [rule_id])} if failed else rate
