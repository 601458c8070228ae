"""Orders, replies, waivers: what is wrong is told to departments, and followed up until the data prove it mended.

judge_night(registry, deployment, date) -> Closed        evidence of the date's judged deliveries, and all that follows, into the log
state_of(deployment) -> State                             how things stand, by the log alone
"""

from govdata.governance.closing import Closed, judge_night, settle, state_of

__all__ = ["Closed", "judge_night", "settle", "state_of"]
