"""规则体检: do the rules catch anything? Clean rows are damaged with the simulated city's defects and judged again.

examine(registry, deployment, …) -> Exam       nothing of the deployment is changed
keep(exam, deployment, registry)               its figures, for governance.rule_exam
"""

from govdata.exam.examination import Exam, Ruled, Struck, examine
from govdata.exam.keeping import keep

__all__ = ["Exam", "Ruled", "Struck", "examine", "keep"]
