"""Delivery dates as Dagster's daily partitions.

The night of date D (02:00 on D, after the departments' deadline) works on the delivery folder of D, so D itself must already be a
partition on that morning: ``end_offset=1``.
"""

import os
from datetime import date as Date
from functools import cache

from dagster import DailyPartitionsDefinition

from govdata.errors import GovdataError

TIMEZONE = "Asia/Shanghai"
FIRST_DATE = "GOVDATA_FIRST_DATE"
"""Environment variable: the first delivery date the deployment knows, YYYY-MM-DD."""


def first_date() -> Date:
    """Raises ``GovdataError`` where $GOVDATA_FIRST_DATE is not a date."""
    text = os.environ.get(FIRST_DATE) or "2026-01-01"
    try:
        return Date.fromisoformat(text)
    except ValueError:
        raise GovdataError(f"环境变量 {FIRST_DATE} 不是日期，应为 YYYY-MM-DD") from None


@cache
def delivery_dates() -> DailyPartitionsDefinition:
    """Every date from the first delivery date to today, Asia/Shanghai."""
    return DailyPartitionsDefinition(start_date=first_date().isoformat(), timezone=TIMEZONE, end_offset=1)
