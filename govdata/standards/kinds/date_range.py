from __future__ import annotations

from datetime import date as Date
from typing import Any, Literal, Self

from pydantic import Field
from sqlglot import exp

from govdata.standards.kinds.base import Contradiction, Form, Place, ValueRule, between
from govdata.standards.written import IsoDate, Maybe, Written
from govdata.storage.tables.system_columns import DELIVERY_DATE
from govdata.trees import column, sql

TODAY = "delivery_date"


class DateBounds(Written):
    min: Maybe[IsoDate | Literal["delivery_date"]] = Field(None, description="最早日期（含），或 delivery_date")
    max: Maybe[IsoDate | Literal["delivery_date"]] = Field(None, description="最晚日期（含），或 delivery_date")


class DateRange(ValueRule):
    """Inclusive bounds of a date: an ISO date, or ``delivery_date`` for the date of the delivery."""

    forms = {
        "date_range": Form(
            DateBounds, "日期范围", {"min": "1900-01-01", "max": "delivery_date"}, "1990-03-07", "1899-12-31", "date"
        )
    }
    types = frozenset({"date", "datetime"})

    kind: Literal["date_range"] = "date_range"
    min: str | None = None
    max: str | None = None

    @classmethod
    def read(cls, key: str, written: Any, place: Place) -> Self:
        low, high = written.min, written.max
        if low is None and high is None:
            raise Contradiction("min、max 至少写一个")
        for bound in (low, high):
            if bound is not None and bound != TODAY:
                try:
                    Date.fromisoformat(bound)
                except ValueError:
                    raise Contradiction(f"{bound} 不是有效日期") from None
        if low is not None and high is not None and TODAY not in (low, high) and low > high:
            raise Contradiction("min 晚于 max，没有日期能通过")
        return cls(min=low, max=high)

    def predicate(self, value: exp.Expression) -> exp.Expression:
        return between(sql("CAST(:x AS DATE)", x=value), _bound(self.min), _bound(self.max))


def _bound(bound: str | None) -> exp.Expression | None:
    if bound is None:
        return None
    return column(DELIVERY_DATE) if bound == TODAY else sql("CAST(:d AS DATE)", d=bound)
