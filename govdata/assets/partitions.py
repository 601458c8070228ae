"""Delivery dates as Dagster's daily partitions.

The night of date D (02:00 on D, after the departments' deadline) works on the delivery folder of D, so D itself must
already be a partition on that morning: ``end_offset=1``.
"""

from datetime import date as Date
from functools import cache

from dagster import DailyPartitionsDefinition

TIMEZONE = "Asia/Shanghai"


@cache
def delivery_dates(first: Date) -> DailyPartitionsDefinition:
    """Every date from the first delivery date to today, Asia/Shanghai."""
    return DailyPartitionsDefinition(start_date=first.isoformat(), timezone=TIMEZONE, end_offset=1)
