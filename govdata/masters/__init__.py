"""What several published tables together tell: rules across tables, and tables derived from published ones.

judge(registry, deployment, date) -> (CrossOutcome, …)     every rule across tables, on the newest snapshots not later
than the date
judge_derived(dataset, registry, deployment, date)         make a derived table and judge it -> (batch, verdict); None:
an input is missing
publish_derived(dataset, registry, deployment, date)       the same, and publish it -> Snapshot | None; raises
GateBlocked
learn(kind, registry, deployment, date) -> Trained         learn how links by likeness are judged
questions(registry, deployment, kind, date, reviewer, …)   pairs a reviewer is to be asked about; record: were asked
identify(registry, deployment, kind, number)               ids of the masters that a number means
estimate(deployment, kind, date) -> Estimate               agreement of reviewers, precision and recall by their answers
masters_at(registry, deployment, kind, date) -> Masters    the newest masters; find: whom the lines of a list mean
read_decisions(deployment), append_decisions               the log of what was asked and decided
"""

from govdata.masters.cross import CrossOutcome, judge
from govdata.masters.decisions import Line, Said
from govdata.masters.decisions import append as append_decisions
from govdata.masters.decisions import read as read_decisions
from govdata.masters.derive import VERSION, judge_derived, publish_derived, remarks
from govdata.masters.identify import identify
from govdata.masters.lookup import BY_NAME, Masters, find, masters_at
from govdata.masters.review import Estimate, Question, estimate, questions, record
from govdata.masters.train import train as learn

__all__ = [
    "BY_NAME",
    "VERSION",
    "CrossOutcome",
    "Estimate",
    "Line",
    "Masters",
    "Question",
    "Said",
    "append_decisions",
    "estimate",
    "find",
    "identify",
    "judge",
    "judge_derived",
    "learn",
    "masters_at",
    "publish_derived",
    "questions",
    "read_decisions",
    "record",
    "remarks",
]
