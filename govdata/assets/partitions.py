"""Delivery dates as Dagster's daily partitions.

The night of date D (02:00 on D, after the departments' deadline) works on the delivery folder of D, so D itself must already be a
partition on that morning: ``end_offset=1``.
"""

import os
from datetime import date as Date
from functools import cache

from dagster import DailyPartitionsDefinition

TIMEZONE = "Asia/Shanghai"
FIRST_DATE = "GOVDATA_FIRST_DATE"
"""Environment variable: the first delivery date the deployment knows, YYYY-MM-DD."""


@cache
def delivery_dates() -> DailyPartitionsDefinition:
    """Every date from the first delivery date to today, Asia/Shanghai. Raises ``ValueError`` where $GOVDATA_FIRST_DATE is not a date."""
    first = Date.fromisoformat(os.environ.get(FIRST_DATE) or "2026-01-01")
    return DailyPartitionsDefinition(start_date=first.isoformat(), timezone=TIMEZONE, end_offset=1)
