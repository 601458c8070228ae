"""Gate, snapshots, catalogue: from a checked batch to tables analysts read.

table_checks(dataset) -> {name: description}                   the blocking checks of its batches
publish(batch, dataset, registry, deployment) -> Snapshot      raises GateBlocked
record_reconciliation(batch, published, deployment) -> Path    published None: the night was blocked
record_refusal(dataset, date, deployment)                       the delivery was refused at reading
rebuild_catalogue(deployment, registry) -> Path
visible(snapshot, deployment, columns) -> str                  SELECT of the rows that count: files alone hold more
set_aside_changed(deployment, tables, full=…) -> [name]         published files whose content is not what it was
newest(deployment, table, date) -> Snapshot | None              the newest whole snapshot not later than the date
complete(snapshot, deployment) -> bool                         all its files are there and none was cut short
changed(then, now, deployment, columns) -> str | None          SELECT of the rows that only one of two snapshots holds
moved(then, now, deployment, columns) -> str | None            SELECT of what both hold, in different places
layer_rows(deployment, table, date) -> int                     rows of what the delivery of the date added
lost_nights(deployment, tables) -> {table: [date]}             nights to run again for missing, damaged or changed files
rerun(table, nights) -> str                                    the command that does
prune(deployment, registry, keep_days=…, keep_month_ends=…) -> Pruned
nightly(deployment, registry, policy) -> Pruned | None         the same by policy, at the end of a night
"""

from govdata.publish.catalogue import DamagedNight, damaged_nights, rebuild_catalogue
from govdata.publish.differences import changed, moved
from govdata.publish.filled import filled_cells
from govdata.publish.gate import table_checks
from govdata.publish.governance import record_reconciliation, record_refusal
from govdata.publish.layers import layer_rows
from govdata.publish.merge import visible
from govdata.publish.retention import Policy, Pruned, nightly, prune
from govdata.publish.seals import set_aside_changed
from govdata.publish.snapshots import complete, lost_nights, newest, publish, rerun

__all__ = [
    "DamagedNight",
    "Policy",
    "Pruned",
    "changed",
    "complete",
    "damaged_nights",
    "filled_cells",
    "layer_rows",
    "lost_nights",
    "moved",
    "newest",
    "nightly",
    "prune",
    "publish",
    "rebuild_catalogue",
    "record_reconciliation",
    "record_refusal",
    "rerun",
    "set_aside_changed",
    "table_checks",
    "visible",
]
