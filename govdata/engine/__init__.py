"""From declared standards to SQL, and from text rows to typed, judged rows."""

from govdata.engine.session import session
from govdata.engine.standardization import counts, standardize

__all__ = ["counts", "session", "standardize"]
