"""What several published tables together tell: rules across tables, and tables derived from published ones.

judge(registry, deployment, date) -> (CrossOutcome, …)      every rule across tables on the newest snapshots not later than the date
"""

from govdata.masters.cross import CrossOutcome, judge

__all__ = ["CrossOutcome", "judge"]
