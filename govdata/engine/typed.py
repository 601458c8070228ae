"""Typed values from text, by the element's type (``govdata.standards.types``)."""

from __future__ import annotations

from sqlglot import exp

from govdata.standards.model import Element
from govdata.standards.types import TYPES


def sql_type(element: Element) -> str:
    """DuckDB type of the element's standardised column."""
    return TYPES[element.type].sql_type(element.scale)


def value_of(element: Element, x: exp.Expression) -> exp.Expression:
    """The typed value of standardised text ``x``, NULL where it cannot be read."""
    return TYPES[element.type].value(x, element.scale)
