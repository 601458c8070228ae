"""Changes of masters' ids: which id of the snapshot before became which, so that whoever kept an id can follow it.

An id stands as long as the identifier or the mention that founded the master does. It changes when a mention without
a number gets one (its own master is merged into that of the number), when a number is mended, and when people decide.
"""

from __future__ import annotations

from datetime import timedelta

from govdata.batches import StandardizedBatch
from govdata.deployment import Deployment
from govdata.masters import touching
from govdata.masters.mentions import judged, own, rows
from govdata.publish import newest, scorecard
from govdata.standards.derivations import Links
from govdata.standards.model import Dataset, Registry
from govdata.storage import files, sql
from govdata.storage.tables.masters import MASTER_CHANGES


def keep(batch: StandardizedBatch, dataset: Dataset, registry: Registry, deployment: Deployment) -> None:
    """Write the lines of ``governance.master_changes`` of the batch's date: links that passed their checks, against the
    snapshot before."""
    made = dataset.derived
    assert isinstance(made, Links)
    before = newest(deployment, dataset.name, batch.date - timedelta(days=1))
    target = scorecard.path(deployment, MASTER_CHANGES, batch.date, made.master)
    if before is None:
        target.unlink(missing_ok=True)
        return
    columns = ["mention_id", f"{made.master}_id"]
    master_id = sql.identifier(f"{made.master}_id")
    # Where the batch lies on the snapshot before, a mention that is not among its own rows is where it was.
    fresh = own(batch, dataset, registry, deployment)
    old = f"SELECT mention_id, {master_id} AS old_id FROM ({rows(before, dataset, registry, deployment, columns)})"
    new = f"SELECT mention_id, {master_id} AS new_id FROM ({judged(batch, dataset, registry, deployment)})"
    if (beside := touching.told(batch, deployment)) is not None:  # of all masters that have to do with a fresh link
        old = f"SELECT mention_id, master AS old_id FROM {beside} WHERE before"
        new = f"SELECT mention_id, master AS new_id FROM {beside} WHERE before AND tonight UNION ALL "
        new += f"SELECT mention_id, {master_id} FROM ({fresh})"
    steps = {
        "old": old,
        "new": new,
        "parted": f"SELECT DISTINCT old_id FROM old JOIN ({fresh}) USING (mention_id) WHERE old_id <> {master_id}",
        "pair": "SELECT old_id, new_id, count(*) AS mentions FROM old JOIN new USING (mention_id) "
        "SEMI JOIN parted USING (old_id) GROUP BY ALL",
        "told": "SELECT *, count(*) OVER (PARTITION BY old_id) AS parts FROM pair",
    }
    kind = "CASE WHEN parts > 1 THEN 'split' WHEN new_id IN (SELECT old_id FROM old) THEN 'merged' ELSE 'renamed' END"
    listed = ", ".join(f"{name} AS ({text})" for name, text in steps.items())
    query = (
        f"WITH {listed} SELECT DATE '{batch.date}' AS date, {sql.text(made.master)} AS master_kind, {kind} AS change, "
        f"old_id, new_id, mentions, DATE '{before.date}' AS previous_date FROM told WHERE old_id <> new_id ORDER BY ALL"
    )
    with sql.connection(deployment, "changes") as connection:
        written = files.temporary(target)
        connection.execute(f"COPY ({query}) TO {sql.text(str(written))} ({sql.PARQUET})")
    files.put(written, target)
