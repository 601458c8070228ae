"""How good what was delivered is: A, B and score per dimension of GB/T 36344, rolled up, beside what is not assessed.

make(registry, deployment, date) -> Made     governance.scorecard of a date and the tables it is made of
detect(registry, deployment, date) -> Found  governance.anomalies of a date: what is unusual, by the counts make kept
stale(registry, deployment, date) -> int     governance.stale_rules of a date
"""

from govdata.scoring.anomalies import Found, detect
from govdata.scoring.scorecard import Made, make
from govdata.scoring.stale import find as stale

__all__ = ["Found", "Made", "detect", "make", "stale"]
