"""Quality checks: the GX suite compiled from the registry, which counts again what was written; the table checks; the
gate's verdict.

Both counts compile from one tree, so counting again finds what was written wrongly and not what was understood wrongly:
for that the tests have a judge of their own (``tests/content/reference.py``).

GX costs seconds to import, so it is loaded when ``validate`` runs and not before.
"""

from govdata.batches import TABLE_CHECKS
from govdata.checks.errors import ChecksError
from govdata.checks.validation import validate

__all__ = ["TABLE_CHECKS", "ChecksError", "validate"]
