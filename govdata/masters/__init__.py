"""What several published tables together tell: rules across tables, and tables derived from published ones.

judge(registry, deployment, date) -> (CrossOutcome, …)     every rule across tables, on the newest snapshots not later
than the date
judge_derived(dataset, registry, deployment, date)         make a derived table and judge it -> (batch, verdict); None:
an input is missing
publish_derived(dataset, registry, deployment, date)       the same, and publish it -> Snapshot | None; raises
GateBlocked
"""

from govdata.masters.cross import CrossOutcome, judge
from govdata.masters.derive import VERSION, judge_derived, publish_derived, remarks

__all__ = ["VERSION", "CrossOutcome", "judge", "judge_derived", "publish_derived", "remarks"]
