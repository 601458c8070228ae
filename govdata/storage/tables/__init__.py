"""Every system table, declared once: columns, types, Chinese comments, key, who writes it.

The catalogue's views, the files that stages write, Dagster's schemas, the reference page (``page``) and
``govdata dictionary`` read them here, and no other module spells a column that the system adds to rows. It lies in the
bottom room because every room above reads or writes such columns, the standards' rules among them.

system_columns  what is added to the rows of a delivery; the lake's small files
deliveries      governance.*: what was read of each delivery
nights          governance.*: what was judged and altered
workorders      governance.*: about work orders
scoring         governance.*: about scores
masters         governance.*: about master data
access          governance.*: who looked at what
health          governance.*: how the nights went
codes           codes.<code set>
"""

from govdata.storage.tables import (
    access,
    codes,
    deliveries,
    health,
    masters,
    nights,
    scoring,
    system_columns,
    workorders,
)
from govdata.storage.tables.model import Column, Columns, Table, arrow_table, arrow_types, comments, types

GOVERNANCE: tuple[Table, ...] = (
    deliveries.DELIVERIES,
    deliveries.DELIVERY_NOTES,
    nights.RECONCILIATION,
    nights.RULE_RESULTS,
    nights.FINDINGS,
    nights.CROSS_FINDINGS,
    nights.REPAIRS,
    nights.REPAIR_COUNTS,
    nights.REPAIR_STEPS,
    nights.REJECTED,
    nights.DUPLICATES,
    nights.RELEASES,
    nights.RULES,
    nights.SNAPSHOTS,
    *workorders.TABLES,
    *scoring.TABLES,
    *masters.TABLES,
    *access.TABLES,
    *health.TABLES,
)
"""Every ``governance.<name>``: a view is made of each, and none besides."""

__all__ = [
    "GOVERNANCE",
    "Column",
    "Columns",
    "Table",
    "access",
    "arrow_table",
    "arrow_types",
    "codes",
    "comments",
    "deliveries",
    "health",
    "masters",
    "nights",
    "scoring",
    "system_columns",
    "types",
    "workorders",
]
