"""Orders, replies, waivers: what is wrong is told to departments, and followed up until the data prove it mended.

close_night(registry, deployment, date) -> NightOrders     inbox, evidence and what follows, tables, workbooks: all of a
night
judge_night(registry, deployment, date) -> Closed          only the evidence of the date's judged deliveries, and what
follows, into the log
state_of(deployment) -> State                              how things stand, by the log alone
rejudge(registry, deployment, on, …)       隔离复审: what is held back, by the standards and waivers of now
newly_failing(registry, deployment, on)   what published rows would fail now: told, not acted upon
act(registry, deployment, number, kind, actor, …)          what a person does to an order; raises where it is not
possible
receive(registry, deployment, file) -> Receipt             a returned workbook; receive_inbox: all that lie in the inbox
check(files, dataset, registry, deployment, date, out)     送前自检: what the night would say of files not yet sent
pack(department, registry, deployment, target, wheels)     送前自检包: a zip for a clerk without network
pending_notices(registry, deployment, date)                what owners are to be told, by root cause -> [Notice], seq;
                                                           told(deployment, seq): it was
write_tables(deployment, registry)                         governance.work_orders and the others, anew from the log
"""

from datetime import date as Date

from govdata.deployment import Deployment
from govdata.governance import tables
from govdata.governance.closing import Closed, calendar_of, judge_night, settle, state_of
from govdata.governance.issuing import department_code
from govdata.governance.night import NightOrders, close_night
from govdata.governance.notices import Notice, told
from govdata.governance.notices import pending as pending_notices
from govdata.governance.orders import PRIORITY_NAMES, STATE_NAMES, Order, State
from govdata.governance.pack import Packed, pack
from govdata.governance.people import act
from govdata.governance.published_anew import newly_failing
from govdata.governance.rejudging import Rejudgement, rejudge
from govdata.governance.replies import QUIET, Receipt, receive, receive_inbox, waiting
from govdata.governance.reviews import write as write_reviews
from govdata.governance.self_check import Checked, check, summary
from govdata.governance.workbook import file_name
from govdata.publish.workorders import WorkOrderTables
from govdata.standards.model import Registry


def write_tables(deployment: Deployment, registry: Registry, date: Date | None = None) -> WorkOrderTables:
    """Make the five tables from the log and keep them for the catalogue."""
    return tables.write(deployment, calendar_of(registry), date)


__all__ = [
    "PRIORITY_NAMES",
    "QUIET",
    "STATE_NAMES",
    "Checked",
    "Closed",
    "NightOrders",
    "Notice",
    "Order",
    "Packed",
    "Receipt",
    "Rejudgement",
    "State",
    "act",
    "calendar_of",
    "check",
    "close_night",
    "department_code",
    "file_name",
    "judge_night",
    "newly_failing",
    "pack",
    "pending_notices",
    "receive",
    "receive_inbox",
    "rejudge",
    "settle",
    "state_of",
    "summary",
    "told",
    "waiting",
    "write_reviews",
    "write_tables",
]
