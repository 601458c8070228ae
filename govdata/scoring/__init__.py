"""How good what was delivered is: A, B and score per dimension of GB/T 36344, rolled up, beside what is not assessed.

make(registry, deployment, date) -> Made     governance.scorecard of a date and the tables it is made of
"""

from govdata.scoring.scorecard import Made, make

__all__ = ["Made", "make"]
