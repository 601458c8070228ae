"""Quality checks: the GX suite compiled from the registry, the table checks, and the gate's verdict.

GX costs seconds to import, so it is loaded when ``validate`` runs and not before.
"""

from govdata.batches import TABLE_CHECKS
from govdata.checks.errors import ChecksError
from govdata.checks.validation import validate

__all__ = ["TABLE_CHECKS", "ChecksError", "validate"]
