"""What several published tables together tell: rules across tables, and tables derived from published ones.

judge(registry, deployment, date) -> (CrossOutcome, …)     every rule across tables, on the newest snapshots not later than the date
publish_derived(dataset, registry, deployment, date) -> Snapshot | None      make, judge, publish a derived table; None: an input is missing
"""

from govdata.masters.cross import CrossOutcome, judge
from govdata.masters.derive import publish_derived

__all__ = ["CrossOutcome", "judge", "publish_derived"]
