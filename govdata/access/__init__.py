"""The one door people read through: every query runs in a process of its own that has given up the right to write.

load(table, columns, where, home) -> pandas.DataFrame      also as govdata.load
select(deployment, text, limit, limits) -> Result          one SELECT, cells as text; ``govdata sql``
findings(deployment, …) -> Result                          what was wrong with a delivery; ``govdata findings``

What reads the standards too are modules of their own, so that a query costs no import of them, here or in its process:

explain.explain(deployment, registry, row_id) -> Explained            one row from the delivered file on
dossier.dossier(deployment, registry, kind, asked) -> Dossier         the file of one master; ``govdata person``
row_dossier.row_dossier(deployment, registry, row_id) -> Dossier      the file of one row; pages.write_page: printable
roles.role_of(registry, name, door) -> Role | None                    who sees values in full; None: all is masked
dictionary.dictionary(registry) -> Dictionary                         what is declared, for people

Two layers, either of which holds alone: ``storage.statements`` refuses what is no query by DuckDB's own tree of it,
``confinement`` takes the right to write files from the process that runs it. ``door`` starts that process (``worker``)
and bounds its time, memory and scratch space.
"""

from govdata.access.door import Limits, load, select
from govdata.access.findings import findings
from govdata.access.rendering import Result, as_records, as_table, fits, write_csv, write_sheets, write_workbook

__all__ = [
    "Limits",
    "Result",
    "as_records",
    "as_table",
    "findings",
    "fits",
    "load",
    "select",
    "write_csv",
    "write_sheets",
    "write_workbook",
]
