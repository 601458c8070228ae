"""The one door people read through: every query runs in a process of its own that has given up the right to write.

load(table, columns, where, home) -> pandas.DataFrame      also as govdata.load
select(deployment, text, limit, limits) -> Result          one SELECT, cells as text; ``govdata sql``
explain(deployment, registry, row_id) -> Explained         one row from the delivered file on; ``govdata explain``
dossier(deployment, registry, kind, asked) -> Dossier      the file of one master; ``govdata person``, ``company``
row_dossier(deployment, registry, row_id) -> Dossier       the file of one row; ``govdata why``; write_page: printable
role_of(registry, name, door) -> Role | None               who sees values in full; None: everything masked
dictionary(registry) -> Dictionary                         what is declared, for people; ``govdata dictionary``

Two layers, either of which holds alone: ``storage.statements`` refuses what is no query by DuckDB's own tree of it,
``confinement`` takes the right to write files from the process that runs it. ``door`` starts that process (``worker``)
and bounds its time, memory and scratch space.
"""

from govdata.access.dictionary import Dictionary, dictionary, write_dictionary
from govdata.access.displayed import sees
from govdata.access.door import Limits, load, select
from govdata.access.dossier import Dossier, Section, dossier
from govdata.access.explain import Cell, Explained, Judged, explain
from govdata.access.findings import findings
from govdata.access.pages import Printed, render, write_page
from govdata.access.rendering import Result, as_records, as_table, fits, write_csv, write_sheets, write_workbook
from govdata.access.roles import role_of
from govdata.access.row_dossier import row_dossier

__all__ = [
    "Cell",
    "Dictionary",
    "Dossier",
    "Explained",
    "Judged",
    "Limits",
    "Printed",
    "Result",
    "Section",
    "as_records",
    "as_table",
    "dictionary",
    "dossier",
    "explain",
    "findings",
    "fits",
    "load",
    "render",
    "role_of",
    "row_dossier",
    "sees",
    "select",
    "write_csv",
    "write_dictionary",
    "write_page",
    "write_sheets",
    "write_workbook",
]
