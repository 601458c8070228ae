"""Declared standards: read, checked and bound into a typed registry. Knows nothing of Dagster, GX or DuckDB.

load(standards_dir) -> Registry              raises StandardsError with every problem at once
problems(standards_dir) -> list[Problem]     the same as a list, and the contracts held against the official ODCS schema
checked(standards_dir) -> both               what could be read of them, and the problems
"""

from govdata.errors import Problem, StandardsError
from govdata.standards.binding import bind_column, column_rules
from govdata.standards.loader import checked, load, problems, report
from govdata.standards.model import (
    DIMENSION_NAMES,
    BoundRule,
    CheckDigit,
    Code,
    CodeSet,
    Column,
    Dataset,
    DateRange,
    DeliveryMode,
    Dimension,
    Element,
    Examples,
    Grade,
    InCodeSet,
    Length,
    LogicalType,
    Marker,
    Normaliser,
    Pattern,
    Range,
    Registry,
    Required,
    Row,
    Rule,
    RuleSpec,
    Schedule,
    Sensitivity,
    Severity,
    Typed,
    Unique,
    Volume,
)
from govdata.standards.source import Everything
from govdata.standards.spelling import suggestion

__all__ = [
    "DIMENSION_NAMES",
    "BoundRule",
    "CheckDigit",
    "Code",
    "CodeSet",
    "Column",
    "Dataset",
    "DateRange",
    "DeliveryMode",
    "Dimension",
    "Element",
    "Everything",
    "Examples",
    "Grade",
    "InCodeSet",
    "Length",
    "LogicalType",
    "Marker",
    "Normaliser",
    "Pattern",
    "Problem",
    "Range",
    "Registry",
    "Required",
    "Row",
    "Rule",
    "RuleSpec",
    "Schedule",
    "Sensitivity",
    "Severity",
    "StandardsError",
    "Typed",
    "Unique",
    "Volume",
    "bind_column",
    "checked",
    "column_rules",
    "load",
    "problems",
    "report",
    "suggestion",
]
